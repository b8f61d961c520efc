"""Commands about what was imported, and what is being: jobs list, show, cancel."""

from __future__ import annotations

import click

from graphcrm.cli.common import FORMAT, open_graph
from graphcrm.console import print_frame

__all__ = ["jobs"]

_LISTED = (
    "id",
    "kind",
    "source",
    "state",
    "made_at",
    "progress",
    "read",
    "created",
    "updated",
    "unchanged",
    "rejected",
)
_FILES = ("file", "table", "read", "created", "updated", "unchanged", "rejected", "sha256")


@click.group()
def jobs() -> None:
    """The book of imports: what came in, when, and what was rejected."""


@jobs.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--source", help="Only those of this source.")
@FORMAT
def jobs_list(limit: int, source: str | None, format_: str) -> None:
    """Imports, the latest first."""
    import pandas as pd

    with open_graph() as graph:
        items = graph.jobs.page(limit=limit, source=source).items
    shown = [{name: job[name] for name in _LISTED} for job in items]
    print_frame(pd.DataFrame(shown, columns=list(_LISTED), dtype=object), format_)


@jobs.command("show")
@click.argument("id_", metavar="ID")
@FORMAT
def jobs_show(id_: str, format_: str) -> None:
    """One import: each of its files with counts and SHA-256; how it stands goes to standard error."""
    import pandas as pd

    with open_graph() as graph:
        job = graph.jobs.read(id_)
    for name in ("state", "source", "made_at", "started_at", "ended_at", "message", "merged", "rejects_path"):
        if job[name] is not None:
            click.echo(f"{name}: {job[name]}", err=True)
    print_frame(pd.DataFrame(job["files"], columns=list(_FILES), dtype=object), format_)


@jobs.command("cancel")
@click.argument("id_", metavar="ID")
def jobs_cancel(id_: str) -> None:
    """Have an import stop after the batch that is being written; what is in stays in."""
    with open_graph() as graph:
        click.echo(f"{id_}: {graph.jobs.cancel(id_)['state']}", err=True)
