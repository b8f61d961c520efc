"""The pages of imports and sources in a real browser: files uploaded and followed, sources trusted and erased."""

from __future__ import annotations

import csv
import io
import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser.conftest import HOSTILE

import graphcrm

if TYPE_CHECKING:
    from playwright.sync_api import Page

Watch = Callable[..., Any]

ROWS = 'id,name,country\nC1,Ann,DE\nC2,"王芳 ""<b>""",CN\nC3,,FR\n'
COUNTS = """() => Object.fromEntries([...document.querySelectorAll("[data-count]")].map(
  (one) => [one.dataset.count, Number(one.querySelector("dd").innerText)]))"""


@pytest.fixture
def address(graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    return live_server(graph)


@pytest.fixture
def local(embedded_graph: graphcrm.Graph, live_server: Callable[..., str]) -> str:
    return live_server(embedded_graph)


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    """Three customers, one of them without the name that each must have."""
    path = tmp_path / "customers.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def ask(address: str, path: str) -> Any:
    with urllib.request.urlopen(f"{address}/api/v1{path}", timeout=30) as answer:
        return json.load(answer)


def visit(page: Page, address: str, path: str) -> None:
    page.goto(f"{address}{path}")
    page.wait_for_selector("html[data-ready]")


def upload(page: Page, path: Path, source: str = "shop", **fields: str) -> None:
    """Give a file on the page of imports, and wait for the import's end."""
    page.locator("#files").set_input_files(path)
    page.get_by_label("Source", exact=True).fill(source)
    for name, value in fields.items():
        page.locator(f"#{name}").fill(value)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/imports/2*")
    page.wait_for_selector('#job:not([data-going])[data-state="done"]', timeout=60_000)


def test_a_file_is_uploaded_and_what_came_of_it_is_told(
    address: str, watch: Watch, customers: Path, graph: graphcrm.Graph
) -> None:
    page = watch().page
    page.goto(address)
    page.get_by_role("link", name="Imports").click()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#none").inner_text() == "Nothing was imported yet."
    upload(page, customers, region="de")
    [job] = ask(address, "/imports")["items"]
    assert page.url == f"{address}/imports/{job['id']}"
    assert page.evaluate(COUNTS) == {
        name: job[name] for name in ("read", "created", "updated", "unchanged", "rejected", "repeated", "flagged")
    }
    assert (job["read"], job["created"], job["rejected"], job["source"]) == (3, 2, 1, "shop")
    rejected = page.locator("#rejects tbody tr td").all_inner_texts()
    [said] = ask(address, f"/imports/{job['id']}")["rejects"]
    assert rejected == ["customers.csv", str(said["line"]), said["column"], said["reason"]]
    with page.expect_download() as download:
        page.locator("#rejects-file").click()
    lines = list(csv.reader(io.StringIO(Path(download.value.path()).read_text(encoding="utf-8"))))
    assert [line[:3] for line in lines[1:]] == [rejected[:3]]
    assert graph.records.read("customers", "C2")["name"] == '王芳 "<b>"'

    page.get_by_role("link", name="All imports").click()
    page.wait_for_selector("html[data-ready]")
    row = page.locator(f'tr[data-id="{job["id"]}"]')
    assert row.locator("td.number").all_inner_texts() == ["3", "2", "0", "0", "1"]
    assert row.locator("[download]").get_attribute("href") == f"/api/v1/imports/{job['id']}/rejects"
    # The same file again changes nothing.
    upload(page, customers)
    assert page.evaluate(COUNTS)["unchanged"] == 2
    assert len(ask(address, "/imports")["items"]) == 2


def test_what_is_only_checked_is_not_written(local: str, watch: Watch, customers: Path) -> None:
    page = watch().page
    visit(page, local, "/imports")
    page.get_by_label("Only check").check()
    upload(page, customers)
    assert page.locator("h1 ~ .under .tag").inner_text() == "checked only"
    assert page.evaluate(COUNTS)["created"] == 2
    assert ask(local, "/customers")["items"] == []


def test_a_preset_reads_the_files_of_another_program(local: str, watch: Watch, tmp_path: Path) -> None:
    contacts = tmp_path / "export.csv"
    contacts.write_text("Id,LastName,FirstName,AccountId\n003x,Lovelace,Ada,\n", encoding="utf-8")
    page = watch().page
    visit(page, local, "/imports")
    page.get_by_label("What wrote the files").select_option("salesforce")
    upload(page, contacts, "crm")
    assert page.evaluate(COUNTS)["created"] == 1
    assert [each["name"] for each in ask(local, "/contacts")["items"]] == ["Ada Lovelace"]


def test_refusals_speak_the_readers_language(local: str, watch: Watch, customers: Path) -> None:
    watched = watch(locale="zh-CN")
    watched.expected.add("422 (Unprocessable")
    page = watched.page
    visit(page, local, "/imports")
    button = page.get_by_role("button", name="开始导入")
    button.click()
    assert page.get_by_role("alert").inner_text() == "未完成：文件：请至少选择一个"
    page.locator("#files").set_input_files(customers)
    page.locator("#source").fill("a b")
    button.click()
    page.wait_for_function("() => document.getElementById('problem').innerText.includes('数据来源：')")
    page.locator("#source").fill("shop")
    page.locator("#region").fill("1")
    button.click()
    page.wait_for_function("() => document.getElementById('problem').innerText.includes('电话号码所属国家')")
    assert button.is_enabled()
    assert ask(local, "/imports")["items"] == []


def test_an_import_is_cancelled(local: str, watch: Watch, embedded_graph: graphcrm.Graph, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    path.write_text("id,name\n" + "".join(f"C{n},Customer {n}\n" for n in range(60_000)), encoding="utf-8")
    page = watch().page
    visit(page, local, "/imports")
    page.locator("#files").set_input_files(path)
    page.get_by_role("button", name="Import", exact=True).click()
    page.wait_for_url("**/imports/2*")
    page.get_by_role("button", name="Cancel the import").click()
    page.wait_for_selector('#job:not([data-going])[data-state="cancelled"]', timeout=60_000)
    [job] = embedded_graph.jobs.page().items
    assert job["state"] == "cancelled"
    assert job["message"] in page.locator("#message").inner_text()
    assert page.locator("[data-cancel]").count() == 0


def test_a_source_is_trusted_judged_and_erased(
    address: str, watch: Watch, customers: Path, graph: graphcrm.Graph
) -> None:
    assert not graph.records.of("crm").upsert("customers", [{"id": "C1", "name": "Anna"}]).rejected
    page = watch().page
    visit(page, address, "/imports")
    upload(page, customers)
    page.get_by_role("link", name="Sources").click()
    page.wait_for_selector("html[data-ready]")
    assert page.locator("tr[data-source]").evaluate_all("all => all.map((row) => row.dataset.source)") == [
        each["name"] for each in ask(address, "/sources")["items"]
    ]
    page.get_by_label("Name", exact=True).fill("web")
    page.get_by_label("Prefix of its ids").fill("web-")
    page.get_by_role("button", name="Add").click()
    page.wait_for_selector("#source .under:has-text('Prefix of its ids: web-')")
    page.get_by_role("link", name="Sources", exact=True).click()
    page.wait_for_selector("html[data-ready]")
    page.get_by_label("Name", exact=True).fill("crm")
    page.get_by_label("Trust", exact=True).fill("20")
    page.get_by_role("button", name="Add").click()
    page.wait_for_url("**/sources/crm")
    assert graph.records.read("customers", "C1")["name"] == "Ann"
    page.get_by_label("Trust", exact=True).fill("90")
    page.get_by_role("button", name="Save trust").click()
    page.wait_for_selector("#source .under:has-text('Trust: 90')")
    assert graph.records.read("customers", "C1")["name"] == "Anna"

    visit(page, address, "/sources/shop")
    page.get_by_role("link", name="How good it is").click()
    page.wait_for_url("**/quality")
    lines = ask(address, "/sources/shop/quality")["items"]
    rows = page.locator("tr[data-field]").evaluate_all(
        "all => all.map((row) => [row.dataset.field, ...[...row.querySelectorAll('.number')].map((n) => n.innerText)])"
    )
    counted = ("count", "blank", "invalid", "duplicated", "stale")
    assert rows == [[line["field"], *(str(line[name]) for name in counted)] for line in lines]

    visit(page, address, "/sources/shop")
    page.get_by_role("button", name="Erase …").click()
    dialog = page.get_by_role("dialog")
    assert "Erase the source shop?" in dialog.inner_text()
    assert dialog.locator("li").all_inner_texts() == ["Customer: 2", "Ties: 0"]
    page.keyboard.press("Enter")  # what has the focus gives up
    assert not dialog.is_visible()
    assert len(ask(address, "/customers")["items"]) == 2
    page.get_by_role("button", name="Erase …").click()
    dialog.get_by_role("button", name="Erase shop").click()
    page.wait_for_selector("#erased:not([hidden])")
    assert page.locator("#erased").inner_text() == "shop is erased: 1 removed, 1 kept that others describe too."
    assert [each["id"] for each in ask(address, "/customers")["items"]] == ["C1"]
    assert ask(address, "/imports?source=shop")["items"] == []


def test_roles_see_what_they_may(local: str, watch: Watch, embedded_graph: graphcrm.Graph) -> None:
    embedded_graph.sources.add("crm")
    seen = {}
    try:
        for role in ("viewer", "editor", "admin"):
            token = embedded_graph.tokens.create(role, role)
            page = watch().page
            page.context.add_cookies([{"name": "graphcrm_session", "value": token, "url": local}])
            counts = []
            for path, part in (("/imports", "#upload"), ("/sources/crm", "#trusting"), ("/sources/crm", "#erase")):
                visit(page, local, path)
                counts.append(page.locator(part).count())
            seen[role] = counts
    finally:
        for role in ("viewer", "editor", "admin"):
            embedded_graph.tokens.revoke(role)
    assert seen == {"viewer": [0, 0, 0], "editor": [1, 1, 0], "admin": [1, 1, 1]}


def test_hostile_names_are_text(local: str, watch: Watch, tmp_path: Path) -> None:
    path = tmp_path / "customers.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "name", "country"], ["", HOSTILE["image"], HOSTILE["script"]]])
    page = watch().page
    visit(page, local, "/imports")
    upload(page, path)
    assert page.locator("#rejects tbody tr").count() == 1
    assert page.locator("main img").count() == 0


def assert_fits(page: Page) -> None:
    """Once the page was drawn: a window that was just opened or led elsewhere has no width of its own before."""
    widths = page.evaluate("""() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(
      () => drawn([document.documentElement.scrollWidth, innerWidth]))))""")
    assert widths[0] <= widths[1], page.url


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_they_fit_in_both_languages(local: str, watch: Watch, customers: Path, locale: str, width: int) -> None:
    page = watch(locale=locale, viewport={"width": width, "height": 900}).page
    visit(page, local, "/imports")
    page.locator("#files").set_input_files(customers)
    page.locator("#start").click()
    page.wait_for_url("**/imports/2*")
    page.wait_for_selector('#job[data-state="done"]', timeout=60_000)
    assert_fits(page)
    for path, heading in (
        ("/imports", ("Imports", "导入")),
        ("/sources", ("Sources", "数据来源")),
        ("/sources/files", ("Source: files", "数据来源：files")),
        ("/sources/files/quality", ("How good files is", "来源“files”的质量")),
    ):
        page.goto(f"{local}{path}")
        assert_fits(page)
        assert page.locator("h1").inner_text() == heading[locale == "zh-CN"]
