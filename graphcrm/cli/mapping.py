"""Commands about mappings: those that are shipped, and a first one for any other file."""

from __future__ import annotations

from pathlib import Path

import click

from graphcrm.cli.common import FORMAT

__all__ = ["mapping"]


@click.group()
def mapping() -> None:
    """Mappings: files that say what other programs' files hold."""


@mapping.command("list")
@FORMAT
def list_(format_: str) -> None:
    """The presets: mappings that are shipped, with the kinds of file that each knows."""
    import pandas as pd

    from graphcrm.console import print_frame
    from graphcrm.intake.presets import load_preset, preset_names

    presets = {name: load_preset(name) for name in preset_names()}
    rows = [
        {"preset": name, "title": preset.title, "files": ", ".join(preset.kinds)} for name, preset in presets.items()
    ]
    print_frame(pd.DataFrame(rows), format_)


@mapping.command()
@click.argument("name", metavar="NAME")
def show(name: str) -> None:
    """Write a preset's mapping file, to be copied and changed."""
    from graphcrm.intake.presets import preset_path

    click.echo(preset_path(name).read_text(encoding="utf-8"), nl=False)


@mapping.command()
@click.argument("file", type=click.Path(path_type=Path), metavar="FILE")
@click.option("--encoding", help="What the text is in, such as gb18030. [default: found in the file]")
@click.option("--delimiter", help="What separates fields, such as ';'. [default: found in the file]")
def suggest(file: Path, encoding: str | None, delimiter: str | None) -> None:
    """Write a mapping for a file, guessed from its columns' names and values; comments say why."""
    from graphcrm.intake.suggest import suggest_mapping

    click.echo(suggest_mapping(file, delimiter=delimiter, encoding=encoding), nl=False)
