"""The customer archive: what happened to a party, what hangs on it, and what it allows."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pandas as pd

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.limits import MAX_BULK_ROWS, MAX_PAGE
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.answers import bounded, chosen, table
from graphcrm.service.consents import Permission, contactable, in_force, may_be_listed, permissions, read_consents
from graphcrm.service.history import earlier_values, party_history
from graphcrm.service.planning import resolve_labels
from graphcrm.service.stored import found_node
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

__all__ = ["KINDS", "Archive", "Permission"]

_TIES: Final = ("KNOWS", "WORKS_AT", "SUBSIDIARY_OF", "MEMBER_OF")
_TYPES: Final[dict[str, tuple[str, ...]]] = {
    "interaction": ("TOOK_PART_IN",),
    "order": ("PLACED",),
    "response": ("RESPONDED_TO",),
    "targeted": ("TARGETED",),
    "feedback": ("GAVE",),
    "case_opened": ("RAISED",),
    "case_closed": ("RAISED",),
    "opportunity": ("RAISED",),
    "consent": ("GAVE",),
    "task_due": ("CONCERNS",),
    "task_done": ("CONCERNS",),
    "referral_made": ("REFERRED",),
    "referral_received": ("REFERRED",),
    "tie_begun": _TIES,
    "tie_ended": _TIES,
}
KINDS: Final = tuple(_TYPES)
"""What a timeline can tell of, in the order in which it is documented."""

_OF_NODE: Final = {
    "interaction": ("kind", "channel", "duration_s"),
    "order": ("amount", "currency", "status"),
    "feedback": ("kind", "score", "comment"),
    "case_opened": ("kind", "status", "cause", "opened_at", "due_at", "closed_at"),
    "case_closed": ("kind", "status", "cause", "opened_at", "due_at", "closed_at"),
    "opportunity": ("stage", "amount", "currency", "probability"),
    "consent": ("channel", "purpose", "granted"),
    "task_due": ("kind", "due_at", "done_at"),
    "task_done": ("kind", "due_at", "done_at"),
}
_OF_TIE: Final = {
    "interaction": ("role",),
    "response": ("kind", "value", "currency"),
    "referral_made": ("channel", "campaign_id"),
    "referral_received": ("channel", "campaign_id"),
    "tie_begun": ("kind", "title", "department", "since", "until"),
    "tie_ended": ("kind", "title", "department", "since", "until"),
}
_LONGEST_COMMENT: Final = 500
_PARTICIPANTS: Final = 20
_LISTED: Final = 12
_MOST_GIVEN: Final = 1_000_000


@dataclass(frozen=True)
class _Place:
    """Where a page ends: the time (None where there is none), kind and id of its last line.

    `given` is how many lines of that time and kind were given when it was made, which saves a second question.
    """

    at: datetime | None
    kind: str
    id: str
    given: int

    def is_behind(self, row: Mapping[str, Any]) -> bool:
        """Whether a line of this time and kind or later comes after the place."""
        return (row["at"], row["kind"]) != (self.at, self.kind) or row["id"].encode() > self.id.encode()


class Archive:
    """All there is about one party: `graph.archive`."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store

    def timeline(
        self,
        party_id: str,
        kinds: Iterable[str] | None = None,
        cursor: str | None = None,
        limit: int = 100,
        label: str | None = None,
    ) -> pd.DataFrame:
        """What happened to a party, newest first.

        Parameters
        ----------
        party_id : str
            A customer or contact.
        kinds : iterable of str, optional
            Of `KINDS`; all by default.
        cursor : str, optional
            `attrs["next_cursor"]` of the page before, with the same kinds. What happens meanwhile moves nothing: no
            line is given twice or passed over.
        limit : int
            Lines, 1 to `limits.MAX_PAGE`.
        label : {'Customer', 'Contact'}, optional
            What the party must be.

        Returns
        -------
        pandas.DataFrame
            `kind`, `at` (ISO 8601, UTC; a day is its first moment; None, at the end, where no time is known), `id` (of
            the node or tie that tells of it), `title` (None where it has none) and `details` (a dict; fields without a
            value are left out). Lines of one time are ordered by kind, then by id in UTF-8 order. `attrs` has
            `party_id`, `label` and `next_cursor` (None on the last page).

        Raises
        ------
        NotFound
            There is no such party.
        MergedAway
            It was merged into another one.
        InvalidInput
            An unknown kind, a cursor of another question, a limit that is exceeded.

        Examples
        --------
        >>> archive.timeline("C1", kinds=["order", "feedback"], limit=50)  # doctest: +SKIP
        """
        bounded("limit", limit, MAX_PAGE)
        wanted = chosen("kind", "kind", kinds, KINDS)
        after = _place(cursor, wanted)

        def work(tx: Transaction) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
            found = label or _label_of(tx, party_id)
            rows = _lines(tx, found, party_id, wanted, after, limit + 1)
            if not rows and label:
                _label_of(tx, party_id, (label,))
            return found, rows, _participants(tx, rows[:limit])

        found, rows, participants = self._store.reading(work)
        people = {row["id"]: row for row in participants}
        frame = table([_item(row, people) for row in rows[:limit]], ["kind", "at", "id", "title", "details"])
        next_cursor = _cursor(rows[:limit], after, wanted) if len(rows) > limit else None
        frame.attrs.update({"party_id": party_id, "label": found, "next_cursor": next_cursor})
        return frame

    def history(
        self,
        party_id: str,
        field: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
        label: str | None = None,
    ) -> pd.DataFrame:
        """What changed in a party, newest first: who or which import changed what from what to what.

        Parameters
        ----------
        party_id : str
            A customer or contact. What changed in those who are merged into it is told too, under their ids.
        field : str, optional
            Only changes of this field.
        cursor : str, optional
            `attrs["next_cursor"]` of the page before, of the same field.
        limit : int
            Lines, 1 to `limits.MAX_PAGE`.
        label : {'Customer', 'Contact'}, optional
            What the party must be.

        Returns
        -------
        pandas.DataFrame
            `at` (ISO 8601, UTC), `kind` (``changed``, ``created``, ``merged``, ``unmerged``, ``merged_away``,
            ``came_back``, ``tie_removed`` or ``deleted``), `party_id`, `field`, `from`, `to` (as the record has them;
            None where there is none), `source` (on whose word), `by` (a token's name, ``import:`` and the job's id, or
            None) and `other` (the other party of a merge or tie). Lines of one change are ordered by field. `attrs` has
            `party_id`, `label` and `next_cursor` (None on the last page).

        Raises
        ------
        NotFound
            There is no such party, and none was deleted.
        MergedAway
            It was merged into another one.
        InvalidInput
            A cursor of another question, a limit that is exceeded.

        Examples
        --------
        >>> archive.history("C1", field="city")  # doctest: +SKIP
        """
        return party_history(self._store, party_id, field, cursor, limit, label)

    def earlier_values(self, party_id: str) -> dict[str, list[dict[str, Any]]]:
        """What a party's fields showed before: by field, newest first, each `value` and `until` when it was shown."""
        return earlier_values(self._store, party_id)

    def contactable(
        self,
        channel: str | None = None,
        purpose: str | None = None,
        cursor: str | None = None,
        limit: int = MAX_PAGE,
        campaign: str | None = None,
    ) -> pd.DataFrame:
        """Everybody who may be contacted by a channel for a purpose: whose last decision about it was to grant it.

        Parameters
        ----------
        channel, purpose : str
            See `consent`. Those of the campaign where one is named.
        cursor : str, optional
            `attrs["next_cursor"]` of the page before.
        limit : int
            Parties, 1 to `limits.MAX_PAGE`; of a campaign with those that are left out.
        campaign : str, optional
            Only those whom this campaign targets.

        Returns
        -------
        pandas.DataFrame
            `party_id`, `label`, `name` and `at` (when it was granted), by id in UTF-8 order. `attrs` has `channel`,
            `purpose` and `next_cursor` (None on the last page); of a campaign also `campaign_id` and `left_out`: whom
            it targets and may not, a list of `party_id`, `label`, `name`, `consent` (``refused`` or ``unknown``) and
            `at` (when it was refused), which lie between the parties of the page.

        Raises
        ------
        NotFound
            There is no such campaign.
        InvalidInput
            No channel or purpose, or a blank one; a cursor that is none, a limit that is exceeded.
        """
        return contactable(self._store, channel, purpose, cursor, limit, campaign)

    def consent(self, party_id: str, channel: str, purpose: str) -> Permission:
        """What a party decided about being contacted by a channel for a purpose.

        Parameters
        ----------
        party_id : str
            A customer or contact.
        channel, purpose : str
            As the consents have them, in any case: ``"email"``, ``"marketing"``.

        Returns
        -------
        {'granted', 'refused', 'unknown'}
            The last decision counts; of two of one time, the refusal.

        Raises
        ------
        NotFound
            There is no such party.
        """
        found: Permission = self._permissions([party_id], channel, purpose)[party_id]["consent"]
        return found

    def may_contact(self, ids: Iterable[str], channel: str, purpose: str) -> pd.DataFrame:
        """Who of some parties may be contacted by a channel for a purpose; asked before anyone is listed for it.

        Parameters
        ----------
        ids : iterable of str
            Customers and contacts, at most `limits.MAX_BULK_ROWS`.
        channel, purpose : str
            See `consent`.

        Returns
        -------
        pandas.DataFrame
            `party_id` (each once, in the order given), `consent` (see `consent`) and `may_contact`, which is true where
            consent was granted and not taken back.

        Raises
        ------
        NotFound
            One of them is no party.
        InvalidInput
            Too many at once.
        """
        asked = list(dict.fromkeys(ids))
        if len(asked) > MAX_BULK_ROWS:
            raise InvalidInput(f"ids: at most {MAX_BULK_ROWS} at once; these are {len(asked)}", field="ids")
        said = self._permissions(asked, channel, purpose)
        frame = table([{"party_id": id_, "consent": said[id_]["consent"]} for id_ in asked], ["party_id", "consent"])
        return frame.assign(may_contact=[may_be_listed(said[id_]) for id_ in asked]).astype({"may_contact": bool})

    def overview(self, party_id: str, label: str) -> dict[str, Any]:
        """What hangs on a party, a few of each: what its page shows beside the fields and the timeline.

        Parameters
        ----------
        party_id, label : str
            A customer or contact, and which of the two it is.

        Returns
        -------
        dict
            `orders` (a list by currency: `currency`, `orders`, `refunds`, `amount`, `refunded`; cancelled ones do not
            count), `ties` (by type and direction: `type`, `outgoing`, `total` and the first `ties`), `consents` (the
            decision that counts for each `channel` and `purpose`, with `at`, its `sources` and the `earlier` ones, the
            latest first) and `tasks` (the open ones).
        """

        def work(tx: Transaction) -> dict[str, Any]:
            words = {"LABEL": label}
            orders = tx.run("archive/sum_orders", id=party_id) if label == "Customer" else []
            return {
                "orders": [
                    row | {"amount": _money(row["amount"]), "refunded": _money(row["refunded"])} for row in orders
                ],
                "ties": [
                    row | {"ties": [_outside(tie, tie) for tie in row["ties"]]}
                    for row in tx.run("archive/list_ties", words=words, id=party_id, row_limit=_LISTED)
                ],
                "consents": in_force(read_consents(tx, label, [party_id])),
                "tasks": [
                    _outside(row, row) | {"due_at": from_graph("", row["due_at"])}
                    for row in tx.run("archive/list_tasks", words=words, id=party_id, row_limit=_LISTED)
                ],
            }

        return self._store.reading(work)

    def _permissions(self, ids: Sequence[str], channel: str, purpose: str) -> dict[str, dict[str, Any]]:
        def work(tx: Transaction) -> dict[str, dict[str, Any]]:
            labels = resolve_labels(tx, PARTY_LABELS, ids, {})
            for id_ in ids:
                if id_ not in labels:
                    _label_of(tx, id_)
            return permissions(tx, labels, channel, purpose)

        return self._store.reading(work)


# ---- the timeline ----------------------------------------------------------------------------------------


def _label_of(tx: Transaction, party_id: str, labels: tuple[str, ...] = PARTY_LABELS) -> str:
    found = resolve_labels(tx, labels, [party_id], {}).get(party_id)
    if found is None:
        with suppress(NotFound):
            found_node(tx.run, f"{labels[0].lower()}s", party_id)  # says who stands for one that was merged away
        raise NotFound(f"there is no {' or '.join(labels).lower()} {party_id!r}")
    return found


def _lines(
    tx: Transaction, label: str, party_id: str, kinds: tuple[str, ...], after: _Place | None, wanted: int
) -> list[dict[str, Any]]:
    asked = wanted + (after.given if after else 0)
    while True:
        rows = tx.run(
            "archive/timeline",
            words={"LABEL": label},
            id=party_id,
            types=sorted({type_ for kind in kinds for type_ in _TYPES[kind]}),
            kinds=list(kinds),
            after=after and after.at,
            after_kind=after and after.kind,
            row_limit=asked,
        )
        behind = [row for row in rows if after is None or after.is_behind(row)]
        if len(behind) >= wanted or len(rows) < asked:
            return behind[:wanted]
        asked *= 2


def _participants(tx: Transaction, rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    ids = [row["id"] for row in rows if row["kind"] == "interaction"]
    return tx.run("archive/list_participants", ids=ids, row_limit=_PARTICIPANTS) if ids else []


def _item(row: Mapping[str, Any], people: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """A line of the timeline as it stands outside."""
    kind, node, tie = row["kind"], row["node"], row["tie"]
    details = _outside(node, _OF_NODE.get(kind, ())) | _outside(tie, _OF_TIE.get(kind, ()))
    title = node.get("name") or node.get("subject")
    if kind == "interaction":
        details |= {"participants": people[row["id"]]["participants"], "participant_count": people[row["id"]]["total"]}
    elif kind == "order":
        details["refund"] = (node.get("amount") or 0) < 0
    elif kind in ("targeted", "response"):
        details["campaign_id"] = node["id"]
    elif kind == "consent":
        title = ": ".join(node[name] for name in ("channel", "purpose") if node.get(name)) or None
    elif kind == "feedback" and "comment" in details:
        details["comment"] = details["comment"][:_LONGEST_COMMENT]
    elif kind.startswith(("tie_", "referral_")):
        details["other"] = {"id": node["id"], "label": row["label"], "name": node.get("name")}
        if kind.startswith("tie_"):
            details |= {"type": row["tie"]["id"].partition(":")[0], "outgoing": row["outgoing"]}
    at = from_graph("", row["at"])
    return {"kind": kind, "at": at, "id": row["id"], "title": title, "details": details}


def _outside(properties: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Those of some fields that have a value, as JSON has them."""
    return {name: from_graph(name, properties[name]) for name in names if properties.get(name) is not None}


def _money(amount: int) -> str:
    return str(from_graph("amount", amount))


def _cursor(page: Sequence[Mapping[str, Any]], after: _Place | None, kinds: tuple[str, ...]) -> str:
    """Where a page ends, as text that means nothing to others."""
    last = (page[-1]["at"], page[-1]["kind"])
    given = sum((row["at"], row["kind"]) == last for row in page)
    if after and (after.at, after.kind) == last:
        given += after.given
    at = last[0].isoformat() if last[0] is not None else None
    text = json.dumps([at, last[1], page[-1]["id"], given, kinds], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _place(cursor: str | None, kinds: tuple[str, ...]) -> _Place | None:
    """Read a cursor; see `_cursor`."""
    if not cursor:
        return None
    try:
        at, kind, id_, given, asked = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        moment = None if at is None else datetime.fromisoformat(at).astimezone(UTC)
        if asked == list(kinds) and kind in kinds and isinstance(id_, str) and type(given) is int:
            id_.encode()
            return _Place(moment, kind, id_, min(max(given, 0), _MOST_GIVEN))
    except (ValueError, TypeError, OverflowError, RecursionError):
        pass
    raise InvalidInput("cursor: take it from next_cursor of a page with the same kinds", field="cursor")
