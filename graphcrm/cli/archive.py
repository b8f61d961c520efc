"""The commands about parties' past and consent: timeline, history, contactable."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import click

from graphcrm import limits
from graphcrm.cli.common import FORMAT, open_graph, resolved
from graphcrm.console import print_frame
from graphcrm.errors import InvalidInput

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["contactable", "history", "timeline"]


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this; repeat. An unknown one lists all.")
@click.option("--limit", type=click.IntRange(1, limits.MAX_PAGE), default=20, show_default=True, help="Lines.")
@click.option("--cursor", help="Where the page before ended, as it said.")
@FORMAT
def timeline(id_: str, kinds: tuple[str, ...], limit: int, cursor: str | None, format_: str) -> None:
    """What happened to the customer or contact ID, newest first."""
    with open_graph() as graph:
        frame = resolved(lambda party: graph.archive.timeline(party, kinds, cursor, limit), id_)
    next_cursor = frame.attrs["next_cursor"]
    if format_ != "json":
        told = _told if format_ == "table" else partial(json.dumps, ensure_ascii=False)
        frame["details"] = [told(details) for details in frame["details"]]
    print_frame(frame, format_)
    if next_cursor:
        click.echo(f"There is more: --cursor {next_cursor}", err=True)


@click.command()
@click.argument("id_", metavar="ID")
@click.option("--field", metavar="FIELD", help="Only changes of this field.")
@click.option("--limit", type=click.IntRange(1, limits.MAX_PAGE), default=20, show_default=True, help="Lines.")
@click.option("--cursor", help="Where the page before ended, as it said.")
@FORMAT
def history(id_: str, field: str | None, limit: int, cursor: str | None, format_: str) -> None:
    """What changed in the customer or contact ID, newest first: who changed what from what to what."""
    with open_graph() as graph:
        frame = resolved(lambda party: graph.archive.history(party, field, cursor, limit), id_)
    print_frame(frame, format_)
    if frame.attrs["next_cursor"]:
        click.echo(f"There is more: --cursor {frame.attrs['next_cursor']}", err=True)


@click.command()
@click.option("--channel", metavar="CHANNEL", help="Such as email; the campaign's own where one is named.")
@click.option("--purpose", metavar="PURPOSE", help="Such as marketing; the campaign's own where one is named.")
@click.option("--campaign", metavar="ID", help="Only whom this campaign targets.")
@click.option("--left-out", is_flag=True, help="List whom the campaign targets and may not be contacted, and why.")
@click.option("--limit", type=click.IntRange(1, limits.MAX_PAGE), default=limits.MAX_PAGE, help="Parties.")
@click.option("--cursor", help="Where the page before ended, as it said.")
@FORMAT
def contactable(
    channel: str | None,
    purpose: str | None,
    campaign: str | None,
    left_out: bool,
    limit: int,
    cursor: str | None,
    format_: str,
) -> None:
    """Everybody whose last consent for a channel and a purpose was to grant it; of all, or of a campaign's targets."""
    if left_out and campaign is None:
        raise InvalidInput("--left-out: say of which --campaign", field="left_out")
    with open_graph() as graph:
        frame = graph.archive.contactable(channel, purpose, cursor, limit, campaign)
    others = frame.attrs.get("left_out", [])
    print_frame(_left_out(others) if left_out else frame, format_)
    if others and not left_out:
        refused = sum(each["consent"] == "refused" for each in others)
        said = f"{refused} refused, {len(others) - refused} never decided"
        click.echo(f"{len(others)} left out ({said}): --left-out lists them", err=True)
    if frame.attrs["next_cursor"]:
        click.echo(f"There is more: --cursor {frame.attrs['next_cursor']}", err=True)


def _left_out(parties: list[dict[str, object]]) -> pd.DataFrame:
    import pandas as pd

    return pd.DataFrame(parties, columns=["party_id", "label", "name", "consent", "at"], dtype=object)


def _told(details: dict[str, object]) -> str:
    """What a line of the table has room for: plain values, and the name of the other party."""
    plain = {name: value for name, value in details.items() if not isinstance(value, list | dict)}
    other = details.get("other")
    if isinstance(other, dict):
        plain["other"] = other["id"]
    told = {name: ("no", "yes")[value] if isinstance(value, bool) else value for name, value in plain.items()}
    return ", ".join(f"{name} {value}" for name, value in told.items())
