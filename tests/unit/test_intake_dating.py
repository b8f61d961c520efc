"""Dates of any form: their order is found from a column's own values, or asked for, and never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from graphcrm.cleaning.dates import Order
from graphcrm.errors import InvalidInput
from graphcrm.intake.mapping import load_mapping
from graphcrm.intake.presets import AUTO, find_preset
from graphcrm.intake.sources import Source
from graphcrm.limits import MAX_DATE_SAMPLE

HEAD = "Opportunity ID,Opportunity Name,Stage,Close Date,AccountId,Created Date"
MAPPING = """
[[tables]]
table = "opportunities"
file = "deals.csv"

[tables.columns]
id = "id"
name = "id"
close_on = { column = "closed", date = %s }
"""


def opportunities(folder: Path, dates: list[str], order: Order | None = None) -> Source:
    lines = [f'6{number},Deal,Won,"{text}",,"{text}"' for number, text in enumerate(dates)]
    (folder / "report.csv").write_text("\n".join([HEAD, *lines]), encoding="utf-8")
    (source,) = find_preset(AUTO).sources([folder / "report.csv"], date_order=order)
    return source


def close_dates(source: Source) -> list[str]:
    return [row.values["close_on"] for row in source.rows(lambda reject: pytest.fail(reject.reason))]


@pytest.mark.parametrize(
    ("dates", "close_on", "reason"),
    [
        (["1/2/2024", "1/31/2024"], ["2024-01-02", "2024-01-31"], "month/day/year because of 1/31/2024 in line 3"),
        (["01.02.2024", "31.01.2024"], ["2024-02-01", "2024-01-31"], "day/month/year because of 31.01.2024 in line 3"),
        (["31/01/2024", "01/02/2024"], ["2024-01-31", "2024-02-01"], "day/month/year because of 31/01/2024 in line 2"),
        (["1/31/2024, 3:05 PM", ""], ["2024-01-31", ""], "month/day/year because of 1/31/2024, 3:05 PM in line 2"),
    ],
)
def test_the_order_is_found_from_the_column(tmp_path: Path, dates: list[str], close_on: list[str], reason: str) -> None:
    source = opportunities(tmp_path, dates)
    assert close_dates(source) == close_on
    assert f"CloseDate: read as {reason}" in source.decided


def test_times_keep_their_time(tmp_path: Path) -> None:
    lines = ["Id,Name,BillingCity,CreatedDate", 'A,Ann,Ulm,"1/31/2024, 3:05 PM"', "B,Bob,Ulm,2024-02-01T10:00:00.000Z"]
    (tmp_path / "accounts.csv").write_text("\n".join(lines), encoding="utf-8")
    (source,) = find_preset("salesforce").sources([tmp_path / "accounts.csv"])
    times = [row.values["created_at"] for row in source.rows(lambda reject: pytest.fail(reject.reason))]
    assert times == ["2024-01-31T15:05:00Z", "2024-02-01T10:00:00+00:00"]


def test_what_no_value_decides_is_not_guessed(tmp_path: Path) -> None:
    source = opportunities(tmp_path, ["03/04/2024", "5/6/2024"])
    assert close_dates(source) == ["03/04/2024", "5/6/2024"]
    assert source.decided[0].startswith("CloseDate: nothing tells what day and month are in 03/04/2024 in line 2")
    asked = opportunities(tmp_path, ["03/04/2024", "5/6/2024"], "dmy")
    assert close_dates(asked) == ["2024-04-03", "2024-06-05"]
    assert asked.decided[0].startswith("CloseDate: read as day/month/year, as was asked for")


def test_values_decide_against_what_was_asked_for(tmp_path: Path) -> None:
    assert close_dates(opportunities(tmp_path, ["03/04/2024", "5/31/2024"], "dmy")) == ["2024-03-04", "2024-05-31"]


def test_a_column_that_contradicts_itself(tmp_path: Path) -> None:
    source = opportunities(tmp_path, ["1/31/2024", "31/1/2024", "3/4/2024"])
    assert close_dates(source) == ["2024-01-31", "2024-01-31", "3/4/2024"]
    assert "no order fits 31/1/2024 in line 3 and 1/31/2024 in line 2" in source.decided[0]


def test_nothing_is_said_of_dates_that_leave_no_doubt(tmp_path: Path) -> None:
    source = opportunities(tmp_path, ["2024-01-31", "31 Jan 2024", "", "soon"])
    assert close_dates(source) == ["2024-01-31", "2024-01-31", "", "soon"]
    assert source.decided == ()


def test_so_many_rows_are_looked_at(tmp_path: Path) -> None:
    open_ones = ["03/04/2024"] * (MAX_DATE_SAMPLE - 1)
    assert close_dates(opportunities(tmp_path, [*open_ones, "5/31/2024"]))[0] == "2024-03-04"
    assert close_dates(opportunities(tmp_path, [*open_ones, "03/04/2024", "5/31/2024"]))[0] == "03/04/2024"


def test_a_mapping_says_the_order_and_what_becomes_of_others(tmp_path: Path) -> None:
    (tmp_path / "deals.csv").write_text("id,closed\n1,03/04/2024\n2,soon\n", encoding="utf-8")
    mapping = tmp_path / "m.toml"
    mapping.write_text('date_order = "dmy"\n' + MAPPING % '["auto", "skip"]', encoding="utf-8")
    (source,) = load_mapping(mapping).sources([tmp_path], date_order="mdy")
    assert close_dates(source) == ["2024-04-03", ""]


@pytest.mark.parametrize(
    ("begin", "date", "field"),
    [
        ("", '["auto", "%Y"]', "auto"),
        ('date_order = "dym"\n', '"auto"', "date_order"),
        ("date_order = 1\n", '"auto"', "date_order"),
    ],
)
def test_what_a_mapping_may_not_say(tmp_path: Path, begin: str, date: str, field: str) -> None:
    (tmp_path / "m.toml").write_text(begin + MAPPING % date, encoding="utf-8")
    with pytest.raises(InvalidInput, match=field):
        load_mapping(tmp_path / "m.toml")
