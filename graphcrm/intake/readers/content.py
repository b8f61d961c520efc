"""Bytes on disk, in a gzip file or in a zip: opened as one stream, never written to disk, expanded only so far.

A member of a zip (and a sheet of a workbook, see `graphcrm.intake.readers.opening`) is named like a file in a folder:
``exports.zip/customers.csv``.
"""

from __future__ import annotations

import gzip
import io
import os
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, Literal, cast

from graphcrm.errors import InvalidInput
from graphcrm.limits import MAX_ARCHIVE_FILES, MAX_EXPANDED_BYTES, MAX_EXPANSION

__all__ = ["Content", "contents_of", "is_zip", "split_path"]

_BUFFER: Final = 1 << 18
_ALWAYS_EXPANDED: Final = 10_000_000
"""So many bytes may come out of any packed file, however small it is."""

_SETTLED_NS: Final = 2_000_000_000

Packing = Literal["none", "gzip", "zip"]


@dataclass(frozen=True)
class Content:
    """One stream of bytes in a file.

    Parameters
    ----------
    path : Path
        The file on disk.
    packing : str
        How the bytes lie in it: ``none``, ``gzip`` or ``zip``.
    member : str
        Which of a zip's files.
    part : str
        Which part of the content is meant, where it has several (a sheet, …).
    """

    path: Path
    packing: Packing = "none"
    member: str = ""
    part: str = ""
    size: int = field(default=0, compare=False)
    """Bytes that it takes on disk."""
    _stamp: tuple[int, ...] = field(default=(), repr=False)

    @classmethod
    def of_file(cls, path: Path, part: str = "") -> Content:
        """Take a file that is not packed, or packed by gzip.

        Raises
        ------
        InvalidInput
            If there is no file, or it cannot be read.
        """
        start = _start(path)
        packing: Packing = "gzip" if start.startswith(b"\x1f\x8b") else "none"
        status = path.stat()
        return cls(path, packing, part=part, size=status.st_size, _stamp=_stamp(status))

    def at(self, part: str) -> Content:
        """The same content, of which only a part is meant."""
        return replace(self, part=part)

    @property
    def name(self) -> str:
        """What the user knows it by."""
        return "/".join(filter(None, (str(self.path), self.member, self.part)))

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open it at its beginning.

        Raises
        ------
        InvalidInput
            Here or while it is read: if it cannot be read, is damaged or cut off, or expands too far.
        """
        try:
            # Few reads: after each one the batch that is being written meanwhile has the interpreter for a while.
            file = self.path.open("rb", buffering=_BUFFER)
        except OSError as error:
            raise InvalidInput(f"{self.name}: cannot be read ({error.strerror}).") from error
        with file:
            if self.packing == "none":
                yield file
            elif self.packing == "gzip":
                yield self._bounded(gzip.GzipFile(fileobj=file), file)
            else:
                with _opened_zip(self.path, file) as archive, archive.open(_info(archive, self)) as member:
                    yield self._bounded(member, None)

    def position(self, stream: BinaryIO) -> int:
        """About how many bytes of the file the stream is past."""
        raw = getattr(stream, "raw", None)
        return raw.position() if isinstance(raw, _Expanding) else stream.tell()

    @contextmanager
    def seekable(self) -> Iterator[BinaryIO]:
        """Open it for reading in any order; what is packed is unpacked into a nameless file first."""
        with self.open() as stream:
            if self.packing == "none":
                yield stream
                return
            with tempfile.TemporaryFile() as whole:
                while block := stream.read(_BUFFER):
                    whole.write(block)
                whole.seek(0)
                yield cast(BinaryIO, whole)

    def is_settled(self) -> bool:
        """Whether the file was last written long enough ago for a change to show in its time."""
        return bool(self._stamp) and time.time_ns() - self._stamp[-1] > _SETTLED_NS

    def check_unchanged(self) -> None:
        """Refuse what was read from a file that is another one by now.

        Raises
        ------
        InvalidInput
            If the file was written to, replaced or removed since this was made.
        """
        try:
            changed = _stamp(self.path.stat()) != self._stamp
        except OSError:
            changed = True
        if changed:
            raise InvalidInput(
                f"{self.name}: was changed while it was read, so that rows may be missing; import it again when "
                "nothing writes to it."
            )

    def _bounded(self, source: Any, packed: BinaryIO | None) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(_Expanding(self, source, packed), _BUFFER))


class _Expanding(io.RawIOBase):
    """What is unpacked, with an end to how much that may be and with one kind of error."""

    def __init__(self, content: Content, source: Any, packed: BinaryIO | None) -> None:
        self._content = content
        self._source = source
        self._packed = packed
        self._expanded = 0

    def readable(self) -> bool:
        return True

    def position(self) -> int:
        """Bytes of the packed file that are read."""
        if self._packed is not None:
            return self._packed.tell()
        share = self._expanded / max(1, self._source._orig_file_size)
        return int(self._content.size * min(1.0, share))

    def readinto(self, buffer: Any) -> int:
        try:
            data: bytes = self._source.read(len(buffer))
        except (EOFError, OSError, zlib.error, zipfile.BadZipFile, ValueError) as error:
            reason = "is cut off; fetch it again" if isinstance(error, EOFError) else f"is damaged ({error})"
            raise InvalidInput(f"{self._content.name}: {reason}.") from error
        self._expanded += len(data)
        packed = self._content.size if self._packed is None else self._packed.tell()
        if self._expanded > max(_ALWAYS_EXPANDED, packed * MAX_EXPANSION):
            raise InvalidInput(
                f"{self._content.name}: expands to more than {MAX_EXPANSION} times its size, as no honest file does; "
                "unpack it yourself if you trust it."
            )
        if self._expanded > MAX_EXPANDED_BYTES:
            raise InvalidInput(f"{self._content.name}: expands to more than {MAX_EXPANDED_BYTES:,} bytes.")
        buffer[: len(data)] = data
        return len(data)


def is_zip(path: Path) -> bool:
    """Whether a file is a zip of files: not a workbook or another format that is a zip inside."""
    if not path.is_file() or not _start(path).startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return False
    with path.open("rb") as file, _opened_zip(path, file) as archive:
        names = archive.namelist()
    return "[Content_Types].xml" not in names and "mimetype" not in names


def contents_of(path: Path) -> list[Content]:
    """List what a file holds: the members of a zip in its order, else the file itself.

    Parameters
    ----------
    path : Path
        A file.

    Returns
    -------
    list of Content
        The zip's files without folders and the files that systems add by themselves.

    Raises
    ------
    InvalidInput
        If the file cannot be read, or is a zip that is damaged, encrypted, holds nothing or too much, or names paths
        that lead out of it.
    """
    if not is_zip(path):
        return [Content.of_file(path)]
    stamp = _stamp(path.stat())
    with path.open("rb") as file, _opened_zip(path, file) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and not _is_clutter(info.filename)]
    if not infos:
        raise InvalidInput(f"{path}: holds no file.")
    if len(infos) > MAX_ARCHIVE_FILES:
        raise InvalidInput(f"{path}: holds {len(infos):,} files; at most {MAX_ARCHIVE_FILES:,} are read from a zip.")
    for info in infos:
        _check_member(path, info)
    if sum(info.compress_size for info in infos) > stamp[2]:
        raise InvalidInput(f"{path}: is a zip whose files lie over each other, as in no honest one.")
    return [Content(path, "zip", info.filename, size=info.compress_size, _stamp=stamp) for info in infos]


def split_path(path: Path) -> tuple[Path, str]:
    """Split a path that leads into a file.

    Returns
    -------
    tuple of Path and str
        The file or folder on disk, and what is meant within the file; empty for all of it.
    """
    for outer in (path, *path.parents):
        if outer.is_file():
            return outer, path.relative_to(outer).as_posix() if outer != path else ""
        if outer.exists():
            break
    return path, ""


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror}).") from error


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def _opened_zip(path: Path, file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(file)
    # A RuntimeError of the library means a way of packing that it does not know.
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, EOFError) as error:
        raise InvalidInput(f"{path}: is a zip that is damaged or cut off ({error}).") from error
    with archive:
        yield archive


def _info(archive: zipfile.ZipFile, content: Content) -> zipfile.ZipInfo:
    try:
        info = archive.getinfo(content.member)
    except KeyError:
        raise InvalidInput(f"{content.path}: no longer holds {content.member}.") from None
    _check_member(content.path, info)
    return info


def _check_member(path: Path, info: zipfile.ZipInfo) -> None:
    parts = PurePosixPath(info.filename.replace("\\", "/")).parts
    if not parts or info.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise InvalidInput(f"{path}: holds {info.filename!r}, a path that leads out of it.")
    if info.flag_bits & 1:
        raise InvalidInput(f"{path}: holds {info.filename}, which is encrypted; unpack it and import the files.")
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # others cannot be unpacked bit by bit
        raise InvalidInput(f"{path}: holds {info.filename}, packed in a way that is not known; unpack it yourself.")


def _is_clutter(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return bool(parts) and (parts[0] == "__MACOSX" or parts[-1] in (".DS_Store", "Thumbs.db"))
