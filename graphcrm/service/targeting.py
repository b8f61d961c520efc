"""Whom campaigns target: when people add parties by hand, these are asked for their consent first.

A campaign reaches out by its `channel`, for its `purpose` (a field beyond the vocabulary) or else for marketing. One
without a channel reaches nobody yet, and asks nobody; when it is given one, all whom it targets are asked. What counts
is what the graph shows after the change, in the transaction of the change: so it makes no difference how a party
came to be targeted, or whose word about the channel wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from graphcrm.errors import NoConsent
from graphcrm.schema import PARTY_LABELS, tie_id
from graphcrm.service.aliases import any_merged, roots
from graphcrm.service.changes import new_change, write_changes
from graphcrm.service.consents import folded, may_be_listed, permissions, reach_of
from graphcrm.service.planning import resolve_labels
from graphcrm.service.verdicts import Run
from graphcrm.store import Transaction
from graphcrm.tables import Row, Table

__all__ = ["Asking", "Targets", "reasons", "targets_of"]

_NAMED: Final = 3
_SAID: Final = {"refused": "refused", "unknown": "never decided"}


@dataclass(frozen=True)
class Targets:
    """Whom a campaign targets, by which channel (None where it has none yet) and for which purpose."""

    channel: str | None
    purpose: str
    parties: frozenset[str]

    def new_since(self, before: Targets | None) -> frozenset[str]:
        """Whom it did not target before, or not by this channel and for this purpose."""
        if self.channel is None:
            return frozenset()
        if before is None or before.channel is None:
            return self.parties
        is_same = (folded(before.channel), folded(before.purpose)) == (folded(self.channel), folded(self.purpose))
        return self.parties - before.parties if is_same else self.parties


def targets_of(run: Run, campaigns: Sequence[str]) -> dict[str, Targets]:
    """Whom campaigns target; those that are not there are left out."""
    found = run("archive/read_targets", ids=list(campaigns)) if campaigns else []
    return {row["id"]: Targets(*reach_of(row), frozenset(row["targets"])) for row in found}


class Asking:
    """The consent of those whom rows have campaigns target; made before the rows are written, asked after it.

    Parameters
    ----------
    tx : Transaction
        The write transaction, which must be given up when `refuse` raises.
    table : Table
        The rows' table; rows that have nothing to do with campaigns cost nothing.
    rows : sequence of Row
        What is going to be written.
    """

    def __init__(self, tx: Transaction, table: Table, rows: Sequence[Row]) -> None:
        self._tx = tx
        self._column = table.ends[1] if table.type else "targeted_ids"
        self._named: dict[str, list[str]] = {}
        """Whom the rows name, by campaign."""
        for row in rows if table.label == "Campaign" else ():
            self._named[row.id] = row.references.get("targeted_ids", [])
        for row in rows if table.type == "TARGETED" else ():
            self._named.setdefault(row.source_id, []).append(row.target_id)
        self._before = targets_of(tx.run, list(self._named))

    def not_granted(self) -> list[dict[str, Any]]:
        """Whom the campaigns newly target, and may not.

        Returns
        -------
        list of dict
            `campaign_id`, `id` (as the row names the party), `party_id` (who that is: another one where it was merged),
            `consent` and `at`, by campaign and id.
        """
        if not self._named:
            return []
        named = self._roots()
        found = []
        for campaign, now in targets_of(self._tx.run, list(self._named)).items():
            new = sorted(now.new_since(self._before.get(campaign)))
            if not new or now.channel is None:
                continue
            self._tx.hold(new)  # so that nobody refuses between the question and its answer
            labels = resolve_labels(self._tx, PARTY_LABELS, new, {})
            for party, said in permissions(self._tx, labels, now.channel, now.purpose).items():
                if not may_be_listed(said):
                    called = named.get((campaign, party), party)
                    found.append({"campaign_id": campaign, "id": called, "party_id": party} | said)
        return sorted(found, key=lambda each: (each["campaign_id"].encode(), each["id"].encode()))

    def refuse(self) -> None:
        """Refuse rows by which campaigns would target who has not granted it.

        Raises
        ------
        NoConsent
            Names them.
        """
        if not (found := self.not_granted()):
            return
        parties = [{key: each[key] for key in ("campaign_id", "id", "consent", "at")} for each in found]
        raise NoConsent(f"{self._column}: {_reason(parties)}", field=self._column, parties=parties)

    def note_forced(self, source: str) -> None:
        """Note in the history of those who have not granted it that they were targeted all the same."""
        if not (found := self.not_granted()):
            return
        at = datetime.now(UTC)
        campaigns = {each["campaign_id"] for each in found}
        stored = self._tx.run("nodes/read_many", words={"LABEL": "Campaign"}, ids=sorted(campaigns))[0]["records"]
        known = {campaign["id"]: tuple(sorted(campaign.get("_sources") or ())) for campaign in stored}
        write_changes(
            self._tx,
            [
                new_change(
                    each["party_id"],
                    at,
                    "targeted_without_consent",
                    source=source,
                    other=each["campaign_id"],
                    other_said=known[each["campaign_id"]],
                )
                for each in found
            ],
        )

    def _roots(self) -> dict[tuple[str, str], str]:
        """What rows call the parties that stand for whom they name, by campaign and party."""
        if not any_merged(self._tx.run):
            return {}
        into = roots(self._tx.run, {id_ for ids in self._named.values() for id_ in ids})
        return {(campaign, into[id_]): id_ for campaign, ids in self._named.items() for id_ in ids if id_ in into}


def reasons(error: NoConsent) -> dict[str, tuple[str, str]]:
    """The rows that were refused: by the row's id, which is a campaign's or its tie's, the column and the reason."""
    by_row: dict[str, list[dict[str, Any]]] = {}
    for each in error.parties:
        is_tie = error.field != "targeted_ids"
        row = tie_id("TARGETED", each["campaign_id"], each["id"]) if is_tie else each["campaign_id"]
        by_row.setdefault(row, []).append(each)
    return {row: (error.field, _reason(parties)) for row, parties in by_row.items()}


def _reason(parties: Sequence[dict[str, Any]]) -> str:
    names = ", ".join(f"{each['id']!r} ({_SAID[each['consent']]})" for each in parties[:_NAMED])
    more = f" and {len(parties) - _NAMED} more" if len(parties) > _NAMED else ""
    return (
        f"{names}{more} did not grant to be contacted; leave them out, record their consent first, or target them all "
        "the same with force"
    )
