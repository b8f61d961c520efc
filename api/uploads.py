"""Uploads: a ``multipart/form-data`` body on its way to disk, never held in memory as a whole.

References
----------
RFC 7578, Returning Values from Forms: multipart/form-data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from contextlib import suppress
from typing import IO, Any, Final, Protocol

from fastapi import Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool

from api.errors import Malformed, UnsupportedMediaType
from graphcrm.errors import InvalidInput, StoreError
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["FORM", "Form", "Target", "received"]

FORM: Final = "multipart/form-data"


class Target(Protocol):
    """Where files go: `graphcrm.service.uploads.Upload`."""

    def open_file(self, name: str) -> IO[bytes]: ...
    def open_mapping(self) -> IO[bytes]: ...


class Form:
    """A form that is being read: files go to disk, short fields are kept.

    Parameters
    ----------
    boundary : bytes
        What stands between the parts.
    target : Target
        Where files go: those of the part `files`, and the one of the part `mapping`.
    fields : collection of str
        Names of the short fields.
    """

    def __init__(self, boundary: bytes, target: Target, fields: Collection[str]) -> None:
        self.values: dict[str, str] = {}
        self.digests: list[tuple[str, str]] = []
        """The part and the SHA-256 of each file, in order."""
        self._target = target
        self._fields = fields
        self._header = (b"", b"")
        self._headers: dict[bytes, bytes] = {}
        self._name = ""
        self._file: IO[bytes] | None = None
        self._text = b""
        self._ended = False
        callbacks: Any = {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._take(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._take(1, data[start:end]),
            "on_header_end": self._keep_header,
            "on_headers_finished": self._open,
            "on_part_data": lambda data, start, end: self._write(data[start:end]),
            "on_part_end": self._close,
            "on_end": self._finish,
        }
        self._parser = MultipartParser(boundary, callbacks)

    def feed(self, data: bytes) -> None:
        """Take the next piece of the body.

        Raises
        ------
        Malformed
            This is no form.
        InvalidInput
            A part that is not known, comes twice or is too long.
        StoreError
            The disk takes no more.
        """
        try:
            self._parser.write(data)
        except FormParserError:
            raise Malformed("The body is not the multipart form that its Content-Type says.") from None
        except OSError as error:
            message = f"the upload cannot be kept ({error.strerror}); make room on the server's disk, then try again"
            raise StoreError(message, retryable=True) from None

    def end(self) -> None:
        """Say that this is all.

        Raises
        ------
        Malformed
            The form is cut off.
        """
        if not self._ended:
            raise Malformed("The body ends in the middle of the form.")

    def close(self) -> None:
        """Give up the file that is being written, if one is."""
        if self._file is not None:
            with suppress(OSError):  # a full disk takes no more now, either
                self._file.close()
            self._file = None

    def _begin(self) -> None:
        self._headers = {}
        self._header = (b"", b"")

    def _take(self, place: int, data: bytes) -> None:
        name, value = self._header
        self._header = (name + data, value) if place == 0 else (name, value + data)

    def _keep_header(self) -> None:
        name, value = self._header
        self._headers[name.lower()] = value
        self._header = (b"", b"")

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = _text(options.get(b"name", b""))
        if self._name == "files":
            if b"filename" not in options:
                raise InvalidInput("files: each must be a file with its name", field="files")
            self._begin_file(self._target.open_file(_text(options[b"filename"])))
        elif self._name == "mapping":
            self._begin_file(self._target.open_mapping())
        elif self._name not in self._fields:
            names = ("files", "mapping", *self._fields)
            message = f"There is no field {self._name[:100]!r}; there are: {', '.join(names)}."
            raise InvalidInput(message, field=self._name[:100], allowed=names)
        elif self._name in self.values:
            raise InvalidInput(f"{self._name}: is given more than once", field=self._name)
        else:
            self._text = b""

    def _begin_file(self, file: IO[bytes]) -> None:
        self._file = file
        self._digest = hashlib.sha256()

    def _write(self, data: bytes) -> None:
        if self._file is not None:
            self._digest.update(data)
            self._file.write(data)
        elif len(self._text) + len(data) > MAX_NAME_LENGTH:
            raise InvalidInput(f"{self._name}: must have at most {MAX_NAME_LENGTH} bytes", field=self._name)
        else:
            self._text += data

    def _close(self) -> None:
        if self._file is not None:
            self.digests.append((self._name, self._digest.hexdigest()))
            self._file.close()
            self._file = None
        else:
            self.values[self._name] = _text(self._text)

    def _finish(self) -> None:
        self._ended = True


def _text(data: bytes) -> str:
    # The option parser reads headers as Latin-1, and gives back their bytes.
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise InvalidInput("The form's names and values must be UTF-8.", field="body") from None


async def received(request: Request, target: Target, fields: Collection[str]) -> Form:
    """Read a form to its end.

    Parameters
    ----------
    request : Request
        Whose body it is.
    target, fields
        See `Form`.

    Returns
    -------
    Form
        With the short fields as `values`, and the `digests` of the files.

    Raises
    ------
    UnsupportedMediaType
        The body says that it is something else.
    Malformed, InvalidInput
        See `Form`.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if kind != FORM.encode() or not boundary:
        raise UnsupportedMediaType(f"Send the files as Content-Type: {FORM}, with its boundary.")
    try:
        form = Form(boundary, target, fields)
    except FormParserError:
        raise Malformed("The boundary of the form cannot be used.") from None
    try:
        async for chunk in request.stream():
            if chunk:
                await run_in_threadpool(form.feed, chunk)
        form.end()
    finally:
        form.close()
    return form
