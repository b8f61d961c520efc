"""Commands about who may use the service: token create, list, revoke."""

from __future__ import annotations

import click

from graphcrm.cli.common import FORMAT, open_graph
from graphcrm.console import print_frame

__all__ = ["token"]


@click.group()
def token() -> None:
    """Who may use the service; without any token it is open to this machine alone."""


@token.command("create")
@click.argument("name")
@click.option("--role", type=click.Choice(["viewer", "editor", "admin"]), required=True)
def token_create(name: str, role: str) -> None:
    """Make a token and show it, this once."""
    with open_graph() as graph:
        click.echo(graph.tokens.create(name, role))


@token.command("list")
@FORMAT
def token_list(format_: str) -> None:
    """Names and roles of the tokens."""
    import pandas as pd

    with open_graph() as graph:
        print_frame(pd.DataFrame(graph.tokens.all(), columns=["name", "role", "created_at"]), format_)


@token.command("revoke")
@click.argument("name")
def token_revoke(name: str) -> None:
    """Take a token back."""
    with open_graph() as graph:
        graph.tokens.revoke(name)
