"""What is told of an import outside: its entry without the server's paths, and the rows that it rejected."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from graphcrm import Graph

__all__ = ["first_rejects", "reject_lines", "told"]

_SHOWN_REJECTS: Final = 20


def told(graph: Graph, job: dict[str, Any]) -> dict[str, Any]:
    """A job as it is told outside: without paths of the server."""
    message = job["message"] and graph.jobs.uploads.plain(job["id"], job["message"])
    return {name: value for name, value in job.items() if name != "rejects_path"} | {"message": message}


def reject_lines(graph: Graph, id_: str, path: Path) -> Iterator[list[str]]:
    """The lines of a file of rejects, the header first; files are called as they were uploaded."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                yield [graph.jobs.uploads.plain(id_, cell) for cell in row]
    except FileNotFoundError:  # the import was begun again just now
        return


def first_rejects(graph: Graph, id_: str) -> list[dict[str, Any]]:
    """The first rows that an import rejected: `file`, `line`, `column` and `reason`, in the order of the file."""
    path = graph.jobs.rejects(id_)
    rows = islice(reject_lines(graph, id_, path), 1, 1 + _SHOWN_REJECTS) if path else []
    return [
        {"file": row[0], "line": int(row[1]) if row[1].isdigit() else None, "column": row[2] or None, "reason": row[3]}
        for row in rows
        if len(row) >= 4
    ]
