"""The book of jobs: every import leaves an entry that says what was asked, how far it is, and what came of it.

An entry is a `Job` node, one of the product's own books. Imports that were uploaded wait in it as a queue, from which
`graphcrm.service.worker` takes them; those of the command line and of Python are entered as they begin.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from graphcrm import limits
from graphcrm.errors import Conflict, GraphCRMError, InvalidInput, StoreError, TooMany
from graphcrm.service import outbox
from graphcrm.service.changes import acting
from graphcrm.service.entries import CUT_OFF, ending_of, found_entry, new_entry, new_id, shown
from graphcrm.service.leases import Holder
from graphcrm.service.listing import Page
from graphcrm.service.receipts import remember, replayed
from graphcrm.service.running import Run, digests
from graphcrm.service.uploads import Uploads
from graphcrm.store import GraphStore, Transaction

if TYPE_CHECKING:
    from graphcrm.intake.importer import ImportReport, Progress

__all__ = ["MAX_RUNS", "Claim", "Jobs"]

MAX_RUNS: Final = 5
"""How often a job is begun: one that ends its process each time is not begun for ever."""
_GIVEN_UP: Final = f"was begun {MAX_RUNS} times and cut off each time; see why the service ends, then send it again"
_QUEUE: Final = "jobs"
"""What writers that lengthen the queue take turns by."""

Load = Callable[[Path, "Progress | None"], "ImportReport"]
"""Does an import, given where its rejects go and whom to tell how far it is."""


@dataclass(frozen=True)
class Claim:
    """A job that this process runs: its id, and for an upload what was asked for."""

    id: str
    request: Mapping[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)
    """To be set when the process goes down: the import then stops after a batch, and waits for the next."""


class Jobs:
    """The jobs of a graph.

    Parameters
    ----------
    store : GraphStore
        Where the book is.
    home : Path
        The data folder: uploads, rejects, and the locks by which processes know each other.
    """

    def __init__(self, store: GraphStore, home: Path) -> None:
        self._store = store
        self._rejects = home / "rejects"
        self.holder = Holder(home)
        self.uploads = Uploads(home / "uploads")

    # ---- asking ----

    def page(self, cursor: str | None = None, limit: int = 50, source: str | None = None) -> Page:
        """List jobs, the latest first.

        Parameters
        ----------
        cursor : str, optional
            `next_cursor` of the page before.
        limit : int
            Jobs, 1 to `limits.MAX_PAGE`.
        source : str, optional
            Only those of this source.

        Returns
        -------
        Page
            `items` as `read` gives them, and `next_cursor`.
        """
        if not 1 <= limit <= limits.MAX_PAGE:
            raise InvalidInput(f"limit: must lie between 1 and {limits.MAX_PAGE}", field="limit")
        rows = self._store.read("jobs/page", source=source, before_id=cursor, row_limit=limit + 1)
        items = [self._shown(row["record"]) for row in rows[:limit]]
        return Page(items, items[-1]["id"] if len(rows) > limit else None)

    def read(self, id_: str) -> dict[str, Any]:
        """One job.

        Returns
        -------
        dict
            `id`, `kind`, `source`, `state` (one of `STATES`), `dry_run`, `made_at`, `started_at`, `ended_at`,
            `progress` (0 to 1), the sums of `COUNTS`, `files` (for each its name, table, counts and SHA-256; counts
            are None while they are not known), `merged` (parties that were merged afterwards, where that was asked
            for), `rejects_path` and `message`.

        Raises
        ------
        NotFound
            There is none of this id.
        """
        return self._shown(found_entry(self._store.read("jobs/read", id=id_), id_))

    def _shown(self, record: Mapping[str, Any]) -> dict[str, Any]:
        return shown(record, is_lost=self._is_lost(record, datetime.now(UTC)))

    # ---- imports that are entered as they begin ----

    def recorded(
        self,
        load: Load,
        paths: Iterable[str | Path],
        source: str = "files",
        rejects: str | Path | None = None,
        progress: Progress | None = None,
        dry_run: bool = False,
        claim: Claim | None = None,
    ) -> ImportReport:
        """Do an import and keep its entry; one that only says what would happen leaves none.

        Parameters
        ----------
        load : callable
            Does it.
        paths : iterable of path
            What it reads.
        source : str
            The source that it belongs to.
        rejects : path, optional
            Where its rejects go; by default below the data folder.
        progress : callable, optional
            Told how far it is, as the entry is.
        dry_run : bool
            Whether it writes nothing.
        claim : Claim, optional
            The entry, where it is there already.

        Returns
        -------
        ImportReport
            What `load` returned.

        Raises
        ------
        Cancelled
            Somebody asked for it (`cancel`), or it belongs to another process now.
        """
        id_ = claim.id if claim else new_id()
        if dry_run and claim is None:
            return load(Path(rejects) if rejects is not None else self._tried(source), progress)
        rejects_path = Path(rejects) if rejects is not None else self._rejects / f"{id_}.csv"
        read_from = [Path(path) for path in paths]
        if claim is None:
            self._settle_lost()
            now = datetime.now(UTC)
            begun = (
                new_entry(id_, source, dry_run, now) | {"state": "running", "started_at": now} | self.holder.claim(now)
            )
            self._store.write(lambda tx: tx.run("jobs/create", properties=begun))
        run = Run(lambda changes: self._renew(id_, changes), read_from, progress, claim.stop if claim else None)
        try:
            with run, acting(f"import:{id_}"):
                report = load(rejects_path, run.progress)
            files = [
                asdict(file) | {"file": self.uploads.plain(id_, file.file), "sha256": digest}
                for file, digest in digests(report.files, read_from)
            ]
        except BaseException as error:
            told = _with_advice(error) if isinstance(error, StoreError) else error
            with suppress(StoreError):  # the lease then runs out, and says the same
                self._ended(id_, ending_of(told, run, is_waiting=claim is not None))
            raise told from None
        self._ended(
            id_,
            {
                "state": "done",
                "progress": 1.0,
                "files": json.dumps(files, ensure_ascii=False),
                "rejects_path": str(report.rejects_path.resolve()) if report.rejects_path else None,
                "merged": report.merged,
            },
        )
        return report

    def _renew(self, id_: str, changes: Mapping[str, Any]) -> str | None:
        """Note how far a job is and renew the claim; why the job has to stop, if it has to."""

        def work(tx: Transaction) -> str | None:
            record = found_entry(tx.run("jobs/read", id=id_), id_)
            if record.get("owner") != self.holder.name:
                return "another process has taken the import over"
            if record.get("cancelling"):
                return "the import was cancelled; what is in stays in, run it again to go on"
            now = datetime.now(UTC)
            tx.run("jobs/update", id=id_, changes={"state": "running", **changes} | self.holder.claim(now))
            return None

        return self._store.write(work, keys=[id_], repeatable=True)

    def _ended(self, id_: str, changes: Mapping[str, Any]) -> None:
        """Close an entry, and tell those who want to know in the same transaction."""
        now = datetime.now(UTC)
        final = dict(changes) | {"owner": None, "lease_until": None}
        if final["state"] != "queued":
            final |= {"ended_at": now, "request": None}

        def work(tx: Transaction) -> None:
            record = found_entry(tx.run("jobs/read", id=id_), id_)
            if record.get("owner") not in (None, self.holder.name):
                return  # another process runs it now, and will say how it ended
            tx.run("jobs/update", id=id_, changes=final)
            if final["state"] != "queued":
                outbox.remember(tx, finished=[self._shown(record | final)])

        self._store.write(work, keys=[id_], repeatable=True)
        if final["state"] != "queued":
            self.uploads.discard(id_)

    def fail(self, claim: Claim, error: Exception) -> None:
        """Close the entry of an import that ended before `recorded` could say how: it cannot be meant."""
        if self.read(claim.id)["state"] == "running":
            message = error.message if isinstance(error, GraphCRMError) else f"ended by {type(error).__name__}"
            self._ended(claim.id, {"state": "failed", "message": message})

    # ---- imports that wait for a worker ----

    def check_room(self) -> None:
        """Refuse, before anything is uploaded, what the queue has no room for; `queue` decides."""
        _refuse_beyond(self._store.read("jobs/list_open", row_limit=limits.MAX_PAGE))
        if len(self.uploads.ids()) > limits.MAX_QUEUED_IMPORTS:
            raise TooMany("as many uploads as may are coming in already; try again when some are through")

    def queue(
        self, id_: str, request: Mapping[str, Any], source: str, dry_run: bool, receipt: tuple[str, str] | None = None
    ) -> dict[str, Any]:
        """Enter an upload, for a worker to take.

        Parameters
        ----------
        id_ : str
            From `new_id`; the upload lies in `uploads` under it.
        request : mapping
            The options of `graphcrm.service.graph.Graph.import_files`, as JSON values.
        source : str
            The source that it belongs to.
        dry_run : bool
            Whether it is only to say what would happen.
        receipt : tuple of str, optional
            An idempotency key and a fingerprint of the request: the same pair again gives the first answer back, and
            the upload is not needed.

        Returns
        -------
        dict
            The job, as `read` gives it.

        Raises
        ------
        TooMany
            `limits.MAX_QUEUED_IMPORTS` wait already.
        """
        entry = new_entry(id_, source, dry_run, datetime.now(UTC)) | {"state": "queued", "request": json.dumps(request)}

        def work(tx: Transaction) -> dict[str, Any]:
            if receipt and (answer := replayed(tx, *receipt)) is not None:
                return answer
            _refuse_beyond(tx.run("jobs/list_open", row_limit=limits.MAX_PAGE))
            tx.run("jobs/create", properties=entry)
            job = self._shown(entry)
            if receipt:
                remember(tx, *receipt, job)
            return job

        return self._store.write(work, keys={_QUEUE, *([receipt[0]] if receipt else [])})

    def claim(self) -> Claim | None:
        """Take the first waiting upload of this data folder that nobody else runs; None when there is none."""
        for record in self._settle_lost():
            if self._waits_here(record, datetime.now(UTC)):
                id_ = record["id"]
                claim = self._store.write(lambda tx, id_=id_: self._claim(tx, id_), keys=[id_])  # type: ignore[misc]
                if claim:
                    return claim
        return None

    def _claim(self, tx: Transaction, id_: str) -> Claim | None:
        now = datetime.now(UTC)
        found = tx.run("jobs/read", id=id_)
        if not found or not self._waits_here(record := found[0]["record"], now):
            return None
        runs = record.get("runs", 0) + 1
        if record.get("cancelling") or runs > MAX_RUNS:
            state = "cancelled" if record.get("cancelling") else "failed"
            message = None if record.get("cancelling") else _GIVEN_UP
            closed = {"state": state, "message": message, "ended_at": now, "request": None}
            tx.run("jobs/update", id=id_, changes=closed | {"owner": None, "lease_until": None})
            outbox.remember(tx, finished=[self._shown(record | closed)])
            return None
        begun = {"state": "running", "started_at": now, "progress": 0.0, "files": "[]", "runs": runs}
        tx.run("jobs/update", id=id_, changes=begun | self.holder.claim(now))
        return Claim(id_, json.loads(record["request"]))

    def _waits_here(self, record: Mapping[str, Any], now: datetime) -> bool:
        waits = record["state"] in ("queued", "running") and bool(record.get("request"))
        return waits and self.uploads.has(record["id"]) and self.holder.is_free(record, now)

    def _settle_lost(self) -> list[dict[str, Any]]:
        """Close the entries of imports that nobody will go on with; give those that are still open."""
        left = []
        for row in self._store.read("jobs/list_open", row_limit=limits.MAX_PAGE):
            record = row["record"]
            if self._is_lost(record, datetime.now(UTC)):
                changes = {"state": "failed", "message": CUT_OFF, "ended_at": datetime.now(UTC)}
                self._store.write(lambda tx, id_=record["id"], c=changes: tx.run("jobs/update", id=id_, changes=c))  # type: ignore[misc]
            else:
                left.append(record)
        return left

    def _is_lost(self, record: Mapping[str, Any], now: datetime) -> bool:
        return record["state"] == "running" and not record.get("request") and self.holder.is_free(record, now)

    def sweep(self) -> None:
        """Delete uploads that no job needs any more: of a process that ended before it could."""
        for id_ in self.uploads.ids():
            found = self._store.read("jobs/read", id=id_)
            if found and found[0]["record"]["state"] not in ("queued", "running"):
                self.uploads.discard(id_)
            elif not found:
                self.uploads.discard_old(id_)

    # ---- stopping, and what was rejected ----

    def cancel(self, id_: str) -> dict[str, Any]:
        """Have a job stop: at once when it waits, else after the batch that is being written.

        Returns
        -------
        dict
            The job as it is now; what was written stays.

        Raises
        ------
        NotFound
            There is none of this id.
        Conflict
            It has ended.
        """

        def work(tx: Transaction) -> dict[str, Any]:
            record = found_entry(tx.run("jobs/read", id=id_), id_)
            if (shown := self._shown(record))["state"] not in ("queued", "running"):
                raise Conflict(f"job {id_!r} has ended already: it is {shown['state']}")
            changes: dict[str, Any] = {"cancelling": True}
            if record["state"] == "queued":
                changes |= {"state": "cancelled", "ended_at": datetime.now(UTC), "request": None}
            tx.run("jobs/update", id=id_, changes=changes)
            shown = self._shown(record | changes)
            if record["state"] == "queued":
                outbox.remember(tx, finished=[shown])
            return shown

        job = self._store.write(work, keys=[id_], repeatable=True)
        if job["state"] == "cancelled":
            self.uploads.discard(id_)
        return job

    def rejects(self, id_: str) -> Path | None:
        """The file of a job's rejects, where there is one in the data folder of this machine.

        Raises
        ------
        NotFound
            There is no such job.
        """
        return self._rejects_of(self.read(id_))

    def _rejects_of(self, job: Mapping[str, Any]) -> Path | None:
        """A job's rejects, if they lie in the folder that is ours: a path in the graph opens no other file."""
        path = Path(job["rejects_path"]) if job["rejects_path"] else self._rejects / f"{job['id']}.csv"
        return path if path.parent == self._rejects and path.is_file() else None

    def _tried(self, source: str) -> Path:
        """Where the rejects of a source's last dry run lie: one that has no entry is found again by its source."""
        return self._rejects / f"dry-run-{hashlib.sha256(source.encode()).hexdigest()[:16]}.csv"

    def forget(self, source: str) -> int:
        """Delete the entries of a source, their rejects in the data folder, and what webhooks are to be told of them.

        Parameters
        ----------
        source : str
            Its name. Jobs that wait or run are cancelled first.

        Returns
        -------
        int
            Entries.
        """
        count = 0
        while jobs := self.page(limit=limits.MAX_PAGE, source=source).items:
            for job in jobs:
                if job["state"] in ("queued", "running"):
                    self.cancel(job["id"])
                if rejects := self._rejects_of(job):
                    rejects.unlink(missing_ok=True)
                self.uploads.discard(job["id"])
            ids = [job["id"] for job in jobs]
            self._store.write(lambda tx, ids=ids: tx.run("jobs/delete", ids=ids), repeatable=True)  # type: ignore[misc]
            count += len(ids)
        self._tried(source).unlink(missing_ok=True)
        outbox.forget_source(self._store, source)
        return count


def _with_advice(error: StoreError) -> StoreError:
    """An error of the database in the middle of an import, with what to do about the import."""
    message = f"{error.message.removesuffix('.')}. What is in stays in: run the same import again"
    return StoreError(message, retryable=error.retryable, timed_out=error.timed_out)


def _refuse_beyond(open_: list[dict[str, Any]]) -> None:
    waiting = sum(row["record"]["state"] == "queued" for row in open_)
    if waiting >= limits.MAX_QUEUED_IMPORTS:
        raise TooMany(f"{waiting} imports wait already, and that is as many as may; try again when some are through")
