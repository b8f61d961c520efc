"""The quality report: counted by hand, and on a real table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from graphcrm.cleaning.quality import mask, quality_report
from graphcrm.errors import InvalidInput

NOW = datetime(2024, 6, 30, tzinfo=UTC)

PEOPLE = pd.DataFrame(
    [
        ("1", "Anna Müller", "anna@x.de", "030 1234567", "31/01/1980", "Germany", "2024-06-01T00:00:00Z"),
        ("2", "ANNA  MÜLLER", "Anna@X.DE", "+49 30 1234567", "02/03/1981", "DE", "2022-01-01T00:00:00Z"),
        ("3", "Bob", "bob", "call me", "1980-05-05", "Atlantis", "2022-01-01T00:00:00Z"),
        ("4", "n/a", None, "", "never", "UK", None),
        ("5", "Eve", "  ", "12", "04/04/1990", float("nan"), "2023-07-02T00:00:00+00:00"),
        ("6", "Dan", "d@@x", "030 7654321", "30/02/1980", "英国", "2023-06-30T00:00:00Z"),
    ],
    columns=["id", "name", "email", "phone", "birth_date", "country", "seen_at"],
)


def line(report: pd.DataFrame, field: str) -> dict[str, object]:
    (found,) = report[report["field"] == field].to_dict("records")
    return {str(name): value for name, value in found.items()}


def test_counts_by_hand() -> None:
    report = quality_report(PEOPLE, "customers", region="DE", stale_days=365, now=NOW)
    assert report["field"].tolist() == ["name", "email", "phone", "birth_date", "country"]
    assert line(report, "name") == {
        "field": "name",
        "kind": "name",
        "count": 6,
        "blank": 0,
        "invalid": 1,
        "duplicated": 2,
        "stale": 3,
        "reasons": {"placeholder": 1},
        "examples": ["placeholder: n/x", "duplicated: axxx xxxxxx"],
    }
    assert line(report, "email") == {
        "field": "email",
        "kind": "email",
        "count": 6,
        "blank": 2,
        "invalid": 2,
        "duplicated": 2,
        "stale": 3,
        "reasons": {"local_part": 1, "no_at": 1},
        "examples": ["local_part: d@@x", "no_at: bxx", "duplicated: axxx@x.xx"],
    }
    phone = line(report, "phone")
    assert (phone["blank"], phone["invalid"], phone["duplicated"]) == (1, 2, 2)
    assert phone["reasons"] == {"no_number": 1, "too_short": 1}
    # The one day that is beyond the twelfth says that the day comes first.
    birth = line(report, "birth_date")
    assert (birth["invalid"], birth["reasons"]) == (2, {"no_such_day": 1, "no_date": 1})
    country = line(report, "country")
    assert (country["blank"], country["invalid"], country["duplicated"]) == (1, 1, 4)


@pytest.mark.parametrize(("days", "stale"), [(0, 5), (364, 3), (366, 2), (365, 3), (10_000, 0)])
def test_stale(days: int, stale: int) -> None:
    report = quality_report(PEOPLE, "customers", region="DE", stale_days=days, now=NOW)
    assert line(report, "name")["stale"] == stale


def test_times_of_any_type_tell_what_is_stale() -> None:
    for seen in (PEOPLE["seen_at"], pd.to_datetime(PEOPLE["seen_at"], utc=True, format="ISO8601")):
        report = quality_report(PEOPLE.assign(seen_at=seen), "customers", now=NOW)
        assert line(report, "name")["stale"] == 3
    naive = quality_report(PEOPLE, "customers", now=NOW.replace(tzinfo=None))
    assert line(naive, "name")["stale"] == 3
    without = quality_report(PEOPLE.drop(columns="seen_at"), "customers")
    assert without["stale"].tolist() == [0] * len(without)


def test_columns_beyond_the_vocabulary_are_counted_too() -> None:
    frame = pd.DataFrame({"score": [1, 1, 2, None], "tags": [["a", "b"], [], None, ["a", "b"]], "at": [pd.NaT] * 4})
    report = quality_report(frame, "customers")
    assert report[["field", "kind", "blank", "invalid", "duplicated"]].values.tolist()[:2] == [
        ["score", "", 1, 0, 2],
        ["tags", "", 2, 0, 2],
    ]
    assert line(report, "at")["blank"] == 4


def test_at_most_five_examples_of_different_reasons_and_no_value_in_the_clear() -> None:
    frame = pd.DataFrame(
        {"email": [f"person{n}.example.com" for n in range(20)] + ["a@x", "b@x", "secret@test.local"] * 2}
    )
    examples = line(quality_report(frame, "customers"), "email")["examples"]
    assert isinstance(examples, list)
    assert len(examples) == 5
    assert {example.partition(":")[0] for example in examples} == {"domain", "no_at", "reserved_domain", "duplicated"}
    assert "secret" not in str(examples)


@pytest.mark.parametrize(
    ("value", "masked"),
    [
        ("anna@example.com", "axxx@xxxxxxx.xxx"),
        ("+49 30 1234567", "+99 99 9999999"),
        ("张伟 1号", "张x 9x"),
        ("x" * 50, "x" * 40 + "…"),
        ("", ""),
        ("²5", "²9"),
    ],
)
def test_mask(value: str, masked: str) -> None:
    assert mask(value) == masked


def test_nothing_in_nothing_out() -> None:
    assert quality_report(pd.DataFrame(), "customers").empty
    report = quality_report(pd.DataFrame({"email": []}), "customers")
    assert report[["count", "blank", "invalid", "duplicated", "stale"]].values.tolist() == [[0] * 5]


def test_days_below_nothing_are_refused() -> None:
    with pytest.raises(InvalidInput, match="stale_days must be 0 to"):
        quality_report(PEOPLE, "customers", stale_days=-1)


def test_a_real_table(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "northwind" / "customers.csv", keep_default_na=False, na_values=["NULL"])
    frame = frame.rename(columns={"companyName": "name"})[["name", "country", "phone", "fax", "region"]]
    report = quality_report(frame, "customers", region="US")
    assert report["count"].tolist() == [91] * 5
    assert line(report, "name")["duplicated"] == 0
    assert line(report, "country")["invalid"] == 0
    assert line(report, "fax")["blank"] == frame["fax"].isna().sum() == 22
    assert line(report, "region")["blank"] == frame["region"].isna().sum() == 60
