"""How pages look and read: names without spaces, narrow screens, and boxes that contradict each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from browser.test_data import COUNTS, upload, visit

import graphcrm

Watch = Callable[..., Any]


@pytest.fixture
def address(graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    return live_server(graph)


@pytest.fixture
def local(embedded_graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    return live_server(embedded_graph)


def test_an_import_merges_what_is_surely_one_where_that_is_ticked(
    address: str, watch: Watch, tmp_path: Path, graph: graphcrm.Graph
) -> None:
    path = tmp_path / "customers.csv"
    twice = ["Freya Campbell,freya@example.com,+49301234567,Berlin,1980-01-02"] * 2
    path.write_text(
        "id,name,email,phone,city,birth_date\n" + "".join(f"C{i},{row}\n" for i, row in enumerate(twice)),
        encoding="utf-8",
    )
    page = watch().page
    visit(page, address, "/imports")
    merging = page.get_by_label("Then merge what is surely one party")
    merging.check()
    page.get_by_label("Only check").check()
    assert merging.is_disabled()
    assert not merging.is_checked()  # a check merges nothing, and the service would refuse both
    page.get_by_label("Only check").uncheck()
    merging.check()
    upload(page, path)
    assert page.evaluate(COUNTS)["merged"] == 1
    assert len(graph.search("freya")) == 1


@pytest.mark.parametrize("width", [390, 768])
def test_raw_names_of_columns_break_where_their_words_meet(
    local: str, watch: Watch, tmp_path: Path, width: int
) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text("id,name,HasOptedOutOfEmail__c,created_at\nK1,Ann,true,2025-01-02\n", encoding="utf-8")
    page = watch(viewport={"width": width, "height": 800}).page
    visit(page, local, "/imports")
    upload(page, path)
    visit(page, local, "/contacts/K1")
    term = page.locator('.field[data-field="extra.HasOptedOutOfEmail__c"] dt')
    assert term.inner_text() == "HasOptedOutOfEmail__c"
    lines = term.evaluate(
        """node => {
          const found = new Map();
          for (const part of node.childNodes) if (part.nodeType === Node.TEXT_NODE) {
            const range = document.createRange();
            range.selectNodeContents(part);
            for (const { top } of range.getClientRects()) found.set(top, (found.get(top) ?? "") + part.textContent);
          }
          return [...found.values()];
        }"""
    )
    assert "".join(lines) == "HasOptedOutOfEmail__c"  # no piece lies on two lines
    assert page.locator('.field[data-field="created_at"] dt').inner_text() == "Known since"
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
