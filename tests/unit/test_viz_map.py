"""The relationship map: what is drawn is what the neighbourhood holds, and nothing in it is ever more than text."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from graphcrm.network.layout import layout
from viz import relationship_map
from viz.assets import inline_script, vis_network
from viz.language import LANGUAGES, Language
from viz.relationship_map import map_context, map_data, map_file, map_page
from viz.render import render
from viz.security import PAGE_POLICY

HOSTILE = {
    "script": "</script><script>alert(1)</script>",
    "comment": "<!--<script>",
    "image": '"><img src=x onerror=alert(1)>',
    "quotes": 'O\'Neill & "Sons"',
    "lines": "two\nlines\r\nand\u2028three",
    "right_to_left": "\u202eevil\u202c مرحبا",
    "emoji": "👩‍👩‍👧 客户 🎉",
    "template": "{{ 7*7 }}{% raw %}${7*7}",
    "link": "href=javascript:alert(1)",
    "long": "名" * 120,
}


def _party(id_: str, name: str | None = None, hop: int = 1, label: str = "Customer") -> dict[str, Any]:
    return {"id": id_, "label": label, "name": name or f"Party {id_}", "hop": hop, "strength": 0.25}


def _tie(source: str, target: str, layer: str = "referral", type_: str = "REFERRED", **more: Any) -> dict[str, Any]:
    id_ = f"{type_}:{source}:{target}" + (f":{more['kind']}" if more.get("kind") else "")
    return {
        "id": id_, "source": source, "target": target, "type": type_, "layer": layer, "strength": 0.123456,
        "kind": None, "count": None, "at": "2025-03-04T10:00:00Z",
    } | more  # fmt: skip


def _around(nodes: list[dict[str, Any]], ties: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"center": nodes[0]["id"], "nodes": nodes, "ties": ties, "truncated": False, "revision": 7} | more


def _hostile() -> dict[str, Any]:
    nodes = [_party("C0", "Middle", hop=0)]
    nodes += [_party(id_, name) for id_, name in HOSTILE.items()]
    nodes += [_party(name, "by id") for name in HOSTILE.values()]
    return _around(nodes, [_tie("C0", node["id"]) for node in nodes[1:]])


def _data(around: dict[str, Any], language: Language = "en") -> dict[str, Any]:
    return map_data(around, layout(around["nodes"], around["ties"]), language)


def _file(around: dict[str, Any], language: Language = "en") -> str:
    return map_file(around, layout(around["nodes"], around["ties"]), language)


def _page(around: dict[str, Any], language: Language = "en") -> str:
    frame = {
        "language_links": dict.fromkeys(LANGUAGES, "/"),
        "session": False,
        "choices": {"hops": 1, "layers": ["knows"], "limit": 60},
        "hop_choices": [1, 2],
        "limit_choices": [60],
        "layers": ["referral", "knows"],
    }
    return map_page(around, layout(around["nodes"], around["ties"]), language, **frame)


class Reader(HTMLParser):
    """What a browser would find: elements, text of cells, islands of data, texts of scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inside: dict[str, list[tuple[dict[str, str | None], str]]] = {"script": [], "style": []}
        self.text: list[str] = []
        self._open = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag in self.inside:
            self._open = tag
            self.inside[tag].append((dict(attrs), ""))

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            attributes, text = self.inside[self._open][-1]
            self.inside[self._open][-1] = (attributes, text + data)
        else:
            self.text.append(data)

    def island(self, id_: str) -> Any:
        return json.loads(next(text for attributes, text in self.inside["script"] if attributes.get("id") == id_))

    def programs(self) -> list[str]:
        return [text for attributes, text in self.inside["script"] if attributes.get("type") != "application/json"]


def test_nodes_and_edges_are_those_of_the_neighbourhood_in_its_order() -> None:
    around = _hostile()
    data = _data(around)
    assert [node["id"] for node in data["nodes"]] == [node["id"] for node in around["nodes"]]
    assert [(e["id"], e["from"], e["to"]) for e in data["edges"]] == [
        (tie["id"], tie["source"], tie["target"]) for tie in around["ties"]
    ]


@pytest.mark.parametrize("write", [_page, _file], ids=["page", "file"])
def test_what_pyvis_writes_is_the_data_unchanged(write: Any) -> None:
    around = _hostile()
    around["ties"] += [
        _tie("C0", "quotes", "knows", "KNOWS", kind="friend"),
        _tie("quotes", "C0", "interaction", "INTERACTED"),
        _tie("quotes", "C0", "knows", "KNOWS", kind="family"),
    ]
    data, reader = _data(around), Reader(write(around))
    written = reader.island("map-data")
    assert written["nodes"] == json.loads(json.dumps(data["nodes"]))
    assert written["edges"] == json.loads(json.dumps(data["edges"]))
    assert json.loads(reader.island("map-options")) == data["options"]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("write", [_page, _file], ids=["page", "file"])
def test_hostile_names_and_ids_stay_text(write: Any, language: Language) -> None:
    html = write(_hostile(), language)
    reader = Reader(html)
    assert "</script><script>alert" not in html
    assert not any(tag == "img" for tag, _ in reader.elements)
    assert not any(key.startswith("on") for _, attributes in reader.elements for key in attributes)
    expected = {"page": 2, "file": 2}["page" if write is _page else "file"]
    assert len(reader.programs()) == expected
    shown = "".join(reader.text)
    for name in HOSTILE.values():
        assert " ".join(name.split()) in shown
    names = {node["id"]: node["party"]["name"] for node in reader.island("map-data")["nodes"]}
    assert names["script"] == HOSTILE["script"]
    assert HOSTILE["script"] in names


def test_a_page_loads_only_from_its_own_service_and_has_nothing_inline() -> None:
    reader = Reader(_page(_hostile()))
    for tag, attributes in reader.elements:
        for key in ("src", "href", "action"):
            assert (attributes.get(key) or "/").startswith(("/", "#")), (tag, attributes)
            assert not (attributes.get(key) or "/").startswith("//")
        assert "style" not in attributes
    assert reader.inside["style"] == []
    assert reader.programs() == ["", ""]
    assert "unsafe" not in PAGE_POLICY


def test_a_file_needs_nothing_from_outside_and_runs_its_own_scripts_alone() -> None:
    html = _file(_hostile())
    reader = Reader(html)
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", html)
    assert not any(attributes.get("src") or attributes.get("href") for _, attributes in reader.elements)
    assert "sourceMappingURL" not in html
    policy = next(a["content"] for _, a in reader.elements if a.get("http-equiv") == "Content-Security-Policy") or ""
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    for text in [*reader.programs(), *(text for _, text in reader.inside["style"])]:
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
        # The parser would make it a line feed, and the hash would not fit.
        assert "\r" not in text
    assert len(html) < 700_000


def test_an_inlined_script_cannot_end_its_own_tag(tmp_path: Any) -> None:
    path = tmp_path / "program.js"
    path.write_text(
        'a = "</script>"; b = "<!-- <SCRIPT> </SCRIPT >";\n//# sourceMappingURL=https://outside.example/x.map\n'
    )
    assert inline_script(path) == 'a = "<\\/script>"; b = "<\\!-- <SCRIPT> <\\/SCRIPT >";'
    assert "vis.Network" in inline_script(vis_network()) or "t.Network=" in inline_script(vis_network())


def test_styles_say_label_layer_direction_and_strength() -> None:
    nodes = [_party("a", hop=0), _party("b", label="Contact"), _party("c", label="Planet")]
    ties = [
        _tie("a", "b", strength=1.0),
        _tie("a", "c", "knows", "KNOWS", kind="friend", strength=0.5),
        _tie("b", "c", "interaction", "INTERACTED", strength=0.0),
    ]
    data = _data(_around(nodes, ties))
    a, b, c = data["nodes"]
    assert (a["shape"], b["shape"], c["palette"]) == ("dot", "triangle", "other")
    assert a["size"] > b["size"]
    assert (a["x"], a["y"]) == (0, 0)
    referred, knows, interacted = data["edges"]
    assert (referred["arrows"], knows["arrows"], interacted["arrows"]) == ("to", "", "to")
    assert referred["dashes"] is False
    assert knows["dashes"] != interacted["dashes"]
    assert referred["width"] > knows["width"] > interacted["width"]
    assert [(entry["key"], entry["count"]) for entry in data["legend"]["labels"]] == [
        ("Customer", 1),
        ("Contact", 1),
        ("other", 1),
    ]
    assert [entry["key"] for entry in data["legend"]["layers"]] == ["referral", "knows", "interaction"]


def test_parallel_ties_lie_side_by_side() -> None:
    nodes = [_party("a", hop=0), _party("b")]
    ties = [
        _tie("a", "b"),
        _tie("a", "b", "knows", "KNOWS", kind="friend"),
        _tie("b", "a", "interaction", "INTERACTED"),
    ]
    bends = set()
    for edge in _data(_around(nodes, ties))["edges"]:
        smooth = edge.get("smooth", {"type": "", "roundness": 0})
        side = {"curvedCW": 1, "curvedCCW": -1, "": 0}[smooth["type"]] * (1 if edge["from"] == "a" else -1)
        bends.add(side * smooth["roundness"])
    assert bends == {-0.16, 0, 0.16}
    assert "smooth" not in _data(_around(nodes, ties[:1]))["edges"][0]


def test_hover_texts_hold_the_facts() -> None:
    nodes = [_party("a", "Ann\nLee", hop=0), _party("b", "王芳", label="Contact")]
    tie = _tie("a", "b", "knows", "KNOWS", kind="friend", count=12.0)
    data = _data(_around(nodes, [tie]), "zh")
    assert data["nodes"][1]["title"] == "王芳\n联系人 · b"
    assert data["edges"][0]["title"] == (
        "Ann Lee – 王芳\n关系类型: 认识\n类别: 朋友\n关系层: 相识\n强度: 0.123\n日期: 2025-03-04\n接触次数: 12"
    )
    assert dict(data["nodes"][1]["party"]["facts"])["最佳路径强度"] == "0.250"
    assert "最佳路径强度" not in dict(data["nodes"][0]["party"]["facts"])


def test_a_strength_too_small_to_show_is_not_shown_as_none() -> None:
    nodes = [_party("a", hop=0), _party("b")]
    shown = [
        _data(_around(nodes, [_tie("a", "b", strength=strength)]))["edges"][0]["tie"]["strength"]
        for strength in (1.0, 0.33, 0.0005, 0.0004, 1e-12)
    ]
    assert shown == ["1.000", "0.330", "0.001", "< 0.001", "< 0.001"]


@pytest.mark.parametrize(
    ("nodes", "ties"),
    [
        ([_party("a", hop=0), _party("a")], []),
        ([_party("", hop=0)], []),
        ([_party("x" * 129, hop=0)], []),
        ([_party("a", hop=0) | {"id": 7}], []),
        ([_party("a", hop=0)], [_tie("a", "b")]),
        ([_party("a", hop=0), _party("b")], [_tie("a", "b"), _tie("a", "b")]),
    ],
    ids=["twice", "empty", "long", "number", "loose end", "tie twice"],
)
def test_ids_are_checked_before_they_are_drawn(nodes: list[dict[str, Any]], ties: list[dict[str, Any]]) -> None:
    places = {node["id"]: (0.0, 0.0) for node in nodes}
    with pytest.raises(ValueError, match=r"Not an id|ends outside|there twice"):
        map_data(_around(nodes, ties), places, "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_left_out_is_said(language: Language) -> None:
    nodes = [_party("a", hop=0), _party("b")]
    whole, cut = _around(nodes, [_tie("a", "b")]), _around(nodes, [_tie("a", "b")], truncated=True)
    assert 'id="truncated"' not in _page(whole, language)
    assert 'id="truncated"' in _page(cut, language)
    assert 'id="truncated"' in _file(cut, language)


def test_a_party_without_ties_is_drawn_alone() -> None:
    html = _page(_around([_party("a", hop=0)], []))
    assert "No ties in the chosen layers." in html
    assert 'id="map-ties"' not in html


def test_tables_hold_the_same_ids_as_the_drawing() -> None:
    around = _hostile()
    rows = [a["data-id"] for tag, a in Reader(_page(around)).elements if tag == "tr" and "data-id" in a]
    assert rows == [node["id"] for node in around["nodes"]] + [tie["id"] for tie in around["ties"]]


def test_a_file_has_no_links_and_a_page_links_each_party_by_its_encoded_id() -> None:
    around = _around([_party("a", hop=0), _party('b/"c?#%')], [])
    assert '<a href="/map/' not in _file(around)
    assert '<a href="/map/b%2F%22c%3F%23%25">' in _page(around)


def test_the_island_of_data_is_written_by_pyvis_and_escaped_by_its_template(monkeypatch: pytest.MonkeyPatch) -> None:
    context = map_context(_hostile(), layout(_hostile()["nodes"], []), "en")
    assert "<script>alert" not in context["island"]
    assert context["island"].count("<script") == context["island"].count("</script>") == 2
    seen = []
    generate = relationship_map.Network.generate_html
    monkeypatch.setattr(
        relationship_map.Network, "generate_html", lambda self: seen.append(self.path) or generate(self)
    )
    map_context(_hostile(), layout(_hostile()["nodes"], []), "en")
    assert seen == ["map_data.html"]


def test_templates_escape_whatever_they_are_given() -> None:
    frame = {"language_links": dict.fromkeys(LANGUAGES, "/"), "session": False}
    page = render("message.html", "en", **frame, status=404, detail="<b>x</b>", retry="")
    assert "<b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


def test_parallel_ties_tell_what_each_contributes_along_its_way() -> None:
    nodes = [_party("A", hop=0), _party("B")]
    ties = [
        _tie("A", "B", strength=0.5),
        _tie("B", "A", strength=0.25),
        _tie("B", "A", "knows", "KNOWS", kind="friend", strength=0.5),
    ]
    data = _data(_around(nodes, ties))
    told = {edge["id"]: dict(edge["tie"]["facts"]).get("Contributes") for edge in data["edges"]}
    # Acquaintance counts both ways: beside the referral there, and beside the one back.
    assert told["REFERRED:A:B"] == "0.375 of 0.750"
    joined = 1 - 0.75 * 0.5
    share = math.log(0.75) / (math.log(0.75) + math.log(0.5)) * joined
    assert told["REFERRED:B:A"] == f"{share:.3f} of {joined:.3f}"
    assert told["KNOWS:B:A:friend"] == f"{joined - share:.3f} of {joined:.3f}"
    alone = _data(_around(nodes, ties[:1]))
    assert "Contributes" not in dict(alone["edges"][0]["tie"]["facts"])
