"""The relationship map: a party's surroundings drawn by vis-network, through pyvis.

This is the only file that imports pyvis. pyvis keeps the network and writes it through a template of ours, which
carries the data as JSON; `static/map.js` draws them. pyvis's own template runs what names contain and loads from
outside, so it is never used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Final
from urllib.parse import urlencode

import numpy as np
from markupsafe import Markup
from pyvis.network import Network

from graphcrm.limits import MAX_ID_LENGTH
from graphcrm.network.contributions import contributions
from viz.assets import STATIC, inline_script, vis_network
from viz.language import Language, script_words, text, word
from viz.render import environment, one_line, render
from viz.security import file_policy
from viz.style import LABEL_STYLES, LAYER_STYLES, label_style, layer_style, stylesheet, tie_width
from viz.tie_page import strength_told

__all__ = ["map_context", "map_data", "map_file", "map_page"]

Neighborhood = Mapping[str, Any]
Positions = Mapping[str, Sequence[float]]

PARTY_FACTS: Final = ("id", "label", "kind", "title", "department", "city", "country", "email", "phone", "hop", "way")
TIE_FACTS: Final = ("type", "kind", "layer", "strength", "part_of", "at", "since", "until", "count")
_FACT_WORDS: Final = {"part_of": "contributes"}
CENTRE_GROWTH: Final = 1.6
CURVE: Final = 0.16
"""Roundness between neighbours among parallel ties."""

OPTIONS: Final[dict[str, Any]] = {
    # Positions come from the server, so nothing may move by itself; keys and buttons are the page's own.
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "manipulation": {"enabled": False},
    "interaction": {"hover": True, "tooltipDelay": 150, "keyboard": {"enabled": False}, "navigationButtons": False},
    "nodes": {"borderWidth": 1.5, "borderWidthSelected": 4},
    "edges": {
        "smooth": False,
        "hoverWidth": 1,
        "selectionWidth": 2,
        "arrowStrikethrough": False,
        "arrows": {"to": {"enabled": False, "scaleFactor": 0.55}},
    },
}


def map_data(neighborhood: Neighborhood, positions: Positions, language: Language) -> dict[str, Any]:
    """What a map draws, as vis-network takes it.

    Parameters
    ----------
    neighborhood : mapping
        What `Graph.neighborhood` gives: `center`, `nodes`, `ties`.
    positions : mapping of str to (float, float)
        Place of every node by id, map units.
    language : {"en", "zh"}
        Of the words in hover texts and facts.

    Returns
    -------
    dict
        `nodes` and `edges` (one for each of the neighbourhood's, in its order, with its id), `options`, and `legend`
        (the labels and layers that are present, with their counts).

    Raises
    ------
    ValueError
        An id is empty, too long or there twice, or a tie ends outside the neighbourhood.

    Examples
    --------
    >>> around = {"center": "A", "ties": [], "nodes": [{"id": "A", "label": "Customer", "name": "Ann", "hop": 0}]}
    >>> data = map_data(around, {"A": (0, 0)}, "zh")
    >>> data["nodes"][0]["shape"], data["legend"]["labels"][0]["name"]
    ('dot', '客户')
    """
    nodes, ties = neighborhood["nodes"], neighborhood["ties"]
    _check(nodes, ties)
    names = {node["id"]: one_line(node["name"]) for node in nodes}
    curves, parts = _curves(ties), _parts(ties)
    return {
        "nodes": [_node(node, positions[node["id"]], neighborhood["center"], language) for node in nodes],
        "edges": [_edge(tie | {"part_of": parts.get(tie["id"])}, names, curves[tie["id"]], language) for tie in ties],
        "options": OPTIONS,
        "legend": _legend(nodes, ties, language),
    }


def map_context(neighborhood: Neighborhood, positions: Positions, language: Language) -> dict[str, Any]:
    """What the template of a map asks for: the data, and the same as rows for its tables.

    Parameters
    ----------
    neighborhood, positions, language
        As for `map_data`.

    Returns
    -------
    dict
        Context for `map_body.html`.
    """
    data = map_data(neighborhood, positions, language)
    centre = next(node for node in data["nodes"] if node["id"] == neighborhood["center"])
    return {
        "centre": centre,
        "centre_label": next(node["label"] for node in neighborhood["nodes"] if node["id"] == centre["id"]),
        "data": data,
        "island": _island(data),
        "words": script_words(language),
        "hops": neighborhood.get("hops") or max((node["party"]["hop"] for node in data["nodes"]), default=0) or 1,
        "names": {node["id"]: node["party"]["name"] for node in data["nodes"]},
        "truncated": bool(neighborhood["truncated"]),
    }


def map_page(neighborhood: Neighborhood, positions: Positions, language: Language, **frame: Any) -> str:
    """The map as a page of the service, which loads its script and styles from there.

    Parameters
    ----------
    neighborhood, positions, language
        As for `map_data`.
    **frame : Any
        What `map.html` asks for beside the map: the choices made and the frame of every page.

    Returns
    -------
    str
        HTML without anything inline, for `PAGE_POLICY`.
    """
    roots = {
        "map_root": "/map/",
        "tie_root": "/tie?" + urlencode([("layers", each) for each in frame["choices"]["layers"]]),
    }
    return render("map.html", language, **map_context(neighborhood, positions, language), **roots, **frame)


def map_file(neighborhood: Neighborhood, positions: Positions, language: Language = "en") -> str:
    """The map as one file that needs nothing else: no server, no network.

    Parameters
    ----------
    neighborhood, positions, language
        As for `map_data`.

    Returns
    -------
    str
        HTML with styles, drawing library and data inside, under a policy that lets nothing else run.
    """
    context = map_context(neighborhood, positions, language)
    scripts = [inline_script(vis_network()), inline_script(STATIC / "map.js")]
    styles = [stylesheet() + (STATIC / "graphcrm.css").read_text(encoding="utf-8")]
    return render(
        "map_file.html",
        language,
        **context,
        map_root="",
        tie_root="",
        policy=file_policy(scripts, styles),
        scripts=[Markup(script) for script in scripts],
        styles=[Markup(style) for style in styles],
        revision=neighborhood.get("revision", ""),
        day=str(neighborhood.get("as_of") or "")[:10],
    )


def _check(nodes: Sequence[Mapping[str, Any]], ties: Sequence[Mapping[str, Any]]) -> None:
    known: set[str] = set()
    for node in nodes:
        id_ = node["id"]
        if not isinstance(id_, str) or not 0 < len(id_) <= MAX_ID_LENGTH or id_ in known:
            raise ValueError(f"Not an id, or there twice: {id_!r}.")
        known.add(id_)
    tie_ids = [tie["id"] for tie in ties]
    if len(set(tie_ids)) != len(tie_ids):
        raise ValueError("A tie is there twice.")
    for tie in ties:
        if tie["source"] not in known or tie["target"] not in known:
            raise ValueError(f"The tie {tie['id']!r} ends outside the neighbourhood.")


def _node(node: Mapping[str, Any], place: Sequence[float], centre: str, language: Language) -> dict[str, Any]:
    style = label_style(node["label"])
    name, label = one_line(node["name"]), word(language, "label", node["label"])
    way = node.get("strength") if node["id"] != centre else None
    return {
        "id": node["id"],
        # The script draws names by itself, where they do not overlap. (An empty label would become the id.)
        "label": " ",
        "shape": style.shape,
        "size": round(style.size * (CENTRE_GROWTH if node["id"] == centre else 1)),
        "color": style.light,
        "palette": style.key,
        # vis-network would cut off decimals.
        "x": round(place[0]),
        "y": round(place[1]),
        "title": f"{name}\n{label} · {node['id']}",
        "party": {
            "name": name,
            "label": label,
            "hop": node["hop"],
            "facts": _facts({**node, "way": way}, PARTY_FACTS, language),
        },
    }


def _edge(tie: Mapping[str, Any], names: Mapping[str, str], curve: float, language: Language) -> dict[str, Any]:
    style = layer_style(tie["layer"])
    facts = _facts(tie, TIE_FACTS, language)
    sentence = f"{names[tie['source']]} {'→' if style.directed else '–'} {names[tie['target']]}"
    edge = {
        "id": tie["id"],
        "from": tie["source"],
        "to": tie["target"],
        "width": tie_width(tie["strength"]),
        "dashes": list(style.dash) or False,
        "arrows": "to" if style.directed else "",
        "color": style.light,
        "palette": style.key,
        "title": "\n".join([sentence, *(f"{name}: {value}" for name, value in facts)]),
        "tie": {
            "type": word(language, "type", tie["type"]),
            "kind": word(language, "kind", tie.get("kind") or ""),
            "strength": strength_told(tie["strength"]),
            "day": str(tie.get("at") or tie.get("since") or "")[:10],
            "facts": facts,
        },
    }
    if curve:
        # A negative roundness bends the other way; "CW" is seen from the tie's start.
        turn = "curvedCW" if curve > 0 else "curvedCCW"
        edge["smooth"] = {"enabled": True, "type": turn, "roundness": round(abs(curve), 3)}
    return edge


def _facts(record: Mapping[str, Any], keys: Sequence[str], language: Language) -> list[list[str]]:
    found = ((key, record.get(key)) for key in keys)
    return [
        [text(language, _FACT_WORDS.get(key, key)), _value(key, value, language)]
        for key, value in found
        if value is not None and value != ""
    ]


def _value(key: str, value: Any, language: Language) -> str:
    if key in ("label", "layer", "type", "kind"):
        return word(language, key, str(value))
    if key in ("strength", "way"):
        return strength_told(value)
    if key == "part_of":
        part, whole = map(strength_told, value)
        return text(language, key, part=part, whole=whole)
    if key == "count":
        return f"{value:,.0f}"
    if key in ("at", "since", "until"):
        return str(value)[:10]
    return one_line(value)


def _parts(ties: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float]]:
    """What each tie that has others beside it contributes along its direction, and what they come to together."""
    mutual = [tie for tie in ties if not layer_style(tie["layer"]).directed]
    steps: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for tie in ties:
        steps.setdefault((tie["source"], tie["target"]), []).append(tie)
    for tie in mutual:
        if tie["source"] != tie["target"]:
            steps.setdefault((tie["target"], tie["source"]), []).append(tie)
    parts = {}
    for (source, _), beside in steps.items():
        if len(beside) > 1:
            strengths = np.array([tie["strength"] for tie in beside])
            whole = float(1 - np.prod(1 - strengths))
            for tie, part in zip(beside, contributions(strengths, whole).tolist(), strict=True):
                if tie["source"] == source:
                    parts[tie["id"]] = (part, whole)
    return parts


def _curves(ties: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Roundness by tie id, signed, so that ties between the same two parties lie side by side."""

    def pair(tie: Mapping[str, Any]) -> tuple[str, str]:
        return min(tie["source"], tie["target"]), max(tie["source"], tie["target"])

    curves: dict[str, float] = {}
    for (first, _), group in groupby(sorted(ties, key=pair), key=pair):
        members = list(group)
        for place, tie in enumerate(members):
            side = 1 if tie["source"] == first else -1
            curves[tie["id"]] = side * CURVE * (place - (len(members) - 1) / 2)
    return curves


def _legend(
    nodes: Sequence[Mapping[str, Any]], ties: Sequence[Mapping[str, Any]], language: Language
) -> dict[str, Any]:
    labels = [label_style(node["label"]) for node in nodes]
    layers = [layer_style(tie["layer"]) for tie in ties]
    return {
        "labels": [
            {"key": style.key, "shape": style.shape, "name": word(language, "label", style.key), "count": count}
            for style in (*LABEL_STYLES.values(), label_style(""))
            if (count := labels.count(style))
        ],
        "layers": [
            {
                "key": style.key,
                "dash": " ".join(map(str, style.dash)),
                "directed": style.directed,
                "name": word(language, "layer", style.key),
                "count": count,
            }
            for style in (*LAYER_STYLES.values(), layer_style(""))
            if (count := layers.count(style))
        ],
    }


def _island(data: Mapping[str, Any]) -> Markup:
    """The data as pyvis keeps them, written by pyvis through `map_data.html` as a JSON island."""
    network = Network(directed=True, cdn_resources="local")
    network.options = json.loads(json.dumps(data["options"]))
    for node in data["nodes"]:
        network.add_node(node["id"], **{key: value for key, value in node.items() if key != "id"})
    for edge in data["edges"]:
        rest = {key: value for key, value in edge.items() if key not in ("from", "to")}
        network.add_edge(edge["from"], edge["to"], **rest)
    # Set here, not by `set_template_dir`, which would turn escaping off.
    network.templateEnv = environment()
    network.path = "map_data.html"
    return Markup(network.generate_html())
