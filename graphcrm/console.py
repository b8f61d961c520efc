"""What the command line shows: tables, CSV, JSON and the progress of an import."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pandas import DataFrame

__all__ = ["ProgressBars", "print_frame"]


def print_frame(frame: DataFrame, format_: str) -> None:
    """Print a table for people, CSV for spreadsheets or JSON as the API lists the items."""
    if format_ == "json":
        click.echo(json.dumps(frame.to_dict("records"), ensure_ascii=False, indent=1, default=_plain))
    elif format_ == "csv":
        from graphcrm.intake.rejects import escape_formula

        shown = frame.map(lambda cell: escape_formula(_cell_text(cell)) if not isinstance(cell, int | float) else cell)
        click.echo(shown.to_csv(index=False, lineterminator="\n"), nl=False)
    else:
        _print_table(frame)


def _print_table(frame: DataFrame) -> None:
    import pandas as pd

    if frame.empty:
        click.echo("nothing found")
        return
    options = ("display.unicode.east_asian_width", True, "display.max_colwidth", 100, "display.width", None)
    with pd.option_context(*options, "display.max_rows", None, "display.max_columns", None):
        click.echo(frame.map(_visible).to_string(index=False, float_format=lambda value: f"{value:.6g}"))


def _plain(value: Any) -> Any:
    """Numbers of numpy as Python's."""
    return value.item()


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, list) and value and isinstance(value[0], dict) and "amount" in value[0]:
        return " + ".join(f"{money['amount']} {money['currency'] or ''}".strip() for money in value)
    if isinstance(value, list):
        parts = [part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in value]
        return (", " if any(" " in part for part in parts) else " ").join(parts)
    return str(value)


def _visible(value: Any) -> Any:
    """A cell for a terminal: control characters, which could steer it, are shown as escapes."""
    if isinstance(value, bool) or type(value).__name__ == "bool_":  # pandas gives numpy's, too
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in _cell_text(value))


class ProgressBars:
    """A progress bar for each file of an import, on standard error; nothing where nobody is watching."""

    _STEPS = 1000

    def __init__(self) -> None:
        self._file: str | None = None
        self._bar: Any = None

    def __enter__(self) -> ProgressBars:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.render_finish()

    def __call__(self, file: str, rows: int, share: float) -> None:
        if not sys.stderr.isatty():
            return
        if file != self._file:
            self.__exit__()
            self._file = file
            self._bar = click.progressbar(length=self._STEPS, label=f"{file:<20}", file=sys.stderr, show_eta=False)
        self._bar.label = f"{file:<20} {rows:>10,} rows"
        self._bar.update(int(share * self._STEPS) - self._bar.pos)
