"""Duplicates found and scored: on a published register, a town of households, and the classic traps."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from households import f1, register, true_pairs

from graphcrm.errors import InvalidInput
from graphcrm.identity.duplicates import PAIR_COLUMNS, Found, find_duplicates
from graphcrm.identity.thresholds import MERGE_PROBABILITY, REVIEW_PROBABILITY


def pairs_of(found: Found) -> set[tuple[str, str]]:
    return set(zip(found.pairs["left_id"], found.pairs["right_id"], strict=True))


def grouped_pairs(found: Found) -> set[tuple[str, str]]:
    return {pair for group in found.groups for pair in itertools.combinations(group, 2)}


def febrl(shared_data: Path) -> tuple[pd.DataFrame, set[tuple[str, str]]]:
    """The register without what tells the answer, and its 500 pairs of duplicates."""
    rows = pd.read_csv(shared_data / "febrl" / "dataset1.csv", skipinitialspace=True, dtype=str)
    true = true_pairs(rows["rec_id"].tolist(), rows["rec_id"].str.split("-").str[1].tolist())
    people = pd.DataFrame(
        {
            "id": rows["rec_id"],
            "given_name": rows["given_name"],
            "surname": rows["surname"],
            "street_number": rows["street_number"],
            "street": rows["address_1"].fillna("") + " " + rows["address_2"].fillna(""),
            "suburb": rows["suburb"],
            "postcode": rows["postcode"],
            "state": rows["state"],
            "birth_date": rows["date_of_birth"],
            "national_id": rows["soc_sec_id"],
        }
    )
    names = {id_: f"R{number:04d}" for number, id_ in enumerate(random.Random(7).sample(sorted(people["id"]), 1000))}
    people["id"] = people["id"].map(names)
    return people, {(min(names[a], names[b]), max(names[a], names[b])) for a, b in true}


def test_febrl_register_is_found_to_the_last_pair(shared_data: Path) -> None:
    people, true = febrl(shared_data)
    assert len(true) == 500
    found = find_duplicates(people)
    assert found.trained
    assert f1(pairs_of(found), true) >= 0.999
    assert f1(grouped_pairs(found), true) >= 0.999


def test_febrl_register_without_a_national_id(shared_data: Path) -> None:
    people, true = febrl(shared_data)
    found = find_duplicates(people.drop(columns="national_id"))
    assert f1(pairs_of(found), true) >= 0.99
    assert pairs_of(found) <= true


@pytest.mark.parametrize("without", [(), ("national_id",), ("national_id", "email", "phone")], ids=str)
def test_households_are_no_duplicates(without: tuple[str, ...]) -> None:
    people, owners = register(7_000, 3_000, seed=3)
    true = true_pairs(people["id"].tolist(), owners)
    found = find_duplicates(people.drop(columns=list(without)))
    assert f1(pairs_of(found), true) >= 0.96
    assert f1(grouped_pairs(found), true) >= 0.96
    sure = found.pairs[found.pairs["probability"] >= MERGE_PROBABILITY]
    certain = set(zip(sure["left_id"], sure["right_id"], strict=True))
    assert len(certain - true) <= len(certain) // 1000


@pytest.mark.parametrize("without", [(), ("national_id", "email", "phone")], ids=str)
def test_where_there_are_none_nothing_is_sure(without: tuple[str, ...]) -> None:
    people, _ = register(5_000, 0, seed=4, household_share=0.5)
    found = find_duplicates(people.drop(columns=list(without)))
    assert len(found.pairs) <= 5
    assert (found.pairs["probability"] < MERGE_PROBABILITY).all()


@pytest.fixture(scope="module")
def town() -> pd.DataFrame:
    return register(1_400, 600, seed=5)[0]


def test_same_parties_in_any_order_get_the_same_answer(town: pd.DataFrame) -> None:
    first = find_duplicates(town)
    for seed in (1, 2):
        again = find_duplicates(town.sample(frac=1, random_state=seed))
        assert again.groups == first.groups
        assert again.prior == first.prior
        pd.testing.assert_frame_equal(again.pairs, first.pairs)


def test_pairs_are_sorted_and_add_up(town: pd.DataFrame) -> None:
    found = find_duplicates(town)
    assert list(found.pairs.columns) == list(PAIR_COLUMNS)
    rows = found.pairs.to_dict("records")
    keys = [(-row["probability"], row["left_id"], row["right_id"]) for row in rows if row["probability"] < 1]
    assert [key[0] for key in keys] == sorted(key[0] for key in keys)
    for row in rows:
        assert row["left_id"].encode() < row["right_id"].encode()
        assert sum(entry["weight"] for entry in row["evidence"]) == pytest.approx(row["weight"], abs=0.6)
        odds = row["weight"] + np.log2(found.prior / (1 - found.prior))
        assert row["probability"] == pytest.approx(1 / (1 + 2**-odds), abs=0.005)
        assert row["probability"] >= REVIEW_PROBABILITY - 1e-6


def test_groups_share_no_member_and_are_ordered(town: pd.DataFrame) -> None:
    groups = find_duplicates(town).groups
    members = [member for group in groups for member in group]
    assert len(members) == len(set(members))
    assert groups == sorted(groups)
    assert all(len(group) > 1 and group == sorted(group) for group in groups)


def test_what_is_known_to_be_apart_stays_apart(town: pd.DataFrame) -> None:
    first = find_duplicates(town)
    group = max(first.groups, key=len)
    told = (group[1], group[0])
    again = find_duplicates(town, apart=[told, ("nobody", group[0])])
    assert (group[0], group[1]) not in pairs_of(again)
    assert not any({group[0], group[1]} <= set(other) for other in again.groups)
    assert pairs_of(first) - pairs_of(again) == {(group[0], group[1])}


def test_who_is_known_to_be_apart_need_not_look_alike() -> None:
    people = pd.DataFrame({"id": ["A", "B"], "name": ["Ann", "Zoe"]})
    assert find_duplicates(people, apart=[("A", "B")]).groups == []


STREET = {"street": "Harbour Street", "street_number": "12", "city": "Wellington", "postcode": "6011"}


def probability(left: dict[str, Any], right: dict[str, Any], *others: dict[str, Any]) -> float:
    """What is said of two among others; 0 where the pair is not worth listing."""
    rows = [{"id": "A", **left}, {"id": "B", **right}]
    rows += [{"id": f"X{number}", **other} for number, other in enumerate(others)]
    pairs = find_duplicates(pd.DataFrame(rows), threshold=0.001).pairs
    hit = pairs[(pairs["left_id"] == "A") & (pairs["right_id"] == "B")]
    return float(hit["probability"].iloc[0]) if len(hit) else 0.0


def test_colleagues_with_the_office_phone_are_many() -> None:
    office = [
        {"name": name, "phone": "+64 4 555 0100", **STREET}
        for name in ("Ann Lee", "Bo Carter", "Cy Young", "Di Lee", "Ed Moss", "Flo Hart", "Gus Hart", "Hal Poe")
    ]
    rows = pd.DataFrame([{"id": f"C{number}", **person} for number, person in enumerate(office)])
    assert find_duplicates(rows).pairs.empty


@pytest.mark.parametrize("surname", ["Kowalski", "Lee"])
def test_family_at_one_address_is_no_duplicate(surname: str) -> None:
    home = {"surname": surname, "phone": "04 555 0123", **STREET}
    rows = [{"id": name, "given_name": name, **home} for name in ("Maria", "Peter", "Thomas", "Agnes")]
    assert find_duplicates(pd.DataFrame(rows)).pairs.empty
    shared = [row | {"email": "family@example.com"} for row in rows]
    assert find_duplicates(pd.DataFrame(shared)).pairs.empty


def test_people_behind_one_info_address_are_many() -> None:
    rows = [
        {"id": f"C{number}", "name": name, "email": "info@acme.example"}
        for number, name in enumerate(("Ann Lee", "Bo Carter", "Cy Young", "Ann Moss"))
    ]
    assert find_duplicates(pd.DataFrame(rows)).pairs.empty


def test_father_and_son_of_one_name() -> None:
    home = {"name": "John Albert Smith", "phone": "04 555 0123", **STREET}
    assert probability(home | {"birth_date": "1951-03-02"}, home | {"birth_date": "1983-11-20"}) < MERGE_PROBABILITY
    senior, junior = home | {"name": "John A. Smith Sr."}, home | {"name": "John A. Smith Jr."}
    assert probability(senior, junior) < MERGE_PROBABILITY
    same = home | {"birth_date": "1951-03-02"}
    assert probability(same, dict(same)) >= MERGE_PROBABILITY


def test_one_person_at_two_companies_is_one() -> None:
    jane = {"name": "Jane Pemberton", "phone": "+64 21 555 987"}
    acme = jane | {"email": "jane.pemberton@acme.example", "label": "Contact"}
    globex = jane | {"email": "jpemberton@globex.example", "label": "Contact"}
    assert probability(acme, globex) >= MERGE_PROBABILITY
    nothing_else = [{k: v for k, v in row.items() if k != "phone"} for row in (acme, globex)]
    assert probability(*nothing_else) < MERGE_PROBABILITY


def test_one_company_in_two_countries_is_two() -> None:
    acme = {"kind": "organization", "email": "info@acme.example"}
    german = acme | {"name": "Acme Logistics GmbH", "country": "DE"}
    french = acme | {"name": "Acme Logistics SARL", "country": "FR"}
    assert probability(german, french) < REVIEW_PROBABILITY
    assert probability(german, acme | {"name": "ACME Logistics", "country": "Germany"}) >= MERGE_PROBABILITY


def test_legal_forms_tell_companies_apart_and_their_spelling_does_not() -> None:
    at = {"kind": "organization", "country": "GB", **STREET}
    limited, short = at | {"name": "Orchard Kitchens Limited"}, at | {"name": "Orchard Kitchens Ltd"}
    assert probability(limited, short) >= MERGE_PROBABILITY
    assert probability(limited, at | {"name": "Orchard Kitchens LLP"}) < probability(limited, short)


def test_a_person_is_no_company() -> None:
    shop = {"kind": "organization", "name": "Pemberton", "email": "shop@example.com", "phone": "045550123"}
    assert probability(shop, shop | {"kind": "person", "name": "Jane Pemberton"}) < REVIEW_PROBABILITY


def test_swapped_names_are_found() -> None:
    one = {"given_name": "Kwame", "surname": "Okafor", "birth_date": "1990-04-12"}
    other = one | {"given_name": "Okafor", "surname": "Kwame"}
    found = find_duplicates(pd.DataFrame([{"id": "A", **one}, {"id": "B", **other}]))
    assert found.groups == [["A", "B"]]
    levels = {entry["field"]: entry["level"] for entry in found.pairs["evidence"][0]}
    assert levels == {"given_name": "first and last swapped", "birth_date": "equal"}


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        ({"name": "王小明", "phone": "13800000001"}, {"name": "王小明", "phone": "13800000001"}, True),
        ({"name": "王小明", "phone": "13800000001"}, {"name": "Wang Xiaoming", "phone": "+86 138 0000 0001"}, True),
        ({"name": "王小明", "phone": "01088880001"}, {"name": "王小红", "phone": "01088880001"}, False),
        ({"name": "张伟"}, {"name": "章伟"}, False),
    ],
)
def test_chinese_names(left: dict[str, Any], right: dict[str, Any], same: bool) -> None:
    assert (probability(left, right) >= REVIEW_PROBABILITY) == same


def test_a_value_many_share_loses_weight() -> None:
    """The same two rows, once alone and once among fifty with the same number."""
    two = [{"name": "Ann Lee", "phone": "045550100"}, {"name": "Ann Li", "phone": "045550100"}]
    crowd = [{"name": f"P{number:02d} Q{number:02d}", "phone": "045550100"} for number in range(50)]
    assert probability(*two, *crowd) < probability(*two)


@pytest.mark.parametrize("rows", [2, 3, 20, 200])
def test_few_rows_are_judged_by_the_values_that_stand_in(rows: int) -> None:
    people, owners = register(rows - rows // 4 - 1, rows // 4 + 1, seed=11)
    found = find_duplicates(people)
    assert f1(pairs_of(found), true_pairs(people["id"].tolist(), owners)) >= 0.9


@pytest.mark.parametrize("rows", [0, 1])
def test_nobody_and_one_have_no_duplicates(rows: int) -> None:
    found = find_duplicates(pd.DataFrame({"id": ["A"][:rows], "name": ["Ann"][:rows]}))
    assert list(found.pairs.columns) == list(PAIR_COLUMNS)
    assert found.pairs.empty
    assert found.groups == []


@pytest.mark.parametrize(
    "parties",
    [
        pd.DataFrame({"id": ["A", "B", "C"]}),
        pd.DataFrame({"id": ["A", "B"], "name": [None, ""], "email": [np.nan, " "], "phone": [pd.NaT, "-"]}),
        pd.DataFrame({"id": ["A", "B"], "name": ["\0\u202e", "'; DROP TABLE parties; --"], "email": ["@", "a@"]}),
    ],
    ids=["ids alone", "blanks", "hostile"],
)
def test_parties_without_anything_in_common(parties: pd.DataFrame) -> None:
    assert find_duplicates(parties).pairs.empty


def test_a_value_that_all_share_does_not_explode() -> None:
    rows = 30_000
    people = pd.DataFrame(
        {
            "id": [f"P{number:05d}" for number in range(rows)],
            "name": [f"Given{number % 173} Family{number}" for number in range(rows)],
            "phone": ["0800 111 111"] * rows,
            "birth_date": ["1900-01-01"] * rows,
        }
    )
    found = find_duplicates(people)
    assert found.pairs.empty
    assert {"rule": "phone", "value": "800111111", "parties": rows} in found.skipped
    assert {"rule": "birth_date", "value": "19000101", "parties": rows} in found.skipped


@pytest.mark.parametrize(
    ("parties", "threshold", "field"),
    [
        (pd.DataFrame({"name": ["Ann"]}), 0.5, "id"),
        (pd.DataFrame({"id": ["A", "A"]}), 0.5, "id"),
        (pd.DataFrame({"id": ["A", ""]}), 0.5, "id"),
        (pd.DataFrame({"id": ["A", 1]}), 0.5, "id"),
        (pd.DataFrame({"id": ["A", "B"]}), 0.0, "threshold"),
        (pd.DataFrame({"id": ["A", "B"]}), 1.0, "threshold"),
    ],
)
def test_bad_input_names_the_field(parties: pd.DataFrame, threshold: float, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        find_duplicates(parties, threshold)
    assert refused.value.field == field


def test_companies_of_one_name_are_put_up_for_review() -> None:
    at = {"kind": "organization", "name": "Orchard Kitchens Ltd", "country": "GB"}
    assert REVIEW_PROBABILITY <= probability(at, dict(at)) < MERGE_PROBABILITY
    assert probability(at, at | {"name": "Larkfield Software Ltd"}) < REVIEW_PROBABILITY


def test_chaining_joins_none_who_contradict_each_other() -> None:
    """A and C differ in everything personal; B has what it takes to be either, and so must not join them."""
    home = {"surname": "Okafor", "phone": "045550123", **STREET}
    father = {"given_name": "Kwame", "birth_date": "1951-03-02", "national_id": "912345678"}
    son = {"given_name": "Tobias", "birth_date": "1983-11-20", "national_id": "845612337"}
    rows = [
        {"id": "A", **home, **father},
        {"id": "B", **home, "given_name": "Kwame", "birth_date": "1951-03-02", "national_id": "845612337"},
        {"id": "C", **home, **son, "email": "t.okafor@example.com"},
        {"id": "D", **home, "email": "t.okafor@example.com", "national_id": "845612337"},
    ]
    found = find_duplicates(pd.DataFrame(rows))
    assert {("A", "B"), ("C", "D")} <= pairs_of(found)
    assert not any({"A", "C"} <= set(group) for group in found.groups)
