"""Readers: every format as rows of text by column, found by content, streamed, bounded, never stopped by a bad row.

`open_file` gives the reader that a file needs. A `Reader` has a `header`, `rows(on_reject)`, a `name`, and `size` and
`offset` for progress.
"""

from __future__ import annotations

from graphcrm.intake.readers.base import OnReject, Reader, Reject, text_of
from graphcrm.intake.readers.encodings import checked_encoding
from graphcrm.intake.readers.opening import files_in, is_there, open_file
from graphcrm.intake.readers.separated import CsvFile, checked_delimiter, is_delimiter

__all__ = [
    "CsvFile",
    "OnReject",
    "Reader",
    "Reject",
    "checked_delimiter",
    "checked_encoding",
    "files_in",
    "is_delimiter",
    "is_there",
    "open_file",
    "text_of",
]
