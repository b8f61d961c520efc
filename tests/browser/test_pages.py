"""Start page, map, documentation and log-in in a real browser."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

import graphcrm
from graphcrm.network.layout import layout
from viz.relationship_map import map_file

if TYPE_CHECKING:
    from playwright.sync_api import Page

HOSTILE_NAMES = ("</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "href=javascript:alert(1)")

DRAWN = """() => {
  const { nodes, edges, network } = window.graphcrmMap;
  const places = network.getPositions();
  return {
    nodes: nodes.getIds().map((id) => [id, places[id].x, places[id].y]),
    edges: edges.get().map((edge) => [edge.id, edge.from, edge.to]),
  };
}"""
INK = """() => {
  const canvas = document.querySelector("#map-canvas canvas");
  const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const colours = new Set();
  let inked = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    if (pixels[i + 3] > 200) {
      inked += 1;
      colours.add((pixels[i] << 16) | (pixels[i + 1] << 8) | pixels[i + 2]);
    }
  }
  return { inked, colours: [...colours].map((colour) => `#${colour.toString(16).padStart(6, "0")}`) };
}"""

Watch = Callable[..., Any]


@pytest.fixture
def address(filled: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    """Where the small business is served, from each engine in turn."""
    return live_server(filled)


@pytest.fixture
def local(filled_embedded: graphcrm.Graph, live_server: Callable[..., str]) -> Iterator[str]:
    """The same from the embedded engine, for what no engine can change."""
    return live_server(filled_embedded)


def ask(address: str, path: str) -> Any:
    """What the API answers."""
    with urllib.request.urlopen(f"{address}/api/v1{path}", timeout=30) as answer:
        return json.load(answer)


def open_map(page: Page, address: str, id_: str, query: str = "") -> None:
    """Open a party's map and wait until it is drawn."""
    page.goto(f"{address}/map/{quote(id_, safe='')}{query}")
    page.wait_for_selector("#map[data-ready]")


def rows(page: Page, table: str) -> list[str]:
    """The ids in the rows of a table."""
    return page.eval_on_selector_all(f"{table} tr[data-id]", "rows => rows.map((row) => row.dataset.id)")


def test_the_start_page_shows_what_the_api_says(address: str, watch: Watch) -> None:
    page = watch().page
    for metric in ("pagerank", "degree"):
        page.goto(f"{address}/?metric={metric}")
        expected = ask(address, f"/influencers?metric={metric}&limit=10")["items"]
        assert len(expected) == 10
        shown = page.eval_on_selector_all(
            ".ranking tbody tr",
            """rows => rows.map((row) => [
                 Number(row.cells[0].innerText), row.querySelector("th code").innerText,
                 row.querySelector("th bdi").textContent, row.cells[3].innerText])""",
        )
        assert shown == [
            [row["rank"], row["party_id"], " ".join(row["name"].split()), row["reason"]] for row in expected
        ]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_what_is_drawn_is_what_the_api_says(address: str, watch: Watch, filled: graphcrm.Graph, locale: str) -> None:
    page = watch(locale=locale).page
    for id_, query in (("C0", ""), ("N05", "?hops=2"), ("C0", "?layers=knows&hops=3"), ("C0", "?limit=7")):
        open_map(page, address, id_, query)
        said = ask(address, f"/graph/neighborhood/{id_}{query or '?limit=60'}")
        drawn = page.evaluate(DRAWN)
        assert [node[0] for node in drawn["nodes"]] == [node["id"] for node in said["nodes"]]
        assert drawn["edges"] == [[tie["id"], tie["source"], tie["target"]] for tie in said["ties"]]
        assert rows(page, "#map-parties") == [node["id"] for node in said["nodes"]]
        assert rows(page, "#map-ties") == [tie["id"] for tie in said["ties"]]
        places = layout(said["nodes"], said["ties"])
        for node, x, y in drawn["nodes"]:
            assert (x, y) == pytest.approx(places[node], abs=0.5)
        # Every type of tie has its word.
        assert "_" not in "".join(page.locator("#map-ties td:nth-child(2)").all_text_contents())
        assert page.locator("#truncated").count() == said["truncated"]
        assert page.locator("html").get_attribute("lang") == {"en-US": "en", "zh-CN": "zh-CN"}[locale]
    assert page.locator(".legend h2").inner_text() == {"en-US": "Legend", "zh-CN": "图例"}[locale]


def test_the_map_can_be_seen_on_light_and_on_dark_pages(local: str, watch: Watch) -> None:
    for scheme, colour in (("light", "#0072b2"), ("dark", "#56b4e9")):
        watched = watch(color_scheme=scheme)
        watched.expected.add("Canvas2D: Multiple readback operations")
        page = watched.page
        open_map(page, local, "C0")
        page.wait_for_timeout(300)
        seen = page.evaluate(INK)
        assert seen["inked"] > 5_000
        assert colour in seen["colours"]
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(300)
    assert "#0072b2" in page.evaluate(INK)["colours"]


def test_hostile_names_and_ids_are_text_everywhere(local: str, watch: Watch) -> None:
    page = watch().page
    open_map(page, local, "C0", "?limit=100")
    page.locator("summary").click()
    table = page.locator("#map-parties").inner_text()
    for name in HOSTILE_NAMES:
        assert name in table
    for name in HOSTILE_NAMES:
        page.goto(f"{local}/?q={quote(name)}")
        hit = page.locator(".hits a").first
        assert hit.inner_text() == name
        hit.click()
        page.wait_for_selector("#map[data-ready]")
        assert page.locator("h1").inner_text() == name
        assert name in page.title()
    open_map(page, local, 'id/"?#%<b>')
    assert page.evaluate(DRAWN)["nodes"][0][0] == 'id/"?#%<b>'
    assert page.locator("img").count() == 0


def test_the_map_is_walked_by_keyboard_and_says_where_one_is(local: str, watch: Watch) -> None:
    page = watch().page
    open_map(page, local, "C0")
    frame, said = page.locator("#map-frame"), page.locator("#map-said")
    assert "Northwind 北风" in (frame.get_attribute("aria-label") or "")
    frame.focus()
    page.keyboard.press("ArrowRight")
    assert said.inner_text().startswith("Northwind 北风, Customer, ")
    page.keyboard.press("ArrowRight")
    name = page.locator("#map-panel h2").inner_text()
    assert said.inner_text().startswith(f"{name}, ")
    here = page.evaluate("() => window.graphcrmMap.network.getSelectedNodes()")
    assert len(here) == 1
    assert here != ["C0"]
    scale = page.evaluate("() => window.graphcrmMap.network.getScale()")
    page.keyboard.press("+")
    assert page.evaluate("() => window.graphcrmMap.network.getScale()") > scale
    page.keyboard.press("0")
    assert said.inner_text() == "All of the map is in view"
    page.keyboard.press("Escape")
    assert said.inner_text() == "Nothing chosen"
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{local}/map/{quote(here[0], safe='')}")
    page.wait_for_selector("#map[data-ready]")
    assert page.locator("h1").inner_text() == name
    # Nothing inside the hidden drawing may take the focus.
    assert page.evaluate("() => document.querySelector('#map-canvas [tabindex=\"0\"]')") is None


def test_a_click_shows_the_facts_and_leads_to_the_other_map(local: str, watch: Watch) -> None:
    page = watch().page
    open_map(page, local, "C0")
    spot = page.evaluate(
        """() => {
          const { network } = window.graphcrmMap;
          const place = network.canvasToDOM(network.getPosition("P1"));
          const frame = document.getElementById("map-canvas").getBoundingClientRect();
          return { x: frame.x + place.x, y: frame.y + place.y };
        }"""
    )
    page.mouse.move(spot["x"], spot["y"])
    page.wait_for_function("() => document.querySelector('.vis-tooltip')?.style.visibility === 'visible'")
    assert page.locator(".vis-tooltip").inner_text() == "Contact 1\nContact · P1"
    page.mouse.click(spot["x"], spot["y"])
    panel = page.locator("#map-panel")
    assert panel.locator("h2").inner_text() == "Contact 1"
    assert panel.locator("dd").nth(0).inner_text() == "P1"
    assert "works at Northwind 北风" in " ".join(panel.locator(".tie-list").inner_text().split())
    panel.get_by_role("link").click()
    page.wait_for_url(f"{local}/map/P1")


def test_the_file_works_from_a_disk_without_anything_else(
    filled_embedded: graphcrm.Graph, watch: Watch, tmp_path: Path
) -> None:
    around = filled_embedded.neighborhood("C0", limit=100)
    for language, title in (("en", "Relationship map of Northwind 北风"), ("zh", "Northwind 北风的关系图谱")):
        path = tmp_path / f"{language}.html"
        path.write_text(map_file(around, layout(around["nodes"], around["ties"]), language), encoding="utf-8")
        page = watch(offline=True).page
        requests: list[str] = []
        page.on("request", lambda request, kept=requests: kept.append(request.url))
        page.goto(path.as_uri())
        page.wait_for_selector("#map[data-ready]")
        page.wait_for_timeout(300)
        drawn = page.evaluate(DRAWN)
        assert [node[0] for node in drawn["nodes"]] == [node["id"] for node in around["nodes"]]
        assert [edge[0] for edge in drawn["edges"]] == [tie["id"] for tie in around["ties"]]
        assert page.evaluate(INK)["inked"] > 5_000
        assert page.title() == title
        assert requests == [path.as_uri()]
        assert page.locator("a").count() == 0


def test_the_policy_of_a_file_stops_what_was_not_written_with_it(
    filled_embedded: graphcrm.Graph, watch: Watch, tmp_path: Path
) -> None:
    around = filled_embedded.neighborhood("C0")
    html = map_file(around, layout(around["nodes"], around["ties"]))
    path = tmp_path / "changed.html"
    path.write_text(html.replace("</body>", "<script>window.intruded = true</script></body>"), encoding="utf-8")
    watched = watch()
    watched.expected |= {"policy: script-src-elem inline", "Content Security Policy", "violates the following"}
    watched.page.goto(path.as_uri())
    watched.page.wait_for_selector("#map[data-ready]")
    assert watched.page.evaluate("() => window.intruded") is None
    assert any("policy: script-src" in said for said in watched.complaints)


def test_the_search_box_suggests_and_leads_to_the_map(local: str, watch: Watch) -> None:
    page = watch().page
    page.goto(local)
    box = page.get_by_role("combobox", name="Find a customer or a contact")
    box.press_sequentially("李伟")
    page.wait_for_selector("#suggestions:not([hidden]) li")
    expected = ask(local, f"/search?q={quote('李伟')}&limit=8")["items"]
    assert page.eval_on_selector_all("#suggestions code", "all => all.map((one) => one.innerText)") == [
        hit["id"] for hit in expected
    ]
    assert box.get_attribute("aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    assert page.locator("[role=option][aria-selected=true] code").inner_text() == expected[1]["id"]
    page.keyboard.press("Escape")
    assert box.get_attribute("aria-expanded") == "false"
    box.press_sequentially(" ")
    page.wait_for_selector("#suggestions:not([hidden]) li")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{local}/map/{expected[0]['id']}")


def test_pages_work_without_scripts(local: str, watch: Watch) -> None:
    page = watch(java_script_enabled=False).page
    page.goto(local)
    page.get_by_label("Find a customer or a contact").fill("contact 2")
    page.get_by_role("button", name="Search").click()
    page.locator(".hits a").first.click()
    assert page.locator("h1").inner_text() == "Contact 2"
    page.locator("summary").click()
    assert page.locator("#map-parties tr[data-id]").count() == 2


def test_the_language_switch_stays(local: str, watch: Watch) -> None:
    page = watch(locale="zh-CN").page
    page.goto(local)
    assert page.locator("h2").first.inner_text() == "关键影响者"
    page.get_by_role("link", name="English").click()
    assert page.locator("h2").first.inner_text() == "Key influencers"
    open_map(page, local, "C0")
    assert page.locator(".legend h2").inner_text() == "Legend"
    page.get_by_role("link", name="中文").click()
    page.wait_for_selector("#map[data-ready]")
    assert page.locator(".legend h2").inner_text() == "图例"


def test_the_documentation_shows_every_operation_and_tries_one(local: str, watch: Watch) -> None:
    page = watch().page
    page.goto(f"{local}/docs")
    page.wait_for_selector(".opblock-tag")
    closed = page.locator("h3.opblock-tag[data-is-open=false]")
    while closed.count():
        closed.first.click()
    with urllib.request.urlopen(f"{local}/openapi.json", timeout=30) as answer:
        paths = json.load(answer)["paths"]
    assert page.locator(".opblock").count() == sum(len(operations) for operations in paths.values())
    health = page.locator(".opblock", has_text="/healthz")
    health.locator(".opblock-summary-control").click()
    health.get_by_role("button", name="Try it out").click()
    health.get_by_role("button", name="Execute").click()
    page.wait_for_selector(".live-responses-table .response-col_status >> text=200")


def test_with_tokens_one_logs_in_and_out(
    filled_embedded: graphcrm.Graph, live_server: Callable[..., str], watch: Watch
) -> None:
    token = filled_embedded.tokens.create("browser", "viewer")
    try:
        address = live_server(filled_embedded)
        watched = watch()
        watched.expected.add("401 (Unauthorized)")
        page = watched.page
        page.goto(f"{address}/map/C0?hops=2")
        page.get_by_label("Token").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        assert page.get_by_role("alert").inner_text().startswith("That token is not valid")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_url(f"{address}/map/C0?hops=2")
        page.wait_for_selector("#map[data-ready]")
        assert page.evaluate("() => document.cookie") == ""
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url(f"{address}/login")
        page.goto(address)
        assert page.locator("h1").inner_text() == "Log in"
    finally:
        filled_embedded.tokens.revoke("browser")


@pytest.mark.parametrize("path", ["/", "/?q=n", "/map/C0?limit=100", "/map/nobody", "/login", "/docs"])
def test_nothing_is_wider_than_the_screen(local: str, watch: Watch, path: str) -> None:
    for width in (360, 2560) if path == "/docs" else (360, 768, 1280, 2560):
        watched = watch(viewport={"width": width, "height": 800})
        watched.expected.add("404 (Not Found)")
        watched.page.goto(local + path)
        watched.page.wait_for_load_state("networkidle")
        assert watched.page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, width


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1280)])
@pytest.mark.parametrize("path", ["/?q=n", "/map/C0", "/map/nobody", "/login"])
def test_axe_finds_nothing(local: str, watch: Watch, path: str, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    program = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    watched = watch(color_scheme=scheme, viewport={"width": width, "height": 800})
    watched.expected.add("404 (Not Found)")
    watched.page.goto(local + path)
    watched.page.wait_for_load_state("networkidle")
    watched.page.evaluate(program)
    found = watched.page.evaluate("() => axe.run()")["violations"]
    assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []


SPOT_OF_TIE = """(id) => {
  const { network } = window.graphcrmMap;
  const frame = document.getElementById("map-canvas").getBoundingClientRect();
  const [from, to] = network.getConnectedNodes(id).map((end) => network.canvasToDOM(network.getPosition(end)));
  for (let share = 0.2; share < 0.8; share += 0.02) {
    for (let aside = -60; aside <= 60; aside += 2) {
      const along = Math.hypot(to.x - from.x, to.y - from.y);
      const x = from.x + (to.x - from.x) * share - ((to.y - from.y) * aside) / along;
      const y = from.y + (to.y - from.y) * share + ((to.x - from.x) * aside) / along;
      if (network.getEdgeAt({ x, y }) === id && !network.getNodeAt({ x, y })) return { x: frame.x + x, y: frame.y + y };
    }
  }
  return null;
}"""


@pytest.mark.parametrize(("locale", "by", "said_by"), [("en-US", "hand", "Said by"), ("zh-CN", "手工录入", "来源")])
def test_a_tie_tells_its_parts_and_who_says_so(address: str, watch: Watch, locale: str, by: str, said_by: str) -> None:
    page = watch(locale=locale).page
    said = ask(address, "/explain?source=C0&target=N00")
    assert [tie["type"] for tie in said["items"]] == ["KNOWS", "REFERRED"]
    page.goto(f"{address}/tie?source=C0&target=N00")
    strength = page.locator("#tie").get_attribute("data-strength")
    assert strength == f"{said['strength']:.3f}"
    assert rows_of_parts(page) == [[tie["id"], f"{tie['contribution']:.3f}"] for tie in said["items"]]
    parts = " + ".join(f"{tie['contribution']:.3f}" for tie in said["items"])
    assert page.locator(".sum").inner_text().endswith(f"{strength} = {parts}")
    told = page.locator("#tie").inner_text()
    assert by in told
    assert "2026-01-02" in told
    # The map shows the same beside itself: by the keyboard from a party's ties, and on hovering over the line.
    open_map(page, address, "C0", "?limit=5")
    page.locator(".tie-list .why-tie").first.press("Enter")
    page.wait_for_selector("#map-panel .tie")
    assert rows_of_parts(page) == [[tie["id"], f"{tie['contribution']:.3f}"] for tie in said["items"]]
    assert page.locator("#map-panel .chosen").count() == 1
    assert page.evaluate("() => document.activeElement.closest('#map-panel h2') !== null")
    page.locator("#map-panel button").last.press("Enter")
    assert page.locator("#map-panel h2").inner_text() == "Northwind 北风"
    spot = page.evaluate(SPOT_OF_TIE, said["items"][1]["id"])
    page.mouse.move(spot["x"], spot["y"])
    page.wait_for_function(
        "(by) => document.querySelector('.vis-tooltip')?.innerText.endsWith(by)", arg=f"{said_by}: {by}", timeout=10_000
    )


def rows_of_parts(page: Page) -> list[list[str]]:
    """The ties that a page takes a strength apart into, and what each contributes."""
    return page.eval_on_selector_all(
        "[data-tie]", "parts => parts.map((part) => [part.dataset.tie, part.querySelector('dd').innerText])"
    )


def test_who_is_not_tied_is_told_so_and_a_wrong_question_is_a_page(local: str, watch: Watch) -> None:
    watched = watch()
    watched.expected.add("Failed to load resource")
    page = watched.page
    page.goto(f"{local}/tie?source=N03&target=P1&layers=referral")
    assert "Ask the other way round" in page.locator("#tie .note").inner_text()
    page.goto(f"{local}/tie?source=N03&target=nobody")
    assert page.locator(".status").inner_text() == "404"
    page.goto(f"{local}/tie?source=N03&target=N03")
    assert page.locator(".status").inner_text() == "422"
