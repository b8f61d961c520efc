"""Which of the encodings before Unicode a text is in: the one in which it reads most like some language.

Each language has a simple model: how often each of its letters beyond ASCII comes, and whether these stand alone
between plain letters, as accents do, or in runs, as other scripts do. The bytes are decoded by every candidate, and
each reading is as likely as its letters are. Where two readings that differ come close, that is said, for a person to
decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import log
from typing import Final

from graphcrm.intake.readers.letters import ALPHABETS, CHARACTERS

__all__ = ["Likely", "most_likely"]

_ENOUGH: Final = 60_000
"""Bytes that are looked at."""
_SURE: Final = 5.0
"""The difference of two log likelihoods from which on nobody has to be asked."""
_PRIOR: Final = {
    "cp1252": 5.0,
    "gb18030": 2.0,
    "cp1257": -3.0,
    "cp1256": -2.0,
    "cp1255": -2.0,
    "cp874": -2.0,
    "koi8_r": -11.0,
    "cp866": -4.0,
    "mac_roman": -4.0,
    "cp850": -4.0,
    "euc_jp": -1.0,
}
"""How much more often than others an encoding is met, as a logarithm."""
_BEYOND_ASCII: Final = re.compile("[^\x00-\x7f]+")
_SIGNS: Final = "–—‘’“”„…•€£°§«»®©™ºª·²½±×´\xa0"
_SIGN: Final = 0.0008
_UPPER: Final = 0.15
"""How often a letter is a capital, beside the small one."""
_NEVER: Final = 1e-5
_IMPOSSIBLE: Final = 1e-8
_AFTER_ITS_KIND, _AFTER_PLAIN, _FIRST = range(3)
_ACCENTS: Final = (0.04, 0.76, 0.2)
_SCRIPT: Final = (0.8, 0.005, 0.195)
_IDEOGRAPHS: Final = (0.7, 0.03, 0.27)


@dataclass(frozen=True, slots=True)
class Likely:
    """What a text is taken for.

    Parameters
    ----------
    encoding : str
        The most likely one, by Python's name.
    other : str
        The next one that gives another text, where it is nearly as likely; empty where none is.
    """

    encoding: str
    other: str = ""


@dataclass(frozen=True, slots=True)
class _Model:
    """How likely a language makes each letter, and where letters stand."""

    letter: Callable[[str], float]
    places: tuple[float, float, float]

    def score(self, letters: Mapping[str, int], places: Iterable[int]) -> float:
        """The logarithm of a reading's likelihood."""
        score = sum(count * log(self.letter(letter)) for letter, count in letters.items())
        return score + sum(count * log(chance) for count, chance in zip(places, self.places, strict=True))


def most_likely(text: bytes) -> Likely:
    """Tell the encoding of a text that is not UTF-8.

    Parameters
    ----------
    text : bytes
        Lines that hold bytes above 127; the first 60,000 bytes are looked at.

    Returns
    -------
    Likely
        One of Windows-1250 to 1257, GB18030, Big5, Shift-JIS, EUC-JP, EUC-KR, KOI8-R, Mac Roman and the code pages
        of DOS (850, 866).

    Examples
    --------
    >>> most_likely("Łódź, Kraków, Wałbrzych; Żółć, Świętosław".encode("cp1250")).encoding
    'cp1250'
    >>> most_likely("Иван Петров, Москва".encode("cp1251")).encoding
    'cp1251'
    """
    text = text[:_ENOUGH]
    readings = {encoding: text.decode(encoding, errors="replace") for encoding in _models()}
    scores = {encoding: _score(encoding, reading) for encoding, reading in readings.items()}
    ranked = sorted(scores, key=lambda encoding: -scores[encoding])
    best = ranked[0]
    other = next((each for each in ranked if readings[each] != readings[best]), best)
    return Likely(best, other if other != best and scores[best] - scores[other] < _SURE else "")


def _score(encoding: str, reading: str) -> float:
    letters: Counter[str] = Counter()
    places = [0, 0, 0]
    for run in _BEYOND_ASCII.finditer(reading):
        letters.update(run[0])
        before = reading[run.start() - 1] if run.start() else " "
        first = run[0][0]
        if first.isalpha():
            places[_AFTER_PLAIN if before.isalpha() else _FIRST] += 1
        places[_AFTER_ITS_KIND] += sum(map(str.isalpha, run[0][1:]))
    return _PRIOR.get(encoding, 0.0) + max(model.score(letters, places) for model in _models()[encoding])


@cache
def _models() -> dict[str, list[_Model]]:
    """The models of each encoding's languages."""
    models = {encoding: _alphabetic(languages) for encoding, languages in ALPHABETS.items()}
    return models | {encoding: [_ideographic(encoding)] for encoding in CHARACTERS}


def _alphabetic(languages: tuple[str, ...]) -> list[_Model]:
    """One model for each language, and one for a file that has names from all of them."""
    tables = [_table(letters) for letters in languages]
    together: Counter[str] = Counter()
    for table in tables:
        for letter, chance in table.items():
            together[letter] += chance / len(tables)  # type: ignore[assignment]
    if len(tables) > 1:
        tables.append(dict(together))
    places = _ACCENTS if any(letter in "éäéóü" for letter in languages[0]) or "ı" in languages[0] else _SCRIPT
    return [_Model(_lookup(table), places) for table in tables]


def _table(letters: str) -> dict[str, float]:
    """Letters in the order of how often they come: each rank as often as ranks of words and letters are."""
    weights = {letter: 1 / (rank + 2) for rank, letter in enumerate(letters)}
    for letter in letters:
        upper = letter.upper()
        if len(upper) == 1 and upper not in weights:
            weights[upper] = _UPPER * weights[letter]
    total = sum(weights.values())
    return {letter: weight / total for letter, weight in weights.items()}


def _lookup(table: Mapping[str, float]) -> Callable[[str], float]:
    def chance(letter: str) -> float:
        found = table.get(letter, 0.0)
        if found:
            return found
        if letter in _SIGNS:
            return _SIGN
        return _IMPOSSIBLE if letter == "\ufffd" or not letter.isprintable() else _NEVER

    return chance


def _ideographic(encoding: str) -> _Model:
    common, alphabet, plain, plain_count = CHARACTERS[encoding]

    def chance(character: str) -> float:
        if character in common:
            return 0.6 / len(common)
        if character in alphabet:
            return 0.35 / len(alphabet)
        if "\u3000" <= character <= "\u303f" or "\uff01" <= character <= "\uff5e" or character in _SIGNS:
            return 0.0006
        if encoding == "cp932" and "\uff61" <= character <= "\uff9f":
            return 0.15 / 63
        if character == "\ufffd" or not character.isprintable():
            return _IMPOSSIBLE
        return 0.25 / plain_count if _is_plain(character, *plain) else 1e-6

    return _Model(cache(chance), _IDEOGRAPHS)


def _is_plain(character: str, encoding: str, first: int, last: int) -> bool:
    """Whether a character stands in the part of an older character set that holds those in common use."""
    try:
        data = character.encode(encoding)
    except UnicodeEncodeError:
        return False
    return len(data) == 2 and first <= data[0] <= last
