"""Mapping files: what they can say, and how they fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake.mapping import load_mapping
from graphcrm.intake.readers import Reject
from graphcrm.intake.sources import Source

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


def test_several_columns_numbers_and_what_else(tmp_path: Path) -> None:
    write(tmp_path, people="no,first,last,phone,mobile,pay,land,at,tags\n"
          "1,Ann,,,+1,\"1.234,50 €\",Germany,31.01.2024 09:30,a; b\n"
          "2,Bob,Ray,55,,(7),Nowhere,2024-07-31T09:30,\n")  # fmt: skip
    rows, rejects = only(
        tmp_path,
        """
        [[tables]]
        table = "customers"
        file = "people.csv"
        [tables.columns]
        id = { column = "no", format = "P-{}" }
        name = { join = ["first", "last"] }
        phone = { either = ["phone", "mobile"] }
        country = { column = "land", code = "country" }
        created_at = { column = "at", date = ["%d.%m.%Y %H:%M", "iso"], zone = "Europe/Berlin" }
        tags = { column = "tags", list = ";", otherwise = "none of {first}" }
        city = { column = "phone", before = "5", otherwise = "{last}" }
        [tables.extra]
        pay = { column = "pay", number = ",", times = "2" }
        shout = { column = "first", case = "upper" }
        """,
    )
    assert rejects == []
    assert rows == [
        {
            "id": "P-1", "name": "Ann", "phone": "+1", "country": "DE", "created_at": "2024-01-31T09:30:00+01:00",
            "tags": "a|b", "city": "", "extra": {"pay": "2469", "shout": "ANN"},
        },
        {
            "id": "P-2", "name": "Bob Ray", "phone": "55", "country": "", "created_at": "2024-07-31T09:30:00+02:00",
            "tags": "none of Bob", "city": "Ray", "extra": {"pay": "-14", "shout": "BOB"},
        },
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("mark", "text", "number"),
    [
        (".", "1,234.50", "1234.5"),
        (".", "$ 1,234", "1234"),
        (".", "USD -12.00", "-12"),
        (".", "17850.0", "17850"),
        (".", "1e3", "1000"),
        (".", ".5", "0.5"),
        (".", "Rs. 500", "500"),
        (".", "12 %", "12"),
        (".", "−3", "-3"),
        (",", "1.234,50", "1234.5"),
        (",", "1 234,5 €", "1234.5"),
        (".", "5-10", None),
        (".", "1.2.3", None),
        (".", "12-", None),
        (".", "n/a", None),
        (".", "", ""),
    ],
)
def test_numbers(tmp_path: Path, mark: str, text: str, number: str | None) -> None:
    write(tmp_path, people=f'no,who,pay\n1,A,"{text}"\n')
    rows, rejects = only(tmp_path, MINIMAL + f'[tables.extra]\npay = {{ column = "pay", number = "{mark}" }}')
    if number is None:
        assert [reject.reason for reject in rejects] == [f"pay: {text!r} is no number"]
    else:
        assert rows[0].get("extra", {}).get("pay", "") == number


def test_which_rows_there_are(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,state,mail\n1,A,open,a@x|b@x\n2,A,OPEN,b@x\n3,B,gone,c@x\n4,,open,\n5,C,,d@x\n")
    text = MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\n%s')

    def ids(shape: str) -> list[str]:
        return [row["id"] for row in only(tmp_path, text % shape)[0]]

    assert ids('once = "who"') == ["1", "3", "5"]
    assert ids('when = { state = ["open"] }') == ["1", "2", "4"]
    assert ids('unless = { state = ["Gone", ""] }') == ["1", "2", "4"]
    assert ids('when = { state = ["open", ""] }\nonce = "who"') == ["1", "5"]
    assert ids('each = ["mail"]') == ["1", "1", "2", "3", "5"]
    assert ids('each = ["mail"]\nonce = "mail"') == ["1", "1", "3", "5"]


def test_a_second_pass_counts_anew(tmp_path: Path) -> None:
    write(tmp_path, people="no,who\n1,A\n2,B\n3,A\n")
    text = MINIMAL.replace('id = "no"', 'id = { template = "{who}-{#}", count = "who" }')
    (source,) = load_mapping(mapping(tmp_path, text)).sources([tmp_path])
    assert [row["id"] for row in values(source)[0]] == ["A-1", "B-1", "A-2"]
    assert [row["id"] for row in values(source)[0]] == ["A-1", "B-1", "A-2"]


def test_files_by_their_columns(tmp_path: Path) -> None:
    write(tmp_path, one="Client,WHO\n1,A\n", two="no,who,state\n2,B,open\n", three="colour\nred\n")
    text = (
        """
        [files.people]
        header = ["no", "who"]
        also = { no = ["client"] }
    """
        + MINIMAL.replace('"people.csv"', '"people"\nkeep = "rest"')
        + 'city = "city"'
    )
    sources = load_mapping(mapping(tmp_path, text)).sources([tmp_path])
    assert [values(source)[0] for source in sources] == [
        [{"id": "1", "name": "A", "city": ""}],
        [{"id": "2", "name": "B", "city": "", "extra": {"state": "open"}}],
    ]
    with pytest.raises(InvalidInput, match=r"three\.csv: is no file that is known"):
        load_mapping(mapping(tmp_path, text)).sources([tmp_path / "three.csv"])


def test_columns_that_are_kept_never_clash_where_files_vary(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,City,city name,city_name,#\n1,A,Rome,x,y,z\n")
    text = '[files.people]\nheader = ["no"]' + MINIMAL.replace('"people.csv"', '"people"\nkeep = "rest"')
    (source,) = load_mapping(mapping(tmp_path, text)).sources([tmp_path])
    assert values(source)[0] == [
        {"id": "1", "name": "A", "extra": {"city_2": "Rome", "city_name": "x", "city_name_2": "y", "column_2": "z"}}
    ]


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
        ("tabels = []", "tabels: is unknown; there are: null, region, date_order, values, title, files, tables"),
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
        (MINIMAL + 'email = { template = "{a}-{#}" }', "say count as well"),
        (MINIMAL + "email = { either = [] }", "columns.email.either: must be a text"),
        (MINIMAL + 'email = { join = "a" }', "columns.email.join: must be a list of columns"),
        (MINIMAL + 'email = { column = "x", separator = "," }', "separator: belongs to join"),
        (MINIMAL + 'email = { column = "x", number = ";" }', "must be the decimal mark"),
        (MINIMAL + 'email = { column = "x", times = "ten" }', "times: 'ten' is no number"),
        (MINIMAL + 'email = { column = "x", code = "planet" }', "must be one of country, currency"),
        (MINIMAL + 'email = { column = "x", case = "title" }', "must be lower or upper"),
        (MINIMAL + 'email = { column = "x", zone = "Asia/Shanghai" }', "zone: needs a date"),
        (MINIMAL + 'email = { column = "x", date = "%Y", zone = "Atlantis" }', "no time zone such as"),
        (MINIMAL + 'email = { column = "x", format = "none" }', "must hold {} once"),
        (MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\nonce = 1'), "once: must be a text"),
        (MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\neach = "x"'), "each: must be a list"),
        (MINIMAL.replace('file = "people.csv"', 'file = "people.csv"\nwhen = { a = "x" }'), "when: must be a table"),
        ("title = 1" + MINIMAL, "title: must be a text"),
        ("region = 1" + MINIMAL, "region: must be a text"),
        ('region = "Bavaria"' + MINIMAL, "region: must be the ISO 3166 code"),
        ("files = 1" + MINIMAL, "files: must be a table"),
        ("[files.a]\nheader = []" + MINIMAL, "files.a.header: must be a list"),
        ("[files.a]\nhaeder = []" + MINIMAL, "files.a: must be a table of header and also"),
        ('[files.a]\nheader = ["b"]\nalso = { b = "c" }' + MINIMAL, "files.a.also: must be a table of lists"),
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
