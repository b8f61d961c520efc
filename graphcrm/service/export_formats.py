"""How a table is written: CSV, JSON Lines or Parquet, each so that import reads exactly the same back."""

from __future__ import annotations

import json
import re
import types
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union, get_args, get_origin

from graphcrm.tables import Table

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["FORMATS", "Writer", "cell_text", "kinds_of", "write_rows"]

_QUOTED: Final = re.compile(r'[",\r\n]')
_GROUP: Final = 20_000
"""Rows of one row group of Parquet, which are held in memory."""

Row = Mapping[str, Any]
"""A record as the API has it: JSON values, times and money as text."""


class Writer(ABC):
    """Writes one table.

    Parameters
    ----------
    path : Path
        The file, which is made.
    kinds : mapping of str to type
        The columns, in order, and what each holds.
    """

    def __init__(self, path: Path, kinds: Mapping[str, type]) -> None:
        self._columns = tuple(kinds)

    @abstractmethod
    def write(self, row: Row) -> None:
        """Add a row; columns that it lacks are empty."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file."""


class _Csv(Writer):
    def __init__(self, path: Path, kinds: Mapping[str, type]) -> None:
        super().__init__(path, kinds)
        self._file = path.open("w", encoding="utf-8", newline="")
        self._file.write(",".join(kinds) + "\n")

    def write(self, row: Row) -> None:
        texts = [cell_text(row.get(name)) for name in self._columns]
        # A lone carriage return must be quoted, too, which the csv module of older Pythons forgets.
        self._file.write(",".join(f'"{t.replace(_QUOTE, _TWICE)}"' if _QUOTED.search(t) else t for t in texts) + "\n")

    def close(self) -> None:
        self._file.close()


_QUOTE, _TWICE = '"', '""'


class _JsonLines(Writer):
    def __init__(self, path: Path, kinds: Mapping[str, type]) -> None:
        super().__init__(path, kinds)
        self._file = path.open("w", encoding="utf-8", newline="")

    def write(self, row: Row) -> None:
        kept = {name: row[name] for name in self._columns if row.get(name) not in (None, "", [], {})}
        self._file.write(json.dumps(kept, ensure_ascii=False, separators=(",", ":")) + "\n")

    def close(self) -> None:
        self._file.close()


class _Parquet(Writer):
    def __init__(self, path: Path, kinds: Mapping[str, type]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        super().__init__(path, kinds)
        self._read = {name: _READ[kind] for name, kind in kinds.items() if kind in _READ}
        self._schema = pa.schema([(name, _arrow(kind)) for name, kind in kinds.items()])
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._rows: list[dict[str, Any]] = []

    def write(self, row: Row) -> None:
        self._rows.append({name: self._cell(name, row.get(name)) for name in self._columns})
        if len(self._rows) >= _GROUP:
            self._flush()

    def close(self) -> None:
        self._flush()
        self._writer.close()

    def _cell(self, name: str, value: Any) -> Any:
        if value in (None, "", [], {}):
            return None
        if isinstance(value, dict):
            return cell_text(value)
        return self._read[name](value) if name in self._read else value

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
            self._rows.clear()


FORMATS: Final[dict[str, type[Writer]]] = {"csv": _Csv, "jsonl": _JsonLines, "parquet": _Parquet}
"""The formats, by the ending of their files' names."""


def write_rows(
    path: Path, format_: str, kinds: Mapping[str, type], rows: Iterable[Row], written: Callable[[], None]
) -> int:
    """Write rows to a file, which is not made where there are none.

    Parameters
    ----------
    path : Path
        The file.
    format_ : str
        One of `FORMATS`.
    kinds : mapping of str to type
        The columns, in order, and what each holds.
    rows : iterable of mapping
        The rows.
    written : callable
        Is called after each row.

    Returns
    -------
    int
        How many there are.
    """
    rows = iter(rows)
    if (first := next(rows, None)) is None:
        return 0
    number = 0
    writer = FORMATS[format_](path, kinds)
    try:
        for row in chain([first], rows):
            writer.write(row)
            number += 1
            written()
    finally:
        writer.close()
    return number


def cell_text(value: Any) -> str:
    """Write a value as a cell of a CSV file.

    Parameters
    ----------
    value : object
        A text, number, truth value, list of texts or object of `extra`; None for nothing.

    Returns
    -------
    str
        Lists are joined by ``|``, and are a JSON array where that could be read as anything else.

    Examples
    --------
    >>> cell_text(["a", "b"]), cell_text(["a|b", "c"]), cell_text({"n": 1.0})
    ('a|b', '["a|b","c"]', '{"n":1.0}')
    """
    if isinstance(value, str):
        return value
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, list) and not any("|" in part for part in value) and not value[0].startswith("["):
        return "|".join(value)
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)


# ---- types of Parquet ------------------------------------------------------------------------------------


def kinds_of(table: Table, columns: Sequence[str]) -> dict[str, type]:
    """What some columns of a table hold: a Python type each."""
    return {name: _kind(table, name) for name in columns}


def _kind(table: Table, column: str) -> type:
    """The Python type of a column's values, from the table's model."""
    name = dict(zip(table.ends, ("source_id", "target_id"), strict=True)).get(column, column) if table.type else column
    field = table.model.model_fields.get(name)
    return str if field is None or column == "extra" else _plain(field.annotation)


def _plain(annotation: Any) -> type:
    origin = get_origin(annotation)
    if origin is Annotated:
        return _plain(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return _plain(next(part for part in get_args(annotation) if part is not type(None)))
    if origin is Literal:
        return str
    kind: type = origin or annotation
    return kind


_READ: Final[dict[type, Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
    float: float,
}


def _arrow(kind: type) -> pa.DataType:
    import pyarrow as pa

    known = {
        datetime: pa.timestamp("us", tz="UTC"),
        date: pa.date32(),
        Decimal: pa.decimal128(19, 4),
        float: pa.float64(),
        int: pa.int64(),
        bool: pa.bool_(),
        list: pa.list_(pa.string()),
    }
    return known.get(kind, pa.string())
