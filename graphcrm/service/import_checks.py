"""What can be told of an import before it begins, so that it is refused at once and not by the job."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graphcrm.errors import InvalidInput
from graphcrm.service.source_records import HAND
from graphcrm.service.sources import check_name

__all__ = ["check_import"]


def check_import(
    paths: Sequence[Path],
    source: str,
    mapping: Path | None = None,
    preset: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    date_order: str | None = None,
) -> None:
    """Refuse an import that cannot be meant.

    Parameters
    ----------
    paths : sequence of Path
        What it reads; of files that are to be canonical the name must be a table's.
    source : str
        Which source it belongs to: not what people enter by hand.
    mapping, preset, encoding, delimiter, date_order
        See `graphcrm.intake.importer.import_files`.

    Raises
    ------
    InvalidInput
        What is wrong, with the option in `field`.
    """
    # Here and not above: whoever only reads the graph needs no readers of files.
    from graphcrm.intake.canonical import check_tables
    from graphcrm.intake.dating import checked_order
    from graphcrm.intake.mapping import load_mapping
    from graphcrm.intake.presets import AUTO, preset_path
    from graphcrm.intake.readers import checked_delimiter, checked_encoding

    check_name(source)
    if source == HAND:
        message = f"source: {HAND!r} is what people enter by hand; name the one that the files are from"
        raise InvalidInput(message, field="source")
    if mapping and preset:
        raise InvalidInput("preset: a mapping is given already; choose one of the two.", field="preset")
    if preset and preset != AUTO:
        preset_path(preset)
    if encoding:
        checked_encoding(encoding)
    if delimiter:
        checked_delimiter(delimiter)
    checked_order(date_order)
    if mapping:
        load_mapping(mapping)
    elif not preset:
        check_tables(paths)
