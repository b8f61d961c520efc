"""What commands share: the graph they work on, and the options they have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

import click

from graphcrm.errors import InvalidInput, MergedAway

if TYPE_CHECKING:
    from graphcrm.service.graph import Graph
    from graphcrm.settings import Settings

__all__ = ["AS_OF", "FORMAT", "LAYERS", "open_graph", "read_settings", "resolved"]

T = TypeVar("T")


def read_settings() -> Settings:
    """The settings, or the variable that is wrong."""
    from pydantic import ValidationError

    from graphcrm.settings import Settings

    try:
        return Settings()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        name = "_".join(str(part) for part in first["loc"][:1]).upper()
        raise InvalidInput(f"GRAPHCRM_{name}: {first['msg']}") from None


@contextmanager
def open_graph() -> Iterator[Graph]:
    """The graph that the settings name, open for one command."""
    from graphcrm.service.graph import connect

    with connect(read_settings()) as graph:
        yield graph


def resolved(ask: Callable[[str], T], id_: str) -> T:
    """Ask about a party; where it was merged away, about the one that stands for it, and say so."""
    try:
        return ask(id_)
    except MergedAway as error:
        click.echo(f"{id_!r} was merged into {error.into!r}; the answer is about that one", err=True)
        return ask(error.into)


FORMAT = click.option(
    "--format",
    "format_",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="Table for people, CSV for spreadsheets, JSON as the API lists the items.",
)
LAYERS = click.option(
    "--layer",
    "layers",
    multiple=True,
    metavar="LAYER",
    help="referral, knows, works_with or interaction; repeat for several. [default: all]",
)
AS_OF = click.option("--as-of", metavar="DATE", help="A day (its end, UTC) or a time. [default: today]")
