"""The documents name everything there is: settings, limits, commands, routes, metrics, layers, columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest

import graphcrm
from api.app import create_app
from api.errors import _TABLE as STATUSES
from graphcrm import limits
from graphcrm.cli import cli
from graphcrm.errors import GraphCRMError
from graphcrm.intake.expressions import SPEC_KEYS
from graphcrm.intake.mapping import _TABLE_KEYS as TABLE_KEYS
from graphcrm.network.centrality import METRICS
from graphcrm.network.distance import BETWEENNESS_WORK, MAX_WORK
from graphcrm.network.projection import MUTUAL_LAYERS
from graphcrm.schema import LAYERS
from graphcrm.service.graph import Graph
from graphcrm.service.records import RESOURCES
from graphcrm.settings import Settings
from graphcrm.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
NOT_SETTINGS = {"GRAPHCRM_PORT", "GRAPHCRM_TRACEBACK"}


@cache
def page(name: str) -> str:
    return (ROOT / name if name == "README.md" else DOCS / name).read_text(encoding="utf-8")


def rows(name: str) -> dict[str, list[str]]:
    """The rows of a page's tables by the code in their first cell, without that cell."""
    found = {}
    for line in page(name).splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and (first := re.match(r"`([^`]+)`", cells[0])):
            found[first[1]] = cells[1:]
    return found


# ---- settings and limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize("field", Settings.model_fields)
def test_setting(field: str) -> None:
    documented_field, default, _meaning = rows("settings.md")[f"GRAPHCRM_{field.upper()}"]
    assert documented_field == f"`{field}`"
    actual = Settings.model_fields[field].default
    if isinstance(actual, int | float | str) and not isinstance(actual, bool):
        assert default == f"`{actual:g}`" if isinstance(actual, float) else f"`{actual}`"


def test_default_strengths() -> None:
    stated = {name: float(cells[0]) for name, cells in rows("settings.md").items() if name.islower()}
    assert stated == Settings.model_fields["default_strengths"].default


@pytest.mark.parametrize("name", [name for name in dir(limits) if name.isupper()])
def test_limit(name: str) -> None:
    value, bounds, why = rows("limits.md")[name]
    assert int(value.replace(",", "")) == getattr(limits, name)
    assert bounds
    assert why


def test_no_setting_or_limit_is_made_up() -> None:
    variables = {f"GRAPHCRM_{field.upper()}" for field in Settings.model_fields} | NOT_SETTINGS
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"\bGRAPHCRM_[A-Z0-9_]*[A-Z0-9]\b", text):
            assert name in variables or name.startswith("GRAPHCRM_TEST_"), f"{path.name}: {name}"
        for name in re.findall(r"`(MAX_[A-Z_]+)`", text):
            assert hasattr(limits, name), f"{path.name}: {name}"


# ---- commands --------------------------------------------------------------------------------------------


def commands(group: click.Group = cli, path: str = "graphcrm") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def command_sections() -> dict[str, str]:
    """What the page says of each command, by its name."""
    parts = re.split(r"^- `(graphcrm [^`]+)`:", page("cli.md"), flags=re.MULTILINE)
    names = [re.match(r"[a-z]+(?: [a-z]+(?:-[a-z]+)*)*", title)[0].strip() for title in parts[1::2]]  # type: ignore[index]
    return dict(zip(names, parts[2::2], strict=True))


@pytest.mark.parametrize("name", [name for name, _ in commands()])
def test_command(name: str) -> None:
    command = dict(commands())[name]
    text = command_sections()[name] + next(
        title for title in re.findall(r"^- `(graphcrm [^`]+)`:", page("cli.md"), re.MULTILINE) if title.startswith(name)
    )
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in text, f"{name}: {parameter.opts[0]}"
        else:
            assert (parameter.metavar or parameter.human_readable_name) in text, f"{name}: {parameter.name}"


def test_no_command_is_made_up() -> None:
    assert set(command_sections()) == {name for name, _ in commands()}


# ---- the HTTP interface ----------------------------------------------------------------------------------


@cache
def openapi() -> dict[str, Any]:
    return dict(create_app(settings=Settings()).openapi())


OF_EACH = r"\{id\}(/(provenance|pins/\{field\}))?"
"""What every table has for a record, and the page says once."""


def test_every_route_is_documented() -> None:
    text = page("api.md")
    for path, operations in openapi()["paths"].items():
        table = next((t for t in RESOURCES if re.match(rf"/api/v1/{t}(/(bulk|{OF_EACH}))?$", path)), None)
        general = path.replace(f"/api/v1/{table}", "/api/v1/{table}") if table else path
        for method in operations:
            assert f"`{method.upper()} {general}`" in text or f"| `{general}` |" in text, f"{method} {path}"
        if table:
            assert f"`{table}`" in text


def test_every_parameter_of_an_analysis_is_documented() -> None:
    documented = rows("api.md")
    for path, operations in openapi()["paths"].items():
        if "analytics" in operations.get("get", {}).get("tags", ()):
            stated = set(re.findall(r"`(\w+)`", documented[path][0]))
            actual = {p["name"] for p in operations["get"]["parameters"] if p["in"] == "query"}
            assert stated == actual, path


def test_every_status_and_kind_is_documented() -> None:
    documented = dict(re.findall(r"^\| (\d{3}) \| (.*?) \|", page("api.md"), re.MULTILINE))
    answered = {
        status
        for operations in openapi()["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
        if int(status) >= 400
    }
    assert answered <= set(documented)
    for _, status, kind in STATUSES:
        assert f"`{kind}`" in documented[str(status)]


# ---- import ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_canonical_columns(name: str) -> None:
    (cell,) = rows("import.md")[f"{name}.csv"]
    assert set(re.findall(r"\*\*`(\w+)`\*\*", cell)) == set(TABLES[name].required)
    assert set(re.findall(r"`(\w+)`", cell)) == set(TABLES[name].columns)


@pytest.mark.parametrize("name", TABLES)
def test_the_readme_names_the_required_columns(name: str) -> None:
    required, others = rows("README.md")[f"{name}.csv"]
    assert re.findall(r"`(\w+)`", required) == list(TABLES[name].required)
    assert set(re.findall(r"`(\w+)`", others)) <= set(TABLES[name].columns)


def test_canonical_files_stand_in_the_order_in_which_they_are_loaded() -> None:
    assert [name for name in rows("import.md") if name.endswith(".csv")] == [f"{name}.csv" for name in TABLES]


def test_every_reference_column_is_documented() -> None:
    section = page("import.md").partition("### Columns that name other records")[2].partition("\n## ")[0]
    lines = [line.strip("|").split("|") for line in section.splitlines() if line.startswith("| `")]
    for table in TABLES.values():
        for ref in table.references:
            found = [cells for cells in lines if f"`{ref.field}`" in cells[0] and table.name in cells[0]]
            assert len(found) == 1, f"{table.name}.{ref.field}"
            _, _, tie, change = found[0]
            assert f"`{ref.type}`" in tie
            assert change.strip().startswith("replaces" if ref.replaces else "adds")


def test_every_key_of_a_mapping_is_documented() -> None:
    section = page("import.md").partition("## Mapping files")[2]
    for key in TABLE_KEYS:
        assert f"| `{key}` |" in section
    for key in SPEC_KEYS:
        assert re.search(rf"\b{key} = ", section), key


def test_every_value_of_a_closed_list_is_documented() -> None:
    text = page("import.md")
    for table in TABLES.values():
        schema = table.model.model_json_schema()["properties"].get("kind", {})
        for part in schema.get("anyOf", [schema]):
            for value in part.get("enum", ()):
                assert f"`{value}`" in text


# ---- the network and Python ------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", METRICS)
def test_metric(metric: str) -> None:
    meaning, misleads = rows("network.md")[metric]
    assert meaning
    assert misleads


@pytest.mark.parametrize("layer", LAYERS)
def test_layer(layer: str) -> None:
    _, direction, lasting = rows("network.md")[layer]
    assert direction.startswith("mutual") == (layer in MUTUAL_LAYERS)
    assert lasting.startswith("stands") == (layer in MUTUAL_LAYERS)


def test_bounds_on_work_are_documented() -> None:
    for bound in (BETWEENNESS_WORK, MAX_WORK):
        assert f"{bound:,}" in page("network.md")
        assert f"{bound:,}" in page("limits.md")


def test_every_public_name_and_method_is_documented() -> None:
    text = page("python.md")
    for name in graphcrm.__all__:
        assert re.search(rf"\b{name}\b", text), name
    for name in dir(Graph):
        if not name.startswith("_") and name != "close":
            assert f"g.{name}(" in text, name
    errors = {error.__name__ for error in GraphCRMError.__subclasses__() if error.__module__ == "graphcrm.errors"}
    assert errors <= set(rows("python.md"))


# ---- all pages -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", path.read_text(encoding="utf-8")):
        assert (path.parent / target).exists(), target


def test_the_readme_leads_to_every_page() -> None:
    for path in DOCS.glob("*.md"):
        assert f"](docs/{path.name})" in page("README.md"), path.name


def test_decisions_are_numbered_and_shaped_alike() -> None:
    numbered = sorted((DOCS / "decisions").glob("[0-9]*.md"))
    assert [path.name[:4] for path in numbered] == [f"{number:04}" for number in range(1, len(numbered) + 1)]
    for path in numbered:
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# {path.name[:4]}. ")
        parts = [text.index(f"**{part}.**") for part in ("Context", "Choice", "Consequences", "Measured")]
        assert parts == sorted(parts)


def test_the_picture_is_there_and_small() -> None:
    picture = DOCS / "images" / "map.png"
    header = picture.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    assert (int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")) == (1280, 800)
    assert picture.stat().st_size < 400_000
