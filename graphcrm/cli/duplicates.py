"""Commands about parties recorded more than once: duplicates find, review, merge, unmerge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from graphcrm.cli.common import FORMAT, open_graph
from graphcrm.console import print_frame
from graphcrm.errors import InvalidInput
from graphcrm.identity.thresholds import MERGE_PROBABILITY, REVIEW_PROBABILITY

if TYPE_CHECKING:
    from pandas import DataFrame

    from graphcrm.service.graph import Graph

__all__ = ["duplicates"]

_FIELDS = (
    *("label", "kind", "name", "given_name", "surname", "birth_date", "national_id", "email", "phone"),
    *("address", "street", "suburb", "city", "postcode", "state", "country"),
)

_SKIPPED_SHOWN = 5


@click.group()
def duplicates() -> None:
    """Parties that are recorded more than once."""


@duplicates.command("find")
@click.option(
    "--threshold",
    type=float,
    default=REVIEW_PROBABILITY,
    show_default=True,
    help="The least probability that both are one party.",
)
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Rows.")
@FORMAT
def find(threshold: float, limit: int, format_: str) -> None:
    """List pairs that are probably one party, with the evidence for and against."""
    from graphcrm.service.duplicates import Duplicates

    with open_graph() as graph:
        found = Duplicates(graph.store).find(threshold)
    shown = found.head(limit)
    print_frame(shown if format_ == "json" else _readable(shown), format_)
    groups = found.attrs["groups"]
    click.echo(
        f"{len(found):,} pairs ({len(shown):,} shown), {len(groups):,} groups"
        f" of {sum(map(len, groups)):,} among {found.attrs['parties']:,} parties",
        err=True,
    )
    skipped = found.attrs["skipped"]
    for block in skipped[:_SKIPPED_SHOWN]:
        click.echo(f"not compared: the {block['parties']:,} that share {block['rule']} {block['value']!r}", err=True)
    if len(skipped) > _SKIPPED_SHOWN:
        click.echo(f"not compared: {len(skipped) - _SKIPPED_SHOWN:,} smaller crowds", err=True)


@duplicates.command("review")
@click.argument("left_id", metavar="[LEFT", required=False)
@click.argument("right_id", metavar="RIGHT]", required=False)
@click.option("--not-same", is_flag=True, help="Remember that LEFT and RIGHT are two parties.")
@click.option("--undo", is_flag=True, help="Forget that they are.")
@click.option("--threshold", type=float, default=REVIEW_PROBABILITY, show_default=True, help="The least probability.")
@click.option("--below", type=float, default=MERGE_PROBABILITY, show_default=True, help="Leave out what is surer.")
def review(
    left_id: str | None, right_id: str | None, not_same: bool, undo: bool, threshold: float, below: float
) -> None:
    """Look at doubtful pairs side by side, merge them or say that they are not the same.

    Without ids it goes through the pairs between --threshold and --below and asks about each. What is not the same is
    remembered: it is never named again, nor merged.
    """
    from graphcrm.service.duplicates import Duplicates

    if not_same and undo:
        raise InvalidInput("--undo: contradicts --not-same; give one of them", field="undo")
    if (left_id is None) != (right_id is None) or ((not_same or undo) and left_id is None):
        raise InvalidInput("LEFT and RIGHT: give both ids", field="right_id")
    with open_graph() as graph:
        service = Duplicates(graph.store)
        if left_id is not None and right_id is not None:
            if undo:
                service.forget(left_id, right_id)
            elif not_same:
                service.tell_apart(left_id, right_id)
            else:
                click.echo(_side_by_side(_found(service.parties()), left_id, right_id))
                return
            click.echo(f"{left_id} and {right_id}: {'open again' if undo else 'not the same'}")
            return
        found = service.find(threshold)
        _ask(graph, service, found[found["probability"] < below])


@duplicates.command("merge")
@click.argument("id_", metavar="[ID", required=False)
@click.argument("into", metavar="INTO]", required=False)
@click.option("--auto", is_flag=True, help="Merge all that is surely one party, without naming any.")
@click.option("--threshold", type=float, default=MERGE_PROBABILITY, show_default=True, help="What is sure, for --auto.")
@click.option("--dry-run", is_flag=True, help="Only say what --auto would merge.")
@FORMAT
def merge(id_: str | None, into: str | None, auto: bool, threshold: float, dry_run: bool, format_: str) -> None:
    """Make one party of two: ID goes, and its id keeps naming INTO, which stays.

    With --auto each group of parties that are surely one becomes its best member: a customer before a contact, then
    whom the most trusted source describes, then who has most fields, then the oldest.
    """
    if auto == (id_ is not None) or (id_ is not None and into is None):
        raise InvalidInput("ID and INTO: give both ids, or --auto and none", field="into")
    if dry_run and not auto:
        raise InvalidInput("--dry-run: goes with --auto", field="dry_run")
    with open_graph() as graph:
        if id_ is not None and into is not None:
            graph.merging.merge(id_, into)
            click.echo(f"{id_} is {into} now; `graphcrm duplicates unmerge {id_}` takes it back")
        else:
            _merge_surely(graph, threshold, dry_run, format_)


def _merge_surely(graph: Graph, threshold: float, dry_run: bool, format_: str) -> None:
    from graphcrm.service.automerge import merge_surely

    done = merge_surely(graph.store, threshold, dry_run)
    print_frame(done if format_ == "json" else _readable(done), format_)
    if len(done):
        parties = done["into"].nunique()
        click.echo(f"{len(done):,} {'to be ' if dry_run else ''}merged into {parties:,}", err=True)
    if done.attrs["skipped"]:
        click.echo(f"{done.attrs['skipped']:,} left: they have changed meanwhile, or were told apart", err=True)
    if done.attrs["resumed"]:
        click.echo("this went on with a run that was cut off; run it again to look for more", err=True)


@duplicates.command("unmerge")
@click.argument("id_", metavar="ID")
def unmerge(id_: str) -> None:
    """Take a merge back: the party ID is there again, with all that was and is said of it."""
    with open_graph() as graph:
        done = graph.merging.unmerge(id_)
    click.echo(f"{id_} is there again beside {done['into']}")
    for edit in done["undecided"]:
        click.echo(
            f"{edit['field']}: {id_} has {edit['value']!r} again; that was edited meanwhile, and {done['into']} keeps "
            f"{edit['edited']!r}. If {id_} was meant, change both.",
            err=True,
        )


@duplicates.command("merged")
@click.option("--limit", type=click.IntRange(1), default=100, show_default=True, help="Rows.")
@FORMAT
def merged(limit: int, format_: str) -> None:
    """List the merges that hold: who made each, and on what grounds where nobody did."""
    import pandas as pd

    with open_graph() as graph:
        found = graph.merging.all(limit=limit)
    table = pd.DataFrame(found, columns=["id", "label", "into", "at", "by", "probability", "compared_with", "evidence"])
    print_frame(table if format_ == "json" else _readable(table.astype(object).where(table.notna(), "")), format_)


def _ask(graph: Graph, service: Any, pairs: DataFrame) -> None:
    if pairs.empty:
        click.echo("nothing to review")
        return
    parties = _found(service.parties())
    for number, pair in enumerate(pairs.to_dict("records"), start=1):
        if any(graph.merging.root(pair[side]) for side in ("left_id", "right_id")):
            continue  # merged on the way
        click.echo(f"\n{number} of {len(pairs)}: probability {pair['probability']:.3f}; {_words(pair['evidence'])}")
        click.echo(_side_by_side(parties, pair["left_id"], pair["right_id"]))
        choice = click.prompt(
            "m merge into the left one, n not the same, l later, q quit",
            type=click.Choice(["m", "n", "l", "q"]),
            default="l",
        )
        if choice == "m":
            graph.merging.merge(pair["right_id"], pair["left_id"])
        elif choice == "n":
            service.tell_apart(pair["left_id"], pair["right_id"])
        elif choice == "q":
            return


def _found(parties: DataFrame) -> dict[str, dict[str, Any]]:
    return {str(row["id"]): {str(key): value for key, value in row.items()} for row in parties.to_dict("records")}


def _side_by_side(parties: dict[str, dict[str, Any]], left_id: str, right_id: str) -> str:
    for id_ in (left_id, right_id):
        if id_ not in parties:
            raise InvalidInput(f"there is no party {id_!r}; `graphcrm search` finds ids", field="right_id")
    left, right = parties[left_id], parties[right_id]
    rows = [(field, left.get(field) or "", right.get(field) or "") for field in ("id", *_FIELDS)]
    shown = [tuple(_visible(cell) for cell in row) for row in rows if row[1] or row[2]]
    width = max(len(row[1]) for row in shown)
    return "\n".join(f"{field:<12} {one:<{width}}  {other}" for field, one, other in shown)


def _visible(text: str) -> str:
    """Control characters, which could steer a terminal, as escapes."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def _readable(found: DataFrame) -> DataFrame:
    return found.assign(evidence=[_words(evidence) for evidence in found["evidence"]])


def _words(evidence: list[dict[str, Any]] | None) -> str:
    """Such as ``email equal +9.1, phone equal +7.3, address differs -1.2``."""
    return ", ".join(f"{entry['field']} {entry['level']} {entry['weight']:+.1f}" for entry in evidence or ())
