"""Commands that take all of a graph out and put it elsewhere: export, backup, restore, migrate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from graphcrm.cli.common import open_graph, read_settings
from graphcrm.console import ProgressBars

if TYPE_CHECKING:
    from graphcrm.settings import Settings

__all__ = ["backup", "export", "migrate", "restore"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR")
@click.option(
    "--format",
    "format_",
    type=click.Choice(["csv", "jsonl", "parquet"]),
    default="csv",
    show_default=True,
    help="Of the files; `graphcrm import` takes each of them back.",
)
@click.option(
    "--provenance",
    is_flag=True,
    help="Tell in the folder DIR/provenance, too, where everything came from: what each source says, pinned values, "
    "history, merges.",
)
def export(folder: Path, format_: str, provenance: bool) -> None:
    """Write everything that the graph shows to a new folder, as canonical files.

    The same graph gives the same bytes, and an import of them the same graph.
    """
    from graphcrm.service.export import export_graph

    with open_graph() as graph, ProgressBars() as progress:
        counts = export_graph(graph.store, folder, format_, progress, provenance=provenance)
    for name, rows in counts.items():
        click.echo(f"{folder / name}: {rows:,} rows", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Write the whole store to one file, while it is in use.

    The file holds all data and the hashes of tokens; only its owner may read it.
    """
    from graphcrm.service.backup import make_backup

    with open_graph() as graph, ProgressBars() as progress:
        counts = make_backup(graph.store, file, progress)
    click.echo(f"{file}: {sum(counts.values()):,} nodes and ties", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def restore(file: Path) -> None:
    """Write a backup into an empty store.

    The file is checked before anything is written. A restore that was cut off is run again with the same file.
    """
    from graphcrm.service.backup import restore_backup

    with open_graph() as graph, ProgressBars() as progress:
        counts = restore_backup(graph.store, file, progress)
    click.echo(f"{sum(counts.values()):,} nodes and ties restored, and counted", err=True)


@click.command()
@click.option(
    "--to",
    "target",
    required=True,
    metavar="STORE",
    help="neo4j://… or bolt://… (user and password from GRAPHCRM_MIGRATE_USER and GRAPHCRM_MIGRATE_PASSWORD), or "
    "embedded:FOLDER.",
)
def migrate(target: str) -> None:
    """Copy the store that the settings name into another, empty one, on either engine.

    A migration that was cut off is run again.
    """
    from graphcrm.service.graph import connect
    from graphcrm.service.migrate import migrate as migrate_store

    source, wanted = read_settings(), _settings_of(target)
    with connect(wanted) as there, connect(source) as here, ProgressBars() as progress:
        counts = migrate_store(here.store, there.store, progress)
    click.echo(f"{target}: {sum(counts.values()):,} nodes and ties, counted", err=True)


def _settings_of(target: str) -> Settings:
    """The settings of the store that `--to` names."""
    from pydantic import ValidationError

    from graphcrm.errors import InvalidInput
    from graphcrm.settings import Settings

    own = read_settings()
    try:
        if "://" not in target:
            folder = Path(target.removeprefix("embedded:"))
            return own.model_copy(update={"neo4j_uri": None, "home": Settings(home=folder).home})
        return Settings(
            neo4j_uri=target,
            neo4j_user=own.migrate_user,
            neo4j_password=own.migrate_password,
            neo4j_database=own.migrate_database,
        )
    except ValidationError as error:
        reason = error.errors(include_url=False, include_input=False)[0]["msg"]
        raise InvalidInput(f"--to: {reason}; or name a folder as embedded:FOLDER", field="to") from None
