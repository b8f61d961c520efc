"""How each label and layer looks: one table, from which maps, legends and the colour style sheet are made.

Colours start from the palette of Okabe and Ito, which the common kinds of colour blindness tell apart, darkened
for light pages so that each stands out from its background by 3 to 1. Shapes and dashes say the same once more.

References
----------
M. Okabe and K. Ito, "Color Universal Design", 2008.
WCAG 2.2, success criterion 1.4.11 (non-text contrast).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

__all__ = [
    "LABEL_STYLES",
    "LAYER_STYLES",
    "LabelStyle",
    "LayerStyle",
    "label_style",
    "layer_style",
    "outline",
    "stylesheet",
    "tie_width",
]

BACKGROUND: Final = ("#ffffff", "#12171e")
"""What maps are drawn on, on light and on dark pages."""


@dataclass(frozen=True)
class LabelStyle:
    """How a node of one label is drawn.

    Attributes
    ----------
    key : str
        The label; its colour is the CSS variable ``--label-<key>``.
    shape : str
        A shape of vis-network.
    size : int
        Radius, map units (a pixel at scale 1).
    light, dark : str
        Colour on a light and on a dark page, ``#rrggbb``.
    """

    key: str
    shape: str
    size: int
    light: str
    dark: str


@dataclass(frozen=True)
class LayerStyle:
    """How a tie of one layer is drawn.

    Attributes
    ----------
    key : str
        The layer; its colour is the CSS variable ``--layer-<key>``.
    dash : tuple of int
        Lengths of line and gap in map units; empty for a solid line.
    directed : bool
        Whether an arrow shows its direction.
    light, dark : str
        Colour on a light and on a dark page, ``#rrggbb``.
    """

    key: str
    dash: tuple[int, ...]
    directed: bool
    light: str
    dark: str


LABEL_STYLES: Final = {
    style.key: style
    for style in (
        LabelStyle("Customer", "dot", 14, "#0072b2", "#56b4e9"),
        LabelStyle("Contact", "triangle", 12, "#c05000", "#f0a000"),
        LabelStyle("User", "square", 11, "#4d5560", "#c3cad3"),
        LabelStyle("Interaction", "hexagon", 9, "#00795c", "#2bc49b"),
        LabelStyle("Campaign", "star", 13, "#a0407c", "#e58cc0"),
        LabelStyle("Segment", "star", 11, "#5b4fa0", "#b3a5f0"),
        LabelStyle("Order", "square", 10, "#7a5c00", "#f0e442"),
        LabelStyle("Product", "diamond", 11, "#7a5c00", "#f0e442"),
        LabelStyle("Opportunity", "diamond", 12, "#00795c", "#2bc49b"),
        LabelStyle("Case", "triangleDown", 11, "#b3261e", "#ff8a80"),
        LabelStyle("Feedback", "triangleDown", 10, "#a0407c", "#e58cc0"),
        LabelStyle("Consent", "hexagon", 9, "#5b4fa0", "#b3a5f0"),
        LabelStyle("Task", "square", 9, "#b3261e", "#ff8a80"),
        LabelStyle("Source", "hexagon", 10, "#4d5560", "#c3cad3"),
        LabelStyle("Record", "diamond", 8, "#4d5560", "#c3cad3"),
    )
}
"""By label, in the order of legends."""

LAYER_STYLES: Final = {
    style.key: style
    for style in (
        LayerStyle("referral", (), True, "#b8380a", "#ff8c55"),
        LayerStyle("knows", (14, 5), False, "#6650a4", "#b8a6f0"),
        LayerStyle("works_with", (6, 6), False, "#5c6773", "#9aa7b4"),
        LayerStyle("interaction", (2, 5), True, "#00766a", "#4fc3b4"),
    )
}
"""By layer, in the order of legends."""

UNKNOWN_LABEL: Final = LabelStyle("other", "dot", 10, "#4d5560", "#c3cad3")
UNKNOWN_LAYER: Final = LayerStyle("other", (4, 4), True, "#5c6773", "#9aa7b4")


def label_style(label: str) -> LabelStyle:
    """Style of a label, a plain grey dot where the table has none.

    Examples
    --------
    >>> label_style("Customer").shape
    'dot'
    """
    return LABEL_STYLES.get(label, UNKNOWN_LABEL)


def layer_style(layer: str) -> LayerStyle:
    """Style of a layer, a grey dashed arrow where the table has none.

    Examples
    --------
    >>> layer_style("knows").directed
    False
    """
    return LAYER_STYLES.get(layer, UNKNOWN_LAYER)


def tie_width(strength: float) -> float:
    """Width of a tie's line.

    Parameters
    ----------
    strength : float
        In [0, 1]; beyond, it is clipped.

    Returns
    -------
    float
        Map units, from 1 to 6, rising linearly.

    Examples
    --------
    >>> tie_width(0.5)
    3.5
    """
    return round(1.0 + 5.0 * min(max(strength, 0.0), 1.0), 2)


def outline(shape: str) -> str:
    """Outline of a shape as vis-network draws it, for the legend.

    Parameters
    ----------
    shape : str
        A shape of `LABEL_STYLES` that has corners.

    Returns
    -------
    str
        Points for an SVG polygon within a circle of radius 8 around (10, 10).

    Examples
    --------
    >>> outline("square")
    '4.3,4.3 15.7,4.3 15.7,15.7 4.3,15.7'
    """
    if shape == "star":
        return _points([(8.0 if step % 2 == 0 else 3.6, -90 + 36 * step) for step in range(10)])
    corners, first = {
        "square": (4, -135),
        "diamond": (4, -90),
        "triangle": (3, -90),
        "triangleDown": (3, 90),
        "hexagon": (6, 0),
    }[shape]
    return _points([(8.0, first + 360 / corners * step) for step in range(corners)])


def _points(polar: list[tuple[float, float]]) -> str:
    return " ".join(
        f"{10 + radius * math.cos(math.radians(degrees)):.1f},{10 + radius * math.sin(math.radians(degrees)):.1f}"
        for radius, degrees in polar
    )


def stylesheet() -> str:
    """Colours of all labels and layers as CSS variables and classes, for light and dark pages.

    Returns
    -------
    str
        CSS: ``--label-<label>``, ``--layer-<layer>``, ``.fill-<label>`` and ``.line-<layer>``.
    """
    labels = [*LABEL_STYLES.values(), UNKNOWN_LABEL]
    layers = [*LAYER_STYLES.values(), UNKNOWN_LAYER]

    def variables(dark: bool) -> str:
        lines = [f"--map-background:{BACKGROUND[dark]};"]
        lines += [f"--label-{style.key}:{style.dark if dark else style.light};" for style in labels]
        lines += [f"--layer-{style.key}:{style.dark if dark else style.light};" for style in layers]
        return "".join(lines)

    classes = [f".fill-{style.key}{{fill:var(--label-{style.key})}}" for style in labels]
    classes += [f".line-{style.key}{{stroke:var(--layer-{style.key})}}" for style in layers]
    return (
        f":root{{{variables(dark=False)}}}\n"
        f"@media (prefers-color-scheme:dark){{:root{{{variables(dark=True)}}}}}\n" + "\n".join(classes) + "\n"
    )
