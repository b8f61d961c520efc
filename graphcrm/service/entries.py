"""Entries of the book of jobs: their properties in the graph, and the form they have outside."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from graphcrm.errors import Cancelled, GraphCRMError, InvalidInput, NotFound, StoreError
from graphcrm.service.running import Run
from graphcrm.service.source_records import PINNED
from graphcrm.values import EXTRA_NAME, from_graph

__all__ = ["COUNTS", "CUT_OFF", "STATES", "ending_of", "found_entry", "new_entry", "new_id", "shown"]

STATES: Final = ("queued", "running", "done", "failed", "cancelled")
"""What a job may be in; from the last three nothing leads on."""

COUNTS: Final = ("read", "created", "updated", "unchanged", "rejected", "repeated", "flagged")
"""What an import counts, of each file and in all: `read` is the sum of the next four."""

CUT_OFF: Final = "the process that ran it ended; run the same import again, what is in stays in"
"""What is said of an import that nobody will go on with."""
_LATER_COUNTS: Final = ("repeated", "flagged")
"""Counts that entries of earlier versions do not have."""
_TIMES: Final = ("made_at", "started_at", "ended_at")


def new_id() -> str:
    """An id for a job; later ones are larger.

    Examples
    --------
    >>> first, second = new_id(), new_id()
    >>> len(first), first != second
    (29, True)
    """
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S%fZ}-{secrets.token_hex(3)}"


def new_entry(id_: str, source: str, dry_run: bool, now: datetime) -> dict[str, Any]:
    """The properties of an import that was just asked for."""
    if not EXTRA_NAME.fullmatch(source) or source == PINNED:
        raise InvalidInput("source: must be 1 to 64 letters, digits and underscores", field="source")
    made = {"made_at": now, "dry_run": dry_run, "progress": 0.0, "files": "[]"}
    return {"id": id_, "kind": "import", "source": source} | made


def found_entry(rows: list[dict[str, Any]], id_: str) -> dict[str, Any]:
    """The one entry that was read; NotFound when there is none of the id."""
    if not rows or rows[0]["record"]["kind"] != "import":  # a restore keeps its mark there, too
        raise NotFound(f"there is no job {id_!r}; `graphcrm jobs list` names them")
    record: dict[str, Any] = rows[0]["record"]
    return record


def shown(record: Mapping[str, Any], *, is_lost: bool = False) -> dict[str, Any]:
    """An entry as it is told outside; see `graphcrm.service.jobs.Jobs.read`.

    Parameters
    ----------
    record : mapping
        Its properties.
    is_lost : bool
        Whether the process that ran it has ended, and no other will go on with it.
    """
    files = [dict.fromkeys(_LATER_COUNTS) | {"notes": []} | file for file in json.loads(record.get("files") or "[]")]
    return {
        "id": record["id"],
        "kind": record["kind"],
        "source": record["source"],
        "state": "failed" if is_lost else record["state"],
        "dry_run": record["dry_run"],
        **{name: from_graph(name, record.get(name)) for name in _TIMES},
        "progress": record["progress"],
        **{name: _sum(files, name) for name in COUNTS},
        "files": files,
        "merged": record.get("merged"),
        "rejects_path": record.get("rejects_path"),
        "message": CUT_OFF if is_lost else record.get("message"),
    }


def _sum(files: list[dict[str, Any]], name: str) -> int | None:
    counts = [file[name] for file in files]
    return None if None in counts else sum(counts)


def ending_of(error: BaseException, run: Run, is_waiting: bool) -> dict[str, Any]:
    """How an entry goes on whose import did not come to its end; one that can wait does so for what will pass."""
    ending = run.so_far()
    if is_waiting and (run.is_stopping or (isinstance(error, StoreError) and error.retryable)):
        return ending | {"state": "queued"}
    if isinstance(error, Cancelled):
        return ending | {"state": "cancelled", "message": error.message}
    if isinstance(error, KeyboardInterrupt):
        return ending | {
            "state": "cancelled",
            "message": "was interrupted; run the same import again, what is in stays in",
        }
    if isinstance(error, GraphCRMError):
        return ending | {"state": "failed", "message": error.message}
    return ending | {"state": "failed", "message": f"ended by {type(error).__name__}; what is in stays in"}
