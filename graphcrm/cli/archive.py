"""The command about one party's past: timeline."""

from __future__ import annotations

import json
from functools import partial

import click

from graphcrm import limits
from graphcrm.cli.common import FORMAT, open_graph
from graphcrm.console import print_frame

__all__ = ["timeline"]


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this; repeat. An unknown one lists all.")
@click.option("--limit", type=click.IntRange(1, limits.MAX_PAGE), default=20, show_default=True, help="Lines.")
@click.option("--cursor", help="Where the page before ended, as it said.")
@FORMAT
def timeline(id_: str, kinds: tuple[str, ...], limit: int, cursor: str | None, format_: str) -> None:
    """What happened to the customer or contact ID, newest first."""
    with open_graph() as graph:
        frame = graph.archive.timeline(id_, kinds, cursor, limit)
    next_cursor = frame.attrs["next_cursor"]
    if format_ != "json":
        told = _told if format_ == "table" else partial(json.dumps, ensure_ascii=False)
        frame["details"] = [told(details) for details in frame["details"]]
    print_frame(frame, format_)
    if next_cursor:
        click.echo(f"There is more: --cursor {next_cursor}", err=True)


def _told(details: dict[str, object]) -> str:
    """What a line of the table has room for: plain values, and the name of the other party."""
    plain = {name: value for name, value in details.items() if not isinstance(value, list | dict)}
    other = details.get("other")
    if isinstance(other, dict):
        plain["other"] = other["id"]
    return ", ".join(f"{name} {value}" for name, value in plain.items())
