"""The page of duplicates in a real browser: searching, comparing side by side, deciding and taking it back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from browser.conftest import HOSTILE

import graphcrm
from graphcrm.service.duplicates import Duplicates

if TYPE_CHECKING:
    from playwright.sync_api import Page

Watch = Callable[..., Any]

ADA = {"email": "ada@example.com", "birth_date": "1990-12-10"}
PAIRS = """() => [...document.querySelectorAll(".pair:not([hidden])")].map(
  (one) => [one.dataset.left, one.dataset.right])"""
ROWS = """(pair) => Object.fromEntries([...pair.querySelectorAll("tbody tr")].map((row) => [row.dataset.field,
  [...row.querySelectorAll(".mark, td")].map((cell) => cell.innerText)]))"""


def fill(graph: graphcrm.Graph) -> None:
    """Ada three times, one of them a contact, and two with hostile names and ids."""
    hostile = {"email": "evil@example.com", "birth_date": "1980-02-03"}
    customers = [
        {"id": "C1", "name": "Ada Byron", "tags": ["a", "b"], "city": "London", **ADA},
        {"id": "C2", "name": "Ada Byrom", "phone": "+442079460018", "city": "Leeds", **ADA},
        {"id": "X<b>/1", "name": HOSTILE["image"], **hostile},
        {"id": "X<b>/2", "name": HOSTILE["image"], **hostile},
    ]
    assert not graph.records.of("shop").upsert("customers", customers).rejected
    assert not graph.records.upsert("contacts", [{"id": "K1", "name": "Ada Byron", **ADA}]).rejected


@pytest.fixture
def address(graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    fill(graph)
    return live_server(graph)


@pytest.fixture
def local(embedded_graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    fill(embedded_graph)
    return live_server(embedded_graph)


def ask(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"{address}/api/v1{path}", timeout=30) as answer:
        return json.load(answer)


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]")


def search(page: Page, address: str) -> None:
    page.goto(f"{address}/duplicates")
    ready(page)
    page.locator("#search").click()
    page.wait_for_selector('#searched[data-state="done"]', timeout=60_000)
    ready(page)


def listed(address: str) -> list[list[str]]:
    return [[pair["left"]["id"], pair["right"]["id"]] for pair in ask(address, "/duplicates")["items"]]


def test_pairs_are_found_compared_and_decided(address: str, watch: Watch, graph: graphcrm.Graph) -> None:
    page = watch().page
    page.goto(address)
    page.get_by_role("link", name="Duplicates").click()
    ready(page)
    assert "Nobody has searched yet" in page.locator("#searched").inner_text()
    search(page, address)
    assert "5 parties compared, 4 pairs found" in page.locator("#searched").inner_text()
    pairs = page.evaluate(PAIRS)
    assert pairs == listed(address)
    assert ["C1", "C2"] in pairs
    card = page.locator('.pair[data-left="C1"][data-right="C2"]')
    rows = card.evaluate(ROWS)
    assert rows["name"] == ["differs", "Ada Byron", "Ada Byrom"]
    assert rows["birth_date"] == ["same", "1990-12-10", "1990-12-10"]
    assert rows["phone"] == ["only one has it", "(blank)", "+442079460018"]
    assert rows["tags"] == ["only one has it", "a, b", "(blank)"]
    assert rows["sources"] == ["same", "shop", "shop"]
    evidence = card.locator(".evidence li").all_inner_texts()
    assert any(line.startswith("E-mail: equal") and "+" in line for line in evidence)

    card.get_by_role("button", name="Keep left").click()
    page.wait_for_selector(".decided")
    assert page.locator(".decided p").inner_text() == "Ada Byrom (C2) is Ada Byron (C1) now."
    assert graph.merging.root("C2") == "C1"
    # Whoever was merged away waits for nothing else.
    assert not any("C2" in pair for pair in page.evaluate(PAIRS))
    page.get_by_role("button", name="Undo").click()
    page.wait_for_selector('.pair[data-left="C1"][data-right="C2"]')
    assert graph.merging.root("C2") is None
    assert page.evaluate(PAIRS) == pairs

    page.locator('.pair[data-left^="X"]').get_by_role("button", name="Not the same").click()
    page.wait_for_selector(".decided")
    assert [verdict["left_id"] for verdict in Duplicates(graph.store).verdicts()] == ["X<b>/1"]
    page.reload()
    ready(page)
    assert page.evaluate(PAIRS) == [pair for pair in pairs if pair[0] != "X<b>/1"] == listed(address)


def test_by_the_keyboard_alone(address: str, watch: Watch, graph: graphcrm.Graph) -> None:
    page = watch().page
    search(page, address)
    before = page.evaluate(PAIRS)
    first, second = before[0], before[1]
    page.keyboard.press("j")
    assert page.evaluate("() => document.activeElement.dataset.left") == second[0]
    page.keyboard.press("k")
    page.keyboard.press("s")
    page.wait_for_selector(".decided")
    assert page.evaluate(PAIRS) == before[1:]
    page.keyboard.press("u")
    page.wait_for_selector(".decided", state="detached")
    page.keyboard.press("2")  # the right one is a contact, into which no customer goes
    assert page.locator(".decided").count() == 0
    page.keyboard.press("1")
    page.wait_for_selector(".decided")
    assert [merge["id"] for merge in graph.merging.all()] == [first[1]]
    page.keyboard.press("u")
    page.wait_for_selector(".decided", state="detached")
    assert graph.merging.all() == []
    page.keyboard.press("n")
    page.wait_for_selector(".decided")
    assert len(list(Duplicates(graph.store).verdicts())) == 1
    page.keyboard.press("u")
    page.wait_for_selector(".decided", state="detached")
    assert list(Duplicates(graph.store).verdicts()) == []
    assert page.evaluate(PAIRS) == before


def test_a_refusal_is_told(local: str, watch: Watch, embedded_graph: graphcrm.Graph) -> None:
    watched = watch()
    watched.expected.add("404 (Not Found)")
    page = watched.page
    search(page, local)
    embedded_graph.records.delete("customers", "C2")
    page.locator('.pair[data-left="C1"][data-right="C2"]').get_by_role("button", name="Keep left").click()
    page.wait_for_selector("#problem:not([hidden])")
    assert "C2" in page.get_by_role("alert").inner_text()
    assert page.locator('.pair[data-left="C1"][data-right="C2"]').count() == 1


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_it_fits_in_both_languages(local: str, watch: Watch, locale: str, width: int) -> None:
    page = watch(locale=locale, viewport={"width": width, "height": 900}).page
    search(page, local)
    assert page.locator(".pair").count() == 4
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    heading = {"en-US": "Duplicates", "zh-CN": "重复记录"}[locale]
    assert page.locator("h1").inner_text() == heading
    words = page.locator("main").inner_text()
    assert ("相同" in words) == (locale == "zh-CN")


def test_viewers_see_and_cannot_decide(local: str, watch: Watch, embedded_graph: graphcrm.Graph) -> None:
    embedded_graph.candidates.search()
    embedded_graph.candidates.wait(60)
    token = embedded_graph.tokens.create("reader", "viewer")
    try:
        page = watch().page
        page.context.add_cookies([{"name": "graphcrm_session", "value": token, "url": local}])
        page.goto(f"{local}/duplicates")
        ready(page)
        assert page.locator(".pair").count() == 4
        assert page.locator("[data-do], #search").count() == 0
        page.keyboard.press("1")
        assert page.locator(".decided").count() == 0
    finally:
        embedded_graph.tokens.revoke("reader")


def test_when_nothing_waits(embedded_graph: graphcrm.Graph, live_server: Callable[..., str], watch: Watch) -> None:
    embedded_graph.records.upsert("customers", [{"id": "C1", "name": "Ann"}, {"id": "C2", "name": "Bob"}])
    page = watch().page
    search(page, live_server(embedded_graph))
    assert page.locator("#none").inner_text() == "No pair is waiting for a decision."
