"""The import's bookkeeping, against a writer that keeps rows in memory."""

from __future__ import annotations

import csv
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from graphcrm.errors import InvalidInput, StoreError
from graphcrm.intake.importer import FileReport, ImportReport, Outcome, import_files
from graphcrm.sample import write_sample
from graphcrm.schema import TIE_TYPES
from graphcrm.tables import TABLES, Row, Table


@dataclass(frozen=True)
class Refused:
    column: str
    reason: str


@dataclass
class Memory:
    """Keeps what it is given; refuses rows that name nobody, as the graph does."""

    nodes: dict[tuple[str, str], Row] = field(default_factory=dict)
    ties: dict[str, Row] = field(default_factory=dict)
    batches: list[tuple[str, int]] = field(default_factory=list)
    finished: list[tuple[str, int]] = field(default_factory=list)
    """Files that are through, and how many batches had come by then."""
    die_at: int | None = None

    def loading(self, table: Table, assumed: dict[str, set[str]] | None = None) -> MemoryWriter:
        return MemoryWriter(self, table, assumed)

    def write(self, table: Table, rows: Sequence[Row], assumed: dict[str, set[str]] | None) -> list[Outcome]:
        assert len({row.id for row in rows}) == len(rows) > 0
        if len(self.batches) == self.die_at:
            raise StoreError("the database is gone", retryable=True)
        self.batches.append((table.name, len(rows)))
        own = {row.id for row in rows} if table.label else set()
        return [self._one(table, row, own, assumed is not None, assumed or {}) for row in rows]

    def _one(self, table: Table, row: Row, own: set[str], dry_run: bool, assumed: dict[str, set[str]]) -> Outcome:
        def known(labels: Sequence[str], id_: str) -> bool:
            return any(id_ in assumed.get(label, ()) or (label, id_) in self.nodes for label in labels)

        if table.type:
            kind = TIE_TYPES[table.type]
            for column, labels, id_ in zip(
                table.ends, (kind.sources, kind.targets), (row.source_id, row.target_id), strict=True
            ):
                if not known(labels, id_):
                    return Refused(column, f"there is no {id_!r}")
        for reference in table.references:
            for id_ in row.references.get(reference.field, ()):
                if not (known(reference.labels, id_) or reference.creates or id_ in own):
                    return Refused(reference.field, f"there is no {id_!r}")
        old = self.ties.get(row.id) if table.type else self.nodes.get((table.label or "", row.id))
        if not dry_run:
            if table.type:
                self.ties[row.id] = row
            else:
                self.nodes[table.label or "", row.id] = row
        return "created" if old is None else "unchanged" if old == row else "updated"


@dataclass
class MemoryWriter:
    memory: Memory
    table: Table
    assumed: dict[str, set[str]] | None
    prefix: str = ""
    notes: Sequence[str] = ()

    def key(self, row: Row) -> int:
        return hash(row.id)

    def write(self, rows: Sequence[Row]) -> list[Outcome]:
        return self.memory.write(self.table, rows, self.assumed)

    def finish(self) -> None:
        self.memory.finished.append((self.table.name, len(self.memory.batches)))


def write(directory: Path, **files: str) -> Path:
    for name, text in files.items():
        (directory / f"{name}.csv").write_text(text, encoding="utf-8")
    return directory


def counts(report: ImportReport) -> dict[str, tuple[int, int, int, int, int]]:
    for file in report.files:
        file.check()
    return {
        Path(file.file).name: (file.read, file.created, file.updated, file.unchanged, file.rejected)
        for file in report.files
    }


def rejects(path: Path) -> list[tuple[str, int, str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [
            (Path(row["file"]).name, int(row["line"]), row["column"], row["reason"]) for row in csv.DictReader(file)
        ]


@pytest.mark.parametrize("batch_rows", [1, 7, 10_000])
def test_sample_comes_in_whole_and_twice_changes_nothing(tmp_path: Path, batch_rows: int) -> None:
    expected = write_sample(tmp_path, 60, 3)
    memory = Memory()
    first = import_files(memory, [tmp_path], batch_rows=batch_rows)
    assert counts(first) == {name: (rows, rows, 0, 0, 0) for name, rows in expected.items()}
    again = import_files(memory, [tmp_path], batch_rows=batch_rows)
    assert counts(again) == {name: (rows, 0, 0, rows, 0) for name, rows in expected.items()}
    assert first.rejects_path is None
    total = sum(expected.values())
    assert (first.read, first.created, first.updated, first.unchanged, first.rejected) == (total, total, 0, 0, 0)
    assert (again.read, again.created, again.updated, again.unchanged, again.rejected) == (total, 0, 0, total, 0)
    order = list(dict.fromkeys(name for name, _ in memory.batches))
    assert order == [name for name in TABLES if name in order]
    assert max(rows for _, rows in memory.batches) <= batch_rows


def test_bad_rows_do_not_stop_the_rest(tmp_path: Path) -> None:
    write(
        tmp_path,
        customers="id,name\nA,Ann\n,No id\nB,Bob\n" + "x" * 200 + ",Long id\nC,Cy\nD\nE,Eve\n",
        referrals="referrer_id,referred_id,at\nA,B,2025-01-01T00:00:00Z\nA,A,2025-01-01T00:00:00Z\n"
        "A,Z,2025-01-01T00:00:00Z\nB,C,yesterday\n",
    )
    memory = Memory()
    out = tmp_path / "out" / "rejects.csv"
    report = import_files(memory, [tmp_path], rejects_path=out)
    assert counts(report) == {"customers.csv": (7, 4, 0, 0, 3), "referrals.csv": (4, 1, 0, 0, 3)}
    assert report.rejected == 6
    assert report.rejects_path == out
    found = rejects(out)
    assert [reject[:3] for reject in found] == [
        ("customers.csv", 3, "id"),
        ("customers.csv", 5, "id"),
        ("customers.csv", 7, ""),
        ("referrals.csv", 3, "referred_id"),
        ("referrals.csv", 4, "referred_id"),
        ("referrals.csv", 5, "at"),
    ]
    assert "is required" in found[0][3]
    assert "at most 128" in found[1][3]
    assert "nobody refers themselves" in found[3][3]
    assert "there is no 'Z'" in found[4][3]
    assert "ISO 8601" in found[5][3]


def test_rejects_hold_the_row_as_it_came(tmp_path: Path) -> None:
    write(tmp_path, customers='id,name,email\n,"=HYPERLINK(""x"")",王\n')
    out = tmp_path / "r.out"
    import_files(Memory(), [tmp_path], rejects_path=out)
    with out.open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert json.loads(row["row"]) == {"id": "", "name": '=HYPERLINK("x")', "email": "王"}


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_same_id_twice_in_one_file(tmp_path: Path, batch_rows: int) -> None:
    write(
        tmp_path,
        customers="id,name\nA,Ann\nA,Ann\nB,Bob\nA,Anna\nA,Ann\n",
        relationships="source_id,target_id,kind,strength\nA,B,friend,0.5\nA,B,friend,0.5\nA,B,friend,0.6\nA,B,family,0.6\n",
    )
    memory = Memory()
    report = import_files(memory, [tmp_path], rejects_path=tmp_path / "r.out", batch_rows=batch_rows)
    assert counts(report) == {"customers.csv": (5, 2, 0, 2, 1), "relationships.csv": (4, 2, 0, 1, 1)}
    assert rejects(tmp_path / "r.out") == [
        ("customers.csv", 5, "id", "id: 'A' stands on line 2 already, with other values"),
        (
            "relationships.csv",
            4,
            "source_id",
            "source_id: 'KNOWS:A:B:friend' stands on line 2 already, with other values",
        ),
    ]
    assert memory.nodes["Customer", "A"].properties["name"] == "Ann"


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_a_repeat_of_a_refused_row_is_refused(tmp_path: Path, batch_rows: int) -> None:
    write(tmp_path, customers="id,name\nA,Ann\n", referrals="referrer_id,referred_id\nA,Z\nA,Z\n")
    report = import_files(Memory(), [tmp_path], rejects_path=tmp_path / "r.out", batch_rows=batch_rows)
    assert counts(report)["referrals.csv"] == (2, 0, 0, 0, 2)
    assert [reject[1] for reject in rejects(tmp_path / "r.out")] == [2, 3]


def test_a_changed_row_in_another_run_is_an_update(tmp_path: Path) -> None:
    memory = Memory()
    import_files(memory, [write(tmp_path, customers="id,name\nA,Ann\nB,Bob\n")])
    report = import_files(memory, [write(tmp_path, customers="id,name\nA,Anna\nB,Bob\nC,Cy\n")])
    assert counts(report) == {"customers.csv": (3, 1, 1, 1, 0)}


def test_many_unreadable_rows_are_written_as_they_come(tmp_path: Path) -> None:
    write(tmp_path, customers="id,name\n" + "x\n" * 1000 + "A,Ann\n")
    report = import_files(Memory(), [tmp_path], rejects_path=tmp_path / "r.out", batch_rows=10)
    assert counts(report) == {"customers.csv": (1001, 1, 0, 0, 1000)}
    assert [reject[1] for reject in rejects(tmp_path / "r.out")] == list(range(2, 1002))


def test_campaigns_with_many_targets_go_in_few_at_a_time(tmp_path: Path) -> None:
    targets = "|".join(f"P{i}" for i in range(50))
    write(
        tmp_path,
        customers="id,name\n" + "".join(f"P{i},N\n" for i in range(50)),
        campaigns="id,name,targeted_ids\n" + "".join(f"K{i},N,{targets}\n" for i in range(20)),
    )
    memory = Memory()
    import_files(memory, [tmp_path], batch_rows=50)
    assert [rows for name, rows in memory.batches if name == "campaigns"] == [3, 3, 3, 3, 3, 3, 2]


def test_dry_run_says_the_same_and_writes_nothing(tmp_path: Path) -> None:
    expected = write_sample(tmp_path / "in", 40, 5)
    write(tmp_path / "in", segments="id,name\nS,Seg\n,x\n")
    memory = Memory()
    report = import_files(memory, [tmp_path / "in"], dry_run=True, batch_rows=9)
    found = counts(report)
    assert found.pop("segments.csv") == (2, 1, 0, 0, 1)
    assert found == {name: (rows, rows, 0, 0, 0) for name, rows in expected.items()}
    assert report.dry_run
    assert memory.nodes == {}
    assert memory.ties == {}


def test_dry_run_knows_owners_that_would_be_made(tmp_path: Path) -> None:
    write(
        tmp_path,
        customers="id,name,owner_id\nA,Ann,U1\n",
        interactions="id,kind,at,from_id,to_ids\nI,call,2025-01-01,U1,A\n",
    )
    assert import_files(Memory(), [tmp_path], dry_run=True).rejected == 0


def test_dry_run_knows_ids_that_several_labels_share(tmp_path: Path) -> None:
    write(
        tmp_path,
        users="id,name,reports_to_id\n1,Boss,\n2,Rep,1\n",
        customers="id,name,owner_id\n1,Ann,2\n2,Bob,1\n",
        products="id,name\n1,Tea\n",
        campaigns="id,name,targeted_ids\n1,Mail,1|2\n",
        interactions="id,kind,at,from_id,to_ids,campaign_id\n1,call,2025-01-01,1,2,1\n",
        orders="id,customer_id,at\n1,1,2025-01-01\n",
        order_lines="order_id,product_id,quantity\n1,1,3\n",
        responses="party_id,campaign_id,kind\n1,1,opened\n",
    )
    assert import_files(Memory(), [tmp_path], dry_run=True).rejected == 0


def test_killed_and_run_again(tmp_path: Path) -> None:
    expected = write_sample(tmp_path / "in", 60, 3)
    for die_at in (0, 1, 5, 12, 30):
        memory = Memory(die_at=die_at)
        with pytest.raises(StoreError):
            import_files(memory, [tmp_path / "in"], rejects_path=tmp_path / "r.csv", batch_rows=20)
        memory.die_at = None
        found = counts(import_files(memory, [tmp_path / "in"], batch_rows=20))
        assert {name: sum(row[1:4]) for name, row in found.items()} == expected
        assert sum(row[2] + row[4] for row in found.values()) == 0
        whole = Memory()
        import_files(whole, [tmp_path / "in"])
        assert (memory.nodes, memory.ties) == (whole.nodes, whole.ties)
    assert not (tmp_path / "r.csv").exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("graphcrm-import")]


def test_nothing_is_written_when_a_file_cannot_be_meant(tmp_path: Path) -> None:
    memory = Memory()
    write(tmp_path, customers="id,name\nA,Ann\n", referrals="referrer_id\nA\n")
    with pytest.raises(InvalidInput, match="referred_id"):
        import_files(memory, [tmp_path])
    with pytest.raises(InvalidInput, match="mistyped"):
        import_files(memory, [tmp_path / "customers.csv", tmp_path / "mistyped"])
    with pytest.raises(InvalidInput, match="cannot be read"):
        import_files(memory, [tmp_path / "customers.csv"], mapping=tmp_path / "none.toml")
    assert memory.batches == []


def test_rejects_of_an_earlier_run_are_not_data(tmp_path: Path) -> None:
    write(tmp_path, customers="id,name\nA,Ann\n,x\n")
    for _ in range(2):
        report = import_files(Memory(), [tmp_path], rejects_path=tmp_path / "rejects.csv")
        assert counts(report) == {"customers.csv": (2, 1, 0, 0, 1)}


@pytest.mark.parametrize("paths", [["customers.csv"], ["."]])
@pytest.mark.parametrize("name", ["customers.csv", "keep.csv", "link.csv"])
def test_rejects_never_replace_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, paths: list[str], name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    data = "id,name\nA,Ann\n"
    write(tmp_path, customers=data, keep=data)
    (tmp_path / "link.csv").symlink_to("customers.csv")
    memory = Memory()
    with pytest.raises(InvalidInput, match=name) as caught:
        import_files(memory, paths, rejects_path=name)
    assert caught.value.field == "rejects"
    assert memory.batches == []
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == [data] * 3


def test_rejects_that_are_read_are_not_replaced(tmp_path: Path) -> None:
    write(tmp_path, old="file,line,column,reason,row\nf.csv,2,id,is required,x\n")
    before = (tmp_path / "old.csv").read_text()
    (tmp_path / "m.toml").write_text(
        '[[tables]]\ntable = "customers"\nfile = "old.csv"\ncolumns = { id = "line", name = "reason" }\n'
    )
    memory = Memory()
    with pytest.raises(InvalidInput, match="is read by this import") as caught:
        import_files(memory, [tmp_path], mapping=tmp_path / "m.toml", rejects_path=tmp_path / "old.csv")
    assert caught.value.field == "rejects"
    assert memory.batches == []
    assert (tmp_path / "old.csv").read_text() == before


def test_progress(tmp_path: Path) -> None:
    write(tmp_path, customers="id,name\n" + "".join(f"P{i},N\n" for i in range(25)))
    told: list[tuple[str, int, float]] = []
    import_files(Memory(), [tmp_path], progress=lambda *step: told.append(step), batch_rows=10)
    assert [(Path(file).name, rows) for file, rows, _ in told] == [("customers.csv", n) for n in (10, 20, 25)]
    shares = [share for _, _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_long_texts_make_small_batches(tmp_path: Path) -> None:
    note = "x" * 90_000
    write(tmp_path, customers="id,name,notes\n" + "".join(f"P{i},N,{note}\n" for i in range(50)))
    told: list[int] = []
    import_files(Memory(), [tmp_path], progress=lambda _, rows, __: told.append(rows))
    assert told == [23, 46, 50]


def test_mapped_file(tmp_path: Path) -> None:
    write(tmp_path, people="no,who,boss\n1,Ann,\n2,Bob,1\n")
    (tmp_path / "m.toml").write_text(
        """
        [[tables]]
        table = "relationships"
        file = "people.csv"
        columns = { source_id = "no", target_id = "boss", kind = { value = "colleague" } }
        [[tables]]
        table = "contacts"
        file = "people.csv"
        columns = { id = "no", name = "who" }
        """
    )
    memory = Memory()
    report = import_files(memory, [tmp_path], mapping=tmp_path / "m.toml", rejects_path=tmp_path / "r.out")
    assert [(file.table, file.read, file.created, file.rejected) for file in report.files] == [
        ("contacts", 2, 2, 0),
        ("relationships", 2, 1, 1),
    ]
    assert list(memory.ties) == ["KNOWS:2:1:colleague"]
    assert rejects(tmp_path / "r.out") == [("people.csv", 2, "target_id", "target_id: is required")]


def test_counts_that_do_not_add_up_are_not_reported() -> None:
    with pytest.raises(AssertionError):
        FileReport("f.csv", "customers", read=2, created=1).check()
