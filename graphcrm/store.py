"""The graph store: the one way to the database; besides it only `graphcrm.wire` knows the neo4j driver.

It makes both engines behave alike. Every statement is a `Query` from ``cypher/``; a read query cannot write because
its text holds no clause that would; every value that comes back is plain Python (times are aware, in UTC); a query
that takes too long is cut off; a write is one transaction, run again as a whole when another got in its way, and
raises the graph's revision when it changed something.
"""

from __future__ import annotations

import logging
import random
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, Literal, TypeVar

import neo4j
from neo4j.exceptions import (
    AuthError,
    ConfigurationError,
    ConstraintError,
    DriverError,
    IncompleteCommit,
    Neo4jError,
    ServiceUnavailable,
    SessionExpired,
    TransientError,
)

from graphcrm import embedded, queries
from graphcrm.errors import InvalidInput, StoreError
from graphcrm.queries import Query
from graphcrm.settings import Settings
from graphcrm.wire import SHUTTING_DOWN, received, sent, translated

__all__ = ["GraphStore", "Transaction"]

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_COUNTERS: Final = tuple(f"{number:02d}" for number in range(16))
_MAX_TRIES: Final = 60
_MAX_TAKEN: Final = 3
"""How often a unique id that was taken is tried again."""
_RETRY_S: Final = 30.0
_SHUTTING_DOWN_S: Final = 8.0
"""Seconds for which that is believed; then it is what it says."""
_LOST_S: Final = 2.0
"""Seconds for which a database is asked again once a connection was lost: Neo4j now and then overhears a request."""
_STREAM_S: Final = 3600.0
"""Seconds that a streamed query may take on Neo4j."""
_UNKNOWN: Final = "the database went away while it committed; read the record to see whether the change is in"
_BOOKS: Final = (
    "tokens/",
    "receipts/",
    "jobs/",
    "webhooks/",
    "candidates/",
    "decisions/",
    "sightings/",
    "backup/hold_",
)
"""Queries of the product's own books, which no answer is computed from."""
_HELD: Final = "writing is held back for a moment, while the whole graph is being read; try again"

Engine = Literal["neo4j", "embedded"]


class _HeldError(Exception):
    """Writers have to wait until somebody has read the whole graph."""


class Transaction:
    """A transaction under way; `run` executes a query in it."""

    def __init__(self, tx: neo4j.Transaction) -> None:
        self._tx = tx
        self.counters: Sequence[str] = ()
        """Those of the revision's that it holds, and raises by one each when it has moved."""
        self.watched = False
        """Whether a webhook wants to be told of what it changes."""
        self.changed = False
        """Whether a write query has run in it."""
        self.moved = False
        """Whether one has written to more than the product's own books."""
        self.at_end: list[Callable[[Transaction], None]] = []
        """What is to be done once all of its work is."""

    def run(self, name: str, /, *, words: dict[str, str] | None = None, **parameters: Any) -> list[dict[str, Any]]:
        """Execute a query.

        Parameters
        ----------
        name : str
            The query's path below ``cypher/``.
        words : dict of str, optional
            The labels and types that stand for the words it names by ``@each``.
        **parameters
            Its parameters. Times must be aware and in UTC, or days.

        Returns
        -------
        list of dict
            Its rows in its order, each with the columns that its header names.
        """
        query = queries.get(name, **(words or {}))
        rows = self.execute(query, parameters)
        if query.access == "write":
            self.changed = True
            self.moved = self.moved or not name.startswith(_BOOKS)
        return rows

    def hold(self, keys: Iterable[str]) -> None:
        """Take further keys, which only came to light on the way; what they guard is to be read after this."""
        more = [counter for counter in _counters_of(keys) if counter not in self.counters]
        if more:
            self.execute(queries.get("store/lock_counters"), {"counters": more})
            self.counters = [*self.counters, *more]

    def execute(self, query: Query, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        """Run a query that by itself is no reason to commit; see `run`."""
        return _execute(partial(self._tx.run, query.text), query, parameters)


class GraphStore:
    """An open connection to the graph, on either engine; safe to share between threads.

    Parameters
    ----------
    settings : Settings
        Which engine, where, and how long a query may take.

    Raises
    ------
    StoreError
        The database does not answer, refuses the password, or was written by a newer graphcrm.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: Engine = "neo4j" if settings.neo4j_uri else "embedded"
        self._lease: embedded.Lease | None = None
        # The embedded engine checks for conflicts when it commits, so a process's own writes take turns there.
        self._turn = threading.Lock() if self.engine == "embedded" else None
        self._bookmarks = neo4j.GraphDatabase.bookmark_manager()
        self._driver = self._open()
        try:
            self._verify()
            self._migrate()
        except BaseException:
            self.close()
            raise

    # ---- opening and closing ----

    def _open(self) -> neo4j.Driver:
        settings = self.settings
        if settings.neo4j_uri:
            uri, auth = settings.neo4j_uri, (settings.neo4j_user, settings.neo4j_password.get_secret_value())
            self._database = settings.neo4j_database
        else:
            self._lease = embedded.acquire(settings.home, settings.embedded_heap, settings.query_timeout_s)
            uri, auth = self._lease.server.uri, (embedded.USER, self._lease.server.password)
            self._database = embedded.DATABASE
        try:
            return neo4j.GraphDatabase.driver(
                uri,
                auth=auth,
                connection_timeout=5.0,
                connection_acquisition_timeout=15.0,
                max_transaction_retry_time=0.0,  # `_again` retries, and sooner than the driver would
                notifications_min_severity="OFF",
                user_agent="graphcrm",
            )
        except (ConfigurationError, ValueError):
            # The driver's own words could hold a password that stands in the address.
            raise StoreError("GRAPHCRM_NEO4J_URI: is no address of a Neo4j server") from None

    def _verify(self) -> None:
        try:
            self._driver.verify_connectivity()
        except AuthError:
            raise StoreError(
                "the database refused the user or password; set GRAPHCRM_NEO4J_USER and _PASSWORD (for the other "
                "database of a migration, GRAPHCRM_MIGRATE_USER and _PASSWORD)"
            ) from None
        except (ServiceUnavailable, DriverError, OSError):
            where = self.settings.neo4j_uri or "the embedded engine"
            raise StoreError(f"no database answers at {where}; check that it runs", retryable=True) from None
        except Neo4jError as error:
            raise translated(error) from None

    def close(self) -> None:
        """Close the connection; the embedded engine stops with its last user."""
        self._driver.close()
        if self._lease is not None:
            self._lease.release()

    # ---- reading and writing ----

    def read(self, name: str, /, *, words: dict[str, str] | None = None, **parameters: Any) -> list[dict[str, Any]]:
        """Execute one read query by itself, which saves the round trips of a transaction; see `Transaction.run`."""
        query = queries.get(name, **(words or {}))
        if query.access != "read":
            raise TypeError(f"{name} writes; use `write`")

        return self._read("READ", query, parameters)

    def _read(self, access: str, query: Query, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        timed = neo4j.Query(query.text, timeout=self.settings.query_timeout_s)

        def once() -> list[dict[str, Any]]:
            with self._session(access) as session:
                return _execute(partial(session.run, timed), query, parameters)

        return self._again(once)

    def stream(
        self, name: str, /, *, words: dict[str, str] | None = None, **parameters: Any
    ) -> Iterator[dict[str, Any]]:
        """Give the rows of one read query one by one, as the leader has them: for what is too large to be held.

        Nothing is tried again, since some rows may have been used by then. On Neo4j it may take an hour; the embedded
        engine cuts it off like any query.

        Yields
        ------
        dict
            A row, as from `Transaction.run`.

        Raises
        ------
        StoreError
            The database is gone, or the query took too long.
        """
        query = queries.get(name, **(words or {}))
        if query.access != "read":
            raise TypeError(f"{name} writes; use `write`")
        try:
            with self._session("WRITE") as session:
                for row in session.run(neo4j.Query(query.text, timeout=_STREAM_S), sent(parameters)):
                    yield received(row)
        except (Neo4jError, DriverError, OSError) as error:
            raise translated(error) from None

    def reading(self, work: Callable[[Transaction], _T]) -> _T:
        """Do some reading in one transaction, on a read replica where there is one.

        Parameters
        ----------
        work : callable
            Gets a `Transaction`; may be called again when the connection breaks.

        Returns
        -------
        object
            What `work` returned.

        Raises
        ------
        StoreError
            The database is gone, or a query took too long.
        """
        return self._again(lambda: self._attempt("READ", work))

    def write(
        self,
        work: Callable[[Transaction], _T],
        keys: Iterable[str] = (),
        *,
        repeatable: bool = False,
        through: bool = False,
    ) -> _T:
        """Do some writing in one transaction, and raise the graph's revision when something was written.

        Parameters
        ----------
        work : callable
            Gets a `Transaction`; called again from the start when another writer got in its way. Nothing is
            committed when it runs no write query.
        keys : iterable of str
            Ids that it decides about. Writers with a key in common take turns, so what one has read stays true until
            it commits.
        repeatable : bool
            Whether doing it twice is as good as once, so that it is done again when the connection broke before the
            commit was acknowledged.
        through : bool
            Whether to go on even where writers are held back (`graphcrm.service.whole.held`).

        Returns
        -------
        object
            What `work` returned.

        Raises
        ------
        Conflict
            A unique id was taken.
        StoreError
            The database is gone or busy, or a query took too long.
        """
        counters = _counters_of(keys) or [random.choice(_COUNTERS)]

        def attempt(tx: Transaction) -> _T:
            tx.counters = counters
            found = tx.execute(queries.get("store/lock_counters"), {"counters": counters})[0]
            if found["held"] and not through:
                raise _HeldError
            tx.watched = found["watched"]
            result = work(tx)
            for last in tx.at_end:
                last(tx)
            if tx.moved:
                tx.run("store/raise_counters", counters=tx.counters)
            return result

        return self._again(lambda: self._in_turn(attempt), repeatable)

    def revision(self) -> int:
        """The graph's revision, as the leader has it: a number that every write raises."""
        return int(self._read("WRITE", queries.get("store/read_revision"), {})[0]["revision"])

    def touch(self) -> int:
        """Raise the revision, so that what another tool wrote is seen; give back the new one."""
        self.write(lambda tx: tx.run("store/raise_counters", counters=[]))
        return self.revision()

    def _in_turn(self, work: Callable[[Transaction], _T]) -> _T:
        with self._turn or nullcontext():
            return self._attempt("WRITE", work)

    def _attempt(self, access: str, work: Callable[[Transaction], _T]) -> _T:
        """Do `work` in one transaction, and commit when it changed something."""
        with self._session(access) as session:
            inner = session.begin_transaction(timeout=self.settings.query_timeout_s)
            try:
                tx = Transaction(inner)
                result = work(tx)
                if tx.changed:
                    inner.commit()
                else:
                    inner.rollback()
                return result
            finally:
                inner.close()

    @contextmanager
    def _session(self, access: str) -> Iterator[neo4j.Session]:
        with self._driver.session(
            database=self._database,
            default_access_mode=access,
            bookmark_manager=self._bookmarks if self.engine == "neo4j" else None,
        ) as session:
            yield session

    def _again(self, attempt: Callable[[], _T], repeatable: bool = True) -> _T:
        """Try until it works, another try cannot help, or time is up.

        A unique id that was taken is tried again as well: on the next try the work sees who took it. Where many write
        at once that may come after other failures, and more than once.
        """
        deadline, lost_until, taken = time.monotonic() + _RETRY_S, 0.0, 0
        for tried in range(_MAX_TRIES):
            try:
                return attempt()
            except (TransientError, ConstraintError, _HeldError) as error:
                failure: Exception = error
                taken += isinstance(error, ConstraintError)
                if taken > _MAX_TAKEN:
                    break
            except StoreError as error:
                failure = error
                if not error.retryable or tried >= 3:
                    break
            except (ServiceUnavailable, SessionExpired, DriverError, OSError) as error:
                if isinstance(error, IncompleteCommit) and not repeatable:
                    raise StoreError(_UNKNOWN, retryable=True) from None
                failure = error
                lost_until = lost_until or time.monotonic() + _LOST_S
                deadline = max(deadline, lost_until)
                if time.monotonic() > lost_until or not self._recovered():
                    break
            except Neo4jError as error:
                failure = error
                if not self._passing(error) or time.monotonic() > deadline - _RETRY_S + _SHUTTING_DOWN_S:
                    break
            if time.monotonic() > deadline:
                break
            time.sleep(min(0.5, 0.005 * 1.5**tried) * random.uniform(0.5, 1.0))
        raise self._told(failure) from None

    def _told(self, failure: Exception) -> Exception:
        """What to tell of a failure: where the disk of the data folder is full, that is why."""
        if isinstance(failure, _HeldError):
            return StoreError(_HELD, retryable=True)
        error = translated(failure)
        if self.engine == "embedded" and isinstance(error, StoreError) and not error.timed_out:
            full = embedded.full_disk(self.settings.home)
            return StoreError(f"{full}, then try again", retryable=True) if full else error
        return error

    def _passing(self, error: Neo4jError) -> bool:
        """Whether the embedded engine is going down, or coming up: it listens a moment before it knows its own user."""
        return self.engine == "embedded" and (error.code in SHUTTING_DOWN or isinstance(error, AuthError))

    def _recovered(self) -> bool:
        """Bring a dead embedded engine back; whether a second try makes sense."""
        if self.engine == "embedded":
            try:
                embedded.recover(self.settings.home, self.settings.embedded_heap, self.settings.query_timeout_s)
            except StoreError:
                return False
        return True

    # ---- the schema ----

    def _migrate(self) -> None:
        known = sorted(path.stem for path in (queries.directory() / "schema").glob("[0-9]*.cypher"))
        applied = set(self.migrations())
        if newer := sorted(applied - set(known)):
            raise StoreError(f"the database has schema {newer[-1]}, newer than this graphcrm; install the newer one")
        for name in known:
            if name not in applied:
                self._apply(name)

    def _apply(self, name: str) -> None:
        source = (queries.directory() / "schema" / f"{name}.cypher").read_text(encoding="utf-8")
        text = "\n".join(line for line in source.splitlines() if not line.startswith("//"))
        for statement in filter(None, (part.strip() for part in text.split(";"))):
            change = Query(f"schema/{name}", statement, "", "write", {}, {})
            self._again(partial(self._in_turn, partial(_change_schema, change)))
        self._again(partial(self._in_turn, partial(_record_migration, name)))
        _log.info("schema", extra={"migration": name})

    def migrations(self) -> list[str]:
        """Names of the schema migrations that were applied, in order."""
        return sorted(self.read("store/read_migrations")[0]["ids"])


def _counters_of(keys: Iterable[str]) -> list[str]:
    """The counters that stand for some keys; of many keys only as many are looked at as it takes to have them all."""
    found: set[str] = set()
    for key in keys:
        found.add(_COUNTERS[zlib.crc32(key.encode()) % len(_COUNTERS)])
        if len(found) == len(_COUNTERS):
            break
    return sorted(found)


def _change_schema(change: Query, tx: Transaction) -> None:
    tx.execute(change, {})
    tx.changed = True


def _record_migration(name: str, tx: Transaction) -> None:
    tx.run("store/create_counters", counters=list(_COUNTERS))
    tx.run("store/record_migration", id=name, at=datetime.now(UTC))


# ---- what both engines have in common --------------------------------------------------------------------


def _execute(
    run: Callable[[dict[str, Any]], neo4j.Result], query: Query, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    """Run a query and log how it went, without the parameters: those are personal data."""
    if parameters.keys() != query.parameters.keys():
        raise TypeError(f"{query.name} takes {sorted(query.parameters)}, got {sorted(parameters)}")
    began = time.perf_counter()
    try:
        result = run(sent(parameters))
    except UnicodeEncodeError:
        raise InvalidInput("text must be valid Unicode (it has a lone surrogate)") from None
    rows = [received(row) for row in result]
    elapsed_ms = round((time.perf_counter() - began) * 1000, 1)
    _log.debug("query", extra={"query": query.name, "access": query.access, "rows": len(rows), "ms": elapsed_ms})
    return rows
