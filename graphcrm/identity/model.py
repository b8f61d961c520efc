"""What is compared, what it tells, and the values that stand in until the data has taught better ones.

Fellegi and Sunter: each field of a pair falls into one level; the level's weight is log2(m / u), where m is how often
true duplicates fall into it and u how often two different parties do. Where a level names a term frequency, u is the
share of parties that hold the very value, so that a rare name says much and a switchboard's number little. Where one
digit of a number differs it is the share of those with a number of the same block: neighbours in an office have such.

Two parties under one roof share surname, phone and mailbox more often than chance, although they are two. Those
fields therefore tell little or nothing more once the address is the same, and a shared phone or mailbox tells little
where the given names contradict each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

__all__ = [
    "COMPARISONS",
    "EXPECTED_DUPLICATES",
    "LEAST_EVIDENCE",
    "POPULATION",
    "UNSEEN",
    "Comparison",
    "Level",
    "settings",
]

POPULATION: Final = 10_000
"""Fewer parties are judged as if drawn from so many: what two in a file of twenty share need not be common."""
EXPECTED_DUPLICATES: Final = 0.2
"""Pairs of duplicates that a party has on average, before anything is known."""
UNSEEN: Final = 0.2
"""How many other holders are supposed of a value that only the two compared hold."""
LEAST_EVIDENCE: Final = 0.05
"""Weight below which a field has nothing to say."""


@dataclass(frozen=True)
class Level:
    """One way in which two values stand to each other.

    Parameters
    ----------
    name : str
        What the evidence says.
    when : str
        The condition, as DuckDB's SQL over columns that end in ``_l`` and ``_r``.
    m, u : float
        How often duplicates and strangers are expected to fall into it.
    frequency : str, optional
        The feature whose term frequency takes u's place.
    rarest : float
        The least that this frequency may be: nothing says more than this.
    fixed : bool
        Whether the data may not teach another m.
    """

    name: str
    when: str
    m: float
    u: float
    frequency: str | None = None
    rarest: float = 0.0
    fixed: bool = False


@dataclass(frozen=True)
class Comparison:
    """A field, when it says nothing, and its levels; the first that holds counts."""

    field: str
    silent: str
    levels: tuple[Level, ...]
    features: tuple[str, ...]
    """The features it needs; without the first of them it is left out."""


_ALIKE: Final = 0.86
"""Names whose Jaro-Winkler similarity reaches this may be one name, mistyped."""


def _unknown(column: str) -> str:
    return f"{column}_l IS NULL OR {column}_r IS NULL"


def _similar(column: str, least: float) -> str:
    return f"jaro_winkler_similarity({column}_l, {column}_r) >= {least}"


def _edits(column: str, most: int) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {most}"


_OTHER_SCRIPT: Final = "script_l <> script_r"
_SAME_SCRIPT: Final = "script_l = script_r AND script_l <> 'han'"
"""Two Chinese characters of three in common make no similar names; in pinyin they are compared with Latin names."""
_SWAPPED: Final = "(given_l = surname_r AND surname_l = given_r AND given_l <> given_r)"
_NEARLY_SWAPPED: Final = (
    f"(({_OTHER_SCRIPT} AND given_latin_l = surname_latin_r AND surname_latin_l = given_latin_r)"
    f" OR jaro_winkler_similarity(given_l, surname_r) >= {_ALIKE}"
    f" AND jaro_winkler_similarity(surname_l, given_r) >= {_ALIKE}"
    f" AND jaro_winkler_similarity(given_l, given_r) < {_ALIKE})"
)
_NEAR: Final = (
    "(((postcode_l = postcode_r OR area_l = area_r)"
    f" AND {_similar('street', 0.88)} AND (number_l IS NULL OR number_r IS NULL OR {_edits('number', 1)}))"
    " OR (number_l = number_r AND street_l = street_r AND length(street_l) >= 8))"
)
_ONE_ROOF: Final = f"coalesce(address_l = address_r OR {_NEAR}, false)"
_NICKNAME: Final = (
    f"(given_l = given_r OR ({_OTHER_SCRIPT} AND given_latin_l = given_latin_r) OR ({_SAME_SCRIPT}"
    f" AND (starts_with(given_l, given_r) OR starts_with(given_r, given_l) OR {_similar('given', _ALIKE)})))"
)
_ANOTHER_GIVEN: Final = (
    f"coalesce(NOT {_NICKNAME} AND NOT ({_SAME_SCRIPT} AND {_similar('given', 0.7)}) AND NOT {_NEARLY_SWAPPED}, false)"
)
_SIMILAR_SURNAME: Final = (
    f"({_OTHER_SCRIPT} AND surname_latin_l = surname_latin_r) OR ({_SAME_SCRIPT} AND {_similar('surname', _ALIKE)})"
)
_MISSPELT_EMAIL: Final = (
    f"length(email_l) >= 10 AND {_edits('email', 1)} AND mailbox_l IS NULL"
    r" AND (length(email_l) <> length(email_r) OR regexp_replace(email_l, '\d', '', 'g')"
    r" <> regexp_replace(email_r, '\d', '', 'g'))"
)
"""Whose number alone differs is another: both are the only one of their name who got it."""

COMPARISONS: Final = (
    Comparison(
        "given_name",
        _unknown("given"),
        (
            Level("equal", "given_l = given_r", 0.75, 0.005, "given", 0.001),
            Level("first and last swapped", _SWAPPED, 0.02, 2e-6, fixed=True),
            Level("first and last nearly swapped", _NEARLY_SWAPPED, 0.01, 1e-5, fixed=True),
            Level("similar", _NICKNAME, 0.17, 0.012),
            Level("a little similar", f"NOT {_ANOTHER_GIVEN}", 0.03, 0.03),
            Level("differs", "ELSE", 0.012, 0.95),
        ),
        ("given", "surname", "given_latin", "script"),
    ),
    Comparison(
        "surname",
        f"{_unknown('surname')} OR coalesce({_NEARLY_SWAPPED}, false) OR (surname_l = surname_r AND {_ONE_ROOF})",
        (
            Level("equal", "surname_l = surname_r", 0.75, 0.002, "surname", 0.0005),
            Level("similar", _SIMILAR_SURNAME, 0.17, 0.006),
            Level("differs", "ELSE", 0.06, 0.99),
        ),
        ("surname", "given", "surname_latin", "script", "address", "street", "number", "area", "postcode"),
    ),
    Comparison(
        "name_suffix",
        _unknown("suffix"),
        (
            Level("equal", "suffix_l = suffix_r", 0.998, 0.998, fixed=True),
            Level("differs", "ELSE", 0.002, 1.0, fixed=True),
        ),
        ("suffix",),
    ),
    Comparison(
        "address",
        "(address_l IS NULL AND area_l IS NULL) OR (address_r IS NULL AND area_r IS NULL)",
        (
            Level("equal", "address_l = address_r", 0.6, 1e-5, "address", 1e-5),
            Level("nearly equal", _NEAR, 0.2, 1e-5),
            Level("same area", "area_l = area_r OR postcode_l = postcode_r", 0.1, 0.02, "area", 0.01),
            Level("differs", "ELSE", 0.1, 0.98),
        ),
        ("area", "address", "street", "number", "postcode"),
    ),
    Comparison(
        "birth_date",
        _unknown("birth_date"),
        (
            Level("equal", "birth_date_l = birth_date_r", 0.85, 5e-5, "birth_date", 5e-5),
            Level(
                "one digit or the order differs",
                f"{_edits('birth_date', 1)} OR (birth_date_l[1:4] = birth_date_r[1:4]"
                " AND birth_date_l[5:6] = birth_date_r[7:8] AND birth_date_l[7:8] = birth_date_r[5:6])",
                0.1,
                0.0012,
            ),
            Level(
                "two parts of three equal",
                "(birth_date_l[1:4] = birth_date_r[1:4])::int + (birth_date_l[5:6] = birth_date_r[5:6])::int"
                " + (birth_date_l[7:8] = birth_date_r[7:8])::int >= 2",
                0.03,
                0.006,
            ),
            Level("differs", "ELSE", 0.008, 0.99),
        ),
        ("birth_date",),
    ),
    Comparison(
        "national_id",
        _unknown("national_id"),
        (
            Level("equal", "national_id_l = national_id_r", 0.88, 1e-5, "national_id", 1e-5),
            Level(
                "one digit differs",
                f"length(national_id_l) >= 6 AND {_edits('national_id', 1)}",
                0.1,
                1e-5,
                "national_id_block",
                1e-5,
            ),
            Level("differs", "ELSE", 0.02, 1.0),
        ),
        ("national_id", "national_id_block"),
    ),
    Comparison(
        "email",
        _unknown("email"),
        (
            Level("equal, a mailbox of a post", "email_l = email_r AND mailbox_l IS NOT NULL", 0.5, 0.4, fixed=True),
            Level("equal, with another given name", f"email_l = email_r AND {_ANOTHER_GIVEN}", 0.6, 0.15, fixed=True),
            Level("equal, at the same address", f"email_l = email_r AND {_ONE_ROOF}", 0.6, 0.08, fixed=True),
            Level("equal", "email_l = email_r", 0.6, 1e-5, "email", 1e-5),
            Level("similar", _MISSPELT_EMAIL, 0.06, 0.002),
            Level("differs", "ELSE", 0.35, 1.0),
        ),
        ("email", "mailbox", "given", "surname", "given_latin", "address", "street", "number", "area", "postcode"),
    ),
    Comparison(
        "phone",
        _unknown("phone"),
        (
            Level("equal, with another given name", f"phone_l = phone_r AND {_ANOTHER_GIVEN}", 0.6, 0.3, fixed=True),
            Level("equal, at the same address", f"phone_l = phone_r AND {_ONE_ROOF}", 0.6, 0.15, fixed=True),
            Level("equal", "phone_l = phone_r", 0.55, 1e-5, "phone", 1e-5),
            Level("one digit differs", _edits("phone", 1), 0.06, 2e-5, "phone_block", 2e-5),
            Level("differs", "ELSE", 0.4, 1.0),
        ),
        ("phone", "phone_block", "given", "surname", "given_latin", "address", "street", "number", "area", "postcode"),
    ),
    Comparison(
        "company",
        _unknown("company"),
        (
            Level("equal", "company_l = company_r", 0.75, 1e-4, "company", 1e-5),
            Level("similar", _similar("company", 0.92), 0.15, 0.001),
            Level("differs", "ELSE", 0.02, 1.0),
        ),
        ("company",),
    ),
    Comparison(
        "legal_form",
        _unknown("legal_form"),
        (
            Level("equal", "legal_form_l = legal_form_r", 0.99, 0.5, fixed=True),
            Level("differs", "ELSE", 0.01, 1.0, fixed=True),
        ),
        ("legal_form",),
    ),
    Comparison(
        "country",
        _unknown("country") + " OR company_l IS NULL OR company_r IS NULL",
        (
            Level("equal", "country_l = country_r", 0.9998, 0.5, fixed=True),
            Level("differs", "ELSE", 0.0002, 1.0, fixed=True),
        ),
        ("country", "company"),
    ),
    Comparison(
        "kind",
        _unknown("kind"),
        (
            Level("equal", "kind_l = kind_r", 0.999999, 0.999999, fixed=True),
            Level("differs", "ELSE", 1e-6, 1.0, fixed=True),
        ),
        ("kind",),
    ),
)
"""What pairs are compared by, in the order in which evidence of equal weight is listed."""


def settings(present: Iterable[str], prior: float, rules: Iterable[str]) -> dict[str, Any]:
    """The model as splink takes it, with the values of this module for m and u.

    Parameters
    ----------
    present : iterable of str
        The features of which the parties have any; comparisons that need others are left out.
    prior : float
        The probability that two parties taken at random are the same.
    rules : iterable of str
        Columns whose equality makes a pair worth comparing.
    """
    has = set(present)
    return {
        "link_type": "dedupe_only",
        "probability_two_random_records_match": prior,
        "comparisons": [_comparison(each) for each in COMPARISONS if each.features[0] in has],
        "blocking_rules_to_generate_predictions": [{"blocking_rule": f"l.{rule} = r.{rule}"} for rule in rules],
        "retain_matching_columns": True,
        "retain_intermediate_calculation_columns": True,
        "unique_id_column_name": "unique_id",
    }


def _comparison(each: Comparison) -> dict[str, Any]:
    silent = {"sql_condition": each.silent, "label_for_charts": "silent", "is_null_level": True}
    return {"output_column_name": each.field, "comparison_levels": [silent, *map(_level, each.levels)]}


def _level(level: Level) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "sql_condition": level.when,
        "label_for_charts": level.name,
        "m_probability": level.m,
        "u_probability": level.u,
        "fix_m_probability": level.fixed,
        "fix_u_probability": True,
    }
    if level.frequency:
        entry |= {
            "tf_adjustment_column": level.frequency,
            "tf_minimum_u_value": level.rarest,
            "disable_tf_exact_match_detection": True,
        }
    return entry
