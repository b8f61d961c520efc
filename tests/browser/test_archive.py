"""The customer archive in a real browser: what it shows, edits, conflicts, pins, the timeline."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from browser.conftest import HOSTILE

import graphcrm
from graphcrm.cleaning.text import clean_text

if TYPE_CHECKING:
    from playwright.sync_api import Page

Watch = Callable[..., Any]

FIELDS = """() => Object.fromEntries([...document.querySelectorAll("#fields .field:not(.empty)")].map(
  (row) => [row.dataset.field, row.querySelector(".shown").innerText]))"""
LINES = """() => [...document.querySelectorAll("#lines li")].map(
  (line) => [line.dataset.kind, line.querySelector("time").getAttribute("datetime"), line.dataset.id])"""


def put(graph: graphcrm.Graph, table: str, rows: list[dict[str, Any]], source: str = "hand") -> None:
    report = graph.records.of(source).upsert(table, rows)
    assert not report.rejected, report.rejected


def fill_archive(graph: graphcrm.Graph) -> None:
    """Give a customer of the small business two sources, orders in two currencies, and a hostile surrounding."""
    graph.sources.add("crm", "crm", 60)
    said = {"id": "A0", "name": "Acme 客户", "city": "Ulm", "email": "office@acme.example", "notes": "two\nlines"}
    put(graph, "customers", [said | {"tags": ["a, b", "c"], "extra": {"vat": "<b>", "staff": 5, "ok": True}}], "crm")
    put(graph, "customers", [{"id": "A0", "name": "ACME", "country": "DE"}], "shop")
    put(graph, "contacts", [{"id": "A1", "name": HOSTILE["script"], "customer_id": "A0", "title": "CEO"}])
    put(graph, "campaigns", [{"id": "G", "name": HOSTILE["image"], "targeted_ids": ["A0"]}])
    orders = [
        {"id": f"O{n:02}", "customer_id": "A0", "at": f"2025-01-{n + 1:02}", "amount": f"{n - 3}.5"} for n in range(31)
    ]
    put(graph, "orders", [order | {"currency": "EUR" if n % 2 else "CNY"} for n, order in enumerate(orders)])
    calls = [{"id": "Call", "kind": "call", "at": "2026-03-04T05:06:07Z", "from_id": "A1", "to_ids": ["A0", *HOSTILE]}]
    put(graph, "interactions", [call | {"subject": HOSTILE["link"], "duration_s": 90} for call in calls])
    consent = {"party_id": "A0", "channel": "email", "purpose": "news"}
    put(graph, "consents", [{"id": f"N{n}", "granted": n == 0, "at": f"2025-0{n + 1}-01", **consent} for n in range(2)])
    put(graph, "tasks", [{"id": "T", "subject": HOSTILE["quotes"], "party_id": "A0", "due_at": "2026-12-01"}])
    ties = [{"type": "KNOWS", "source_id": id_, "target_id": "A0", "kind": "friend"} for id_ in HOSTILE]
    put(graph, "ties", [*ties, {"type": "REFERRED", "source_id": "A0", "target_id": "C0", "at": "2024-05-06"}])


@pytest.fixture
def address(filled: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    fill_archive(filled)
    return live_server(filled)


@pytest.fixture
def local(filled_embedded: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    fill_archive(filled_embedded)
    return live_server(filled_embedded)


def ask(address: str, path: str, method: str = "GET", body: Any = None, **headers: str) -> Any:
    request = urllib.request.Request(
        f"{address}/api/v1{path}",
        json.dumps(body).encode() if body is not None else None,
        {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}},
        method=method,
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def open_archive(page: Page, address: str, path: str) -> None:
    page.goto(f"{address}{path}")
    page.wait_for_selector("html[data-ready]")


def saved(page: Page, act: Callable[[], Any]) -> None:
    """Do what ends with the page being loaded again."""
    page.evaluate("() => delete document.documentElement.dataset.ready")
    act()
    page.wait_for_selector("html[data-ready]")


def test_what_is_shown_is_what_the_api_says(address: str, watch: Watch) -> None:
    for locale, orders in (("en-US", "Orders"), ("zh-CN", "订单")):
        page = watch(locale=locale).page
        open_archive(page, address, "/customers/A0")
        record = ask(address, "/customers/A0")
        shown = page.evaluate(FIELDS)
        flat = {name: value for name, value in record.items() if name not in ("id", "extra") and value is not None}
        flat |= {f"extra.{name}": value for name, value in record["extra"].items()}
        assert shown == {n: ", ".join(v) if isinstance(v, list) else str(v) for n, v in flat.items()}
        said = {field["field"]: field for field in ask(address, "/customers/A0/provenance")["fields"]}
        # Where each field that is shown is from, whatever the API has more to say. (An owner is a tie, not a field.)
        for name in sorted(shown.keys() - {"owner_id", "customer_id"}):
            field = said.pop(name.removeprefix("extra."))
            row = page.locator(f'.field[data-field="{name}"]')
            assert row.locator(".source").inner_text() == field["source"]
            assert row.locator("[role=listitem] strong").all_text_contents() == [v["source"] for v in field["values"]]
        assert said.keys() <= {"owner_id", "customer_id"}
        items = ask(address, "/customers/A0/timeline?limit=25")["items"]
        assert page.evaluate(LINES) == [[item["kind"], item["at"], item["id"]] for item in items]
        assert page.locator("#orders h2").inner_text() == orders
        every = ask(address, "/orders?customer_id=A0&limit=1000")["items"]
        for currency in ("CNY", "EUR"):
            total = sum(float(order["amount"]) for order in every if order["currency"] == currency)
            assert (
                page.locator(f'#orders [data-currency="{currency}"] strong').inner_text() == f"{total:.2f} {currency}"
            )
        consents = page.locator("#consents li")
        assert consents.evaluate_all("all => all.map((one) => one.dataset.id)") == ["N1", "N0"]
        assert consents.first.locator(":scope > .refused").count() == 1
        source = {"en-US": "hand", "zh-CN": "手工录入"}[locale]
        assert consents.first.locator(":scope > .quiet").inner_text() == f"2025-02-01 · {source}"
        assert not consents.last.is_visible()
        consents.first.locator("summary").click()
        assert consents.last.locator(".granted").count() == 1
        assert consents.last.locator(".quiet").inner_text() == f"2025-01-01 · {source}"
        known = {tie["id"] for tie in ask(address, "/ties?type=KNOWS&target_id=A0")["items"]}
        ties = page.eval_on_selector_all(".ties li[data-id]", "all => all.map((one) => one.dataset.id)")
        assert {*ties} == known | {"WORKS_AT:A1:A0", "REFERRED:A0:C0"}
        assert page.locator("#tasks li").get_attribute("data-id") == "T"


def test_the_timeline_is_continued_and_filtered(address: str, watch: Watch) -> None:
    page = watch().page
    open_archive(page, address, "/customers/A0")
    whole = [[i["kind"], i["at"], i["id"]] for i in ask(address, "/customers/A0/timeline?limit=1000")["items"]]
    assert len(whole) > 26
    while page.locator("#more").count():
        count = page.locator("#lines li").count()
        page.locator("#more").click()
        page.wait_for_function(f"() => document.querySelectorAll('#lines li').length > {count}")
    assert page.evaluate(LINES) == whole
    assert page.locator("#said").inner_text() == f"{len(whole)} lines are shown"
    page.get_by_role("checkbox", name="Interaction", exact=True).check()
    page.wait_for_function("() => document.querySelectorAll('#lines li').length === 1")
    page.get_by_role("checkbox", name="Consent", exact=True).check()
    page.wait_for_function("() => document.querySelectorAll('#lines li').length === 3")
    assert page.evaluate(LINES) == [line for line in whole if line[0] in ("interaction", "consent")]
    assert page.url.endswith("?kind=interaction&kind=consent")
    page.reload()
    assert page.locator("#lines li").count() == 3


def test_an_edit_is_saved(address: str, watch: Watch) -> None:
    page = watch().page
    open_archive(page, address, "/customers/A0")
    before = ask(address, "/customers/A0")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("City", exact=True).fill("Neu-Ulm")
    page.get_by_label("E-mail", exact=True).fill("")
    page.get_by_label("Tags", exact=True).fill("a, b\nnew")
    page.get_by_label("staff", exact=True).fill("6.5")
    page.get_by_label("ok", exact=True).select_option("false")
    saved(page, page.get_by_role("button", name="Save").click)
    changed = {"city": "Neu-Ulm", "email": None, "tags": ["a, b", "new"]}
    assert ask(address, "/customers/A0") == before | changed | {"extra": {"vat": "<b>", "staff": 6.5, "ok": False}}
    assert page.evaluate(FIELDS)["city"] == "Neu-Ulm"
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("City", exact=True).fill("nowhere")
    page.get_by_role("button", name="Cancel").click()
    assert page.evaluate(FIELDS)["city"] == "Neu-Ulm"
    page.get_by_role("button", name="Edit").click()
    assert page.get_by_label("City", exact=True).input_value() == "Neu-Ulm"


def test_needs_and_fields_of_ones_own_are_entered_and_have_a_history(address: str, watch: Watch) -> None:
    watched = watch()
    watched.expected.add("422 (Unprocessable")
    page = watched.page
    open_archive(page, address, "/customers/A0")
    before = ask(address, "/customers/A0")["extra"]
    assert "extra.needs" not in page.evaluate(FIELDS)
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Needs", exact=True).fill("a line\nand another")
    page.get_by_label("Another field", exact=True).fill("shoe size")
    page.get_by_label("Its value", exact=True).fill("43")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("#problem:not([hidden])")
    assert page.get_by_role("alert").inner_text().startswith("Not saved: Another field: its name must be")
    page.get_by_label("Another field", exact=True).fill("shoe_size")
    saved(page, page.get_by_role("button", name="Save").click)
    own = {"needs": "a line\nand another", "shoe_size": "43"}
    assert ask(address, "/customers/A0")["extra"] == before | own
    shown = page.evaluate(FIELDS)
    assert {name: shown[f"extra.{name}"] for name in own} == own
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Needs", exact=True).fill("quiet")
    saved(page, page.get_by_role("button", name="Save").click)
    page.locator("#history-filter select").select_option("needs")
    page.wait_for_function("() => document.querySelectorAll('#history-lines li').length === 2")
    shifts = page.locator("#history-lines .shift ins").all_inner_texts()
    assert shifts == ["quiet", "a line\nand another"]


def test_a_refused_edit_says_why_and_keeps_what_was_typed(local: str, watch: Watch) -> None:
    watched = watch()
    watched.expected.add("422 (Unprocessable")
    page = watched.page
    open_archive(page, local, "/customers/A0")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("Country", exact=True).fill("Atlantis")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("#problem:not([hidden])")
    refused = "Not saved: Country: must be an ISO 3166 code of two letters, such as DE"
    assert page.get_by_role("alert").inner_text() == refused
    assert page.get_by_label("Country", exact=True).input_value() == "Atlantis"


def test_a_refusal_speaks_the_readers_language(local: str, watch: Watch) -> None:
    watched = watch()
    watched.expected.add("422 (Unprocessable")
    page = watched.page
    open_archive(page, local, "/customers/A0?lang=zh")
    page.get_by_role("button", name="编辑", exact=True).click()
    for field, typed, said in (
        ("名称", " ", "未保存：名称：须为 1 到 500 个字符"),
        ("国家", "Atlantis", "未保存：国家：须为两个字母的 ISO 3166 国家代码，例如 DE"),
        ("附件", "javascript:alert(1)", "未保存：附件：须为链接，每行一个，以 https:// 或 http:// 开头"),
        ("行业", "x" * 600, "未保存：行业：不符合该字段的要求（"),
    ):
        control = page.get_by_label(field, exact=True)
        before = control.input_value()
        control.fill(typed)
        page.get_by_role("button", name="保存", exact=True).click()
        page.wait_for_function("said => document.getElementById('problem').innerText.startsWith(said)", arg=said)
        control.fill(before)


def test_who_owns_a_customer_is_named(local: str, watch: Watch, filled_embedded: graphcrm.Graph) -> None:
    put(filled_embedded, "users", [{"id": "U<1>", "name": HOSTILE["image"]}])
    put(filled_embedded, "customers", [{"id": "A0", "name": "Acme", "owner_id": "U<1>"}])
    page = watch().page
    open_archive(page, local, "/customers/A0")
    owner = page.locator("[data-field=owner_id] .shown")
    assert owner.inner_text() == HOSTILE["image"]
    assert owner.locator("bdi").get_attribute("title") == "U<1>"
    page.get_by_role("button", name="Edit").click()
    assert page.get_by_label("Owner", exact=True).input_value() == "U<1>"
    open_archive(page, local, "/contacts/A1")
    employer = page.locator("[data-field=customer_id] .shown")
    assert employer.inner_text() == "Acme"
    assert employer.locator("a").get_attribute("href") == "/customers/A0"


def test_a_party_to_which_nothing_happened_has_no_filters(
    local: str, watch: Watch, filled_embedded: graphcrm.Graph
) -> None:
    put(filled_embedded, "customers", [{"id": "Q", "name": "Quiet"}])
    page = watch().page
    open_archive(page, local, "/customers/Q")
    assert page.locator("#none").inner_text() == "Nothing has happened yet."
    assert page.locator("#filter").count() == 0
    open_archive(page, local, "/customers/Q?kind=order")
    assert page.locator("#none").inner_text() == "Nothing of the kind has happened yet."
    assert page.locator("#filter input:checked").count() == 1
    open_archive(page, local, "/customers/Q?lang=zh")
    assert page.locator("[data-field=name] .source").inner_text() == "手工录入"
    assert "手工录入" in page.locator("#history-lines").inner_text()


def test_two_editors_at_once_choose_field_by_field(address: str, watch: Watch) -> None:
    watched = watch()
    watched.expected.add("412 (Precondition Failed)")
    page = watched.page
    open_archive(page, address, "/customers/A0")
    page.get_by_role("button", name="Edit").click()
    page.get_by_label("City", exact=True).fill("Paris")
    page.get_by_label("Phone", exact=True).fill("+4973110")
    page.get_by_label("Industry", exact=True).fill("Tea")
    others = {"city": "Rome", "industry": HOSTILE["image"], "language": "de"}
    ask(address, "/customers/A0", "PATCH", others, If_Match="*")
    page.get_by_role("button", name="Save").click()
    page.wait_for_selector("dialog[open]")
    rows = page.locator("#choices tr")
    assert rows.evaluate_all("all => all.map((row) => row.dataset.field)") == ["phone", "city", "industry", "language"]
    cells = rows.evaluate_all("all => all.map((row) => [...row.cells].map((cell) => cell.innerText))")
    assert cells[2] == ["Industry", "Tea", HOSTILE["image"]]
    assert cells[3] == ["Language", "(blank)", "de"]
    page.get_by_label("City: Saved meanwhile, Rome").check()
    saved(page, page.get_by_role("dialog").get_by_role("button", name="Save").click)
    record = ask(address, "/customers/A0")
    kept = {"phone": "+4973110", "city": "Rome", "industry": "Tea", "language": "de"}
    assert {name: record[name] for name in kept} == kept
    assert page.evaluate(FIELDS)["city"] == "Rome"


def test_sources_are_told_on_focus_and_values_pinned(address: str, watch: Watch) -> None:
    page = watch().page
    open_archive(page, address, "/customers/A0")
    row = page.locator('.field[data-field="name"]')
    panel = row.locator(".panel-of")
    assert not panel.is_visible()
    row.hover()
    row.locator(".source").hover()
    assert panel.is_visible()
    assert panel.locator(".rule").inner_text() == "from the most trusted source"
    page.keyboard.press("Escape")
    assert not panel.is_visible()
    page.mouse.move(0, 0)
    row.locator(".source").focus()
    assert panel.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.dataset.source") == "shop"
    saved(page, lambda: page.keyboard.press("Enter"))
    assert ask(address, "/customers/A0")["name"] == "ACME"
    assert row.locator(".source").inner_text() == "pinned"
    row.locator(".source").focus()
    saved(page, row.get_by_role("button", name="Unpin").click)
    assert ask(address, "/customers/A0")["name"] == "Acme 客户"
    row = page.locator('.field[data-field="country"]')
    row.locator(".source").focus()
    saved(page, row.get_by_role("button", name="Pin", exact=True).click)
    put_again = {field["field"]: field["rule"] for field in ask(address, "/customers/A0/provenance")["fields"]}
    assert put_again["country"] == "pinned"


def test_hostile_names_and_ids_are_text(local: str, watch: Watch) -> None:
    page = watch().page
    open_archive(page, local, "/customers/A0")
    body = page.locator("body").inner_text()
    for name in ("script", "image", "quotes", "link"):
        assert HOSTILE[name] in body
    assert page.locator("main img").count() == 0
    for id_, name in HOSTILE.items():
        open_archive(page, local, f"/customers/{quote(id_, safe='')}")
        assert page.locator("h1").inner_text() == clean_text(name)
        assert page.evaluate(LINES) == [
            [item["kind"], item["at"], item["id"]]
            for item in ask(local, f"/customers/{quote(id_, safe='')}/timeline")["items"]
        ]


def test_maps_and_search_lead_to_the_archive_and_back(local: str, watch: Watch) -> None:
    page = watch().page
    page.goto(f"{local}/?q=acme")
    page.locator(".hits .to-archive").click()
    page.wait_for_url(f"{local}/customers/A0")
    page.get_by_role("link", name="Map", exact=True).click()
    page.wait_for_selector("#map[data-ready]")
    page.get_by_role("link", name="Open the archive of Acme 客户").click()
    page.wait_for_url(f"{local}/customers/A0")
    page.goto(f"{local}/customers/A1")
    assert page.url == f"{local}/contacts/A1"
    assert page.locator('.field[data-field="customer_id"] a').get_attribute("href") == "/customers/A0"


def test_it_is_read_without_scripts(local: str, watch: Watch) -> None:
    page = watch(java_script_enabled=False).page
    page.goto(f"{local}/customers/A0")
    page.locator("#more").click()
    rest = ask(local, "/customers/A0/timeline?limit=1000")["items"][25:]
    assert page.locator("#lines li").count() == min(len(rest), 25)
    page.get_by_role("checkbox", name="Order", exact=True).check()
    page.click("#filter [type=submit]")
    assert page.locator('#lines li[data-kind="order"]').count() == page.locator("#lines li").count() == 25


def test_a_viewer_reads_and_changes_nothing(
    filled_embedded: graphcrm.Graph, live_server: Callable[..., str], watch: Watch
) -> None:
    fill_archive(filled_embedded)
    token = filled_embedded.tokens.create("reader", "viewer")
    try:
        address = live_server(filled_embedded)
        page = watch(extra_http_headers={"Authorization": f"Bearer {token}"}).page
        open_archive(page, address, "/customers/A0")
        assert page.locator("#edit, [data-pin], .input").count() == 0
        page.locator("#more").click()
        page.wait_for_function("() => document.querySelectorAll('#lines li').length > 25")
    finally:
        filled_embedded.tokens.revoke("reader")


@pytest.mark.parametrize("path", ["/customers/A0", "/contacts/A1"])
def test_it_fits_every_screen_and_axe_finds_nothing(local: str, watch: Watch, path: str) -> None:
    axe = pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    program = (Path(axe.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    for scheme, width in (("light", 360), ("dark", 1280), ("light", 2560)):
        page = watch(color_scheme=scheme, viewport={"width": width, "height": 800}).page
        open_archive(page, local, path)
        for editing in (False, True):
            if editing:
                page.locator("#edit").click()
            assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0, width
            page.evaluate(program)
            found = page.evaluate("() => axe.run()")["violations"]
            assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == []
