"""Uploaded files on their way in: a folder for each job, readable by its owner alone, and gone when the job is over."""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

from graphcrm import limits
from graphcrm.errors import InvalidInput, StoreError
from graphcrm.service.whole_files import is_full

__all__ = ["Upload", "Uploads"]

_FILES: Final = "files"
_MAPPING: Final = "mapping.toml"
_LOCK: Final = "lock"
_ORPHAN_S: Final = 86_400


class Upload:
    """A folder that is being filled.

    Nothing that came from outside becomes more of a path than one plain file name, and no file is opened twice.

    Parameters
    ----------
    folder : Path
        It; made here.
    """

    def __init__(self, folder: Path) -> None:
        try:
            folder.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folder.mkdir(mode=0o700)
            (folder / _FILES).mkdir(mode=0o700)
            # Held until the job is entered, so that nobody takes it for what a dead process left.
            self._lock = self._open(folder / _LOCK)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            message = f"uploads cannot be kept on this server: {error.strerror}; see GRAPHCRM_HOME"
            raise StoreError(message, retryable=is_full(error)) from None
        self._folder = folder
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    @staticmethod
    def _open(path: Path) -> IO[bytes]:
        return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb")

    def open_file(self, name: str) -> IO[bytes]:
        """Begin a file of the import.

        Parameters
        ----------
        name : str
            As the sender calls it; folders in front of it are passed over.

        Raises
        ------
        InvalidInput
            The name is none for a file, or came before, or these are too many files.
        """
        plain = name.replace("\\", "/").rpartition("/")[2].strip()
        usable = 0 < len(plain.encode(errors="replace")) <= limits.MAX_ID_LENGTH and plain.isprintable()
        if not usable or plain.startswith("."):
            raise InvalidInput(
                f"files: each needs a file name of 1 to {limits.MAX_ID_LENGTH} bytes that does not begin with a dot",
                field="files",
            )
        if len(list((self._folder / _FILES).iterdir())) >= limits.MAX_UPLOAD_FILES:
            raise InvalidInput(f"files: at most {limits.MAX_UPLOAD_FILES} at once", field="files")
        try:
            return self._open(self._folder / _FILES / plain)
        except FileExistsError:
            raise InvalidInput(
                f"files: {plain!r} is there twice; give each file a name of its own", field="files"
            ) from None

    def open_mapping(self) -> IO[bytes]:
        """Begin the mapping file."""
        try:
            return self._open(self._folder / _MAPPING)
        except FileExistsError:
            raise InvalidInput("mapping: is there twice", field="mapping") from None

    def names(self) -> list[str]:
        """The files that came, by name."""
        return sorted(path.name for path in (self._folder / _FILES).iterdir())

    def release(self) -> None:
        """Let go of the folder, when its job is entered or it is to be deleted."""
        self._lock.close()


class Uploads:
    """The uploads of a data folder.

    Parameters
    ----------
    folder : Path
        Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, id_: str) -> Upload:
        """Make the folder of a job."""
        return Upload(self._folder / id_)

    def has(self, id_: str) -> bool:
        """Whether a job's files are here."""
        return (self._folder / id_ / _FILES).is_dir()

    def files(self, id_: str) -> list[Path]:
        """A job's files, by name."""
        return sorted((self._folder / id_ / _FILES).iterdir())

    def mapping(self, id_: str) -> Path | None:
        """A job's mapping file, if one came along."""
        path = self._folder / id_ / _MAPPING
        return path if path.is_file() else None

    def discard(self, id_: str) -> None:
        """Delete a job's files; nothing happens where there are none."""
        shutil.rmtree(self._folder / id_, ignore_errors=True)

    def ids(self) -> list[str]:
        """The jobs whose files are here."""
        return sorted(path.name for path in self._folder.iterdir()) if self._folder.is_dir() else []

    def discard_old(self, id_: str) -> None:
        """Delete files that belong to no job, unless they are coming in or came in within a day.

        The data folder may serve several graphs in turn: then the job may stand in another one's book.
        """
        folder = self._folder / id_
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > _ORPHAN_S and not _is_being_filled(folder):
                shutil.rmtree(folder, ignore_errors=True)

    def plain(self, id_: str, text: str) -> str:
        """A text that names a job's files, with their own names alone."""
        return text.replace(f"{self._folder / id_ / _FILES}/", "")


def _is_being_filled(folder: Path) -> bool:
    try:
        with (folder / _LOCK).open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
