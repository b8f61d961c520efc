"""Files and folders that are there whole or not at all: written under another name, then given theirs."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from graphcrm.errors import InvalidInput

__all__ = ["is_full", "new_file", "new_folder"]


@contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """Write a file that only its owner may read.

    Parameters
    ----------
    path : Path
        Where it is to stand; nothing may stand there.

    Yields
    ------
    binary file
        What is written to it is at `path` when the block ends without an error, and gone otherwise.

    Raises
    ------
    InvalidInput
        Something stands there already, or the place cannot be written to.
    """
    _refuse_taken(path, path.exists() or path.is_symlink())
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _refuse_taken(path, path.exists())
            os.rename(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a folder.

    Parameters
    ----------
    path : Path
        Where it is to stand; an empty folder there is replaced.

    Yields
    ------
    Path
        A folder beside it. What is in it is at `path` when the block ends without an error, and gone otherwise.

    Raises
    ------
    InvalidInput
        There are files already, or the place cannot be written to.
    """
    with _explained(path):
        path = path.absolute()
        _refuse_taken(path, path.is_symlink() or (path.exists() and not (path.is_dir() and not any(path.iterdir()))))
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
        try:
            yield partial
            for file in partial.rglob("*"):
                if file.is_file():
                    with file.open("rb") as written:
                        os.fsync(written.fileno())
            partial.chmod(0o755 & ~_umask())
            os.rename(partial, path)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise


def _refuse_taken(path: Path, taken: bool) -> None:
    if taken:
        raise InvalidInput(f"{path}: is there already; name a place where nothing stands.", field="path")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        advice = "; make room on its disk, or name a place on another one" if is_full(error) else ""
        raise InvalidInput(f"{path}: cannot be written ({error.strerror or error}){advice}.", field="path") from None


def is_full(error: OSError) -> bool:
    """Whether a disk, or what somebody may have of it, is full; SQLite says so in words alone."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) or "disk is full" in str(error)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
