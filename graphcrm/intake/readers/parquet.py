"""Parquet files, read by batches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers.base import OnReject, Reader, checked_header, text_of
from graphcrm.intake.readers.content import Content
from graphcrm.limits import MAX_EXPANSION

if TYPE_CHECKING:
    import pyarrow.parquet as pq

__all__ = ["ParquetFile"]

_BATCH_ROWS: Final = 2_000
_ALWAYS_ROWS: Final = 1_000_000


class ParquetFile(Reader):
    """A Parquet file; a row's line is its number, the first one's being 1.

    Parameters
    ----------
    content : Content
        The bytes.

    Raises
    ------
    InvalidInput
        If the file is damaged or cut off, or says that it holds more rows than its size can.
    """

    kind = "parquet"

    def __init__(self, content: Content) -> None:
        super().__init__(content)
        with content.seekable() as stream:
            file = self._opened(stream)
            self.header = checked_header(f"{self.name}: the schema", file.schema_arrow.names)
            self._rows = int(file.metadata.num_rows)
        if self._rows > max(_ALWAYS_ROWS, MAX_EXPANSION * self.size):
            raise InvalidInput(f"{self.name}: says that it holds {self._rows:,} rows, more than its size can.")
        self._done = 0

    @property
    def offset(self) -> int:
        """About how many of the bytes are read so far."""
        return self.size * self._done // max(1, self._rows)

    def rows(self, on_reject: OnReject) -> Iterator[tuple[int, dict[str, str]]]:
        """Stream the rows; see `Reader.rows`."""
        with self.content.seekable() as stream:
            yield from self._read(stream)
        self._done = self._rows
        self.content.check_unchanged()

    def _read(self, stream: BinaryIO) -> Iterator[tuple[int, dict[str, str]]]:
        file = self._opened(stream)
        self._done = 0
        batches = file.iter_batches(batch_size=_BATCH_ROWS, use_threads=False)
        while columns := self._columns_of(batches):
            for number, fields in enumerate(zip(*columns, strict=True), self._done + 1):
                yield number, dict(zip(self.header, fields, strict=True))
            self._done += len(columns[0])

    def _columns_of(self, batches: Iterator[Any]) -> list[list[str]]:
        import pyarrow as pa

        try:
            batch = next(batches, None)
            return [list(map(text_of, column.to_pylist())) for column in batch.columns] if batch is not None else []
        except (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError) as error:
            raise self._damaged(error) from error

    def _opened(self, stream: BinaryIO) -> pq.ParquetFile:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.ParquetFile(stream)
        except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> InvalidInput:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        return InvalidInput(f"{self.name}: is Parquet that is damaged or cut off ({reason}).")
