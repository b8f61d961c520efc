"""Colours, shapes and lines: one table, complete, tellable apart."""

from __future__ import annotations

import re

import pytest

from graphcrm.schema import LABELS, LAYERS
from viz import style
from viz.style import LABEL_STYLES, LAYER_STYLES, LabelStyle, LayerStyle

EVERY = [*LABEL_STYLES.values(), *LAYER_STYLES.values(), style.UNKNOWN_LABEL, style.UNKNOWN_LAYER]


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_label_and_layer_of_the_vocabulary_has_a_style() -> None:
    assert set(LABEL_STYLES) == set(LABELS)
    assert tuple(LAYER_STYLES) == LAYERS


def test_labels_differ_by_shape_and_colour_together_and_layers_by_dash_alone() -> None:
    looks = [(s.shape, s.light) for s in LABEL_STYLES.values()]
    assert len(set(looks)) == len(looks)
    dashes = [s.dash for s in LAYER_STYLES.values()]
    assert len(set(dashes)) == len(dashes)


@pytest.mark.parametrize("one", EVERY, ids=lambda s: s.key)
def test_colours_stand_out_from_their_background_by_three_to_one(one: LabelStyle | LayerStyle) -> None:
    for colour, background in zip((one.light, one.dark), style.BACKGROUND, strict=True):
        assert re.fullmatch("#[0-9a-f]{6}", colour)
        assert _contrast(colour, background) >= 3


def test_strength_is_width_within_bounds() -> None:
    widths = [style.tie_width(strength) for strength in (-1, 0, 0.25, 1, 7)]
    assert widths == [1, 1, 2.25, 6, 6]


def test_what_is_unknown_still_has_a_look() -> None:
    assert style.label_style("Planet").shape == "dot"
    assert style.layer_style("gossip").key == "other"


def test_the_style_sheet_names_every_colour_for_light_and_dark_pages() -> None:
    sheet = style.stylesheet()
    light, dark = sheet.split("@media (prefers-color-scheme:dark)")
    for one in EVERY:
        assert one.light in light
        assert one.dark in dark
