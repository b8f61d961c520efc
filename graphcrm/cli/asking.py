"""Commands that ask: influencers, paths, reachable, explain, referrals, search, map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from graphcrm import limits
from graphcrm.cli.common import AS_OF, FORMAT, LAYERS, open_graph
from graphcrm.console import print_frame
from graphcrm.errors import InvalidInput
from graphcrm.schema import DIRECTIONS, PATH_CRITERIA

__all__ = [
    "brokers",
    "communities",
    "compare",
    "explain",
    "influencers",
    "introductions",
    "map_",
    "paths",
    "reachable",
    "referrals",
    "search",
    "seed_set",
]


@click.command()
@click.option("--metric", default="pagerank", show_default=True, help="An unknown one lists those that exist.")
@LAYERS
@AS_OF
@click.option("--segment", metavar="ID", help="Rank only this segment's members.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows.")
@click.option("--raw", is_flag=True, help="Scores as they are, instead of normalised as networkx does.")
@click.option("--community", type=int, metavar="NUMBER", help="Rank only this community's members.")
@click.option("--interval", type=float, help="What part of the intervals of ranks shall hold, such as 0.9.")
@click.option("--hidden", default=0.2, show_default=True, help="Share of ties taken to be missing, with --interval.")
@FORMAT
def influencers(
    metric: str,
    layers: tuple[str, ...],
    as_of: str | None,
    segment: str | None,
    limit: int,
    raw: bool,
    community: int | None,
    interval: float | None,
    hidden: float,
    format_: str,
) -> None:
    """Rank parties by their influence on others, with a reason for each."""
    with open_graph() as graph:
        frame = graph.influencers(
            metric,
            layers,
            as_of,
            segment,
            limit,
            normalized=not raw,
            community=community,
            interval=interval,
            hidden=hidden,
        )
    print_frame(frame, format_)


@click.command()
@click.option("--metric", default="pagerank", show_default=True, help="An unknown one lists those that exist.")
@click.option("--other-metric", help="With which to compare. [default: the same]")
@LAYERS
@AS_OF
@click.option("--other-as-of", metavar="DATE", help="With when to compare. [default: the same]")
@click.option("--segment", metavar="ID", help="Only this segment's members.")
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows.")
@FORMAT
def compare(
    metric: str,
    other_metric: str | None,
    layers: tuple[str, ...],
    as_of: str | None,
    other_as_of: str | None,
    segment: str | None,
    limit: int,
    format_: str,
) -> None:
    """Who rose and who fell between two dates, or ranks otherwise by another metric."""
    with open_graph() as graph:
        print_frame(graph.compare(metric, other_metric, layers, as_of, other_as_of, segment, limit), format_)


@click.command()
@LAYERS
@AS_OF
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows.")
@FORMAT
def communities(layers: tuple[str, ...], as_of: str | None, limit: int, format_: str) -> None:
    """Groups with more and stronger ties inside than chance would make, the largest first."""
    with open_graph() as graph:
        print_frame(graph.communities(layers, as_of, limit), format_)


@click.command("seed-set")
@click.option("-k", type=int, help="Parties at most. [default: 10]")
@LAYERS
@AS_OF
@click.option("--segment", metavar="ID", help="Choose only this segment's members.")
@click.option("--exclude", multiple=True, metavar="ID", help="Whom not to choose; repeat for several.")
@click.option("--channel", help="Choose only those who consent to this channel.")
@click.option("--purpose", default="marketing", show_default=True, help="For what, with --channel.")
@click.option("--budget", type=float, help="Instead of -k: what those chosen may cost together.")
@click.option("--costs", type=click.Path(path_type=Path, dir_okay=False), help="CSV: party_id, cost. [default: 1 each]")
@click.option("--model", type=click.Choice(["cascade", "threshold"]), default="cascade", show_default=True)
@click.option("--probability", default=0.1, show_default=True, help="That word passes along a tie of strength 1.")
@click.option("--epsilon", default=0.1, show_default=True, help="What the guarantee may lack.")
@click.option("--seed", default=7, show_default=True, help="Decides all that is random.")
@FORMAT
def seed_set(
    k: int | None,
    layers: tuple[str, ...],
    as_of: str | None,
    segment: str | None,
    exclude: tuple[str, ...],
    channel: str | None,
    purpose: str,
    budget: float | None,
    costs: Path | None,
    model: Any,
    probability: float,
    epsilon: float,
    seed: int,
    format_: str,
) -> None:
    """The parties to begin a campaign with, so that word of it reaches as many as it can."""
    prices = None if costs is None else _prices(costs)
    with open_graph() as graph:
        frame = graph.seed_set(
            k, layers, as_of, segment, exclude, channel, purpose, budget, prices, model, probability, epsilon, seed
        )
    print_frame(frame, format_)
    said = frame.attrs
    click.echo(
        f"reaches {said['spread']:,.1f} of {said['parties']:,} parties ({said['low']:,.1f} to {said['high']:,.1f}); "
        f"at least {said['certificate']:.0%} of the best there is, of which {said['guarantee']:.0%} is guaranteed",
        err=True,
    )


def _prices(path: Path) -> dict[str, float]:
    """What parties cost, by id."""
    import csv

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {row["party_id"]: float(row["cost"]) for row in csv.DictReader(file)}
    except OSError as error:
        raise InvalidInput(f"--costs: cannot read {path}: {error.strerror}", field="costs") from None
    except (KeyError, TypeError, ValueError):
        message = f"--costs: {path} must be a CSV with the columns party_id and cost, a number"
        raise InvalidInput(message, field="costs") from None


_START = click.option("--start", metavar="DATE", help="No step before this; a day means its beginning, UTC.")
_LOOSELY = click.option("--same-time", is_flag=True, help="Steps may happen at one moment, instead of strictly later.")


@click.command()
@click.argument("source")
@click.argument("target")
@click.option("--by", type=click.Choice(PATH_CRITERIA), default="hops", show_default=True)
@LAYERS
@AS_OF
@click.option("-k", default=1, show_default=True, help=f"Paths, at most {limits.MAX_PATHS}; in time there is one.")
@click.option("--max-hops", default=limits.MAX_HOPS, show_default=True)
@click.option("--in-time", is_flag=True, help="Each step comes after the one before.")
@_START
@_LOOSELY
@FORMAT
def paths(
    source: str,
    target: str,
    by: Any,
    layers: tuple[str, ...],
    as_of: str | None,
    k: int,
    max_hops: int,
    in_time: bool,
    start: str | None,
    same_time: bool,
    format_: str,
) -> None:
    """The best paths from SOURCE to TARGET: fewest hops or strongest; or in time: earliest, latest or fastest."""
    with open_graph() as graph:
        frame = graph.paths(source, target, by, layers, k, as_of, max_hops, in_time, start, not same_time)
    if format_ != "json":
        frame = frame.drop(columns=["ties"] if frame.attrs["in_time"] else ["ties", "departs", "arrives"])
    print_frame(frame, format_)


@click.command()
@click.argument("party_id", metavar="ID")
@click.option("--direction", type=click.Choice(DIRECTIONS), default="from", show_default=True)
@LAYERS
@AS_OF
@_START
@_LOOSELY
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True, help="Rows.")
@FORMAT
def reachable(
    party_id: str,
    direction: Any,
    layers: tuple[str, ...],
    as_of: str | None,
    start: str | None,
    same_time: bool,
    limit: int,
    format_: str,
) -> None:
    """Whom the party ID could have reached by when, each step after the one before; or who could have reached it."""
    with open_graph() as graph:
        frame = graph.reachable(party_id, direction, layers, as_of, start, not same_time, limit)
    print_frame(frame, format_)
    click.echo(f"{len(frame)} of {frame.attrs['total']}", err=True)


@click.command()
@click.argument("source")
@click.argument("target")
@LAYERS
@AS_OF
@click.option("--limit", default=100, show_default=True, help=f"Interactions in the JSON, at most {limits.MAX_PAGE}.")
@FORMAT
def explain(source: str, target: str, layers: tuple[str, ...], as_of: str | None, limit: int, format_: str) -> None:
    """Why SOURCE is tied to TARGET: each tie, who says so, and what it contributes to the strength."""
    with open_graph() as graph:
        frame = graph.explain(source, target, layers, as_of, limit)
    if format_ != "json":
        frame = frame[["id", "at", "last", "count", "rule", "unfaded", "strength", "contribution", "sources"]]
    print_frame(frame, format_)
    if len(frame):
        click.echo(f"{frame.attrs['source']} to {frame.attrs['target']}: {frame.attrs['strength']:.6g}", err=True)


@click.command()
@click.option("--to", required=True, metavar="ID", help="Whom to reach.")
@click.option("--from", "from_", metavar="ID", help="A user or a party to begin with. [default: any member of staff]")
@click.option("-k", default=5, show_default=True, help=f"Ways, at most {limits.MAX_PATHS}.")
@LAYERS
@AS_OF
@click.option("--max-contacts", default=10, show_default=True, help="With staff in 30 days; above that, passed over.")
@FORMAT
def introductions(
    to: str, from_: str | None, k: int, layers: tuple[str, ...], as_of: str | None, max_contacts: int, format_: str
) -> None:
    """The best ways to reach someone: through whom, how strong, when last in touch, what to mention."""
    with open_graph() as graph:
        frame = graph.introductions(to, from_, k, layers, as_of, max_contacts)
    if format_ != "json":
        frame = frame.drop(columns=["via_label", "labels"])
        frame["mention"] = [", ".join(part["name"] or part["id"] for part in row) for row in frame["mention"]]
    print_frame(frame, format_)


@click.command()
@click.option("--root", metavar="ID", help="From whom customers must be reached. [default: any member of staff]")
@LAYERS
@AS_OF
@click.option("--limit", type=click.IntRange(1), default=10, show_default=True, help="Rows.")
@click.option("--currency", metavar="CODE", help="In which revenue ranks. [default: the commonest]")
@FORMAT
def brokers(
    root: str | None, layers: tuple[str, ...], as_of: str | None, limit: int, currency: str | None, format_: str
) -> None:
    """Who, by leaving, would cut which customers and how much revenue off from us."""
    with open_graph() as graph:
        print_frame(graph.brokers(root, layers, as_of, limit, currency), format_)


@click.group()
def referrals() -> None:
    """Who brought whom."""


@referrals.command("chain")
@click.argument("party_id", metavar="ID")
@AS_OF
@FORMAT
def chain(party_id: str, as_of: str | None, format_: str) -> None:
    """From the first referrer down to the party ID."""
    with open_graph() as graph:
        print_frame(graph.referral_chain(party_id, as_of), format_)


@referrals.command("tree")
@click.argument("party_id", metavar="ID")
@click.option("--max-depth", default=limits.MAX_TREE_DEPTH, show_default=True, help="Generations.")
@click.option("--limit", default=1000, show_default=True, help=f"Parties, at most {limits.MAX_TREE}.")
@AS_OF
@FORMAT
def tree(party_id: str, max_depth: int, limit: int, as_of: str | None, format_: str) -> None:
    """All whom the party ID brought, and what they and those below them bought."""
    with open_graph() as graph:
        print_frame(graph.referral_tree(party_id, max_depth, limit, as_of), format_)


@click.command()
@click.argument("query")
@click.option("--limit", default=20, show_default=True, help="Hits.")
@FORMAT
def search(query: str, limit: int, format_: str) -> None:
    """Find parties by a part of their id, name, e-mail or phone."""
    import pandas as pd

    with open_graph() as graph:
        hits = graph.search(query, limit)
    print_frame(pd.DataFrame(hits, columns=["id", "label", "name", "matched"]), format_)


@click.command("map")
@click.argument("party_id", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The HTML file to write.")
@click.option("--hops", default=1, show_default=True)
@LAYERS
@AS_OF
@click.option("--limit", default=100, show_default=True, help=f"Parties, at most {limits.MAX_MAP_PARTIES}.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
def map_(
    party_id: str, out: Path, hops: int, layers: tuple[str, ...], as_of: str | None, limit: int, language: Any
) -> None:
    """Draw the surroundings of the party ID into one HTML file that needs no network."""
    from graphcrm.network.layout import layout
    from viz.relationship_map import map_file

    if limit > limits.MAX_MAP_PARTIES:
        raise InvalidInput(f"--limit: a map shows at most {limits.MAX_MAP_PARTIES} parties")
    with open_graph() as graph:
        found = graph.neighborhood(party_id, hops, layers, limit, as_of)
    page = map_file(found, layout(found["nodes"], found["ties"]), language)
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"--out: cannot write {out}: {error.strerror}") from None
    click.echo(f"{out}: {len(found['nodes'])} parties, {len(found['ties'])} ties", err=True)
