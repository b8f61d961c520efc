"""Where the files lie that pages load: ours, and those that installed packages carry."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

__all__ = ["STATIC", "SWAGGER_UI", "TEMPLATES", "inline_script", "package_folder", "swagger_ui", "vis_network"]

STATIC: Final = Path(__file__).parent / "static"
TEMPLATES: Final = Path(__file__).parent / "templates"
SWAGGER_UI: Final = ("swagger-ui-bundle.js", "swagger-ui.css")
"""The two files of Swagger UI that the documentation loads."""


@cache
def package_folder(package: str) -> Path:
    """Folder of an installed package, found without importing it.

    Raises
    ------
    FileNotFoundError
        It is not installed.
    """
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"The package {package} is not installed; install graphcrm again.")
    return Path(spec.submodule_search_locations[0])


def vis_network() -> Path:
    """The drawing library that pyvis brings; of its files this one is all that maps need."""
    return package_folder("pyvis") / "templates" / "lib" / "vis-9.1.2" / "vis-network.min.js"


def swagger_ui(name: str) -> Path:
    """One of the files of `SWAGGER_UI`, as fastapi-offline carries it.

    Raises
    ------
    KeyError
        Any other name.
    """
    if name not in SWAGGER_UI:
        raise KeyError(name)
    return package_folder("fastapi_offline") / "static" / name


def inline_script(path: Path) -> str:
    """A script as it may stand inside a page: without a source map's address and without anything that ends its tag.

    Parameters
    ----------
    path : Path
        A JavaScript file, UTF-8.

    Returns
    -------
    str
        The same program. ``</script`` and ``<!--`` can only stand in its strings, regular expressions and comments,
        where a backslash before the second character changes nothing.
    """
    program = re.sub(r"^//# sourceMappingURL=.*$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return re.sub(r"<(/script|!--)", r"<\\\1", program, flags=re.IGNORECASE).strip()
