"""Whom campaigns target is asked first, on both engines: by the same rule as everybody who may be contacted."""

from __future__ import annotations

from typing import Any

import pytest

import graphcrm
from graphcrm.errors import InvalidInput, NoConsent, NotFound

GRANTED, REFUSED = "2024-01-01", "2024-02-01"


@pytest.fixture
def asked(graph: graphcrm.Graph) -> graphcrm.Graph:
    """Two granted marketing by e-mail, one refused it, one was never asked, one granted something else."""
    records = graph.records
    records.upsert("customers", [{"id": id_, "name": id_} for id_ in ("yes", "no", "never")])
    records.upsert("contacts", [{"id": id_, "name": id_} for id_ in ("too", "sms")])
    consents = [
        consent("yes", True),
        consent("too", True, channel=" E-Mail ".replace("-", "")),
        consent("no", True),
        consent("no", False, at=REFUSED),
        consent("sms", True, channel="sms"),
    ]
    assert not records.upsert("consents", consents).rejected
    return graph


def consent(
    party: str, granted: bool, at: str = GRANTED, channel: str = "email", purpose: str = "marketing"
) -> dict[str, Any]:
    about = {"channel": channel, "purpose": purpose, "granted": granted, "at": at}
    return {"id": f"{party}{at}{channel}{purpose}", "party_id": party} | about


def campaign(*targets: str, **more: Any) -> dict[str, Any]:
    return {"id": "M", "name": "Spring", "channel": "email", "targeted_ids": list(targets)} | more


def refused(error: pytest.ExceptionInfo[NoConsent]) -> list[tuple[str, str, str | None]]:
    return [(each["id"], each["consent"], each["at"]) for each in error.value.parties]


def targets(graph: graphcrm.Graph) -> list[str]:
    found: list[str] = graph.records.read("campaigns", "M")["targeted_ids"]
    return found


def forced(graph: graphcrm.Graph, party: str) -> list[tuple[str | None, str | None]]:
    lines = graph.archive.history(party).to_dict("records")
    return [(line["other"], line["source"]) for line in lines if line["kind"] == "targeted_without_consent"]


def test_who_has_not_granted_it_is_not_targeted(asked: graphcrm.Graph) -> None:
    with pytest.raises(NoConsent) as error:
        asked.records.create("campaigns", campaign("yes", "no", "never", "too", "sms"))
    assert refused(error) == [
        ("never", "unknown", None),
        ("no", "refused", f"{REFUSED}T00:00:00Z"),
        ("sms", "unknown", None),
    ]
    assert error.value.field == "targeted_ids"
    assert "'never' (never decided), 'no' (refused), 'sms' (never decided)" in error.value.message
    assert asked.records.page("campaigns").items == []  # nothing of it is in
    asked.records.create("campaigns", campaign("yes", "too"))
    assert targets(asked) == ["too", "yes"]


def test_every_way_to_add_a_target_asks(asked: graphcrm.Graph) -> None:
    records = asked.records
    records.create("campaigns", campaign("yes"))
    tie = {"type": "TARGETED", "source_id": "M", "target_id": "no"}
    for add in (
        lambda: records.patch("campaigns", "M", {"targeted_ids": ["yes", "no"]}),
        lambda: records.replace("campaigns", "M", campaign("no")),
        lambda: records.create("ties", tie),
    ):
        with pytest.raises(NoConsent) as error:
            add()
        assert refused(error) == [("no", "refused", f"{REFUSED}T00:00:00Z")]
    assert targets(asked) == ["yes"]


def test_a_bulk_rejects_the_rows_that_may_not_go_in_and_takes_the_others(asked: graphcrm.Graph) -> None:
    rows = [campaign("yes", id="A"), campaign("yes", "no", id="B"), campaign("too", id="C"), campaign("never", id="A")]
    report = asked.records.upsert("campaigns", rows)
    assert (report.created, [(each.index, each.column) for each in report.rejected]) == (
        2,
        [(1, "targeted_ids"), (3, "targeted_ids")],
    )
    assert "'no' (refused)" in report.rejected[0].reason
    ties = [{"type": "TARGETED", "source_id": "C", "target_id": party} for party in ("yes", "no", "too", "nobody")]
    report = asked.records.upsert("ties", ties)
    assert (report.created, report.unchanged) == (1, 1)
    assert [(each.index, each.column) for each in report.rejected] == [(1, "target_id"), (3, "target_id")]
    assert asked.records.read("campaigns", "C")["targeted_ids"] == ["too", "yes"]


def test_only_who_is_added_is_asked_and_everybody_when_the_channel_is_another_one(asked: graphcrm.Graph) -> None:
    records = asked.records
    records.create("campaigns", campaign("yes", "no", channel=None))  # it reaches nobody yet
    with pytest.raises(NoConsent) as error:
        records.patch("campaigns", "M", {"channel": "email"})
    assert [each["id"] for each in error.value.parties] == ["no"]
    records.patch("campaigns", "M", {"targeted_ids": ["yes"]})
    records.patch("campaigns", "M", {"channel": "email"})
    records.upsert("consents", [consent("yes", False, at=REFUSED)])
    records.patch("campaigns", "M", {"name": "Summer", "targeted_ids": ["yes", "too"], "channel": "EMAIL"})
    with pytest.raises(NoConsent):
        records.patch("campaigns", "M", {"extra": {"purpose": "news"}})
    records.patch("campaigns", "M", {"targeted_ids": []})
    records.patch("campaigns", "M", {"extra": {"purpose": "news"}})
    with pytest.raises(NoConsent):
        records.patch("campaigns", "M", {"targeted_ids": ["too"]})


def test_what_is_forced_stands_in_the_history(asked: graphcrm.Graph) -> None:
    asked.records.create("campaigns", campaign("yes", "no"), force=True)
    assert targets(asked) == ["no", "yes"]
    assert (forced(asked, "no"), forced(asked, "yes")) == ([("M", "hand")], [])
    asked.records.upsert("ties", [{"type": "TARGETED", "source_id": "M", "target_id": "sms"}], force=True)
    assert forced(asked, "sms") == [("M", "hand")]
    asked.records.patch("campaigns", "M", {"name": "again"}, force=True)
    assert len(forced(asked, "no")) == 1  # it was targeted before
    assert asked.records.read("customers", "no", recorded_as_of="2999-01-01")["name"] == "no"


def test_who_was_merged_is_asked_as_who_stands_for_it(asked: graphcrm.Graph) -> None:
    asked.merging.merge("never", "no")
    asked.merging.merge("sms", "yes")
    with pytest.raises(NoConsent) as error:
        asked.records.create("campaigns", campaign("never", "sms"))
    assert refused(error) == [("never", "refused", f"{REFUSED}T00:00:00Z")]
    tie = {"type": "TARGETED", "source_id": "M", "target_id": "never"}
    asked.records.create("campaigns", campaign("sms"))
    assert [each.index for each in asked.records.upsert("ties", [tie]).rejected] == [0]
    asked.records.upsert("ties", [tie], force=True)
    assert (targets(asked), forced(asked, "no")) == (["no", "yes"], [("M", "hand")])


def test_whom_a_campaign_may_contact_and_whom_it_leaves_out(asked: graphcrm.Graph) -> None:
    every = ("yes", "no", "never", "too", "sms")
    asked.records.create("campaigns", campaign(*every), force=True)
    frame = asked.archive.contactable(campaign="M")
    assert list(frame.columns) == ["party_id", "label", "name", "at"]
    assert frame["party_id"].tolist() == ["too", "yes"]
    about = {key: frame.attrs[key] for key in ("channel", "purpose", "campaign_id", "next_cursor")}
    assert about == {"channel": "email", "purpose": "marketing", "campaign_id": "M", "next_cursor": None}
    assert [(each["party_id"], each["label"], each["consent"], each["at"]) for each in frame.attrs["left_out"]] == [
        ("never", "Customer", "unknown", None),
        ("no", "Customer", "refused", f"{REFUSED}T00:00:00Z"),
        ("sms", "Contact", "unknown", None),
    ]
    assert asked.archive.contactable("sms", campaign="M")["party_id"].tolist() == ["sms"]
    for limit in (1, 2, 3, 5):
        cursor, told = None, []
        while True:
            page = asked.archive.contactable(campaign="M", cursor=cursor, limit=limit)
            lines = page["party_id"].tolist() + [each["party_id"] for each in page.attrs["left_out"]]
            assert len(lines) <= limit
            told += sorted(lines)
            if (cursor := page.attrs["next_cursor"]) is None:
                break
        assert told == sorted(every)
    with pytest.raises(NotFound):
        asked.archive.contactable(campaign="nobody")
    asked.records.patch("campaigns", "M", {"channel": None})
    for wrong in ({"campaign": "M"}, {"channel": "email"}, {"channel": " ", "campaign": "M"}):
        with pytest.raises(InvalidInput):
            asked.archive.contactable(**wrong)
