"""Commands that bring data in: import, sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from graphcrm.cli.common import open_graph
from graphcrm.console import ProgressBars, print_frame

__all__ = ["DEMO_PARTIES", "DEMO_SEED", "import_", "sample"]

SOME_REJECTED: Final = 2
"""Exit status of an import that rejected some rows; 1 is failure."""

DEMO_PARTIES: Final = 3000
DEMO_SEED: Final = 7


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--mapping", type=click.Path(path_type=Path), help="A TOML file that says what other files hold.")
@click.option("--preset", help="A mapping that is shipped (`graphcrm mapping list`), or auto to recognise each file.")
@click.option("--encoding", help="What texts are in, such as gb18030. [default: found in each file]")
@click.option("--delimiter", help="What separates fields, such as ';'. [default: found in each file]")
@click.option(
    "--region", help="Country of telephone numbers without a country code, such as DE. [default: GRAPHCRM_REGION]"
)
@click.option(
    "--date-order",
    type=click.Choice(["mdy", "dmy", "ymd"]),
    help="Of dates such as 03/04/2024, where no value of their column tells.",
)
@click.option("--source", default="files", show_default=True, help="Where it all comes from; see `graphcrm source`.")
@click.option("--merge-duplicates", is_flag=True, help="Then merge what is surely one party.")
@click.option("--dry-run", is_flag=True, help="Check every row and say what would happen; write nothing.")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="CSV file for rejected rows. [default: in GRAPHCRM_HOME]"
)
@click.option("--format", "format_", type=click.Choice(["table", "json"]), default="table", show_default=True)
def import_(
    paths: Sequence[Path],
    mapping: Path | None,
    preset: str | None,
    encoding: str | None,
    delimiter: str | None,
    region: str | None,
    date_order: str | None,
    source: str,
    merge_duplicates: bool,
    dry_run: bool,
    rejects: Path | None,
    format_: str,
) -> int:
    """Load files, or folders of them.

    Exit status 0 says that every row is in, 2 that some were rejected, 1 that it failed.
    """
    import pandas as pd

    from graphcrm.intake.presets import say_choices

    with open_graph() as graph, ProgressBars() as progress:
        if preset:
            for said in say_choices(preset, paths, delimiter, encoding):
                click.echo(said, err=True)
        report = graph.import_files(
            paths,
            mapping,
            dry_run,
            rejects,
            progress,
            delimiter=delimiter,
            encoding=encoding,
            source=source,
            preset=preset,
            region=region,
            date_order=date_order,
            merge_duplicates=merge_duplicates,
        )
    rows = [
        {
            "file": item.file,
            "table": item.table,
            "read": item.read,
            "created": item.created,
            "updated": item.updated,
            "unchanged": item.unchanged,
            "rejected": item.rejected,
            **(
                {"repeated": item.repeated, "flagged": item.flagged, "notes": list(item.notes)}
                if format_ == "json"
                else {}
            ),
        }
        for item in report.files
    ]
    print_frame(pd.DataFrame(rows), format_)
    for note in dict.fromkeys(f"{item.file}: {note}" for item in report.files for note in item.notes):
        click.echo(note, err=True)
    for item in report.files:
        if item.repeated:
            click.echo(f"{item.file}: {item.repeated:,} rows of {item.table} repeat an earlier one exactly", err=True)
    if report.flagged:
        where = "" if dry_run else f": graphcrm source quality {source}"
        click.echo(f"{report.flagged:,} rows hold values that could not be cleaned{where}", err=True)
    if report.merged is not None:
        click.echo(f"{report.merged:,} parties were merged into others: graphcrm duplicates merged", err=True)
    if report.rejected:
        click.echo(f"{report.rejected} rows were rejected: {report.rejects_path}", err=True)
    return SOME_REJECTED if report.rejected else 0


@click.command()
@click.option("--parties", type=int, default=DEMO_PARTIES, show_default=True)
@click.option("--seed", type=int, default=DEMO_SEED, show_default=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the files.")
def sample(parties: int, seed: int, out: Path) -> None:
    """Make up a company over three years, as canonical CSV files; the same seed gives the same bytes."""
    from graphcrm.sample import write_sample

    for name, rows in write_sample(out, parties, seed).items():
        click.echo(f"{out / name}: {rows:,} rows", err=True)
