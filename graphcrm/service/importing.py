"""What may follow an import: parties that are surely one are merged, where that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from graphcrm.errors import Conflict
from graphcrm.service.automerge import merge_surely
from graphcrm.store import GraphStore

if TYPE_CHECKING:
    from graphcrm.intake.importer import ImportReport, Progress

    Load = Callable[[Path, Progress | None], ImportReport]

__all__ = ["merging_after"]


def merging_after(load: Load, store: GraphStore) -> Load:
    """Have an import merge what is surely one party once all rows are in.

    Parameters
    ----------
    load : callable
        The import, given where its rejects go and whom to tell how far it is.
    store : GraphStore
        Where the parties are: those that were there before are looked at as well.

    Returns
    -------
    callable
        Does both; the report's `merged` says how many parties went. Who is told how far it is may stop it between two
        batches of merges: the next run then begins with those that were decided.
    """

    def load_and_merge(rejects: Path, progress: Progress | None) -> ImportReport:
        report = load(rejects, progress)
        try:
            return replace(report, merged=_merge(store, report, progress))
        except Conflict as error:
            message = f"the rows are in, but duplicates were not merged: {error.message}; run the same import again"
            raise Conflict(message) from None

    return load_and_merge


def _merge(store: GraphStore, report: ImportReport, progress: Progress | None) -> int:
    last = report.files[-1] if report.files else None

    def tell(*_: int) -> None:
        if progress and last:
            progress(last.file, last.read, 1.0)

    merged = 0
    while True:
        done = merge_surely(store, progress=tell)
        merged += len(done)
        if not done.attrs["resumed"]:
            return merged
