"""Taking rows in: cleaned, checked, and what came kept beside it."""

from __future__ import annotations

import doctest
import json
from types import ModuleType
from typing import Any

import pytest
from phonenumbers import SUPPORTED_REGIONS
from pydantic import ValidationError

from graphcrm import settings, values
from graphcrm.cleaning import taking
from graphcrm.cleaning.codes import clean_country
from graphcrm.cleaning.taking import take_row
from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_NAME_LENGTH, MAX_URL_LENGTH
from graphcrm.settings import Settings, checked_region
from graphcrm.tables import TABLES, TIES


def take(table: str, region: str | None = None, **values: Any) -> tuple[dict[str, Any], dict[str, str], dict[str, str]]:
    """Properties, originals and flags."""
    row, flags = take_row((TABLES | TIES)[table], values, region)
    raw = json.loads(row.properties.pop("_raw", "{}"))
    return row.properties, raw, flags


@pytest.mark.parametrize("module", [taking, settings, values], ids=lambda module: module.__name__)
def test_doctests(module: ModuleType) -> None:
    result = doctest.testmod(module)
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


@pytest.mark.parametrize(
    ("came", "left"),
    [
        ("https://x.de/a|contract.pdf|http://y.de", ["https://x.de/a", "http://y.de"]),
        ('["https://x.de/a|b", "javascript:alert(1)"]', ["https://x.de/a|b"]),
        ("contract.pdf", None),
        ("https://x.de/" + "a" * MAX_URL_LENGTH + "|https://y.de", ["https://y.de"]),
        ("https://x.de/a b|https://[::1", None),
        ("|".join(f"https://x.de/{number}" for number in range(300)) + "|x", "all but the last"),
    ],
)
def test_of_a_list_of_links_those_are_left_out_that_are_none(came: str, left: list[str] | str | None) -> None:
    properties, raw, flags = take("contacts", id="A", name="Ann", attachments=came, notes=came)
    assert properties.get("attachments") == (came.split("|")[:-1] if left == "all but the last" else left)
    assert (raw, flags) == ({"attachments": came}, {"attachments": "no_link"})
    assert properties["notes"] == came


def test_links_that_are_some_stay_as_they_came() -> None:
    for came in ("https://x.de/a|http://Y.de", '["https://x.de/a|b"]', "https://x.de/" + "a" * 1_900):
        properties, raw, flags = take("customers", id="A", name="Ann", attachments=came)
        assert (len(properties["attachments"]), raw, flags) == (2 if "Y" in came else 1, {}, {})
    assert take("customers", id="A", name="Ann", attachments="n/a") == (
        {"id": "A", "name": "Ann"},
        {"attachments": "n/a"},
        {"attachments": "placeholder"},
    )


def test_a_value_that_cleaning_would_make_too_long_stays() -> None:
    host = "x.de/" + "y" * (MAX_NAME_LENGTH - 5)
    properties, raw, flags = take("customers", id="A", name="A", website=host)
    assert (properties["website"], raw, flags) == (host, {}, {"website": "too_long"})


@pytest.mark.parametrize("code", ["UK", "Germany", "X", "ZZ", "D E", "TA", "AC", "AQ", "001"])
def test_regions_that_are_none(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    rule = "must be the ISO 3166 code of a country that has telephone numbers, such as DE"
    with pytest.raises(InvalidInput, match=f"region: {rule}, not '{code}'"):
        checked_region(code)
    monkeypatch.setenv("GRAPHCRM_REGION", code)
    with pytest.raises(ValidationError, match=rule):
        Settings()


def test_every_region_of_telephone_numbers_that_is_a_country() -> None:
    regions = {code for code in SUPPORTED_REGIONS if not clean_country(code).flag}
    assert {checked_region(code.lower()) for code in regions} == regions
    assert {*SUPPORTED_REGIONS} - regions == {"AC", "TA"}


def test_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings().region is None
    monkeypatch.setenv("GRAPHCRM_REGION", "de")
    assert Settings().region == "DE"
    monkeypatch.setenv("GRAPHCRM_REGION", "")
    assert Settings().region is None
    monkeypatch.setenv("GRAPHCRM_REGION", "ZZ")
    with pytest.raises(ValidationError, match="region"):
        Settings()
