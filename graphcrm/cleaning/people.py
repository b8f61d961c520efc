"""Names of people: honorific, given name and family name, in the orders that languages have."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from graphcrm.cleaning.chinese import HAN, Pinyin, is_chinese, pinyin, split_chinese
from graphcrm.cleaning.text import REMEMBERED, clean_text, name_key, words
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["PersonName", "split_person"]

NameOrder = Literal["given-first", "family-first", "comma", "single"]


class PersonName(NamedTuple):
    """The parts of a person's name, as they are written.

    Parameters
    ----------
    given, family : str
        Given names; family name with its particles (``van der Berg``).
    honorifics : tuple of str
        What stands before or behind as title or address: ``Dr.``, ``先生``.
    suffix : str
        ``Jr.``, ``III``: part of the name, but of neither of its parts.
    order : NameOrder
        How it was written; ``single`` where it has one part, which is then the given name.
    key : str
        Given and family name as `name_key` has them, in this order: the same however the name was written.
    pinyin : Pinyin
        How a Chinese name is read; empty for others.
    """

    given: str
    family: str
    honorifics: tuple[str, ...]
    suffix: str
    order: NameOrder
    key: str
    pinyin: Pinyin


_BEFORE: Final = frozenset(
    words(
        "mr mrs ms miss mx sir madam dr prof professor rev hon lady lord capt col gen sgt lt herr frau",
        "hr fr dipl-ing dipl-kfm mag ing m mme mlle sr sra srta don dona doña sig sigra dott dottssa avv",
        "mevr dhr drs ir pan pani",
    )
)
_BEHIND: Final = frozenset(words("phd md mba esq cpa dds dvm rn llm msc bsc ma ba mbe obe cbe mp jd cfa pe dphil"))
_SURNAMES_TOO: Final = frozenset({"ma", "ba", "mp", "pe", "jd"})
_SUFFIXES: Final = frozenset(words("jr sr ii iii iv v junior senior jnr snr filho neto"))
_PARTICLES: Final = frozenset(
    words(
        "van von der den de del della dela di da dos das du la le les ter ten te zu zur zum af av bin",
        "bint ibn al el ben abu st san santa mac 't",
    )
)
_AND: Final = frozenset({"&", "and", "und", "et", "e", "y"})
_CHINESE_TITLES: Final = words(
    "先生 女士 小姐 太太 夫人 同志 老师 老師 教授 博士 医生 醫生 大夫 律师 律師 经理 經理 总经理",
    "總經理 总监 總監 总裁 總裁 董事长 董事長 主任 主管 部长 部長 局长 處長 处长 科长 科長 校长 校長",
    "院长 院長 工程师 工程師 会计 會計 师傅 師傅 老板 老闆 总 總 工",
)
_CHINESE_TITLE: Final = re.compile(
    f"([{HAN}]{{1,5}}?)\\s*[（(]?({'|'.join(sorted(_CHINESE_TITLES, key=len, reverse=True))})[)）]?"
)
# One character that is a title behind a surname alone, but also ends given names.
_SHORT_TITLES: Final = frozenset("总總工")
_FAMILIAR: Final = re.compile(f"([老小阿])([{HAN}])")
_BRACKETED: Final = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]\s*")


def _bare(word: str) -> str:
    return name_key(word).replace(".", "")


@lru_cache(REMEMBERED)
def split_person(name: str) -> PersonName:
    """Split a person's name.

    Parameters
    ----------
    name : str
        A name as people write it: ``Dr. Anna van der Berg``, ``Smith, John Jr.``, ``欧阳娜娜女士``.

    Returns
    -------
    PersonName
        Its parts. Latin letters without a comma are read given name first, Chinese characters family name first. A
        name in capitals alone keeps them.

    Examples
    --------
    >>> name = split_person("Berg, Dr. Anna van der")
    >>> name.given, name.family, name.honorifics, name.order
    ('Anna', 'van der Berg', ('Dr.',), 'comma')
    >>> split_person("仇英先生")[:3]
    ('英', '仇', ('先生',))
    """
    tidy = clean_text(name)
    if len(tidy) > MAX_NAME_LENGTH:
        return PersonName(tidy, "", (), "", "single", name_key(tidy), Pinyin("", ""))
    chinese, title = _without_title(_chinese_part(tidy))
    if is_chinese(chinese):
        family, given = split_chinese(chinese)
        order: NameOrder = "given-first" if "·" in chinese else "family-first" if given else "single"
        if not given and not title:
            family, given = "", family
        honorifics = (title,) if title else ()
        return PersonName(given, family, honorifics, "", order, name_key(f"{given} {family}"), pinyin(chinese))
    return _western(_BRACKETED.sub(" ", tidy).strip() or tidy)


def _chinese_part(name: str) -> str:
    """Of a name in both scripts (``Zhang Wei 张伟``) the Chinese one, which says which part is the family's."""
    if name.isascii():
        return name
    words = re.split(r"[\s()（）/]+", name)
    chinese = [word for word in words if len(word) > 1 and is_chinese(word)]
    latin = [word for word in words if word.isascii() and word]
    return chinese[0] if len(chinese) == 1 and latin else name


def _without_title(name: str) -> tuple[str, str]:
    if familiar := _FAMILIAR.fullmatch(name):
        return familiar[2], familiar[1]
    found = _CHINESE_TITLE.fullmatch(name)
    if not found or (found[2] in _SHORT_TITLES and len(split_chinese(found[1])[1]) > 0):
        return name, ""
    return found[1], found[2]


def _western(name: str) -> PersonName:
    parts = [part.split() for part in name.split(",")]
    honorifics: list[str] = []
    suffixes: list[str] = []
    for part in parts:
        while len(part) > 1 and (_bare(part[0]) in _BEFORE or (honorifics and part[0] in _AND)):
            if _is_initial(part):
                break
            honorifics.append(part.pop(0))
    # "Smith, John, PhD" and "John Smith, Jr.": parts behind a comma that hold no name.
    for part in parts[1:]:
        while part and _is_behind(part[-1], name):
            (suffixes if _bare(part[-1]) in _SUFFIXES else honorifics).append(part.pop())
        if part and all(_bare(word) in _BEFORE for word in part):
            honorifics += part
            part.clear()
    while len(parts[0]) > 2 and _is_behind(parts[0][-1], name):
        (suffixes if _bare(parts[0][-1]) in _SUFFIXES else honorifics).append(parts[0].pop())
    parts = [part for part in parts if part]
    given, family, order = _comma(parts) if len(parts) > 1 else _in_order(parts[0] if parts else [])
    if not given and not family:  # titles alone: they are all there is of a name
        given, honorifics, suffixes, order = name.strip(", "), [], [], "single"
    key = name_key(" ".join(filter(None, (given, family))))
    return PersonName(given, family, tuple(honorifics), " ".join(suffixes), order, key, Pinyin("", ""))


def _is_initial(part: list[str]) -> bool:
    """A single letter is an initial rather than Monsieur, unless it is all but the last name."""
    return len(_bare(part[0])) == 1 and len(part) > 2 and part[0] not in _AND


def _is_behind(word: str, name: str) -> bool:
    """A degree or suffix; the degrees that are also surnames count in capitals alone, in a name that is not."""
    bare = _bare(word)
    if bare in _SURNAMES_TOO:
        return "." in word or (word.isupper() and not name.isupper())
    return bare in _BEHIND or bare in _SUFFIXES


def _comma(parts: list[list[str]]) -> tuple[str, str, NameOrder]:
    family, given = parts[0], [word for part in parts[1:] for word in part]
    particles: list[str] = []
    while len(given) > 1 and given[-1] in _PARTICLES:
        particles.insert(0, given.pop())
    return " ".join(given), " ".join([*particles, *family]), "comma"


def _in_order(words: list[str]) -> tuple[str, str, NameOrder]:
    if len(words) < 2:
        return " ".join(words), "", "single"
    start = len(words) - 1
    while start > 1 and _bare(words[start - 1]) in _PARTICLES:
        start -= 1
    return " ".join(words[:start]), " ".join(words[start:]), "given-first"
