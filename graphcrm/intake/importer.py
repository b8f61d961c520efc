"""The import: files through validation into the graph, batch by batch.

Every batch is one transaction, and a row that is in already is left alone: an import that was killed is simply run
again. While one batch is being written the next is read and validated.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, Protocol

from graphcrm.cleaning.taking import take_row
from graphcrm.errors import InvalidInput
from graphcrm.intake.canonical import canonical_sources
from graphcrm.intake.collecting import collecting_rarely
from graphcrm.intake.dating import checked_order
from graphcrm.intake.leaving import LeavingOpen, Nobodies
from graphcrm.intake.mapping import load_mapping
from graphcrm.intake.prefixes import prefixed
from graphcrm.intake.presets import find_preset
from graphcrm.intake.readers import Reject
from graphcrm.intake.rejects import RejectWriter
from graphcrm.intake.reports import FileReport, ImportReport
from graphcrm.intake.seen import MARK_BITS, Seen
from graphcrm.intake.sources import Source, SourceRow
from graphcrm.settings import checked_region
from graphcrm.tables import Row, Table

__all__ = ["FileReport", "ImportReport", "Progress", "Records", "Refusal", "Writer", "import_files"]


MAX_TIES_A_ROW: Final = 3
"""Ties of one transaction, for each of its rows: campaigns that address thousands go in fewer at a time."""
MAX_BATCH_CHARACTERS: Final = 2_000_000
"""A batch of long texts closes at so many characters: the embedded engine takes messages of at most 16 MiB."""

_FIRST_ROWS: Final = 1_000
"""Rows of a file's first batch: until it is there the database has nothing to do."""

COLLECT_ROWS: Final = 50_000
"""After so many rows of a file what their writing left behind in cycles is looked for."""

Progress = Callable[[str, int, float], None]
"""Told a file's name, its rows done, and about what share of it that is."""


class Refusal(Protocol):
    """Why the graph did not take a row."""

    @property
    def column(self) -> str: ...
    @property
    def reason(self) -> str: ...


Outcome = Literal["created", "updated", "unchanged"] | Refusal


class Writer(Protocol):
    """What writes the rows of one file: `graphcrm.service.loading.Loading`."""

    @property
    def prefix(self) -> str:
        """What ids of the source are told from those of others by."""

    @property
    def notes(self) -> Sequence[str]:
        """What is to be said of the rows that were written."""

    def key(self, row: Row) -> int:
        """What tells a row from the others of its file, as a hash."""

    def news(self, rows: Sequence[Row]) -> Sequence[bool]:
        """Tell which rows that say how things stand tell something new."""

    def write(self, rows: Sequence[Row]) -> Sequence[Outcome]:
        """Write valid rows in one transaction, and tell what became of each."""

    def finish(self) -> None:
        """Say that the file is through."""


class Records(Protocol):
    """Where the rows go: `graphcrm.service.records.Records`."""

    def loading(self, table: Table, assumed: dict[str, set[str]] | None = None) -> Writer:
        """Begin to load a file; with `assumed` (ids by label) only say what would happen."""


def import_files(
    graph_records: Records,
    paths: Iterable[str | os.PathLike[str]],
    mapping: str | os.PathLike[str] | None = None,
    dry_run: bool = False,
    rejects_path: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    batch_rows: int = 10_000,
    delimiter: str | None = None,
    encoding: str | None = None,
    preset: str | None = None,
    region: str | None = None,
    date_order: str | None = None,
    nobodies: Nobodies | None = None,
) -> ImportReport:
    """Load files.

    Parameters
    ----------
    graph_records : Records
        The graph's records.
    paths : iterable of path
        Canonical files and directories of them; with a mapping, the files it names or directories that hold them.
    mapping : path, optional
        A mapping file, see `graphcrm.intake.mapping`.
    dry_run : bool
        Check every row and say what would happen, but write nothing.
    rejects_path : path, optional
        CSV file that gets each rejected row with file, line, column and reason, as they come up. It replaces the
        rejects of an earlier run, and is there afterwards only if a row was rejected. A path at which anything else
        stands is refused.
    progress : callable, optional
        Told the file's name, how many of its rows are done, and about what share of it (0 to 1), after each batch.
    batch_rows : int
        Rows of one transaction.
    delimiter, encoding : str, optional
        What separates the fields of CSV files, and what texts are in; found in each file unless given here or, which
        goes first, by the mapping.
    preset : str, optional
        A mapping that is shipped, by its name, or ``auto``; see `graphcrm.intake.presets`.
    region : str, optional
        ISO 3166 code of the country that telephone numbers without a country code are of, where neither the mapping
        nor the row says so.
    date_order : {'mdy', 'dmy', 'ymd'}, optional
        What day, month and year are in dates such as 03/04/2024, where neither their column nor the mapping tells.
    nobodies : callable, optional
        Tells whom rows name although there is nobody of that id, see `graphcrm.service.left_open.nobodies`; without it
        no column is left open.

    Returns
    -------
    ImportReport
        Counts for each file, in import order: tables as in `graphcrm.tables.TABLES`.

    Raises
    ------
    InvalidInput
        A path, file, column or mapping that cannot be meant; nothing has been written then.
    StoreError
        The database is gone; what was reported as done is in, and the same import can be run again.
    """
    paths = list(paths)
    region = checked_region(region)
    order = checked_order(date_order)
    rejects = Path(rejects_path) if rejects_path is not None else None
    reject_writer = RejectWriter(rejects)
    if mapping and preset:
        raise InvalidInput("preset: a mapping is given already; choose one of the two.", field="preset")
    if preset:
        sources = find_preset(preset).sources(paths, delimiter, encoding, order)
    elif mapping:
        sources = load_mapping(mapping).sources(paths, delimiter, encoding, order)
    elif order:
        raise InvalidInput(
            "date_order: is for a preset or a mapping; canonical files have ISO dates", field="date_order"
        )
    else:
        sources = canonical_sources(paths, ignore=rejects, delimiter=delimiter, encoding=encoding)
    _refuse_source(rejects, sources)
    with ExitStack() as stack:
        stack.enter_context(collecting_rarely())
        write_reject = stack.enter_context(reject_writer)
        worker = stack.enter_context(ThreadPoolExecutor(max_workers=1, thread_name_prefix="graphcrm-import"))
        assumed: dict[str, set[str]] | None = {} if dry_run else None
        reports = []
        for source in sources:
            loading = _Loading(graph_records, source, worker, write_reject, progress, batch_rows, assumed, region)
            loading.leave_open = LeavingOpen(source.table, source.left_open, nobodies)
            reports.append(loading.run())
    return ImportReport(reports, dry_run, rejects if write_reject.count else None)


def _refuse_source(rejects: Path | None, sources: Iterable[Source]) -> None:
    """Rejects that a mapping reads must not be replaced by those of the reading."""
    if rejects is not None and any(source.file.path.resolve() == rejects.resolve() for source in sources):
        raise InvalidInput(f"{rejects}: is read by this import; name another file for the rejects.", field="rejects")


@dataclass(slots=True)
class _Batch:
    """Rows on their way: the valid ones, those that stand in the file already, and those that are none."""

    read: int = 0
    rows: list[Row] = field(default_factory=list)
    origins: list[SourceRow] = field(default_factory=list)
    repeats: list[tuple[int, int, SourceRow]] = field(default_factory=list)
    """Keys of ids that stand in the file already, with the same values, the lines of the first, and the rows."""
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of each row that is to be written the key of its id, its line and its mark."""
    rejects: list[Reject] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    """Of rows that are numbered what tells an exact repeat, in 64 bits."""
    ties: int = 0
    characters: int = 0
    flagged: int = 0
    repeated: int = 0

    def is_full(self, rows: int) -> bool:
        """Whether it is as large as one transaction of so many rows should be."""
        return self.read >= rows or self.ties >= rows * MAX_TIES_A_ROW or self.characters >= MAX_BATCH_CHARACTERS


class _Loading:
    """One file on its way into the graph."""

    def __init__(
        self,
        records: Records,
        source: Source,
        worker: ThreadPoolExecutor,
        write_reject: RejectWriter,
        progress: Progress | None,
        batch_rows: int,
        assumed: dict[str, set[str]] | None,
        region: str | None,
    ) -> None:
        self._source = source
        self._region = source.region or region
        self._table = source.table
        self._writer = records.loading(source.table, assumed)
        self._prefix = self._writer.prefix
        self._worker = worker
        self._write_reject = write_reject
        self._progress = progress
        self._batch_rows = batch_rows
        self._assumed = assumed
        self._report = FileReport(source.file.name, source.table.name, notes=source.notes)
        # Of each id in earlier batches the line on which it stood first, and a mark that tells an exact repeat.
        self._seen = Seen()
        self._refused = Seen()
        # Rows that are numbered have ids of their own, so that what they say is what tells repeats.
        self._said = Seen() if source.is_numbered else None
        self._collected = 0
        self.leave_open = LeavingOpen(source.table, frozenset(), None)

    def run(self) -> FileReport:
        """Load the file: while a batch is being written, the next one is prepared."""
        pending: tuple[_Batch, Future[Sequence[Outcome]]] | None = None
        for batch in self._batches():
            if pending:
                self._settle(*pending)
            pending = batch, self._worker.submit(self._write, batch.rows)
        if pending:
            self._settle(*pending)
        self._writer.finish()
        self._report.notes += (*self._writer.notes, *self.leave_open.notes)
        self._report.check()
        return self._report

    def _write(self, rows: Sequence[Row]) -> Sequence[Outcome]:
        self.leave_open(rows, self._assumed or {})
        is_new = self._writer.news(rows) if rows and self._source.is_state else [True] * len(rows)
        new = [row for row, yes in zip(rows, is_new, strict=True) if yes]
        outcomes = iter(self._writer.write(new) if new else ())
        return [next(outcomes) if yes else "unchanged" for yes in is_new]

    def _batches(self) -> Iterator[_Batch]:
        batch, rows = _Batch(), min(self._batch_rows, _FIRST_ROWS)

        def unreadable(reject: Reject) -> None:
            batch.read += 1
            batch.rejects.append(reject)
            if len(batch.rejects) >= self._batch_rows:
                self._write_rejects(batch)

        for row in self._source.rows(unreadable):
            batch.read += 1
            self._validate(batch, row)
            if batch.is_full(rows):
                yield self._closed(batch)
                batch, rows = _Batch(), self._batch_rows
        if batch.read:
            yield self._closed(batch)

    def _validate(self, batch: _Batch, origin: SourceRow) -> None:
        try:
            row, flags = take_row(self._table, origin.values, self._region)
            row = prefixed(self._table, row, self._prefix)
        except InvalidInput as error:
            batch.rejects.append(self._reject(origin, error.field, error.message))
            return
        if flags:
            batch.flagged += 1
        said = hash(tuple(origin.raw.values()))
        if self._said is not None:
            batch.marks.append(said)
        key, mark = self._writer.key(row), said & _MARK
        first = batch.seen.setdefault(key, (origin.line, mark))
        if len(batch.seen) > len(batch.rows):
            batch.rows.append(row)
            batch.origins.append(origin)
            batch.ties += sum(map(len, row.references.values()))
            batch.characters += sum(map(len, filter(None, origin.raw.values())))
        else:
            self._stands_already(batch, row, origin, mark, first)

    def _closed(self, batch: _Batch) -> _Batch:
        """Take out of a batch what stood in an earlier one, and remember the rest."""
        if self._said is not None:
            batch.repeated += len(batch.marks) - self._said.add_new(batch.marks)
        lines, marks = self._seen.find(list(batch.seen))
        if any(lines):
            known = list(
                zip(batch.rows, batch.origins, batch.seen.items(), zip(lines, marks, strict=True), strict=True)
            )
            batch.rows, batch.origins, batch.seen = [], [], {}
            for row, origin, (key, here), first in known:
                if first[0]:
                    self._stands_already(batch, row, origin, here[1], first)
                else:
                    batch.rows.append(row)
                    batch.origins.append(origin)
                    batch.seen[key] = here
        found = batch.seen.values()
        self._seen.add(list(batch.seen), [line for line, _ in found], [mark for _, mark in found])
        return batch

    def _stands_already(self, batch: _Batch, row: Row, origin: SourceRow, mark: int, first: tuple[int, int]) -> None:
        if first[1] == mark:
            batch.repeated += self._said is None
            batch.repeats.append((self._writer.key(row), first[0], origin))
            return
        column = self._table.ends[0] if self._table.type else "id"
        reason = f"{column}: {row.id!r} stands on line {first[0]} already, with other values"
        batch.rejects.append(self._reject(origin, column, reason))

    def _settle(self, batch: _Batch, written: Future[Sequence[Outcome]]) -> None:
        """Count what became of a batch, and write its rejects in the order of their lines."""
        counts = {"created": 0, "updated": 0, "unchanged": 0}
        refused: dict[int, int] = {}
        for row, origin, outcome in zip(batch.rows, batch.origins, written.result(), strict=True):
            if isinstance(outcome, str):
                counts[outcome] += 1
                if self._assumed is not None:
                    _assume(self._assumed, self._table, row)
            else:
                refused[self._writer.key(row)] = origin.line
                batch.rejects.append(self._reject(origin, outcome.column, f"{outcome.column}: {outcome.reason}"))
        self._refused.add(list(refused), list(refused.values()), [0] * len(refused))
        refused_before, _ = self._refused.find([key for key, _, _ in batch.repeats])
        for (_, line, origin), is_refused in zip(batch.repeats, refused_before, strict=True):
            if is_refused:
                batch.rejects.append(self._reject(origin, None, f"repeats line {line}, which was rejected"))
            else:
                counts["unchanged"] += 1
        self._write_rejects(batch)
        report = self._report
        report.read += batch.read
        report.created += counts["created"]
        report.updated += counts["updated"]
        report.unchanged += counts["unchanged"]
        report.repeated += batch.repeated
        report.flagged += batch.flagged
        if report.read - self._collected >= COLLECT_ROWS:
            # The driver leaves the rows of each transaction in a cycle, and by itself it would be hundreds of batches
            # until somebody looks.
            self._collected = report.read
            gc.collect()
        if self._progress:
            self._progress(
                report.file, report.read, min(1.0, self._source.file.offset / max(1, self._source.file.size))
            )

    def _write_rejects(self, batch: _Batch) -> None:
        """Write and count the rejects of a batch, which then no longer has them."""
        for reject in sorted(batch.rejects, key=lambda reject: reject.line):
            self._write_reject(reject)
        self._report.read += len(batch.rejects)
        self._report.rejected += len(batch.rejects)
        batch.read -= len(batch.rejects)
        batch.rejects.clear()

    def _reject(self, origin: SourceRow, column: str | None, reason: str) -> Reject:
        return Reject(self._source.file.name, origin.line, column, reason, origin.raw)


_MARK: Final = (1 << MARK_BITS) - 1


def _assume(assumed: dict[str, set[str]], table: Table, row: Row) -> None:
    """Take a row of a dry run as written, for later rows to name."""
    if table.label:
        assumed.setdefault(table.label, set()).add(row.id)
    for reference in table.references:
        if reference.creates:
            assumed.setdefault(reference.labels[0], set()).update(row.references.get(reference.field, ()))
