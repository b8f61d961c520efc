"""What is shown of records: by rule, whatever their order, and told apart again when one goes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from graphcrm.service.source_records import PINNED, SourceRecord, derive, shown_again, winners

START = datetime(2024, 1, 1, tzinfo=UTC)
FIELDS = st.dictionaries(st.sampled_from(["name", "city", "phone"]), st.none() | st.sampled_from("abc"), min_size=1)


def _record(source: str, fields: dict[str, Any], day: int) -> SourceRecord:
    return SourceRecord(source, "Customer:A", "Customer:A", fields, {}, START + timedelta(days=day))


RECORDS = st.dictionaries(
    st.sampled_from(["crm", "shop", "hand", PINNED]), st.tuples(FIELDS, st.integers(0, 2)), min_size=1
).map(lambda said: [_record(source, *what) for source, what in said.items()])
TRUST = st.dictionaries(st.sampled_from(["crm", "shop"]), st.integers(0, 100))


@given(RECORDS, TRUST, st.randoms())
def test_the_order_of_records_makes_no_difference(records: list[SourceRecord], trust: dict[str, int], rng: Any) -> None:
    mixed = list(records)
    rng.shuffle(mixed)
    assert winners(mixed, trust) == winners(records, trust)
    assert derive(mixed, trust) == derive(records, trust)


@given(RECORDS, TRUST)
def test_a_winner_is_beaten_by_none(records: list[SourceRecord], trust: dict[str, int]) -> None:
    found = winners(records, trust)
    assert found.keys() == {field for record in records for field in record.fields}
    for field, winner in found.items():
        saying = {record.source: record for record in records if field in record.fields}
        best = saying[winner.source]
        assert winner.value == best.fields[field]
        if PINNED in saying:
            assert (winner.source, winner.rule) == (PINNED, "pinned")
            continue
        trusted = {source: trust.get(source, 100 if source == "hand" else 50) for source in saying}
        assert trusted[winner.source] == max(trusted.values())
        rivals = [saying[source] for source, level in trusted.items() if level == trusted[winner.source]]
        assert best.seen_at == max(record.seen_at for record in rivals)
        if len(saying) == 1:
            assert winner.rule == "only source"
        elif len(rivals) == 1:
            assert winner.rule == "trust"
        else:
            latest = [record.source for record in rivals if record.seen_at == best.seen_at]
            assert winner.source == min(latest)
            assert winner.rule == ("recency" if len(latest) == 1 else "name")


@given(RECORDS, TRUST)
def test_what_is_shown_again_is_what_the_records_come_to(records: list[SourceRecord], trust: dict[str, int]) -> None:
    old = {"id": "A", "name": "old", "city": "old", "_sources": ["gone"], "_records": 9}
    changes = shown_again(old, records, trust)
    new = {key: value for key, value in (old | changes).items() if value is not None}
    wanted = {key: value for key, value in derive(records, trust).items() if value is not None}
    if len(records) == 1 and records[0].source != PINNED:
        del wanted["_records"]
    # Who gave it its name may be gone: then it is known by its id.
    assert new == {"name": "A"} | wanted | {"id": "A"}


RAW = st.dictionaries(st.sampled_from(["name", "city", "phone"]), st.sampled_from("xyz"))


@given(st.lists(st.tuples(FIELDS, RAW), min_size=1, max_size=5))
def test_originals_stay_with_the_values_that_they_became(said: list[tuple[dict[str, Any], dict[str, str]]]) -> None:
    """Against a model: of each field the last value, and the original of when it became that."""
    record = SourceRecord("crm", "Customer:A", "Customer:A", {}, {}, START)
    values: dict[str, Any] = {}
    raws: dict[str, str | None] = {}
    for day, (fields, raw) in enumerate(said):
        before = record
        record = record.saying(fields, START + timedelta(days=day), raw)
        news = False
        for name in fields.keys() | raw.keys():
            if name not in fields:
                news |= name in values or raws.get(name) != raw[name]
                values.pop(name, None)
                raws[name] = raw[name]
            elif name not in values or values[name] != fields[name]:
                news = True
                values[name], raws[name] = fields[name], raw.get(name)
        assert record.fields == values
        assert record.raw == {name: text for name, text in raws.items() if text is not None}
        assert (record is before) == (not news)
