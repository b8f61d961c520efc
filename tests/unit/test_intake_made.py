"""Mapping files: columns made of others, ids for rows that have none, and times that stand in for missing ones."""

from __future__ import annotations

from datetime import UTC, datetime
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


def test_columns_that_are_made_of_others(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,mail,tel,land\n1,Ann,a@x; b@x,,Italy\n2,Bob,NULL,7,\n3,Cy,,x,Italy\n")
    rows, rejects = only(
        tmp_path,
        """
        null = ["NULL"]
        [[tables]]
        table = "customers"
        file = "people.csv"
        keep = "rest"
        once = "place"
        [tables.made]
        reached = { either = ["mail", "tel"], before = ";" }
        code = { column = "land", code = "country", otherwise = "{reached}" }
        place = { template = "{code}/{reached}" }
        [tables.columns]
        id = { join = ["who", "reached"], separator = "-", case = "lower", apart = true }
        name = "who"
        address = "place"
        """,
    )
    assert rejects == []
    # A column that only others are made of is still kept.
    assert rows[:2] == [
        {
            "id": "ann-a@x",
            "name": "Ann",
            "address": "IT/a@x",
            "extra": {"no": "1", "mail": "a@x; b@x", "land": "Italy"},
        },
        {"id": "bob-7", "name": "Bob", "address": "7/7", "extra": {"no": "2", "tel": "7"}},
    ]
    made = '[tables.made]\ntimes = { column = "no", number = "." }\n[tables.columns]'
    write(tmp_path, people="no,who\n1,Ann\nx,Bob\n")
    rows, rejects = only(tmp_path, MINIMAL.replace("[tables.columns]", made))
    assert [row["name"] for row in rows] == ["Ann"]
    assert [(reject.line, reject.column) for reject in rejects] == [(3, "times")]
    for text, wrong in (
        (made.replace("times", "who"), "made.who: .* has such a column; choose another name"),
        (made.replace('"no"', '"not"'), "made.times: there is no column 'not'"),
        (made.replace('number = "."', "apart = true"), "made.times: can neither be joined nor numbered"),
        (made.replace('number = "."', 'apart = "yes"'), "made.times.apart: must be true or false"),
        ("state = true\n[tables.columns]", "state: must be true or false, and is for consents"),
    ):
        with pytest.raises(InvalidInput, match=wrong):
            only(tmp_path, MINIMAL.replace("[tables.columns]", text))


def test_the_time_of_the_import_stands_in_for_a_date(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,since\n1,Ann,2024-01-31\n2,Bob,31/01/2024\n3,Cy,\n")
    made = """
        [tables.made]
        day = { column = "since", date = ["iso", "skip"], otherwise = "{import time}" }
        [tables.columns]
        created_at = "day"
    """
    before = datetime.now(UTC).replace(microsecond=0)
    rows, rejects = only(tmp_path, MINIMAL.replace("[tables.columns]", made))
    assert rejects == []
    times = [datetime.fromisoformat(row["created_at"]) for row in rows]
    assert times[0].isoformat() == "2024-01-31T00:00:00"
    assert times[1] == times[2]
    assert before <= times[1] <= datetime.now(UTC)
    assert not any("extra" in row for row in rows)


def test_a_format_of_dates_may_hold_a_zone(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,since\n1,Ann,2010-10-14T12:00:00.000Z-0300\n")
    form = 'created_at = { column = "since", date = "%Y-%m-%dT%H:%M:%S.%fZ%z", zone = "Asia/Shanghai" }'
    ((row,), _) = only(tmp_path, MINIMAL + form)
    assert row["created_at"] == "2010-10-14T12:00:00-03:00"


def test_rows_that_are_told_apart_by_a_number(tmp_path: Path) -> None:
    long = "y" * 130
    write(tmp_path, people=f"who\nAnn\nBob\nann\nAnn\n{long}\n{long}\n")
    text = MINIMAL.replace('id = "no"', 'id = { column = "who", case = "lower", apart = true }')
    path = mapping(tmp_path, text)
    (source,) = load_mapping(path).sources([tmp_path])
    assert source.is_numbered
    for _ in range(2):  # each pass begins anew
        ids = [row["id"] for row in values(source)[0]]
        assert ids[:4] == ["ann", "bob", "ann#2", "ann#3"]
        assert [id_[:7] for id_ in ids[4:]] == ["sha256-", "sha256-"]
        assert len(set(ids)) == 6
