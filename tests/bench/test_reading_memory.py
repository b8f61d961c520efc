"""What files of each format take in memory on their way through a reader and a mapping: twice the file, the same."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import IO

import pytest
from measuring import in_a_process

pytestmark = pytest.mark.bench

ROWS = 10_000
WANTED = 1.15
PEOPLE = 500
"""Who writes in the mailbox: what is remembered of it grows with them."""
TEXT = "Forty chairs, please, and a table for the room with the windows. " * 15

PROGRAM = """
import json, sys
from measuring import peak_mib
from graphcrm.intake.canonical import canonical_sources
from graphcrm.intake.presets import find_preset

preset, path = sys.argv[1:]
sources = find_preset(preset).sources([path]) if preset else canonical_sources([path])
rejects = []
rows = {source.table.name: sum(1 for _ in source.rows(rejects.append)) for source in sources}
print(json.dumps({"rows": rows, "rejected": len(rejects), "peak_mib": peak_mib()}))
"""


def messages(count: int) -> Iterator[str]:
    for number in range(count):
        yield (
            f"From x Wed Jan 31 09:30:00 2024\nMessage-ID: <{number}@x>\nReferences: <{number // 50 * 50}@x>\n"
            f"From: p{number % PEOPLE}@x.example\nTo: p{number * 7 % PEOPLE}@x.example, q@x.example\n"
            f"Date: Wed, 31 Jan 2024 09:30:00 +0800\n\n{TEXT}\n\n"
        )


def cards(count: int) -> Iterator[str]:
    for number in range(count):
        yield f"BEGIN:VCARD\nVERSION:4.0\nUID:{number}\nFN:Person {number}\nNOTE:{TEXT}\nEND:VCARD\n"


def objects(count: int) -> Iterator[str]:
    return (json.dumps({"id": str(n), "name": f"Person {n}", "notes": TEXT}) + "\n" for n in range(count))


def lines(count: int) -> Iterator[str]:
    yield "id,name,notes\n"
    yield from (f'{number},Person {number},"{TEXT}"\n' for number in range(count))


def opened(path: Path) -> IO[str]:
    return gzip.open(path, "wt", compresslevel=1) if path.suffix == ".gz" else path.open("w")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("name", "preset", "write", "tables"),
    [
        ("inbox.mbox", "mailbox", messages, {"contacts": PEOPLE + 1, "interactions": 1}),
        ("cards.vcf", "vcard", cards, {"contacts": 1}),
        ("customers.jsonl", "", objects, {"customers": 1}),
        ("customers.csv.gz", "", lines, {"customers": 1}),
    ],
    ids=["mbox", "vcf", "jsonl", "csv-gz"],
)
def test_reading_twice_the_file(
    report: Callable[..., None],
    tmp_path: Path,
    name: str,
    preset: str,
    write: Callable[[int], Iterator[str]],
    tables: dict[str, int],
) -> None:
    peaks = []
    for count in (ROWS, 2 * ROWS):
        path = tmp_path / str(count) / name
        path.parent.mkdir()
        with closing(opened(path)) as file:
            file.writelines(write(count))
        found = in_a_process(PROGRAM, preset, path)
        assert found["rejected"] == 0
        got = {table: rows for table, rows in found["rows"].items() if rows}
        assert got == {table: count if rows == 1 else rows for table, rows in tables.items()}
        peaks.append(found["peak_mib"])
    ratio = peaks[1] / peaks[0]
    report(
        {"format": name, "rows": ROWS},
        {
            "peak_mib": peaks[0],
            "peak_mib_of_twice_as_many": peaks[1],
            "ratio": ratio,
            "ratio_wanted_at_most": WANTED,
        },
    )
    assert ratio <= WANTED
