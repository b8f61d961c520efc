"""Where the graph's facts came from: named sources, what each says of a thing, pinned values, and erasing a source."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from graphcrm.cleaning.quality import STALE_DAYS
from graphcrm.cleaning.rows import clean_row
from graphcrm.errors import Conflict, InvalidInput, NotFound
from graphcrm.limits import MAX_PREFIX_LENGTH
from graphcrm.schema import PARTY_LABELS
from graphcrm.service import outbox
from graphcrm.service.deriving import NODES, TIES_SAID, revise, update_ties
from graphcrm.service.erasing import erase_source
from graphcrm.service.jobs import Jobs
from graphcrm.service.last_seen import Sightings
from graphcrm.service.migrate import forget_migrations
from graphcrm.service.quality import quality_of
from graphcrm.service.recording import recording
from graphcrm.service.reference_pins import pin_column, replacing_column, unpin_column
from graphcrm.service.reference_words import Columns
from graphcrm.service.source_records import (
    FILES,
    HAND,
    PINNED,
    SourceRecord,
    Winner,
    about_node,
    check_unpin,
    forget_records,
    is_alone,
    key_of,
    key_there,
    prefixes,
    read_records,
    shown_again,
    trust_of,
    trusts,
    winners,
    write_records,
)
from graphcrm.service.stored import node_table, read_record, refuse_merged, tie_row
from graphcrm.store import GraphStore, Transaction
from graphcrm.tables import TIES, Table
from graphcrm.values import EXTRA_NAME, from_graph

__all__ = ["Sources", "check_name"]

_HIGHEST_TRUST: Final = 100
_IMPORTS_SHOWN: Final = 10


class Sources:
    """The sources of a graph.

    Parameters
    ----------
    store : GraphStore
        The graph.
    jobs : Jobs
        Its book of imports.
    region : str, optional
        ISO 3166 code of the country that telephone numbers without a country code are of.
    """

    def __init__(self, store: GraphStore, jobs: Jobs, region: str | None = None) -> None:
        self._store = store
        self._jobs = jobs
        self._region = region

    # ---- naming them ----

    def add(
        self, name: str, kind: str | None = None, trust: int | None = None, prefix: str | None = None
    ) -> dict[str, Any]:
        """Name a source, or say something else of one that is there.

        Parameters
        ----------
        name : str
            1 to 64 letters, digits and underscores.
        kind : str, optional
            What it is, such as ``crm``; the one it has, or ``files``, by default.
        trust : int, optional
            0 to 100: of sources that disagree the most trusted one is shown. The one it has, or 50, by default. Where
            it changes, what is shown changes with it.
        prefix : str, optional
            Stands before every id that its imports bring, so that a source that numbers its records for itself speaks
            of no other's; at most `limits.MAX_PREFIX_LENGTH` characters. The one it has, or none, by default.

        Returns
        -------
        dict
            `name`, `kind`, `trust`, `prefix` (None where it has none) and `created_at`.

        Raises
        ------
        InvalidInput
            A name, trust or prefix that is not allowed.
        Conflict
            Another prefix for a source that has said something: its ids are in without it.
        """
        check_name(name)
        _check_prefix(name, prefix)
        if trust is not None and not 0 <= trust <= _HIGHEST_TRUST:
            raise InvalidInput(f"trust: must lie between 0 and {_HIGHEST_TRUST}", field="trust")

        def work(tx: Transaction) -> tuple[dict[str, Any], bool]:
            old = _described(name, _stored(tx).get(name))
            new = {
                "kind": kind or old["kind"],
                "trust": old["trust"] if trust is None else trust,
                "prefix": old["prefix"] if prefix is None else prefix or None,
                "created_at": old["created_at"] or datetime.now(UTC),
            }
            if new["prefix"] != old["prefix"]:
                self._refuse_other_prefix(tx, name, prefix or "")
            if new != old:
                tx.run("sources/write", id=name, properties=new)
            return {"name": name} | new, old["trust"] != new["trust"]

        source, moved = self._store.write(work, [name], repeatable=True)
        if moved:
            revise(self._store, name, keep=True)
        return _outside(source)

    def _refuse_other_prefix(self, tx: Transaction, name: str, prefix: str) -> None:
        """Refuse to change how ids come in when some are in, or on their way."""
        going = any(job["state"] == "running" for job in self._jobs.page(limit=_IMPORTS_SHOWN, source=name).items)
        if going or tx.run("source_records/find_by_source", source=name, row_limit=1)[0]["ids"] or _describes(tx, name):
            again = f"graphcrm source add {name}" + (f" --prefix {prefix}" if prefix else "")
            raise Conflict(
                f"prefix: {name} has brought ids already, and they stay as they are. Erase it "
                f"(`graphcrm source erase {name}`), add it anew (`{again}`), and import again"
            )

    def all(self) -> list[dict[str, Any]]:
        """Every source that was named, and ``hand``, by name, as `read` gives it."""
        return [self.read(name) for name in sorted({HAND, *self._store.reading(_stored)})]

    def read(self, name: str) -> dict[str, Any]:
        """One source.

        Returns
        -------
        dict
            `name`, `kind`, `trust`, `prefix` (None where it has none), `created_at` (None where it was never named),
            how many `nodes` by label and `ties` by type it describes, and its last ten `imports`, the latest first, as
            `Jobs.read` gives them.

        Raises
        ------
        NotFound
            There is none of this name.
        """

        def work(tx: Transaction) -> dict[str, Any]:
            present = {
                "nodes": {label: n for label in NODES if (n := _nodes(tx, label, name))},
                "ties": {type_: n for type_ in TIES_SAID if (n := _ties(tx, type_, name))},
            }
            named = _stored(tx).get(name)
            if named is None and name != HAND and not any(present.values()) and not imports:
                raise NotFound(f"there is no source {name!r}; `graphcrm source list` names them")
            return _outside({"name": name} | _described(name, named)) | present

        imports = self._jobs.page(limit=_IMPORTS_SHOWN, source=name).items
        return self._store.reading(work) | {"imports": imports}

    def quality(self, name: str, stale_days: int = STALE_DAYS) -> list[dict[str, Any]]:
        """How good what a source says is, table by table and field by field.

        Parameters
        ----------
        name : str
            The source.
        stale_days : int, days
            A value is stale when the source has not brought it for longer; 0 to
            `limits.MAX_STALE_DAYS`.

        Returns
        -------
        list of dict
            `table`, `field`, `count` (records), `blank`, `invalid`, `duplicated`, `stale`, `reasons` and `examples`, as
            `graphcrm.cleaning.quality.quality_report` counts them; tables in import order, their fields in that of
            their columns, then others by name. A field of which the source says nothing at all has no line.

        Raises
        ------
        NotFound
            There is none of this name.
        InvalidInput
            For `stale_days` out of bounds.
        """
        self.read(name)
        return quality_of(self._store, name, self._region, stale_days)

    def erase(self, name: str) -> dict[str, int]:
        """Remove what only this source said, and its part of what others say too.

        A node that only it described stays, without fields, as long as ties of other sources name it. The entries of
        its imports go with their rejects and uploads in the data folder (`Jobs.forget`), and so do backups that
        migrations which were cut off have left there. It can be run again where it was cut off.

        Returns
        -------
        dict of str to int
            `removed` and `kept`: things that are gone, and things that others describe still.

        Raises
        ------
        NotFound
            Nothing knows of a source of this name.
        """
        self.read(name)
        self.add(name)  # so that an erasing that was cut off can be run again, whatever is left of the source
        self._jobs.forget(name)  # first, so that imports under way are told to end
        removed, kept = erase_source(self._store, name)
        forget_migrations(self._store)
        return {"removed": removed, "kept": kept}

    # ---- one thing and its sources ----

    def provenance(self, table: str, id_: str) -> dict[str, Any]:
        """What each source says of a record, and which of it is shown by which rule.

        Parameters
        ----------
        table, id_ : str
            Which record; ``ties`` is a table too.

        Returns
        -------
        dict
            `id`; `sources`, by name, each with `source`, `key` (the id it has there, without the
            source's prefix), `seen_at` (when it last said
            something new of the record) and `last_seen` (when it last had it, news or not); `fields`, by name, each
            with `field`, `value`, `source`, `rule` (``pinned``, ``trust``, ``recency``, ``only source``, ``name``) and
            `values`: each source's `source`, `key`, `value`, `raw` (as it came, where cleaning changed it or the field
            could not hold it: `value` is None then), the field's own `seen_at` and `last_seen`, and whether it is the
            one `shown`.

        Raises
        ------
        NotFound
            There is no such record.
        """

        def work(tx: Transaction) -> dict[str, Any]:
            spec, about, properties = _thing(tx, table, id_)
            records = _records(tx, about, properties)
            in_columns = Columns(tx, spec.label, [id_]).said()[id_] if spec.label else []
            sightings = Sightings.about(tx, [*records, *in_columns])
            trust, named = trusts(tx), prefixes(tx)
            fields = [
                {
                    "field": field,
                    "value": from_graph(field if field in spec.properties else "", winner.value),
                    "source": winner.source,
                    "rule": winner.rule,
                    "values": [
                        _value(record, key_there(record, named), field, spec, winner)
                        | _outside({"seen_at": record.said_at(field), "last_seen": last[field]})
                        for record, last in zip(said, times, strict=True)
                        if field in last
                    ],
                }
                for said in (records, in_columns)
                for times in [[*map(sightings.by_field, said)]]
                for field, winner in winners(said, trust).items()
            ]
            fields.sort(key=lambda line: line["field"])
            sources = [
                {"source": record.source, "key": key_there(record, named)}
                | _outside({"seen_at": record.seen_at, "last_seen": sightings.last_seen(record)})
                for record in records
            ]
            return {"id": id_, "sources": sources, "fields": fields}

        return self._store.reading(work)

    def pin(self, table: str, id_: str, field: str, value: Any = None, source: str | None = None) -> None:
        """Have a field show a value whatever sources say, now and later.

        Parameters
        ----------
        table, id_, field : str
            Which field of which record; a reference column that adds to what is there cannot be pinned.
        value : object, optional
            The value, as in `Records.patch`; None pins that there is none.
        source : str, optional
            Take the value that this source says instead.

        Raises
        ------
        NotFound
            There is no such record, or the source says nothing of the field.
        InvalidInput
            The value breaks the field's rule, names nobody who is there, or the field cannot be pinned.
        """
        if (ref := replacing_column(table, field)) is not None:
            self._store.write(lambda tx: pin_column(tx, table, id_, ref, value, source), [id_])
            return

        def change(tx: Transaction, spec: Table, records: Sequence[SourceRecord], about: str) -> list[SourceRecord]:
            if source is not None:
                # Of what it said of several parties that are one now, what would be shown were it the only source.
                won = winners([record for record in records if record.source == source], {}).get(field)
                if won is None or won.value is None:
                    raise NotFound(f"the source {source!r} says nothing of {field}")
                said = won.value
            else:
                said = _valid(tx, spec, table, id_, field, value, self._region)
            at = datetime.now(UTC)
            pin = SourceRecord(PINNED, about, about, {}, {}, at, at)
            # A party that was merged into this one keeps its own pins, for the day when it is taken out again.
            pin = next((r for r in records if r.id == pin.id), pin)
            return [*(r for r in records if r.id != pin.id), pin.insisting({field: said}, at)]

        self._restate(table, id_, field, change)

    def unpin(self, table: str, id_: str, field: str) -> None:
        """Let a field show what sources say again.

        Raises
        ------
        NotFound
            There is no such record, or the field is not pinned.
        Conflict
            A party that was merged into this one has it pinned, and keeps that.
        """
        if (ref := replacing_column(table, field)) is not None:
            self._store.write(lambda tx: unpin_column(tx, table, id_, ref), [id_])
            return

        def change(_: Transaction, __: Table, records: Sequence[SourceRecord], ___: str) -> list[SourceRecord]:
            pins = [r for r in records if r.source == PINNED and field in r.fields]
            check_unpin(field, id_, [key_of(r) for r in pins])
            left = [replace(r, fields={k: v for k, v in r.fields.items() if k != field}) for r in pins]
            return [*(r for r in records if r not in pins), *(r for r in left if r.fields)]

        self._restate(table, id_, field, change)

    def _restate(
        self,
        table: str,
        id_: str,
        field: str,
        change: Callable[[Transaction, Table, Sequence[SourceRecord], str], list[SourceRecord]],
    ) -> None:
        def work(tx: Transaction) -> None:
            spec, about, properties = _thing(tx, table, id_)
            if field not in spec.properties and field in (*spec.columns, "id", "extra"):
                raise InvalidInput(f"field: {field!r} cannot be pinned; properties can", field="field")
            records = change(tx, spec, _records(tx, about, properties), about)
            with recording(tx, [id_] if spec.label in PARTY_LABELS else [], HAND):
                forget_records(tx, [about])
                if not is_alone(records):
                    write_records(tx, records)
                _show(tx, about, properties, records)

        self._store.write(work, [id_])


def check_name(name: str) -> None:
    """Refuse what is no name of a source."""
    if not EXTRA_NAME.fullmatch(name):
        message = f"source: a name has 1 to 64 letters, digits and underscores, not {name!r}"
        raise InvalidInput(message, field="source")
    if name == PINNED:
        raise InvalidInput(f"source: {name!r} is kept for pinned values; choose another name", field="source")


def _check_prefix(name: str, prefix: str | None) -> None:
    """Refuse what cannot stand before ids, or before those of this source."""
    if not prefix:
        return
    if name == HAND:
        raise InvalidInput(f"prefix: {HAND!r} writes ids as they are; it has none", field="prefix")
    if len(prefix) > MAX_PREFIX_LENGTH or not prefix.isprintable() or " " in prefix:
        message = f"prefix: has at most {MAX_PREFIX_LENGTH} characters, no spaces and no hidden ones"
        raise InvalidInput(message, field="prefix")


def _stored(tx: Transaction) -> dict[str, dict[str, Any]]:
    return {row["record"]["id"]: row["record"] for row in tx.run("sources/list")}


def _described(name: str, stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is known of a source; of one that was not named, what holds of it until it is."""
    if stored is None:
        by_hand = name == HAND
        return {"kind": HAND if by_hand else FILES, "trust": trust_of(name, {}), "prefix": None, "created_at": None}
    return {key: stored.get(key) for key in ("kind", "trust", "prefix", "created_at")}


def _outside(source: Mapping[str, Any]) -> dict[str, Any]:
    return {key: from_graph("", value) for key, value in source.items()}


def _nodes(tx: Transaction, label: str, source: str) -> int:
    return int(tx.run("sources/count_nodes", words={"LABEL": label}, source=source)[0]["total"])


def _ties(tx: Transaction, type_: str, source: str) -> int:
    return int(tx.run("sources/count_ties", words={"TYPE": type_}, source=source)[0]["total"])


def _describes(tx: Transaction, source: str) -> bool:
    """Whether a source describes anything."""
    return any(_nodes(tx, label, source) for label in NODES) or any(_ties(tx, type_, source) for type_ in TIES_SAID)


def _value(record: SourceRecord, key: str, field: str, spec: Table, winner: Winner) -> dict[str, Any]:
    return {
        "source": record.source,
        "key": key,
        "value": from_graph(field if field in spec.properties else "", record.fields.get(field)),
        "raw": record.raw.get(field),
        "shown": (record.source, record.about) == (winner.source, winner.about),
    }


def _thing(tx: Transaction, table: str, id_: str) -> tuple[Table, str, dict[str, Any]]:
    """A record's table, what records call it, and its properties."""
    if table == "ties":
        tie = tie_row(tx, id_)
        words = {"TYPE": tie.type, "SOURCE": tie.source[0], "TARGET": tie.target[0]}
        found = tx.run("ties/read_many", words=words, rows=[tie.ends])[0]["records"]
        spec, about = TIES[tie.type], id_
    else:
        spec = node_table(table)
        found = tx.run("nodes/read_many", words={"LABEL": spec.label or ""}, ids=[id_])[0]["records"]
        about = about_node(spec.label or "", id_)
    if not found:
        if spec.label:
            refuse_merged(tx.run, spec, id_)
        raise NotFound(f"there is no {(spec.label or 'tie').lower()} {id_!r}")
    return spec, about, found[0]


def _records(tx: Transaction, about: str, properties: Mapping[str, Any]) -> list[SourceRecord]:
    return read_records(tx, {about: properties})[about] if properties.get("_sources") else []


def _valid(tx: Transaction, spec: Table, table: str, id_: str, field: str, value: Any, region: str | None) -> Any:
    """A field's value, cleaned, as the graph has it; the rules are those of the whole record."""
    current = read_record(tx, table, id_)
    values = {key: said for key, said in current.items() if said is not None and key != "type"}
    if spec.type:
        values.pop("id")
    if value is None:
        values.pop(field, None)
    elif field in spec.columns:
        meant = {"country": values.get("country"), field: value}
        values[field] = clean_row(spec.name, meant, region).values[field]
    elif field not in current["extra"]:
        raise InvalidInput(f"field: the record has no {field!r}; give it one, then pin it", field="field")
    else:
        values["extra"] = {**current["extra"], field: value}
    properties = spec.row({key: said for key, said in values.items() if said is not None}).properties
    return None if value is None else properties.get(field)


def _show(tx: Transaction, about: str, properties: Mapping[str, Any], records: Sequence[SourceRecord]) -> None:
    changed = shown_again(properties, records, trusts(tx))
    if not changed:
        return
    if about == properties["id"]:
        tie = tie_row(tx, about)
        update_ties(tx, [tie._replace(properties=changed | {"id": about})])
    else:
        label, rows = about.partition(":")[0], [changed | {"id": properties["id"]}]
        tx.run("nodes/update", words={"LABEL": label}, rows=rows)
        outbox.remember_nodes(tx, label, updated=rows)
