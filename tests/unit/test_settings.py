"""Settings: what is refused, and that a refusal gives no secret away."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from graphcrm.settings import Settings


def test_the_home_is_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    monkeypatch.setenv("GRAPHCRM_HOME", "data/../crm")
    assert Settings().home == tmp_path.resolve() / "crm"
    assert Settings(home=Path("~/crm")).home == tmp_path.resolve() / "me" / "crm"
    monkeypatch.delenv("GRAPHCRM_HOME")
    assert Settings().home.is_absolute()


@pytest.mark.parametrize(
    "uri", ["bolt://neo4j:s3cret@db:7687", "neo4j+s://s3cret@db", "bolt://neo4j:s3cret/x@db", "http://neo4j:s3cret@db"]
)
def test_a_password_in_the_address_is_refused_and_not_shown(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCRM_NEO4J_URI", uri)
    with pytest.raises(ValidationError, match="neo4j_uri") as caught:
        Settings()
    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in caught.value.errors(include_input=False)[0]["msg"]


@pytest.mark.parametrize("uri", ["bolt://db:7687", "neo4j+s://db.example", "neo4j://db?policy=eu"])
def test_addresses_without_a_user_are_taken(uri: str) -> None:
    assert Settings(neo4j_uri=uri).neo4j_uri == uri


@pytest.mark.parametrize("text", ["abc", "", "{", "[0.5]", '"friend"', '{"friend": "much"}', '{"friend": NaN}'])
def test_strengths_that_are_none_are_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHCRM_DEFAULT_STRENGTHS", text)
    with pytest.raises(ValidationError) as caught:
        Settings()
    assert [error["loc"][0] for error in caught.value.errors()] == ["default_strengths"]


def test_strengths_that_are_given_leave_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    before = Settings().default_strengths
    monkeypatch.setenv("GRAPHCRM_DEFAULT_STRENGTHS", '{"friend": 0.6}')
    assert Settings().default_strengths == before | {"friend": 0.6}
