"""The classic traps, from two sources' files to who was merged: one whole run on each engine."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from graphcrm import Graph

HOME = {"address": "12 Harbour Street", "city": "Wellington", "phone": "+64 4 555 0123"}
OFFICE = {"address": "7 Quay Road", "city": "Auckland", "phone": "+64 9 555 0100"}
SON = {"name": "Tobias Okafor", "birth_date": "1983-11-20", "national_id": "845612337"}
FARM = {"address": "3 Mill Lane", "city": "Nelson", "phone": "+64 3 555 0177"}

CRM = [
    # Colleagues with the office's telephone, two of one surname.
    *({"id": f"office{n}", "name": name, **OFFICE} for n, name in enumerate(("Ann Moss", "Bo Carter", "Cy Moss"))),
    # A family at one address, with one mailbox.
    *(
        {"id": f"family{n}", "name": f"{name} Kowalski", "email": "kowalski@example.com", **HOME}
        for n, name in enumerate(("Maria", "Peter", "Agnes"))
    ),
    {"id": "father", "name": "John Albert Smith", "birth_date": "1951-03-02", **HOME},
    {"id": "info1", "name": "Di Hart", "email": "info@globex.example"},
    {"id": "jane1", "name": "Jane Pemberton", "phone": "+64 21 555 987", "employer": "delta"},
    {"id": "swapped1", "name": "Kwame Mensah", "birth_date": "1990-04-12"},
    {"id": "ada1", "name": "Ada Byron", "email": "ada@example.com", "birth_date": "1990-12-10"},
    # B has the father's name and the son's number: whichever it is, the two are not one.
    {"id": "chainA", "name": "Kwame Okafor", "birth_date": "1951-03-02", "national_id": "912345678", **FARM},
    {"id": "chainB", "name": "Kwame Okafor", "birth_date": "1951-03-02", "national_id": "845612337", **FARM},
]
SHOP = [
    *({"id": f"office{n}", "name": name, **OFFICE} for n, name in enumerate(("Ed Lund", "Flo Hart"), 3)),
    {"id": "family3", "name": "Thomas Kowalski", "email": "kowalski@example.com", **HOME},
    {"id": "son", "name": "John Albert Smith", "birth_date": "1983-11-20", **HOME},
    {"id": "info2", "name": "Gus Poe", "email": "info@globex.example"},
    {"id": "jane2", "name": "Jane Pemberton", "phone": "0064 21 555 987", "employer": "echo"},
    {"id": "swapped2", "name": "Mensah Kwame", "birth_date": "1990-04-12"},
    {"id": "ada2", "name": "Ada Byrom", "email": "ADA@example.com", "birth_date": "1990-12-10"},
    {"id": "chainC", **SON, "email": "t.okafor@example.com", **FARM},
    {"id": "chainD", **SON, "email": "t.okafor@example.com", "name": "T. Okafor"},
]
ACME = {"kind": "organization", "website": "https://acme.example", "email": "info@acme.example"}
COMPANIES = [
    {"id": "delta", "name": "Delta Tools GmbH", "kind": "organization", "country": "DE"},
    {"id": "echo", "name": "Echo Foods GmbH", "kind": "organization", "country": "DE"},
    {"id": "acme-de", "name": "Acme Logistics GmbH", "country": "DE", **ACME},
    {"id": "acme-fr", "name": "Acme Logistics SARL", "country": "FR", **ACME},
    {"id": "acme-es", "name": "Acme Logistics", "country": "ES", **ACME},
]
APART = [
    *(("office", f"office{a}", f"office{b}") for a in range(5) for b in range(a)),
    *(("family", f"family{a}", f"family{b}") for a in range(4) for b in range(a)),
    *(("info@", "info1", "info2"), ("father and son of one name", "father", "son")),
    *(("one company in two countries", "acme-de", other) for other in ("acme-fr", "acme-es")),
    *(("chaining", "chainA", "chainC"), ("chaining", "chainA", "chainD")),
]
ONE = [
    ("one person at two companies", "jane1", "jane2"),
    ("swapped names", "swapped1", "swapped2"),
    ("a typing error", "ada1", "ada2"),
    ("who has all in common", "chainC", "chainD"),
]


def write(path: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    rows = [{"customer_id" if key == "employer" else key: value for key, value in row.items()} for row in rows]
    path.parent.mkdir()
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(key for row in rows for key in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def roots(graph: Graph) -> dict[str, str]:
    """Who stands for each."""
    return {row["id"]: graph.merging.root(row["id"]) or row["id"] for row in (*CRM, *SHOP, *COMPANIES)}


def test_each_trap_from_the_files_to_who_was_merged(graph: Graph, tmp_path: Path) -> None:
    graph.import_files([write(tmp_path / "companies" / "customers.csv", COMPANIES)])
    assert not graph.import_files([write(tmp_path / "crm" / "contacts.csv", CRM)], source="crm").rejected
    files = [write(tmp_path / "shop" / "contacts.csv", SHOP)]
    report = graph.import_files(files, source="shop", merge_duplicates=True)
    assert (report.rejected, report.created) == (0, len(SHOP))
    root = roots(graph)
    assert [(why, a, b) for why, a, b in APART if root[a] == root[b]] == []
    assert [(why, a, b) for why, a, b in ONE if root[a] != root[b]] == []
    (employer,) = [
        each for each in graph.sources.provenance("contacts", root["jane1"])["fields"] if each["field"] == "customer_id"
    ]
    assert {(said["source"], said["value"]) for said in employer["values"]} == {("crm", "delta"), ("shop", "echo")}
    again = graph.import_files(files, source="shop", merge_duplicates=True)
    assert (again.unchanged, again.merged) == (len(SHOP), 0)
    assert roots(graph) == root
