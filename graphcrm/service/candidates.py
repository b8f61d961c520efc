"""The search for duplicates as a job, and the pairs that it found: kept in the graph, a page at a time.

A search takes seconds to half a minute, so that nobody waits for it: one runs at a time, in a thread of the process
that was asked, and what the last one found stays until the next has found something else.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from graphcrm import limits
from graphcrm.errors import GraphCRMError, InvalidInput, StoreError
from graphcrm.identity.thresholds import REVIEW_PROBABILITY
from graphcrm.schema import PARTY_LABELS
from graphcrm.service.aliases import kept_apart
from graphcrm.service.duplicates import Duplicates
from graphcrm.service.leases import LEASE, Holder
from graphcrm.service.listing import Page
from graphcrm.service.planning import resolve_labels
from graphcrm.service.source_records import FILES, own_fields
from graphcrm.service.verdicts import SEARCH, Run, in_order
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TABLES
from graphcrm.values import from_graph

__all__ = ["Candidates"]

_log = logging.getLogger(__name__)

_FIRST, _END = "found:", "found;"
_LEAST_READ: Final = 500
"""Pairs that are read at once: of many found long ago most may have been decided about."""
_PART: Final = 2_000
"""Pairs of one statement: the embedded engine takes messages of at most 16 MiB."""
_CUT_OFF: Final = "the process that searched has ended; search again"
_RENEW_S: Final = LEASE.total_seconds() / 3


class Candidates:
    """The pairs of a graph that may be one party.

    Parameters
    ----------
    store : GraphStore
        The graph.
    holder : Holder
        This process, as one that claims the search.
    """

    def __init__(self, store: GraphStore, holder: Holder) -> None:
        self._store = store
        self._holder = holder
        self._thread: threading.Thread | None = None

    # ---- searching ----

    def search(self) -> dict[str, Any]:
        """Begin a search, unless one is under way.

        Returns
        -------
        dict
            The search, as `last` gives it.
        """
        now = datetime.now(UTC)
        begun = {"state": "running", "started_at": now, "ended_at": None, "message": None}

        def work(tx: Transaction) -> bool:
            found = _entry(tx.run)
            if found and found["state"] == "running" and not self._holder.is_free(found, now):
                return False
            tx.run("candidates/note_search", id=SEARCH, changes=begun | self._holder.claim(now))
            return True

        if self._store.write(work, [SEARCH]):
            self._thread = threading.Thread(target=self._search, name="graphcrm-search", daemon=True)
            self._thread.start()
        return self.last() or {}

    def wait(self, timeout_s: float | None = None) -> None:
        """Wait for the search that this process runs, if it runs one."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def last(self) -> dict[str, Any] | None:
        """The search under way, or the last one; None where there never was one.

        Returns
        -------
        dict
            `state` (``running``, ``done`` or ``failed``), `started_at`, `ended_at`, `message` (why it failed), and of
            the last one that was done: its `revision`, how many `parties` it compared, how many `pairs` it found, how
            many of those are `kept` (the most probable), and whether the data `trained` the model.
        """
        found = _entry(self._store.read)
        if found is None:
            return None
        is_lost = found["state"] == "running" and self._holder.is_free(found, datetime.now(UTC))
        return {
            "state": "failed" if is_lost else found["state"],
            "started_at": from_graph("", found["started_at"]),
            "ended_at": from_graph("", found.get("ended_at")),
            "message": _CUT_OFF if is_lost else found.get("message"),
            **{name: found.get(name) for name in ("revision", "parties", "pairs", "kept", "trained")},
        }

    def _search(self) -> None:
        over = threading.Event()
        keeper = threading.Thread(target=self._renew, args=(over,), name="graphcrm-search-claim", daemon=True)
        keeper.start()
        try:
            self._keep(Duplicates(self._store).find(REVIEW_PROBABILITY))
        except Exception as error:
            if not isinstance(error, GraphCRMError):
                _log.error("search for duplicates failed: %s", type(error).__qualname__)
            message = error.message if isinstance(error, GraphCRMError) else f"ended by {type(error).__name__}"
            ended = {"state": "failed", "message": message, "ended_at": datetime.now(UTC), "owner": None}
            with suppress(GraphCRMError):  # the claim then runs out, and says the same
                self._note(ended)
        finally:
            over.set()
            keeper.join()

    def _renew(self, over: threading.Event) -> None:
        while not over.wait(_RENEW_S):
            with suppress(StoreError):
                self._note({"lease_until": datetime.now(UTC) + LEASE})

    def _note(self, changes: Mapping[str, Any]) -> None:
        def work(tx: Transaction) -> None:
            found = _entry(tx.run)
            if found and found.get("owner") == self._holder.name:
                tx.run("candidates/note_search", id=SEARCH, changes=dict(changes))

        self._store.write(work, [SEARCH], repeatable=True)

    def _keep(self, found: Any) -> None:
        """Put what was found in the place of what an earlier search found."""
        kept = found.head(limits.MAX_CANDIDATES).to_dict("records")
        rows = [
            {
                "id": f"{_FIRST}{number:08d}",
                **{name: pair[name] for name in ("left_id", "right_id", "probability", "weight", "group")},
                "evidence": json.dumps(pair["evidence"], ensure_ascii=False),
            }
            for number, pair in enumerate(kept)
        ]
        facts = {name: found.attrs[name] for name in ("revision", "parties", "trained")}
        facts |= {"pairs": len(found)}
        ended = {"state": "done", "ended_at": datetime.now(UTC), "owner": None, "lease_until": None}

        def work(tx: Transaction) -> None:
            entry = _entry(tx.run)
            if not entry or entry.get("owner") != self._holder.name:
                return  # another process searches now, and will say what it found
            tx.run("candidates/delete_range", after_id=_FIRST, before_id=_END)
            # Of who was deleted meanwhile nothing is kept.
            ids = {row[side] for row in rows for side in ("left_id", "right_id")}
            tx.hold(ids)
            there = resolve_labels(tx, PARTY_LABELS, ids, {}).keys()
            still = [row for row in rows if {row["left_id"], row["right_id"]} <= there]
            for start in range(0, len(still), _PART):
                tx.run("candidates/create", rows=still[start : start + _PART])
            tx.run("candidates/note_search", id=SEARCH, changes=facts | ended | {"kept": len(still)})

        self._store.write(work, [SEARCH], repeatable=True)

    # ---- listing ----

    def page(
        self,
        threshold: float = REVIEW_PROBABILITY,
        below: float | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """List the pairs that the last search found and that nobody has decided about since.

        Parameters
        ----------
        threshold : float
            The least probability.
        below : float, optional
            A probability that none of them reaches.
        cursor : str, optional
            `next_cursor` of the page before.
        limit : int
            Pairs, 1 to `limits.MAX_PAGE`.

        Returns
        -------
        Page
            `items`: `left` and `right` (each `id`, `label`, `name`, the `fields` that it has, by name, and its
            `sources`), `probability`, `weight`, `group` and `evidence`; the most probable first, then by ids.
            `next_cursor` is None on the last page.
        """
        if not 1 <= limit <= limits.MAX_PAGE:
            raise InvalidInput(f"limit: must lie between 1 and {limits.MAX_PAGE}", field="limit")
        if cursor is not None and not (cursor.startswith(_FIRST) and cursor.removeprefix(_FIRST).isdigit()):
            raise InvalidInput("cursor: is not one that this list gave; start without it", field="cursor")

        def work(tx: Transaction) -> Page:
            items: list[dict[str, Any]] = []
            after = cursor or _FIRST
            bounds: dict[str, Any] = {"before_id": _END, "least": threshold, "below": 2.0 if below is None else below}
            while rows := tx.run("candidates/page", after_id=after, **bounds, row_limit=max(limit + 1, _LEAST_READ)):
                pairs = [row["record"] for row in rows]
                items += _open(tx, pairs)
                after = pairs[-1]["id"]
                if len(items) > limit:
                    break
            more = len(items) > limit
            shown = items[:limit]
            return Page([_outside(item) for item in shown], shown[-1]["id"] if more else None)

        return self._store.reading(work)


def _entry(run: Run) -> dict[str, Any] | None:
    found = run("nodes/read_many", words={"LABEL": "Candidate"}, ids=[SEARCH])[0]["records"]
    return dict(found[0]) if found else None


def _open(tx: Transaction, pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Those pairs of which both parties are still there and nobody said that they are two, with the parties."""
    ids = sorted({pair[side] for pair in pairs for side in ("left_id", "right_id")})
    parties = {
        properties["id"]: _party(label, properties)
        for label in PARTY_LABELS
        for properties in tx.run("nodes/read_many", words={"LABEL": label}, ids=ids)[0]["records"]
    }
    apart = kept_apart(tx.run, [in_order(pair["left_id"], pair["right_id"]) for pair in pairs])
    return [
        dict(pair) | {"left": parties[pair["left_id"]], "right": parties[pair["right_id"]]}
        for pair in pairs
        if pair["left_id"] in parties
        and pair["right_id"] in parties
        and in_order(pair["left_id"], pair["right_id"]) not in apart
    ]


def _party(label: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    known = TABLES[f"{label.lower()}s"].properties
    fields = {name: value for name, value in own_fields(properties).items() if name != "id"}
    return {
        "id": properties["id"],
        "label": label,
        "name": properties["name"],
        "fields": {name: from_graph(name if name in known else "", value) for name, value in fields.items()},
        "sources": properties.get("_sources") or [FILES],
    }


def _outside(pair: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{name: pair[name] for name in ("left", "right", "probability", "weight")},
        "group": pair.get("group"),
        "evidence": json.loads(pair["evidence"]),
    }
