"""The history of parties on both engines: who changed what, what was known then, and what erasing leaves of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from graphcrm import Graph
from graphcrm.errors import InvalidInput, MergedAway, NotFound
from graphcrm.service.backup import make_backup, restore_backup
from graphcrm.service.changes import acting


def say(graph: Graph, source: str, table: str, *rows: dict[str, Any]) -> None:
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected, report


def told(graph: Graph, id_: str, *columns: str, **choices: Any) -> list[tuple[Any, ...]]:
    """Lines of a history, some of their columns."""
    frame = graph.archive.history(id_, **choices)
    return [tuple(row[column] for column in columns) for row in frame.to_dict("records")]


def now() -> datetime:
    return datetime.now(UTC)


SHIFT = ("field", "from", "to", "source", "by")


def test_who_changed_what_from_what_to_what(graph: Graph) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"})
    with acting("anna"):
        graph.records.patch("customers", "A", {"city": "Bonn", "extra": {"needs": "tea"}, "tags": ["vip", "east"]})
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"})
    graph.records.patch("customers", "A", {"extra": {"needs": "coffee"}, "tags": None})
    assert told(graph, "A", "kind", *SHIFT) == [
        ("changed", "needs", "tea", "coffee", "hand", None),
        ("changed", "tags", ["vip", "east"], None, "hand", None),
        ("changed", "city", "Ulm", "Bonn", "hand", "anna"),
        ("changed", "needs", None, "tea", "hand", "anna"),
        ("changed", "tags", None, ["vip", "east"], "hand", "anna"),
        ("created", None, None, None, "crm", None),
    ]
    assert told(graph, "A", "from", "to", field="needs") == [("tea", "coffee"), (None, "tea")]
    assert told(graph, "A", "to", field="nothing") == []
    assert graph.archive.earlier_values("A")["city"][0]["value"] == "Ulm"
    assert graph.archive.history("A").attrs["label"] == "Customer"


def test_what_is_no_news_makes_no_change(graph: Graph, bare: Any) -> None:
    for _ in range(2):
        say(graph, "crm", "customers", *({"id": f"C{n}", "name": f"N{n}", "owner_id": "U"} for n in range(3)))
        say(graph, "shop", "customers", {"id": "C0", "name": "N0"})
    assert bare.run("MATCH (n:Change) RETURN count(n) AS n") == [{"n": 0}]
    made = graph.records.create("customers", {"id": "D", "name": "Di"})
    graph.records.patch("customers", "D", {"name": made["name"]})
    assert bare.run("MATCH (n:Change) RETURN n.kind AS kind") == [{"kind": "created"}]
    assert told(graph, "D", "kind", "source") == [("created", "hand")]


def test_pages_are_the_whole(graph: Graph) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann"})
    for number in range(7):
        graph.records.patch(
            "customers", "A", {"city": f"c{number}", "address": f"a{number}", "phone": f"+49 30 123{number}"}
        )
    whole = graph.archive.history("A").to_dict("records")
    assert len(whole) == 22
    for limit in (1, 2, 4, 21, 22):
        paged: list[Any] = []
        cursor = None
        while True:
            frame = graph.archive.history("A", cursor=cursor, limit=limit)
            assert len(frame) <= limit
            paged += frame.to_dict("records")
            if (cursor := frame.attrs["next_cursor"]) is None:
                break
        assert paged == whole
    cursor = graph.archive.history("A", limit=1).attrs["next_cursor"]
    for wrong in ({"field": "city", "cursor": cursor}, {"cursor": "x"}, {"limit": 0}, {"field": ""}):
        with pytest.raises(InvalidInput):
            graph.archive.history("A", **wrong)


def test_a_party_is_read_as_it_was_known(graph: Graph) -> None:
    before = now()
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm", "owner_id": "U1"})
    say(graph, "crm", "customers", {"id": "B", "name": "Bert"})
    say(graph, "crm", "contacts", {"id": "K", "name": "Kim", "customer_id": "A"})
    seen = []

    def look() -> None:
        seen.append((now(), graph.records.read("customers", "A"), graph.records.read("contacts", "K")))

    look()
    graph.records.patch("customers", "A", {"city": None, "extra": {"vat": 7}, "owner_id": "U2"})
    look()
    say(graph, "crm", "contacts", {"id": "K", "name": "Kim", "customer_id": "B", "title": "CEO"})
    look()
    graph.sources.pin("customers", "A", "name", "Anna")
    look()
    graph.sources.add("crm", trust=100)
    say(graph, "shop", "customers", {"id": "A", "name": "A.", "city": "Kiel", "owner_id": "U3"})
    look()
    graph.sources.add("shop", trust=90)
    look()
    graph.records.delete("users", "U3", detach=True)
    graph.records.delete("customers", "B", detach=True)
    look()
    for at, customer, contact in seen:
        assert graph.records.read("customers", "A", at) == customer
        assert graph.records.read("contacts", "K", at.isoformat()) == contact
    assert graph.records.read("customers", "A", "2999-01-01") == seen[-1][1]
    with pytest.raises(NotFound, match="first recorded"):
        graph.records.read("customers", "A", before)
    with pytest.raises(NotFound):
        graph.records.read("customers", "K", now())
    with pytest.raises(NotFound):
        graph.records.read("customers", "nobody", now())
    with pytest.raises(InvalidInput, match="recorded_as_of"):
        graph.records.read("customers", "A", "yesterday")
    with pytest.raises(InvalidInput, match="recorded_as_of"):
        graph.records.read("orders", "A", now())


def test_a_merge_is_told_of_both_and_undone(graph: Graph) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"}, {"id": "B", "name": "Anna", "phone": "1"})
    say(graph, "crm", "contacts", {"id": "K", "name": "Kim", "customer_id": "A"})
    graph.records.patch("customers", "A", {"city": "Bonn"})
    start = now()
    first = {id_: graph.records.read("customers", id_) for id_ in "AB"}
    with acting("anna"):
        graph.merging.merge("A", "B")
    merged, survivor = now(), graph.records.read("customers", "B")
    graph.records.patch("customers", "B", {"city": "Kiel"})
    lines = told(graph, "B", "kind", "party_id", "field", "from", "to", "other")
    assert ("merged", "B", None, None, None, "A") in lines
    assert ("merged", "B", "city", None, "Bonn", "A") in lines
    assert ("merged_away", "A", None, None, None, "B") in lines
    assert ("changed", "A", "city", "Ulm", "Bonn", None) in lines
    assert ("anna",) in told(graph, "B", "by")
    assert told(graph, "K", "field", "from", "to")[0] == ("customer_id", "A", "B")
    with pytest.raises(MergedAway):
        graph.archive.history("A")
    for id_ in "AB":
        assert graph.records.read("customers", id_, start) == first[id_]
    with pytest.raises(MergedAway):
        graph.records.read("customers", "A", merged)
    graph.merging.unmerge("A")
    assert told(graph, "A", "kind", "other")[0] == ("came_back", "B")
    assert ("unmerged", None, "A") in told(graph, "B", "kind", "field", "other")
    for id_ in "AB":
        assert graph.records.read("customers", id_, start) == first[id_]
    assert graph.records.read("customers", "B", merged) == survivor
    with pytest.raises(MergedAway) as caught:
        graph.records.read("customers", "A", merged)
    assert caught.value.into == "B"
    assert graph.records.read("customers", "A", now()) == graph.records.read("customers", "A")


def test_who_is_deleted_is_forgotten(graph: Graph, bare: Any) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Sekret"}, {"id": "B", "name": "Sekret B"})
    graph.records.patch("customers", "A", {"city": "Sekret"})
    graph.merging.merge("A", "B")
    known = now()
    with acting("anna"):
        graph.records.delete("customers", "B", detach=True)
    assert "ekret" not in repr(bare.run("MATCH (n) RETURN properties(n) AS p"))
    assert told(graph, "B", "kind", "by") == [("deleted", "anna")]
    with pytest.raises(NotFound, match="was deleted at"):
        graph.records.read("customers", "B", known)
    with pytest.raises(NotFound):
        graph.archive.history("A")
    say(graph, "crm", "customers", {"id": "B", "name": "Bo"})
    assert told(graph, "B", "kind") == [("created",), ("deleted",)]
    assert graph.records.read("customers", "B", now())["name"] == "Bo"
    with pytest.raises(NotFound, match="first recorded"):
        graph.records.read("customers", "B", known)


def test_a_removed_tie_is_told_of_both_ends(graph: Graph) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann"}, {"id": "B", "name": "Bo"})
    say(graph, "crm", "ties", {"type": "KNOWS", "source_id": "A", "target_id": "B", "kind": "friend"})
    graph.records.delete("ties", "KNOWS:A:B:friend")
    line = ("tie_removed", "KNOWS", "KNOWS:A:B:friend", None)
    assert told(graph, "A", "kind", "field", "from", "to", "other")[0] == (*line, "B")
    assert told(graph, "B", "kind", "field", "from", "to", "other")[0] == (*line, "A")
    assert graph.records.read("customers", "A", now()) == graph.records.read("customers", "A")


def test_a_contact_who_becomes_a_customer_keeps_the_history(graph: Graph) -> None:
    say(graph, "crm", "contacts", {"id": "K", "name": "Kim", "title": "CEO"})
    graph.records.patch("contacts", "K", {"title": "CFO"})
    graph.records.convert("K")
    assert told(graph, "K", "field", "from", "to") == [
        ("kind", None, "person"),
        ("title", "CEO", "CFO"),
        (None, None, None),
    ]
    assert graph.archive.history("K").attrs["label"] == "Customer"


def test_erasing_a_source_leaves_nothing_of_it_in_the_history(graph: Graph, bare: Any) -> None:
    graph.sources.add("crm", trust=60)
    graph.sources.add("list", trust=90)
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "city": "Ulm"}, {"id": "M", "name": "Mo"})
    say(graph, "crm", "customers", {"id": "Z", "name": "Zoe"}, {"id": "Y", "name": "Yo"})
    early = now()
    say(graph, "list", "customers", {"id": "A", "name": "Sekret 1", "email": "sekret@x.de"})
    say(graph, "list", "customers", {"id": "S", "name": "Sekret 2"}, {"id": "M", "name": "Sekret 3", "city": "Bonn"})
    middle = now()
    say(graph, "list", "customers", {"id": "A", "name": "Sekret 4", "city": "Sekret 5"})
    graph.records.patch("customers", "A", {"city": "Kiel"})
    graph.sources.pin("customers", "A", "name", "Ann B.")
    say(graph, "crm", "customers", {"id": "A", "name": "Annie"})
    graph.merging.merge("M", "Z")
    graph.merging.merge("S", "Y")
    say(graph, "list", "customers", {"id": "Q", "name": "Sekret 6"})
    graph.records.patch("customers", "Q", {"name": "Quin"})
    assert "ekret" in repr(bare.run("MATCH (n:Change) RETURN properties(n) AS p"))
    graph.sources.erase("list")
    left = repr(bare.run("MATCH (n) WHERE NOT n:Alias RETURN properties(n) AS p"))
    assert "ekret" not in left
    assert "'list'" not in left
    assert '"list"' not in left
    assert "Bonn" not in left
    assert bare.run("MATCH (n:Change) WHERE n.about = 'S' RETURN n.id AS id") == []
    assert [line for line in told(graph, "A", "field", "from", "to") if line[0] == "city"] == [("city", "Ulm", "Kiel")]
    for at in (early, middle):
        known = graph.records.read("customers", "A", at)
        assert (known["name"], known["city"], known["email"]) == ("Ann", "Ulm", None)
    assert graph.records.read("customers", "A", now()) == graph.records.read("customers", "A")
    assert graph.records.read("customers", "M", early)["name"] == "Mo"
    with pytest.raises(NotFound):
        graph.sources.erase("list")


def test_an_import_is_named_by_its_job(graph: Graph, tmp_path: Any) -> None:
    file = tmp_path / "customers.csv"
    for city in ("Ulm", "Bonn", "Bonn"):
        file.write_text(f"id,name,city\nA,Ann,{city}\n", encoding="utf-8")
        graph.import_files([file], source="crm")
    jobs = [job["id"] for job in graph.jobs.page(limit=10).items]
    assert told(graph, "A", "source", "by", "from", "to") == [
        ("crm", f"import:{sorted(jobs)[1]}", "Ulm", "Bonn"),
        ("crm", None, None, None),
    ]


def test_attachments_are_links_and_have_a_history(graph: Graph) -> None:
    links = ["https://example.com/offer.pdf", "http://intranet/a|b?c=d"]
    graph.records.create("customers", {"id": "A", "name": "Ann", "attachments": links})
    graph.records.patch("customers", "A", {"attachments": links[:1]})
    assert told(graph, "A", "field", "from", "to")[0] == ("attachments", links, links[:1])
    found = graph.records.page("customers", filters={"attachments": links[0]}).items
    assert [each["id"] for each in found] == ["A"]
    for wrong in ("javascript:alert(1)", "ftp://x/y", "https://", "http://a b", "//x", "https://[x"):
        with pytest.raises(InvalidInput, match="attachments"):
            graph.records.patch("customers", "A", {"attachments": [wrong]})
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "attachments": "https://a.example|https://b.example"})
    assert graph.sources.provenance("customers", "A")["fields"][0]["values"][0]["value"] == [
        "https://a.example",
        "https://b.example",
    ]


def test_a_backup_carries_the_history(graph: Graph, bare: Any, tmp_path: Any) -> None:
    say(graph, "crm", "customers", {"id": "A", "name": "Ann", "tags": ["x"]}, {"id": "B", "name": "Bo"})
    known = now()
    graph.records.patch("customers", "A", {"tags": None, "extra": {"needs": "tea"}})
    graph.merging.merge("B", "A")
    before = graph.archive.history("A").to_dict("records")
    make_backup(graph.store, tmp_path / "backup")
    bare.wipe()
    restore_backup(graph.store, tmp_path / "backup")
    assert graph.archive.history("A").to_dict("records") == before
    assert graph.records.read("customers", "A", known)["tags"] == ["x"]
    assert graph.records.read("customers", "B", known)["name"] == "Bo"
