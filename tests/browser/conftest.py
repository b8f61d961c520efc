"""A page that is watched: whatever it says, fetches or is forbidden, the test hears of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

import graphcrm

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Route

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "image": '"><img src=x onerror=alert(1)>',
    "quotes": 'O\'Neill & "Sons"',
    "lines": "two\nlines",
    "right_to_left": "\u202eevil\u202c مرحبا",
    "emoji": "👩‍👩‍👧 客户 🎉",
    "link": "href=javascript:alert(1)",
    "long": "名" * 120,
    'id/"?#%<b>': "by its id",
}

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`);
});
"""


@dataclass
class Watched:
    """What happened on a page beside what its test asked for."""

    page: Page
    outside: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    expected: set[str] = field(default_factory=set)

    def guard(self, route: Route) -> None:
        """Let requests to this machine pass; note and stop all others."""
        parts = urlsplit(route.request.url)
        if parts.scheme in ("data", "file") or parts.hostname == "127.0.0.1":
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def unexpected(self) -> list[str]:
        """Complaints that the test did not announce in `expected`."""
        return [said for said in self.complaints if not any(part in said for part in self.expected)]


@pytest.fixture
def watch(browser: Browser) -> Iterator[Callable[..., Watched]]:
    """A function that opens a watched page; afterwards nothing may have left the machine or been complained of."""
    opened: list[Watched] = []
    with ExitStack() as stack:

        def open_(**options: Any) -> Watched:
            context = stack.enter_context(browser.new_context(**{"locale": "en-US", **options}))
            watched = Watched(context.new_page())
            opened.append(watched)
            page = watched.page
            context.route("**/*", watched.guard)
            page.add_init_script(REPORT_VIOLATIONS)
            page.on("console", lambda said: said.type in ("error", "warning") and watched.complaints.append(said.text))
            page.on("pageerror", lambda error: watched.complaints.append(str(error)))
            page.on("dialog", lambda dialog: (watched.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
            return watched

        yield open_
        for watched in opened:
            assert watched.outside == []
            assert watched.unexpected() == []


def fill(graph: graphcrm.Graph) -> None:
    """Put a small business into a graph: a middle, friends with hostile names, and friends of friends."""
    around = [{"id": f"N{i:02}", "name": name} for i, name in enumerate(["Ann Lee", "Bo Chen", "王芳", "李伟"] * 4)]
    hostile = [{"id": id_, "name": name} for id_, name in HOSTILE.items()]
    customers = [{"id": "C0", "name": "Northwind 北风"}, *around, *hostile]
    contacts = [{"id": f"P{i}", "name": f"Contact {i}", "customer_id": "C0"} for i in range(3)]
    ties: list[dict[str, Any]] = [
        {"type": "REFERRED", "source_id": "C0", "target_id": row["id"], "at": "2026-01-02T03:04:05Z"}
        for row in [*around, *hostile]
    ]
    ties += [
        {"type": "KNOWS", "source_id": f"N{i:02}", "target_id": f"N{i + 1:02}", "kind": "friend", "strength": 0.05 * i}
        for i in range(1, 15)
    ]
    ties.append({"type": "KNOWS", "source_id": "C0", "target_id": "N00", "kind": "partner"})
    calls = [{"id": "I1", "kind": "call", "at": "2026-03-04T05:06:07Z", "from_id": "C0", "to_ids": ["N01", "P0"]}]
    tables = {"customers": customers, "contacts": contacts, "interactions": calls, "ties": ties}
    for table, rows in tables.items():
        report = graph.records.upsert(table, rows)
        assert report.rejected == [], report.rejected


@pytest.fixture
def filled(graph: graphcrm.Graph) -> graphcrm.Graph:
    """`graph` with a small business in it, on each engine in turn."""
    fill(graph)
    return graph


@pytest.fixture
def filled_embedded(embedded_graph: graphcrm.Graph) -> graphcrm.Graph:
    """The same on the embedded engine alone."""
    fill(embedded_graph)
    return embedded_graph
