"""Which files are canonical tables, and the file of rejects."""

from __future__ import annotations

import csv
import doctest
import json
from pathlib import Path
from types import ModuleType

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake import expressions, rejects
from graphcrm.intake.canonical import canonical_sources
from graphcrm.intake.readers import Reject
from graphcrm.intake.rejects import HEADER, RejectWriter
from graphcrm.sample import write_sample
from graphcrm.tables import TABLES


@pytest.mark.parametrize("module", [expressions, rejects])
def test_doctests(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def test_a_whole_directory_in_import_order(tmp_path: Path) -> None:
    counts = write_sample(tmp_path, 20, 1)
    (tmp_path / "README.txt").write_text("not data")
    (tmp_path / "below.csv.d").mkdir()
    sources = canonical_sources([tmp_path])
    assert [source.table.name for source in sources] == [name for name in TABLES if (tmp_path / f"{name}.csv").exists()]
    assert len(sources) == len(counts)
    for source in sources:
        rows = list(source.rows(pytest.fail))
        assert len(rows) == counts[f"{source.table.name}.csv"]
        assert [row.line for row in rows] == list(range(2, len(rows) + 2))


def test_the_column_extra_holds_typed_fields(tmp_path: Path) -> None:
    cells = ['"{""score"": 5, ""vip"": true}",x', ",y", '"{}",', "[1],"]
    rows = "".join(f"A{n},Ann,{cell}\n" for n, cell in enumerate(cells))
    (tmp_path / "customers.csv").write_text(f"id,name,extra,more\n{rows}")
    (source,) = canonical_sources([tmp_path])
    refused: list[Reject] = []
    found = [row.values.get("extra") for row in source.rows(refused.append)]
    assert found == [{"more": "x", "score": 5, "vip": True}, {"more": "y"}, None]
    assert [(reject.line, reject.column) for reject in refused] == [(5, "extra")]


def test_ties_of_any_type_have_a_file(tmp_path: Path) -> None:
    for name, header in (
        ("works_at", "source_id,target_id,until"),
        ("customers", "id,name"),
        ("orders", "id,customer_id,at"),
    ):
        (tmp_path / f"{name}.csv").write_text(header + "\n")
    assert [source.table.name for source in canonical_sources([tmp_path])] == ["customers", "orders", "WORKS_AT"]
    (tmp_path / "describes.csv").write_text("source_id,target_id\n")
    with pytest.raises(InvalidInput, match="no canonical file"):
        canonical_sources([tmp_path])


def test_lists_are_json_where_a_text_holds_the_separator() -> None:
    tags = {
        "a|b": ["a", "b"],
        '["a|b","c"]': ["a|b", "c"],
        "[a|b]": ["[a", "b]"],
        '["a", 1]': ['["a", 1]'],
        "[]": ["[]"],
    }
    for text, expected in tags.items():
        row = TABLES["customers"].row({"id": "A", "name": "Ann", "tags": text})
        assert row.properties["tags"] == expected, text


def test_files_of_one_table_keep_the_given_order(tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "customers.csv").write_text("id,name\n")
    (tmp_path / "users.csv").write_text("id,name\n")
    sources = canonical_sources([tmp_path / "b", tmp_path / "a" / "customers.csv", tmp_path / "users.csv"])
    assert [source.file.path.relative_to(tmp_path).as_posix() for source in sources] == [
        "users.csv",
        "b/customers.csv",
        "a/customers.csv",
    ]


def test_unknown_columns_travel_in_extra(tmp_path: Path) -> None:
    (tmp_path / "customers.csv").write_text("id,name,shoe_size,星座\nA,Ann,42,狮子\nB,Bob,,\n", encoding="utf-8")
    (source,) = canonical_sources([tmp_path])
    assert [row.values for row in source.rows(pytest.fail)] == [
        {"id": "A", "name": "Ann", "extra": {"shoe_size": "42", "星座": "狮子"}},
        {"id": "B", "name": "Bob"},
    ]
    assert TABLES["customers"].row({"id": "A", "name": "Ann", "extra": {"星座": "狮子"}}).properties["星座"] == "狮子"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("custommers.csv", "id,name\n", "is no canonical file; name it after a table .*customers"),
        ("customers.csv", "", "is empty"),
        ("customers.csv", "id,title\n", "no column name; customers.csv needs id, name"),
        ("referrals.csv", "referrer_id\n", "no column referred_id"),
        ("customers.csv", "id,name,shoe size\n", "'shoe size' .* cannot be kept"),
        ("referrals.csv", "referrer_id,referred_id,id\n", "'id' .* cannot be kept"),
    ],
)
def test_files_that_cannot_be_meant(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(InvalidInput, match=message):
        canonical_sources([tmp_path / name])


def test_mistyped_paths_and_empty_directories(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no file or directory"):
        canonical_sources([tmp_path / "mistyped"])
    with pytest.raises(InvalidInput, match="no table in"):
        canonical_sources([tmp_path])
    with pytest.raises(InvalidInput, match="at least one"):
        canonical_sources([])


def test_a_mistyped_table_in_a_directory_is_not_passed_over(tmp_path: Path) -> None:
    write_sample(tmp_path, 10, 1)
    (tmp_path / "referals.csv").write_text("referrer_id,referred_id\n")
    with pytest.raises(InvalidInput, match=r"referals\.csv"):
        canonical_sources([tmp_path])
    assert len(canonical_sources([tmp_path], ignore=tmp_path / "referals.csv")) == 11


def test_rejects_file(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text(",".join(HEADER) + "\nold\n")
    with RejectWriter(path) as write:
        write(Reject("=cmd.csv", 3, "+a", '-1 is negative, "quoted"\nnew line', {"id": "=1+1", "name": "王"}))
        assert "=cmd.csv" in path.read_text(encoding="utf-8")  # there at once, so that a kill leaves it
        write(Reject("f.csv", 4, None, "has 1 fields", ["@x"]))
    assert write.count == 2
    with path.open(encoding="utf-8", newline="") as file:
        header, first, second = csv.reader(file)
    assert tuple(header) == HEADER
    assert first[:4] == ["'=cmd.csv", "3", "'+a", '\'-1 is negative, "quoted"\nnew line']
    assert json.loads(first[4]) == {"id": "=1+1", "name": "王"}
    assert second == ["f.csv", "4", "", "has 1 fields", '["@x"]']


def test_text_rows_are_json_too(tmp_path: Path) -> None:
    with RejectWriter(tmp_path / "r.csv") as write:
        write(Reject("f.csv", 4, None, "is not CSV", "=1\ud800"))
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1][4].startswith('"=1')


def test_no_rejects_leave_no_file(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text(",".join(HEADER) + "\n")
    with RejectWriter(path):
        assert not path.exists()
    assert not path.exists()
    with RejectWriter(None) as write:
        write(Reject("f.csv", 4, None, "x", {}))
    assert write.count == 1


@pytest.mark.parametrize("there", ["", "id,name\n1,Ann\n", ",".join(HEADER), "\ufeff" + ",".join(HEADER) + "\n"])
def test_what_holds_no_rejects_is_not_replaced_by_them(tmp_path: Path, there: str) -> None:
    path = tmp_path / "keep.csv"
    path.write_text(there, encoding="utf-8")
    with pytest.raises(InvalidInput, match=r"keep\.csv: is there already") as caught:
        RejectWriter(path)
    assert caught.value.field == "rejects"
    assert path.read_text(encoding="utf-8") == there
    with pytest.raises(InvalidInput, match="is there already"):
        RejectWriter(tmp_path)


def test_a_file_that_appears_meanwhile_is_not_replaced_either(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with RejectWriter(path) as write:
        path.write_text("somebody's")
        with pytest.raises(InvalidInput, match="Cannot write the rejects"):
            write(Reject("f.csv", 4, None, "x", {}))
    assert path.read_text() == "somebody's"


def test_rejects_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="Cannot write the rejects"), RejectWriter(tmp_path / "file" / "r.csv"):
        pass


def test_a_folder_that_takes_no_rejects_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejects.os, "access", lambda *_: False)
    with pytest.raises(InvalidInput, match="Permission denied"), RejectWriter(tmp_path / "r.csv"):
        pass
