"""Mapping files: what they can say, how they fail, and the examples on real files."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake.mapping import Mapping, load_mapping
from graphcrm.intake.presets import load_preset
from graphcrm.intake.readers import Reject
from graphcrm.intake.sources import Source
from graphcrm.tables import Row

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the public data sets in ../shared/data")

MINIMAL = """
[[tables]]
table = "customers"
file = "people.csv"
[tables.columns]
id = "no"
name = "who"
"""


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"{name}.csv").write_text(text, encoding="utf-8")
    return directory


def mapping(directory: Path, text: str) -> Path:
    path = directory / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return path


def values(source: Source) -> tuple[list[dict[str, Any]], list[Reject]]:
    rejects: list[Reject] = []
    return [row.values for row in source.rows(rejects.append)], rejects


def only(directory: Path, text: str) -> tuple[list[dict[str, Any]], list[Reject]]:
    (source,) = load_mapping(mapping(directory, text)).sources([directory])
    return values(source)


def test_columns_constants_and_templates(tmp_path: Path) -> None:
    write(tmp_path, people="no,first,last\n1,Ann,Lee\n2,,Ray\n")
    rows, _ = only(
        tmp_path,
        """
        [[tables]]
        table = "customers"
        file = "people.csv"
        [tables.columns]
        id = { template = "P-{no}" }
        name = { template = "{first} {last}" }
        kind = { value = "person" }
        """,
    )
    assert rows == [
        {"id": "P-1", "name": "Ann Lee", "kind": "person"},
        {"id": "P-2", "name": "", "kind": "person"},
    ]


def test_nulls_translations_dates(tmp_path: Path) -> None:
    write(tmp_path, people="no;who;land;since;born\n1;Ann;Germany;31.12.2024 08:30;01.02.1990\nx;NULL;;-;NULL\n")
    rows, rejects = only(
        tmp_path,
        """
        null = ["NULL", "-"]
        [values.country]
        Germany = "DE"
        [[tables]]
        table = "customers"
        file = "people.csv"
        delimiter = ";"
        [tables.columns]
        id = "no"
        name = "who"
        country = { column = "land", values = "country" }
        created_at = { column = "since", date = "%d.%m.%Y %H:%M" }
        birth_date = { column = "born", date = "%d.%m.%Y" }
        """,
    )
    assert rejects == []
    assert rows == [
        {
            "id": "1",
            "name": "Ann",
            "country": "DE",
            "created_at": "2024-12-31T08:30:00",
            "birth_date": "1990-02-01",
        },
        {"id": "x", "name": "", "country": "", "created_at": "", "birth_date": ""},
    ]


def test_values_that_do_not_fit_are_rejected_by_row(tmp_path: Path) -> None:
    write(
        tmp_path,
        people="no,who,land,since,branch\n1,A,Atlantis,2024,a\n2,B,Germany,soon,a\n"
        "3,C,Germany,2024,z\n4,D,Germany,2024,a\n",
        branches="code,name\na,Tea\n",
    )
    rows, rejects = only(
        tmp_path,
        """
        [values.country]
        Germany = "DE"
        [[tables]]
        table = "customers"
        file = "people.csv"
        [tables.columns]
        id = "no"
        name = "who"
        country = { column = "land", values = "country" }
        created_at = { column = "since", date = "%Y" }
        industry = { column = "branch", file = "branches.csv", key = "code", take = "name" }
        """,
    )
    assert [row["id"] for row in rows] == ["4"]
    assert rows[0]["industry"] == "Tea"
    assert [(r.line, r.column) for r in rejects] == [(2, "country"), (3, "created_at"), (4, "industry")]
    assert "'Atlantis' is not in [values.country]" in rejects[0].reason
    assert "'soon' is no date of the form %Y" in rejects[1].reason
    assert "'z' is no code of branches.csv" in rejects[2].reason
    assert rejects[0].row == {"no": "1", "who": "A", "land": "Atlantis", "since": "2024", "branch": "a"}


SUMS = """
[[tables]]
table = "orders"
file = "orders.csv"
[tables.columns]
id = "no"
customer_id = "who"
at = "when"
amount = { column = "no", file = "lines.csv", key = "order", sum = ["price", "pieces"], discount = "off" }
"""


def test_sums_are_exact(tmp_path: Path) -> None:
    write(
        tmp_path,
        orders="no,who,when\n1,A,2024-01-01\n2,A,2024-01-01\n3,A,2024-01-01\n",
        lines="order,price,pieces,off\n1,0.10,3,0.05\n1,0.20,1,\n3,x,1,0\n",
    )
    rows, rejects = only(tmp_path, SUMS)
    assert [(row["id"], row["amount"]) for row in rows] == [("1", "0.4850"), ("2", "")]
    assert [(r.line, r.column) for r in rejects] == [(4, "amount")]
    assert "lines.csv, line 4: price: 'x' is no number" in rejects[0].reason


def test_joined_files_must_be_sound(tmp_path: Path) -> None:
    write(tmp_path, orders="no,who,when\n", lines="order,price,pieces,off\n1,2\n")
    with pytest.raises(InvalidInput, match=r"lines\.csv, line 2: has 2 fields"):
        only(tmp_path, SUMS)
    write(tmp_path, people="no,who,branch\n", branches="code,name\na,Tea\na,Coffee\n")
    with pytest.raises(InvalidInput, match=r"line 3: code 'a' stands there twice"):
        only(tmp_path, MINIMAL + 'industry = { column = "branch", file = "branches.csv", key = "code", take = "name" }')


def test_keep_and_extra(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,shoeSize,#dogs,Fav Color\n1,A,42,,red\n")
    text = MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\nkeep = %s')
    assert only(tmp_path, text % '"rest"')[0] == [
        {"id": "1", "name": "A", "extra": {"shoe_size": "42", "fav_color": "red"}}
    ]
    assert only(tmp_path, text % '["shoeSize"]')[0][0]["extra"] == {"shoe_size": "42"}
    assert only(tmp_path, MINIMAL + '[tables.extra]\ndogs = "shoeSize"')[0][0]["extra"] == {"dogs": "42"}
    with pytest.raises(InvalidInput, match="no column 'hat'"):
        only(tmp_path, text % '["hat"]')


def test_keep_cannot_shadow_a_property(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,Email\n1,A,x\n")
    with pytest.raises(InvalidInput, match="'Email' would be 'email', which is taken"):
        only(tmp_path, MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\nkeep = "rest"'))


def test_tables_come_in_import_order(tmp_path: Path) -> None:
    write(tmp_path, people="no,who\n1,A\n", ties="a,b\n1,2\n")
    text = """
        [[tables]]
        table = "relationships"
        file = "ties.csv"
        columns = { source_id = "a", target_id = "b" }
        [[tables]]
        table = "contacts"
        file = "people.csv"
        columns = { id = "no", name = "who" }
    """
    sources = load_mapping(mapping(tmp_path, text)).sources([tmp_path])
    assert [source.table.name for source in sources] == ["contacts", "relationships"]


def test_finding_files(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    path = mapping(tmp_path, MINIMAL)
    with pytest.raises(InvalidInput, match=r"no people\.csv in"):
        load_mapping(path).sources([one, two])
    write(one, people="no,who\n1,A\n", other="x\n1\n")
    assert len(load_mapping(path).sources([one, two])) == 1
    assert len(load_mapping(path).sources([one / "people.csv"])) == 1
    with pytest.raises(InvalidInput, match=r"other\.csv: .* does not name this file"):
        load_mapping(path).sources([one, one / "other.csv"])
    write(two, people="no,who\n1,A\n")
    with pytest.raises(InvalidInput, match="several files"):
        load_mapping(path).sources([one, two])
    with pytest.raises(InvalidInput, match="no file or directory"):
        load_mapping(path).sources([tmp_path / "mistyped"])
    with pytest.raises(InvalidInput, match="at least one"):
        load_mapping(path).sources([])


def test_missing_column_names_key_and_file(tmp_path: Path) -> None:
    write(tmp_path, people="no,name\n1,A\n")
    with pytest.raises(
        InvalidInput, match=r"columns\.name: there is no column 'who' in .*people\.csv; there are: no, name"
    ):
        only(tmp_path, MINIMAL)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least one"),
        ("tables = 1", "at least one"),
        ("[[tables]", "is not TOML"),
        ("tabels = []", "tabels: is unknown; there are: null, values, title, files, tables"),
        ('null = "NULL"\n' + MINIMAL, "null: must be a list"),
        ("values = 1\n" + MINIMAL, "values: must be"),
        ("[values.x]\na = 1\n" + MINIMAL, "values.x: must be a table of strings"),
        (MINIMAL.replace('table = "customers"', 'table = "clients"'), "no table 'clients'; there are: users,"),
        (MINIMAL.replace('file = "people.csv"', ""), "file: must be a text"),
        (MINIMAL.replace("people.csv", "../people.csv"), "relative file name"),
        (MINIMAL.replace("people.csv", "/etc/passwd"), "relative file name"),
        (MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\ndelimiter = ";;"'), "one character"),
        (MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\nkeep = "all"'), "keep: must be a list"),
        (MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\nskip = 1'), "skip: is unknown"),
        (MINIMAL.replace('name = "who"', ""), "name is required"),
        (MINIMAL + 'shoe = "x"', r"columns.shoe: is no property of customers; there are: id, name"),
        (MINIMAL + "email = 1", "columns.email: must be a column's name or a table"),
        (MINIMAL + 'email = { colum = "x" }', "columns.email.colum: is unknown"),
        (MINIMAL + "email = { }", "exactly one of"),
        (MINIMAL + 'email = { column = "x", value = "y" }', "exactly one of"),
        (MINIMAL + 'email = { column = 1 }', "columns.email.column: must be a text"),
        (MINIMAL + "email = { value = [] }", "must be a text or a number"),
        (MINIMAL + 'email = { template = "{a" }', "columns.email.template"),
        (MINIMAL + 'email = { template = "{a.b!r}" }', "nothing else"),
        (MINIMAL + 'email = { column = "x", values = "y" }', r"no \[values.y\]"),
        (MINIMAL + 'created_at = { column = "x", date = "%Q" }', "no date format"),
        (MINIMAL + 'email = { column = "x", key = "y" }', "needs a file"),
        (MINIMAL + 'email = { column = "x", file = "y.csv" }', "one of take, first and sum"),
        (MINIMAL + 'email = { column = "x", file = "../y.csv", key = "a", take = "b" }', "relative file name"),
        (MINIMAL + 'email = { column = "x", file = "y.csv", key = "a", sum = "b" }', "list of columns"),
        (MINIMAL + '[tables.extra]\nemail = "x"', "does not have"),
        (MINIMAL + '[tables.extra]\nShoeSize = "x"', "snake_case"),
    ],
)  # fmt: skip
def test_mistakes_name_their_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message) as error:
        load_mapping(mapping(tmp_path, text))
    assert error.value.message.startswith(str(tmp_path / "mapping.toml"))


def test_mapping_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b'null = ["\xe9"]')
    with pytest.raises(InvalidInput, match="is not UTF-8"):
        load_mapping(tmp_path / "latin.toml")


# ---- the examples, on real files -------------------------------------------------------------------------


def example(name: str, folder: str) -> tuple[dict[str, list[Row]], list[tuple[str, int, str]]]:
    return mapped(load_mapping(ROOT / "examples" / f"{name}.toml"), folder)


def mapped(mapping: Mapping, folder: str) -> tuple[dict[str, list[Row]], list[tuple[str, int, str]]]:
    rows: dict[str, list[Row]] = {}
    failed: list[tuple[str, int, str]] = []
    unread: list[Reject] = []
    for source in mapping.sources([DATA / folder]):
        found = rows.setdefault(source.table.name, [])
        for row in source.rows(unread.append):
            try:
                found.append(source.table.row(row.values))
            except InvalidInput as error:
                failed.append((source.table.name, row.line, error.message))
    assert unread == []
    return rows, failed


@needs_data
def test_northwind() -> None:
    rows, failed = mapped(load_preset("northwind"), "northwind")
    assert failed == []
    assert {name: len(found) for name, found in rows.items()} == {
        "users": 9,
        "customers": 91,
        "contacts": 91,
        "products": 77,
        "orders": 830,
        "order_lines": 2155,
    }
    assert sum(row.properties["amount"] for row in rows["orders"]) == Decimal("1265793.0395") * 10_000
    times = [row.properties["at"] for row in rows["orders"]]
    assert (str(min(times))[:10], str(max(times))[:10]) == ("1996-07-04", "1998-05-06")
    assert all(row.properties["employee_id"] in "123456789" for row in rows["orders"])
    assert Counter(len(row.references) for row in rows["users"]) == {1: 8, 0: 1}
    assert {row.references["customer_id"][0] for row in rows["contacts"]} == {row.id for row in rows["customers"]}
    assert all(len(row.properties["country"]) == 2 for row in rows["customers"])
    berlin = next(row for row in rows["customers"] if row.id == "ALFKI")
    assert (berlin.properties["country"], berlin.properties["kind"]) == ("DE", "organization")
    assert next(row for row in rows["products"] if row.id == "1").properties["category"] == "Beverages"
    assert not any("NULL" in row.properties.values() for found in rows.values() for row in found)


@needs_data
@pytest.mark.parametrize(
    ("name", "nodes", "edges", "kind"),
    [("kite", 10, 18, "friend"), ("karate", 34, 78, "friend"), ("flo_marriage", 16, 20, "family")],
)
def test_networks(name: str, nodes: int, edges: int, kind: str) -> None:
    rows, failed = example(f"networks/{name}", "networks")
    assert failed == []
    assert len(rows["customers"]) == nodes
    assert len(rows["relationships"]) == edges
    assert {row.properties["kind"] for row in rows["relationships"]} == {kind}
    known = {row.id for row in rows["customers"]}
    assert {end for row in rows["relationships"] for end in (row.source_id, row.target_id)} <= known


@needs_data
def test_radoslaw() -> None:
    rows, failed = example("networks/radoslaw_email", "networks")
    assert len(rows["contacts"]) == 167
    assert len(rows["relationships"]) == 5783
    assert sum(row.properties["count"] for row in rows["relationships"]) == 82_927 - 51
    assert [(table, line) for table, line, _ in failed] == [("relationships", 5704)]
    assert "a relationship needs two parties" in failed[0][2]
    assert "radoslaw-129" in failed[0][2]
