"""Chinese names: surname and given name, and their pinyin with the readings that surnames have."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from graphcrm.cleaning.text import REMEMBERED, clean_text, words

__all__ = ["HAN", "Pinyin", "is_chinese", "pinyin", "split_chinese"]

HAN: Final = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
"""Chinese characters, as the inside of a character class."""

_NAME: Final = re.compile(f"[{HAN}]+(?:[·•・‧ ]?[{HAN}]+)*")
_CHARACTER: Final = re.compile(f"[{HAN}]")
_FOREIGN: Final = re.compile("[·•・‧]")

_COMPOUND: Final = frozenset(
    words(
        "欧阳 歐陽 太史 上官 端木 司马 司馬 东方 東方 独孤 獨孤 南宫 南宮 万俟 闻人 聞人 夏侯 诸葛 諸葛",
        "尉迟 尉遲 公羊 赫连 赫連 澹台 澹臺 皇甫 宗政 濮阳 濮陽 公冶 太叔 申屠 公孙 公孫 慕容 仲孙 仲孫",
        "钟离 鍾離 长孙 長孫 宇文 司徒 鲜于 鮮于 司空 闾丘 令狐 百里 呼延 东郭 東郭 南门 南門 西门 西門",
        "第五 拓跋 轩辕 軒轅 公西 左丘 梁丘 谷梁 穀梁 段干 巫马 巫馬 漆雕 乐正 樂正 壤驷 公良 夹谷 宰父",
        "东门 東門 纳兰 納蘭 完颜 完顏 爱新觉罗 叶赫那拉",
    )
)
"""Surnames of several characters."""

# What a character is read as when it is a surname, where that is not its usual reading.
_SURNAMES: Final = dict(
    pair.split(":")
    for pair in words(
        "单:shan 單:shan 曾:zeng 仇:qiu 解:xie 查:zha 盖:ge 蓋:ge 区:ou 區:ou 朴:piao 乐:yue 樂:yue",
        "缪:miao 繆:miao 覃:qin 翟:zhai 员:yun 員:yun 贠:yun 秘:bi 繁:po 种:chong 召:shao 祭:zhai",
        "洗:xian 折:she 黑:he 郇:xun 牟:mu 卜:bu 佴:nai 都:du 乜:nie 句:gou 能:nai",
    )
) | {"尉遲": "yu chi", "澹臺": "tan tai", "乐正": "yue zheng", "樂正": "yue zheng"}

_LONGEST_SURNAME: Final = 4


class Pinyin(NamedTuple):
    """How a name is read.

    Parameters
    ----------
    text : str
        Syllables in lower case without tones, with spaces between them.
    initials : str
        The first letter of each.
    """

    text: str
    initials: str


def is_chinese(value: str) -> bool:
    """Tell whether a name is written in Chinese characters alone.

    Examples
    --------
    >>> is_chinese("欧阳娜娜"), is_chinese("Anna 王")
    (True, False)
    """
    return _NAME.fullmatch(clean_text(value)) is not None


def split_chinese(name: str) -> tuple[str, str]:
    """Split a person's Chinese name.

    Parameters
    ----------
    name : str
        A name in Chinese characters, perhaps with a space between its parts.

    Returns
    -------
    tuple of str
        Family name and given name. A foreign name written with a dot (``安娜·卡列尼娜``) has its given name first.

    Examples
    --------
    >>> split_chinese("欧阳娜娜"), split_chinese("王伟"), split_chinese("安娜·卡列尼娜")
    (('欧阳', '娜娜'), ('王', '伟'), ('卡列尼娜', '安娜'))
    """
    name = clean_text(name)
    if _FOREIGN.search(name):
        given, _, family = _FOREIGN.sub("·", name).rpartition("·")
        return family, given
    family, space, given = name.partition(" ")
    if space:
        return family, given.replace(" ", "")
    for length in range(_LONGEST_SURNAME, 1, -1):
        if name[:length] in _COMPOUND and len(name) > length:
            return name[:length], name[length:]
    # Four characters begin with both parents' surnames, or with a married woman's two; the first one is the family's.
    return name[:1], name[1:]


@lru_cache(REMEMBERED)
def pinyin(name: str, person: bool = True) -> Pinyin:
    """Spell a Chinese name in Latin letters.

    Parameters
    ----------
    name : str
        Any text; what is not Chinese stays as it is, in lower case.
    person : bool
        Whether this is a person's name, whose surname has a reading of its own (单 is Shan, 曾 Zeng, 仇 Qiu).

    Returns
    -------
    Pinyin
        Syllables without tones (ü as v) and their first letters; both empty where no character is Chinese.

    References
    ----------
    GB/T 28039 for the spelling of names; readings as pypinyin has them.

    Examples
    --------
    >>> pinyin("单田芳"), pinyin("欧阳娜娜").initials
    (Pinyin(text='shan tian fang', initials='stf'), 'oynn')
    """
    name = clean_text(name)
    if not _CHARACTER.search(name):
        return Pinyin("", "")
    family = ""
    if person and is_chinese(name) and not _FOREIGN.search(name):
        family, given = split_chinese(name)
        syllables = _SURNAMES[family].split() if family in _SURNAMES else _syllables(family)
        syllables = [*syllables, *_syllables(given)]
    else:
        syllables = _syllables(name)
    return Pinyin(" ".join(syllables), "".join(syllable[0] for syllable in syllables))


def _syllables(text: str) -> Sequence[str]:
    # Its dictionary takes a fifth of a second to load, so it waits for the first Chinese name.
    from pypinyin import Style, lazy_pinyin

    spelt = " ".join(lazy_pinyin(text, style=Style.NORMAL, errors="default")).casefold()
    return [word for word in re.split(r"[^\w]+", spelt) if word]
