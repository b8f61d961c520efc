"""Taking rows in: cleaned, checked, and what came kept beside it."""

from __future__ import annotations

import doctest
import json
from typing import Any

import pytest
from pydantic import ValidationError

from graphcrm.cleaning import taking
from graphcrm.cleaning.taking import checked_region, take_row
from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_NAME_LENGTH
from graphcrm.settings import Settings
from graphcrm.tables import TABLES, TIES


def take(table: str, region: str | None = None, **values: Any) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """Properties, originals and flags."""
    row, flags = take_row((TABLES | TIES)[table], values, region)
    raw = json.loads(row.properties.pop("_raw", "{}"))
    return row.properties, raw, flags


def test_doctests() -> None:
    result = doctest.testmod(taking)
    assert result.attempted > 0
    assert result.failed == 0


def test_nothing_is_kept_where_nothing_changed() -> None:
    row, flags = take_row(TABLES["customers"], {"id": "A", "name": "Ann", "phone": "+49301234567", "country": "DE"})
    assert (row.properties, flags) == ({"id": "A", "name": "Ann", "phone": "+49301234567", "country": "DE"}, {})


def test_the_rows_own_country_comes_before_the_region() -> None:
    properties, raw, _ = take("customers", "FR", id="A", name="A", phone="030 1234567", country="Germany")
    assert (properties["phone"], raw) == ("+49301234567", {"phone": "030 1234567", "country": "Germany"})
    assert take("contacts", "DE", id="A", name="A", phone="030 1234567")[0]["phone"] == "+49301234567"
    assert take("contacts", id="A", name="A", phone="030 1234567")[2] == {"phone": "no_country"}


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("orders", {"id": "O", "at": "soon"}),
        ("referrals", {"referrer_id": "A", "referred_id": "B", "at": "yesterday"}),
        ("relationships", {"source_id": "A", "target_id": "B", "until": "some day"}),
        ("MEMBER_OF", {"source_id": "A", "target_id": "B", "since": "31.02.2020"}),
        ("consents", {"id": "N", "party_id": "A", "channel": "c", "purpose": "p", "granted": True, "at": "n/a"}),
        ("customers", {"id": "A", "name": "\u200b", "country": "Atlantis"}),
        ("customers", {"id": "A", "name": "A", "kind": "robot", "country": "Atlantis"}),
    ],
)
def test_what_a_row_cannot_do_without(table: str, values: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        take(table, **values)


def test_what_it_can_do_without_is_left_out() -> None:
    properties, raw, flags = take("campaigns", id="M", name="M", starts_on="n/a", ends_on="31.2.2020", currency="Taler")
    assert properties == {"id": "M", "name": "M"}
    assert raw == {"starts_on": "n/a", "ends_on": "31.2.2020", "currency": "Taler"}
    assert flags == {"starts_on": "placeholder", "ends_on": "no_such_day", "currency": "unknown_currency"}


def test_a_value_that_cleaning_would_make_too_long_stays() -> None:
    host = "x.de/" + "y" * (MAX_NAME_LENGTH - 5)
    properties, raw, flags = take("customers", id="A", name="A", website=host)
    assert (properties["website"], raw, flags) == (host, {}, {"website": "too_long"})


@pytest.mark.parametrize("code", ["UK", "Germany", "X", "ZZ", "D E"])
def test_regions_that_are_none(code: str) -> None:
    with pytest.raises(InvalidInput, match="region"):
        checked_region(code)


def test_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().region is None
    monkeypatch.setenv("GRAPHCRM_REGION", "de")
    assert Settings().region == "DE"
    monkeypatch.setenv("GRAPHCRM_REGION", "")
    assert Settings().region is None
    monkeypatch.setenv("GRAPHCRM_REGION", "ZZ")
    with pytest.raises(ValidationError, match="region"):
        Settings()
