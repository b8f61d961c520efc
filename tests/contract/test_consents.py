"""Consents that come under an id that is there, on both engines: each decision is kept, and the last one counts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.intake import importer

JANUARY, MAY, JUNE = "2026-01-05T09:00:00Z", "2026-05-02T09:00:00Z", "2026-06-01T00:00:00Z"
APART = "K@2026-05-02T09:00:00+00:00"


@pytest.fixture
def asked(graph: Graph) -> Graph:
    graph.records.upsert("customers", [{"id": "C", "name": "Ann"}])
    return graph


def load(graph: Graph, folder: Path, granted: bool, at: str, source: str = "crm", id_: str = "K") -> tuple[int, ...]:
    return bring(graph, folder, (id_, granted, at), source=source)


def bring(
    graph: Graph, folder: Path, *rows: tuple[str, bool, str], source: str = "crm", dry_run: bool = False
) -> tuple[int, ...]:
    """Import decisions, and give how many are created, updated, unchanged and rejected."""
    path = folder / "consents.csv"
    lines = [f"{id_},C,email,marketing,{str(granted).lower()},{at}\n" for id_, granted, at in rows]
    path.write_text("id,party_id,channel,purpose,granted,at\n" + "".join(lines))
    (file,) = graph.import_files([path], source=source, dry_run=dry_run).files
    return file.created, file.updated, file.unchanged, file.rejected


def told(graph: Graph) -> list[tuple[str, str, list[str]]]:
    """The decisions about e-mail, the one that counts first."""
    (found,) = graph.archive.overview("C", "Customer")["consents"]
    each: list[dict[str, Any]] = [found, *found["earlier"]]
    return [(one["id"], one["consent"], one["sources"]) for one in each]


def test_another_time_is_another_decision(asked: Graph, tmp_path: Path) -> None:
    assert load(asked, tmp_path, True, JANUARY) == (1, 0, 0, 0)
    assert load(asked, tmp_path, False, MAY) == (1, 0, 0, 0)
    assert told(asked) == [(APART, "refused", ["crm"]), ("K", "granted", ["crm"])]
    assert asked.archive.consent("C", "email", "marketing") == "refused"


def test_neither_comes_twice(asked: Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    load(asked, tmp_path, False, MAY)
    revision = asked.revision
    assert load(asked, tmp_path, True, JANUARY) == load(asked, tmp_path, False, MAY) == (0, 0, 1, 0)
    assert asked.revision == revision


def test_the_same_time_corrects(asked: Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    assert load(asked, tmp_path, False, JANUARY) == (0, 1, 0, 0)
    assert told(asked) == [("K", "refused", ["crm"])]


def test_what_was_corrected_by_hand_does_not_come_back(asked: Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    asked.records.patch("consents", "K", {"at": MAY, "granted": False})
    assert load(asked, tmp_path, True, JANUARY) == (0, 0, 1, 0)
    assert [(id_, consent) for id_, consent, _ in told(asked)] == [("K", "refused")]


def test_a_source_that_is_erased_takes_its_decisions(asked: Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    load(asked, tmp_path, False, MAY, source="shop")
    assert told(asked) == [(APART, "refused", ["shop"]), ("K", "granted", ["crm"])]
    asked.sources.erase("shop")
    assert told(asked) == [("K", "granted", ["crm"])]


def test_an_id_that_grows_too_long_is_a_digest(asked: Graph, tmp_path: Path) -> None:
    long = "K" * 120
    load(asked, tmp_path, True, JANUARY, id_=long)
    load(asked, tmp_path, False, MAY, id_=long)
    load(asked, tmp_path, True, JUNE, id_=long)
    (last, middle, first) = told(asked)
    assert (last[1], middle[1], first[1]) == ("granted", "refused", "granted")
    assert first[0] == long
    assert len(last[0]) == len(middle[0]) == 32
    assert load(asked, tmp_path, False, MAY, id_=long) == (0, 0, 1, 0)


def test_a_file_may_tell_both(asked: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (("K", True, JANUARY), ("K", False, MAY), ("K", False, MAY))
    assert bring(asked, tmp_path, *rows, dry_run=True) == (2, 0, 1, 0)
    assert bring(asked, tmp_path, *rows) == (2, 0, 1, 0)
    assert told(asked) == [(APART, "refused", ["crm"]), ("K", "granted", ["crm"])]
    assert bring(asked, tmp_path, *rows) == (0, 0, 3, 0)
    # In batches of their own it makes no difference.
    monkeypatch.setattr(importer, "_FIRST_ROWS", 1)
    for dry_run in (True, False):
        assert bring(asked, tmp_path, *rows, dry_run=dry_run) == (0, 0, 3, 0)


def test_a_dry_run_over_many_batches_says_what_would_be(
    asked: Graph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer, "_FIRST_ROWS", 1)
    rows = [("K", True, JANUARY), ("K", False, MAY), ("K", True, JUNE)]
    assert bring(asked, tmp_path, *rows, dry_run=True) == (3, 0, 0, 0)
    assert bring(asked, tmp_path, *rows) == (3, 0, 0, 0)
    assert [consent for _, consent, _ in told(asked)] == ["granted", "refused", "granted"]


@pytest.mark.parametrize("first", [APART, "K"])
def test_both_ids_of_a_decision_in_one_file(asked: Graph, tmp_path: Path, first: str) -> None:
    load(asked, tmp_path, True, JANUARY)
    second = "K" if first == APART else APART
    same, other = ((first, False, MAY), (second, False, MAY)), ((first, False, MAY), (second, True, MAY))
    assert bring(asked, tmp_path, *other, dry_run=True) == (1, 0, 0, 1)
    assert bring(asked, tmp_path, *other) == (1, 0, 0, 1)
    assert bring(asked, tmp_path, *same) == (0, 0, 2, 0)
    assert told(asked) == [(APART, "refused", ["crm"]), ("K", "granted", ["crm"])]


def test_a_decision_does_not_come_twice_when_the_first_of_its_id_is_gone(asked: Graph, tmp_path: Path) -> None:
    load(asked, tmp_path, True, JANUARY)
    load(asked, tmp_path, False, MAY, source="shop")
    asked.sources.erase("crm")
    assert load(asked, tmp_path, False, MAY, source="shop") == (0, 0, 1, 0)
    assert told(asked) == [(APART, "refused", ["shop"])]
    asked.records.delete("consents", APART)
    assert load(asked, tmp_path, False, MAY, source="shop") == (1, 0, 0, 0)
    assert told(asked) == [("K", "refused", ["shop"])]


def test_two_imports_at_once_keep_both(asked: Graph, tmp_path: Path) -> None:
    decisions = [(True, JANUARY), (False, MAY), (True, JUNE), (False, "2026-07-01T00:00:00Z")]
    folders = [tmp_path / str(number) for number in range(len(decisions))]
    with ThreadPoolExecutor() as pool:
        for folder in folders:
            folder.mkdir()
        ends = [pool.submit(load, asked, folder, *each) for folder, each in zip(folders, decisions, strict=True)]
    assert [end.result() for end in ends] == [(1, 0, 0, 0)] * len(decisions)
    assert [consent for _, consent, _ in told(asked)] == ["refused", "granted", "refused", "granted"]
