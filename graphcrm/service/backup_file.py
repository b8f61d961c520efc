"""The file of a backup: a line that says what it is, a compressed body of rows and counts, a digest of it all.

The first line is JSON: the format's name and version, the schema of the graph, the version of graphcrm and the time.
The body is one gzip member of lines of JSON: blocks of up to some thousand nodes of one label or ties of one type
between two labels, then the counts. The last line is the SHA-256 of every byte before it, in hexadecimal, so that a
file of which a single bit is another is no backup.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import IO, Any, Final

from graphcrm import __version__
from graphcrm.errors import InvalidInput
from graphcrm.schema import BOOKKEEPING_LABELS, LABELS, TIE_TYPES

__all__ = ["BackupFile", "BackupWriter", "Block", "Tie"]

_FORMAT: Final = "graphcrm backup"
_VERSION: Final = 1
_LONGEST_HEADER: Final = 65_536
_FOOTER: Final = 66
"""Bytes of the last line with the line feed before it: 64 hexadecimal digits and two line feeds."""
_ROWS: Final = 5_000
_CHARACTERS: Final = 2_000_000
"""A block closes at so many rows or characters: the embedded engine takes messages of at most 16 MiB."""
_CHUNK: Final = 1 << 20
_PACKED: Final = 1 << 16
"""Bytes that are unpacked at once."""

Tie = tuple[str, str, dict[str, Any]]
"""The ids of a tie's ends, and its properties."""


@dataclass(frozen=True)
class Block:
    """Some rows of one kind, written in one transaction.

    Parameters
    ----------
    kind : str
        A label or a relationship type.
    ends : tuple of str, optional
        The labels of the ends; None for nodes.
    rows : list
        Properties of nodes, or a `Tie` each.
    """

    kind: str
    ends: tuple[str, str] | None
    rows: list[Any]


@dataclass
class _Open:
    """A block that is not full yet: its rows as JSON."""

    rows: list[str] = field(default_factory=list)
    characters: int = 0


class BackupWriter:
    """Writes a backup, row by row.

    Parameters
    ----------
    file : binary file
        Where to; from its beginning.
    schema : list of str
        The migrations that the graph has had.
    """

    def __init__(self, file: IO[bytes], schema: list[str]) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self._pack = zlib.compressobj(6, wbits=31)
        self._blocks: dict[tuple[str, tuple[str, str] | None], _Open] = {}
        self._nodes: Counter[str] = Counter()
        self._ties: Counter[str] = Counter()
        made_at = datetime.now(UTC).isoformat(timespec="seconds")
        header = {"format": _FORMAT, "version": _VERSION, "schema": schema, "made_by": __version__, "made_at": made_at}
        self._out(_json(header).encode() + b"\n")

    def node(self, label: str, properties: dict[str, Any]) -> None:
        """Add a node."""
        self._nodes[label] += 1
        self._add((label, None), properties)

    def tie(self, type_: str, ends: tuple[str, str], tie: Tie) -> None:
        """Add a tie between nodes of two labels; all nodes must have been added before."""
        if not self._ties:
            self._flush_all()
        self._ties[type_] += 1
        self._add((type_, ends), tie)

    def close(self) -> str:
        """Write what is open, the counts and the digest; give the digest back."""
        self._flush_all()
        self._line({"counts": {"nodes": dict(self._nodes), "ties": dict(self._ties)}})
        self._out(self._pack.flush() + b"\n")
        digest = self._digest.hexdigest()
        self._file.write(digest.encode() + b"\n")
        return digest

    def _add(self, key: tuple[str, tuple[str, str] | None], row: object) -> None:
        text = _json(row)
        block = self._blocks.setdefault(key, _Open())
        block.rows.append(text)
        block.characters += len(text)
        if len(block.rows) >= _ROWS or block.characters >= _CHARACTERS:
            self._flush(key)

    def _flush_all(self) -> None:
        for key in list(self._blocks):
            self._flush(key)

    def _flush(self, key: tuple[str, tuple[str, str] | None]) -> None:
        kind, ends = key
        rows = ",".join(self._blocks.pop(key).rows)
        self._out(self._pack.compress(f'{{"kind":{_json(kind)},"ends":{_json(ends)},"rows":[{rows}]}}\n'.encode()))

    def _line(self, value: object) -> None:
        self._out(self._pack.compress(_json(value).encode() + b"\n"))

    def _out(self, data: bytes) -> None:
        self._digest.update(data)
        self._file.write(data)


class BackupFile:
    """A backup that was found to be whole: its digest, its form and its counts hold.

    Parameters
    ----------
    path : Path
        The file.
    progress : callable, optional
        Told how many bytes are checked, and of how many.

    Raises
    ------
    InvalidInput
        It cannot be read, is no backup, was cut off or altered, or was made by a newer graphcrm.
    """

    def __init__(self, path: Path, progress: Callable[[int, int], None] | None = None) -> None:
        self.path = path
        try:
            self._size = path.stat().st_size
            with path.open("rb") as file:
                self.schema = self._read_header(file)
                self._begin = file.tell()
                self.digest = self._check_digest(file, progress)
        except OSError as error:
            raise InvalidInput(f"{path}: cannot be read ({error.strerror}).") from None
        self.nodes, self.ties = self._check_counts()

    def blocks(self) -> Iterator[Block]:
        """Stream the blocks: nodes before the ties that hang on them."""
        for line in self._lines():
            if "rows" in line:
                ends = line["ends"]
                yield Block(line["kind"], (ends[0], ends[1]) if ends else None, line["rows"])

    def _read_header(self, file: IO[bytes]) -> list[str]:
        try:
            header = json.loads(file.readline(_LONGEST_HEADER))
            known = header["format"] == _FORMAT
            version, schema = int(header["version"]), [str(name) for name in header["schema"]]
        except (ValueError, KeyError, TypeError, RecursionError):
            known = False
        if not known:
            raise InvalidInput(f"{self.path}: is no backup that graphcrm made.", field="file")
        if version > _VERSION:
            raise InvalidInput(
                f"{self.path}: was made by a newer graphcrm (backups of version {version}); install that one.",
                field="file",
            )
        return schema

    def _check_digest(self, file: IO[bytes], progress: Callable[[int, int], None] | None) -> str:
        digest = hashlib.sha256()
        file.seek(0)
        left = self._size - _FOOTER + 1
        while left > 0 and (data := file.read(min(left, _CHUNK))):
            digest.update(data)
            left -= len(data)
            if progress:
                progress(file.tell(), self._size)
        if file.read() != digest.hexdigest().encode() + b"\n":
            raise InvalidInput(f"{self.path}: was cut off or altered; fetch the backup again.", field="file")
        return digest.hexdigest()

    def _check_counts(self) -> tuple[dict[str, int], dict[str, int]]:
        nodes: Counter[str] = Counter()
        ties: Counter[str] = Counter()
        stated = None
        labels = {*LABELS, *BOOKKEEPING_LABELS}
        for line in self._lines():
            if "rows" not in line:
                stated = line["counts"]
            elif not line["ends"] and line["kind"] in labels:
                nodes[line["kind"]] += len(line["rows"])
            elif line["kind"] in TIE_TYPES and labels.issuperset(line["ends"] or [None]):
                ties[line["kind"]] += len(line["rows"])
            else:
                raise InvalidInput(
                    f"{self.path}: holds {line['kind']}, which this graphcrm does not know; install a newer one.",
                    field="file",
                )
        if stated != {"nodes": dict(nodes), "ties": dict(ties)}:
            raise InvalidInput(
                f"{self.path}: holds other numbers of records than it says; it is damaged.", field="file"
            )
        return dict(nodes), dict(ties)

    def _lines(self) -> Iterator[dict[str, Any]]:
        """Unpack the body, a line at a time."""
        unpack = zlib.decompressobj(wbits=31)
        rest = b""
        with self.path.open("rb") as file:
            file.seek(self._begin)
            left = self._size - _FOOTER - self._begin
            while left > 0 and (data := file.read(min(left, _PACKED))):
                left -= len(data)
                *lines, rest = (rest + unpack.decompress(data)).split(b"\n")
                for line in lines:
                    yield json.loads(line, object_hook=_untagged)
        if rest or not unpack.eof:
            raise InvalidInput(f"{self.path}: is damaged; fetch the backup again.", field="file")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_tagged)


def _tagged(value: object) -> dict[str, str]:
    """Times and days, which JSON has not; property names hold no ``$``."""
    if isinstance(value, datetime):
        return {"$time": value.isoformat()}
    if isinstance(value, date):
        return {"$day": value.isoformat()}
    raise InvalidInput(f"a property holds a {type(value).__name__}, which a backup cannot carry; remove it first")


def _untagged(value: dict[str, Any]) -> Any:
    if len(value) == 1:
        if "$time" in value:
            return datetime.fromisoformat(value["$time"])
        if "$day" in value:
            return date.fromisoformat(value["$day"])
    return value
