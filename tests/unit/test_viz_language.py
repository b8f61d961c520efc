"""The words of the interface: both languages complete, and the right one chosen."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

import viz
from graphcrm.network.centrality import METRICS
from graphcrm.schema import LABELS, LAYERS
from viz.language import LANGUAGES, SCRIPT_KEYS, WORDS, choose_language, script_words, text, word
from viz.relationship_map import PARTY_FACTS, TIE_FACTS

VIZ = Path(viz.__file__).parent


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


@pytest.mark.parametrize("key", WORDS)
def test_each_key_has_both_languages_with_the_same_places(key: str) -> None:
    english, chinese = WORDS[key]
    assert english.strip()
    assert chinese.strip()
    if not key.endswith(".one"):
        assert _places(english) == _places(chinese)


def test_chinese_is_chinese() -> None:
    same = {key for key, (english, chinese) in WORDS.items() if english == chinese}
    assert same == {"engine.neo4j", "metric.pagerank"}


@pytest.mark.parametrize(("group", "names"), [("label", LABELS), ("layer", LAYERS), ("metric", METRICS)])
def test_the_vocabulary_has_terms(group: str, names: tuple[str, ...]) -> None:
    for name in names:
        assert f"{group}.{name}" in WORDS


def test_templates_and_scripts_use_keys_that_exist_and_none_is_left_over() -> None:
    templates = "".join(path.read_text() for path in VIZ.glob("templates/*.html"))
    used = set(re.findall(r"""\bt\("([\w.]+)\"""", templates))
    scripts = "".join(path.read_text() for path in VIZ.glob("static/*.js"))
    spoken = {
        key for key in SCRIPT_KEYS if re.search(rf'(words\.|")({re.escape(key.removesuffix(".one"))})\b', scripts)
    }
    used = {key for key in used if not key.endswith(".")}
    assert used <= set(WORDS)
    assert spoken == set(SCRIPT_KEYS)
    grouped = ("label.", "layer.", "type.", "kind.", "metric.", "engine.", "error.")
    grouped += ("change.", "consent.", "event.", "field.", "level.", "made.", "mark.", "role.", "rule.", "ties.")
    grouped += ("channel.", "source.", "status.", "wrong.")
    grouped += ("count.", "date_order.", "delimiter.", "flag.", "import.", "quality.", "refused.", "state.")
    said = used | spoken | {*PARTY_FACTS, *TIE_FACTS, "login_wrong"}
    silent = {key for key in WORDS if key.removesuffix(".one") not in said and not key.startswith(grouped)}
    assert silent == set()


def test_sentences_are_filled_with_separators_and_singulars() -> None:
    assert text("en", "within", parties=1200, ties=3, hops=2, count=2) == "Parties: 1,200, ties: 3, within 2 hops"
    assert text("en", "within", parties=2, ties=1, hops=1, count=1).endswith("within one hop")
    assert text("zh", "map_of", name="{x} 王芳") == "{x} 王芳的关系图谱"
    assert word("zh", "layer", "referral") == "转介绍"
    assert set(script_words("zh")) == set(SCRIPT_KEYS)


@pytest.mark.parametrize(
    ("header", "explicit", "chosen"),
    [
        (None, None, "en"),
        ("", None, "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", None, "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", None, "en"),
        ("de, zh-Hant-TW;q=0.5", None, "zh"),
        ("zh;q=0, en;q=0.1", None, "en"),
        ("zh;q=nonsense", None, "en"),
        ("zh;q=nan, *", None, "en"),
        ("ZH", None, "zh"),
        ("zh", "en", "en"),
        ("en", "zh", "zh"),
        ("zh", "de", "zh"),
        (";;;,,q=", None, "en"),
    ],
)
def test_the_reader_gets_what_was_asked_for_else_what_the_browser_prefers(
    header: str | None, explicit: str | None, chosen: str
) -> None:
    assert choose_language(header, explicit) == chosen


def test_there_are_two_languages() -> None:
    assert LANGUAGES == ("en", "zh")
