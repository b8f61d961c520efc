"""Commands about who is told of changes: webhooks add, list, remove."""

from __future__ import annotations

from collections.abc import Sequence

import click

from graphcrm.cli.common import FORMAT, open_graph
from graphcrm.console import print_frame

__all__ = ["webhooks"]

_LISTED = ("id", "url", "events", "created_at", "waiting", "delivered_at", "failed_at", "failure", "lost_since")


@click.group()
def webhooks() -> None:
    """Addresses that are told of changes."""


@webhooks.command("add")
@click.argument("url")
@click.option("--event", "events", multiple=True, metavar="EVENT", help="Repeat for several. [default: all]")
def webhooks_add(url: str, events: Sequence[str]) -> None:
    """Have an address told of changes, and show the secret that signs what it is told, this once."""
    from graphcrm.service.outbox import EVENTS

    with open_graph() as graph:
        made = graph.webhooks.add(url, events or EVENTS)
    click.echo(f"webhook {made.webhook['id']}; its secret, which is not shown again:", err=True)
    click.echo(made.secret)


@webhooks.command("list")
@FORMAT
def webhooks_list(format_: str) -> None:
    """The webhooks, and how it goes with each."""
    import pandas as pd

    with open_graph() as graph:
        found = graph.webhooks.all()
    print_frame(pd.DataFrame(found, columns=list(_LISTED), dtype=object), format_)


@webhooks.command("remove")
@click.argument("id_", metavar="ID")
def webhooks_remove(id_: str) -> None:
    """Take a webhook back, and all that it was still to be told."""
    with open_graph() as graph:
        graph.webhooks.remove(id_)
