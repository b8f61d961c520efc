"""Cypher files as `Query` objects: one statement a file, its path its name, its header its contract.

A file begins with a comment::

    // What it is for.
    // @access read
    // @each LABEL: labels
    // @param id: str
    // @returns record: map

and goes on with one statement. A word named by ``@each`` stands for a label or relationship type; the only values it
can take are those of the vocabulary, so no text from outside ever becomes Cypher.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final, Literal

from graphcrm.schema import BOOKKEEPING_LABELS, LABELS, TIE_TYPES

__all__ = ["Query", "directory", "get", "names"]

Access = Literal["read", "write"]

_VOCABULARY: Final = {
    "labels": frozenset((*LABELS, *BOOKKEEPING_LABELS)),
    "types": frozenset(TIE_TYPES),
}
_HEADER: Final = re.compile(r"^// ?(.*)$")
_PARAMETER: Final = re.compile(r"\$(\w+)")
_WRITES: Final = re.compile(
    r"\b(CREATE|MERGE|SET|DELETE|DETACH|REMOVE|FOREACH|DROP|LOAD|TERMINATE)\b|\bIN TRANSACTIONS\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Query:
    """One Cypher statement and what its header promises.

    Parameters
    ----------
    name : str
        Path below ``cypher/`` without its ending, such as ``nodes/read``.
    text : str
        The statement.
    doc : str
        What it is for.
    access : {'read', 'write'}
        Whether it may run on a read replica.
    parameters, returns : dict of str to str
        Name to type, as the header has them, in order.
    """

    name: str
    text: str
    doc: str
    access: Access
    parameters: dict[str, str]
    returns: dict[str, str]


def directory() -> Path:
    """Where the Cypher files lie: inside the package when installed from a wheel, beside it in a checkout."""
    package = Path(__file__).parent
    inside = package / "cypher"
    return inside if inside.is_dir() else package.parent / "cypher"


def names() -> list[str]:
    """Names of all queries, sorted; migrations are not listed."""
    root = directory()
    found = (path.relative_to(root).with_suffix("").as_posix() for path in root.rglob("*.cypher"))
    return sorted(name for name in found if not name.startswith("schema/"))


@cache
def get(name: str, **words: str) -> Query:
    """Load a query.

    Parameters
    ----------
    name : str
        Its path below ``cypher/`` without the ending.
    **words : str
        For each word that the file names by ``@each``, the label or type it stands for.

    Returns
    -------
    Query

    Raises
    ------
    ValueError
        The file breaks its contract, or a word is not in the vocabulary: faults of the product, not of its user.
    """
    return _parse(name, _read(name), words)


def words(name: str) -> dict[str, str]:
    """Which words a query's file names by ``@each``, and the vocabulary (labels or types) of each."""
    return dict(_tags(_read(name), "each"))


def _read(name: str) -> str:
    return (directory() / f"{name}.cypher").read_text(encoding="utf-8")


def _tags(source: str, tag: str) -> Iterator[tuple[str, str]]:
    for line in source.splitlines():
        found = _HEADER.match(line)
        if found and found[1].startswith(f"@{tag} "):
            key, _, value = found[1].removeprefix(f"@{tag} ").partition(":")
            yield key.strip(), value.strip()


def _parse(name: str, source: str, words: dict[str, str]) -> Query:
    lines = source.splitlines()
    header = [found[1] for line in lines if (found := _HEADER.match(line))]
    text = "\n".join(line for line in lines if not _HEADER.match(line)).strip()
    doc = " ".join(line for line in header if not line.startswith("@"))
    access = next((key for key, _ in _tags(source, "access")), "")
    parameters, returns = dict(_tags(source, "param")), dict(_tags(source, "returns"))

    if access not in ("read", "write"):
        raise ValueError(f"{name}: the header must say @access read or @access write")
    if not doc:
        raise ValueError(f"{name}: the header must say what the query is for")
    if access == "read" and (found := _WRITES.search(text)):
        raise ValueError(f"{name}: is @access read but has {found[0]}")
    if set(_PARAMETER.findall(text)) != set(parameters):
        raise ValueError(f"{name}: parameters {sorted(set(_PARAMETER.findall(text)))} but header {sorted(parameters)}")
    each = dict(_tags(source, "each"))
    if each.keys() != words.keys():
        raise ValueError(f"{name}: wants the words {sorted(each)}, got {sorted(words)}")
    for word, value in words.items():
        if value not in _VOCABULARY[each[word]]:
            raise ValueError(f"{name}: {value!r} is not among the {each[word]} of the vocabulary")
        text = re.sub(rf"\b{word}\b", value, text)
    return Query(name, text, doc, "read" if access == "read" else "write", parameters, returns)
