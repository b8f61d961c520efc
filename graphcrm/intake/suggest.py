"""A first mapping for a file that nobody knows: guessed from its columns, with comments that say why."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.guessed_tables import guess_blocks
from graphcrm.intake.guesses import Column
from graphcrm.intake.guessing import Block, shown, text_of
from graphcrm.intake.readers import Reader, open_file

__all__ = ["suggest_mapping"]

_ROWS: Final = 2_000
"""Rows that are looked at."""
_COMMENT: Final = 100
_NOTHING: Final = ("null", "(null)", "\\n", "n/a", "#n/a", "nan", "none", "-", "--", "nil")
"""How programs and people write that there is nothing."""


def suggest_mapping(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> str:
    """Guess a mapping.

    Parameters
    ----------
    path : Path
        The file; its first 2,000 rows are looked at.
    delimiter, encoding : str, optional
        See `graphcrm.intake.readers.open_file`.

    Returns
    -------
    str
        A mapping file that works for these rows, in TOML. Each line says in a comment how sure it is, and of which
        values. Columns of which nothing is known are kept as properties of their own names.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or has no row.
    """
    file = open_file(path, delimiter=delimiter, encoding=encoding)
    rows = [row for _, row in islice(file.rows(lambda reject: None), _ROWS)]
    if not rows:
        raise InvalidInput(f"{file.name}: has no row to guess from.", field="paths")
    nothing = _nothing_in(rows)
    columns = [_column(name, rows, nothing) for name in file.header]
    has_header = not any(note.startswith("has no header") for note in file.notes)
    blocks = guess_blocks(columns, "rows" if has_header else path.name)
    return _written(path, file, blocks, columns, nothing, delimiter, encoding, has_header)


def _nothing_in(rows: Iterable[dict[str, str]]) -> list[str]:
    found = {text for row in rows for text in row.values() if len(text) <= 6 and text.casefold() in _NOTHING}
    return sorted(found)


def _column(name: str, rows: Sequence[dict[str, str]], nothing: Sequence[str]) -> Column:
    values = tuple(value for row in rows if (value := row[name].strip()) and value not in nothing)
    return Column(name, values, len(rows))


# ---- as text ---------------------------------------------------------------------------------------------


def _written(
    path: Path,
    file: Reader,
    blocks: Sequence[Block],
    columns: Sequence[Column],
    nothing: Sequence[str],
    delimiter: str | None,
    encoding: str | None,
    has_header: bool,
) -> str:
    notes = [f"The file {note}." for note in file.notes] + [note for block in blocks for note in block.notes]
    names = f"header = [{', '.join(text_of(column.name) for column in columns)}]"
    said = [
        f"{key} = {text_of(value)}"
        for key, value in (("delimiter", delimiter), ("encoding", encoding))
        if value is not None
    ]
    said += [] if has_header else [names]
    used = {name for block in blocks for name in block.used}
    rest = [column for column in columns if column.name not in used]
    keeper = next((block for block in blocks if block.table == "order_lines"), blocks[0])
    lines = [
        f"# A first mapping of {_comment(path.name)}, guessed from its columns. Read it, and mend what is wrong.",
        "# Behind each line stands how sure it is, and what the column holds.",
        *(f"# {_comment(note, 300)}" for note in notes),
        *(["", f"null = [{', '.join(map(text_of, nothing))}]    # what stands for nothing"] if nothing else []),
        *(["", "[files.rows]", names] if has_header else []),
    ]
    for block in blocks:
        lines += _table(block, said, rest if block is keeper else [])
    return "\n".join(lines) + "\n"


def _table(block: Block, said: Sequence[str], rest: Sequence[Column]) -> list[str]:
    return [
        "",
        "[[tables]]",
        f'table = "{block.table}"',
        f"file = {text_of(block.file)}",
        *said,
        *([f"once = {text_of(block.once)}"] if block.once else []),
        *_kept(rest),
        "",
        "[tables.columns]",
        *map(_line, block.lines),
        *(["", "[tables.extra]", *map(_line, block.extra)] if block.extra else []),
    ]


def _kept(rest: Sequence[Column]) -> list[str]:
    if not rest:
        return []
    return ["keep = [", *(f"    {text_of(column.name)},    # {_comment(shown(column))}" for column in rest), "]"]


def _line(line: tuple[str, str, str]) -> str:
    name, source, why = line
    return f"{name} = {source}    # {_comment(why)}"


def _comment(text: str, length: int = _COMMENT) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)[:length]
