"""Consents that come under an id that is there, on both engines: each decision is kept, and the last one counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import graphcrm

JANUARY, MAY, JUNE = "2026-01-05T09:00:00Z", "2026-05-02T09:00:00Z", "2026-06-01T00:00:00Z"
APART = "K@2026-05-02T09:00:00+00:00"


@pytest.fixture
def asked(graph: graphcrm.Graph) -> graphcrm.Graph:
    graph.records.upsert("customers", [{"id": "C", "name": "Ann"}])
    return graph


def load(
    graph: graphcrm.Graph, folder: Path, granted: bool, at: str, source: str = "crm", id_: str = "K"
) -> tuple[int, ...]:
    path = folder / "consents.csv"
    path.write_text(f"id,party_id,channel,purpose,granted,at\n{id_},C,email,marketing,{str(granted).lower()},{at}\n")
    (file,) = graph.import_files([path], source=source).files
    return file.created, file.updated, file.unchanged


def told(graph: graphcrm.Graph) -> list[tuple[str, str, list[str]]]:
    """The decisions about e-mail, the one that counts first."""
    (found,) = graph.archive.overview("C", "Customer")["consents"]
    each: list[dict[str, Any]] = [found, *found["earlier"]]
    return [(one["id"], one["consent"], one["sources"]) for one in each]


def test_another_time_is_another_decision(asked: graphcrm.Graph, tmp_path: Path) -> None:
    assert load(asked, tmp_path, True, JANUARY) == (1, 0, 0)
    assert load(asked, tmp_path, False, MAY) == (1, 0, 0)
    assert told(asked) == [(APART, "refused", ["crm"]), ("K", "granted", ["crm"])]
    assert asked.archive.consent("C", "email", "marketing") == "refused"


def test_neither_comes_twice(asked: graphcrm.Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    load(asked, tmp_path, False, MAY)
    revision = asked.revision
    assert load(asked, tmp_path, True, JANUARY) == load(asked, tmp_path, False, MAY) == (0, 0, 1)
    assert asked.revision == revision


def test_the_same_time_corrects(asked: graphcrm.Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    assert load(asked, tmp_path, False, JANUARY) == (0, 1, 0)
    assert told(asked) == [("K", "refused", ["crm"])]


def test_what_was_corrected_by_hand_does_not_come_back(asked: graphcrm.Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    asked.records.patch("consents", "K", {"at": MAY, "granted": False})
    assert load(asked, tmp_path, True, JANUARY) == (0, 0, 1)
    assert [(id_, consent) for id_, consent, _ in told(asked)] == [("K", "refused")]


def test_a_source_that_is_erased_takes_its_decisions(asked: graphcrm.Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    load(asked, tmp_path, False, MAY, source="shop")
    assert told(asked) == [(APART, "refused", ["shop"]), ("K", "granted", ["crm"])]
    asked.sources.erase("shop")
    assert told(asked) == [("K", "granted", ["crm"])]


def test_an_id_that_grows_too_long_is_a_digest(asked: graphcrm.Graph, tmp_path: Path) -> None:
    long = "K" * 120
    load(asked, tmp_path, True, JANUARY, id_=long)
    load(asked, tmp_path, False, MAY, id_=long)
    load(asked, tmp_path, True, JUNE, id_=long)
    (last, middle, first) = told(asked)
    assert (last[1], middle[1], first[1]) == ("granted", "refused", "granted")
    assert first[0] == long
    assert len(last[0]) == len(middle[0]) == 32
    assert load(asked, tmp_path, False, MAY, id_=long) == (0, 0, 1)
