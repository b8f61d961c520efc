"""What changed in a party, in a real browser: told, filtered, continued, and beside the fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from browser.conftest import HOSTILE

import graphcrm
from graphcrm.service.changes import acting

if TYPE_CHECKING:
    from playwright.sync_api import Page

Watch = Callable[..., Any]
LINES = """() => [...document.querySelectorAll("#history-lines li")].map((line) => [
  line.dataset.kind, line.dataset.field ?? null, line.querySelector("del")?.innerText ?? null,
  line.querySelector("ins")?.innerText ?? null])"""


def fill_history(graph: graphcrm.Graph) -> None:
    """Give a customer a past: an import, edits by somebody, hostile values, a merge, a removed tie."""
    graph.records.of("crm").upsert("customers", [{"id": "A0", "name": "Acme 客户", "city": "Ulm"}])
    graph.records.of("shop").upsert("customers", [{"id": "A9", "name": "Acme", "email": "a@acme.example"}])
    graph.records.upsert("contacts", [{"id": "K0", "name": "Kim"}])
    graph.records.upsert("ties", [{"type": "KNOWS", "source_id": "A0", "target_id": "K0", "kind": "friend"}])
    with acting("anna"):
        graph.records.patch("customers", "A0", {"attachments": ["https://example.com/a?b=<c>", "http://intranet/d"]})
        graph.records.patch("customers", "A0", {"city": "Bonn", "extra": {"needs": "tea", "preferences": "by phone"}})
        graph.records.delete("ties", "KNOWS:A0:K0:friend")
        graph.merging.merge("A9", "A0")
    with acting("import:20261123T120000Z-abc"):
        graph.records.of("crm").upsert("customers", [{"id": "A0", "name": "Acme 客户", "address": HOSTILE["image"]}])
    for value in (*HOSTILE.values(), "coffee"):
        graph.records.patch("customers", "A0", {"extra": {"needs": value}})


@pytest.fixture
def address(graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    fill_history(graph)
    return live_server(graph)


@pytest.fixture
def local(embedded_graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    fill_history(embedded_graph)
    return live_server(embedded_graph)


def open_page(page: Page, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("html[data-ready]")


def expected(graph: graphcrm.Graph, **choices: Any) -> list[list[Any]]:
    def shown(line: dict[str, Any], name: str) -> str | None:
        if not line["field"] or line["kind"] == "tie_removed":
            return None
        value = line[name]
        return "(blank)" if value is None else ", ".join(value) if isinstance(value, list) else str(value)

    found: list[dict[str, Any]] = graph.archive.history("A0", **choices).to_dict("records")  # type: ignore[assignment]
    return [[line["kind"], line["field"], shown(line, "from"), shown(line, "to")] for line in found]


def test_the_history_is_told_continued_and_filtered(address: str, watch: Watch, graph: graphcrm.Graph) -> None:
    page = watch().page
    open_page(page, f"{address}/customers/A0")
    whole = expected(graph)
    assert page.evaluate(LINES) == whole[:15]
    page.click("#history-more")
    page.wait_for_selector('#history-lines li[data-kind="created"]')
    assert page.evaluate(LINES) == whole
    assert page.locator("#history-more").count() == 0
    said = page.locator("#history-lines").inner_text()
    for words in (
        "anna",
        "import 20261123T120000Z-abc",
        "Took in A9",
        "Merged into A0",
        "Tie to K0 removed",
        "First recorded",
    ):
        assert words in said
    assert set(page.locator("#history-lines .of").all_inner_texts()) == {"of A9"}
    assert page.locator('#history-lines li[data-kind="merged_away"] .of').count() == 1
    page.select_option("#history-filter select", "city")
    page.wait_for_selector('#history-lines li:not([data-field="city"])', state="detached")
    assert page.evaluate(LINES) == expected(graph, field="city")
    assert "field=city" in page.url


def test_what_a_field_showed_before_stands_beside_its_sources(local: str, watch: Watch) -> None:
    for locale, until in (("en-US", "until "), ("zh-CN", "至 ")):
        page = watch(locale=locale).page
        open_page(page, f"{local}/customers/A0")
        row = page.locator('.field[data-field="city"]')
        row.locator(".source").hover()
        assert row.locator("[data-earlier] bdi").inner_text() == "Ulm"
        assert row.locator("[data-earlier] .quiet").inner_text().startswith(until)
        needs = page.locator('.field[data-field="extra.needs"] [data-earlier] [role=listitem]')
        assert needs.count() == 5


def test_attachments_are_links_that_can_be_edited(local: str, watch: Watch) -> None:
    page = watch().page
    open_page(page, f"{local}/customers/A0")
    links = page.locator('.field[data-field="attachments"] .shown a')
    assert links.evaluate_all("all => all.map((one) => one.getAttribute('href'))") == [
        "https://example.com/a?b=<c>",
        "http://intranet/d",
    ]
    page.click("#edit")
    page.fill("[name=attachments]", "http://intranet/d\nhttps://example.com/new")
    page.evaluate("() => delete document.documentElement.dataset.ready")
    page.click("#fields [type=submit]")
    page.wait_for_selector("html[data-ready]")
    assert links.last.get_attribute("href") == "https://example.com/new"
    assert page.locator("#history-lines li").first.get_attribute("data-field") == "attachments"


def test_it_can_be_read_without_scripts(local: str, watch: Watch) -> None:
    page = watch(java_script_enabled=False, locale="zh-CN").page
    page.goto(f"{local}/customers/A0")
    assert page.locator("#history h2").inner_text() == "变更记录"
    page.click("#history-more")
    assert page.locator("#history-lines li").last.get_attribute("data-kind") == "created"
    page.select_option("#history-filter select", "city")
    page.click("#history-filter button")
    assert page.locator("#history-lines ins").all_inner_texts() == ["Bonn"]
    page.goto(f"{local}/contacts/K0")
    assert page.locator("#history-lines li").first.get_attribute("data-kind") == "tie_removed"
