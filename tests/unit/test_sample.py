"""The sample business: reproducible, whole and shaped like the real thing."""

from __future__ import annotations

import csv
import doctest
import hashlib
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest

from graphcrm.cleaning.rows import clean_row
from graphcrm.errors import InvalidInput
from graphcrm.sample import draw, write_sample
from graphcrm.tables import TABLES

Tables = dict[str, list[dict[str, str]]]


@pytest.mark.parametrize("module", [draw])
def test_doctests(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


def read(directory: Path) -> Tables:
    tables = {}
    for path in sorted(directory.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            tables[path.stem] = list(csv.DictReader(file))
    return tables


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample")
    write_sample(directory, 3000, 7)
    return directory


@pytest.fixture(scope="module")
def tables(sample: Path) -> Tables:
    return read(sample)


def check_references(tables: Tables) -> None:
    ids = {name: {row["id"] for row in rows} for name, rows in tables.items() if rows and "id" in rows[0]}
    parties = ids["customers"] | ids["contacts"]
    assert len(parties) == len(ids["customers"]) + len(ids["contacts"])
    for name, found in ids.items():
        assert len(found) == len(tables[name]), name
    anyone = parties | ids["users"]
    no = {""}
    expected = {
        ("users", "reports_to_id"): ids["users"] | no,
        ("customers", "owner_id"): ids["users"] | no,
        ("contacts", "customer_id"): ids["customers"] | no,
        ("campaigns", "targeted_ids"): parties,
        ("interactions", "from_id"): anyone,
        ("interactions", "to_ids"): anyone,
        ("interactions", "campaign_id"): ids["campaigns"] | no,
        ("orders", "customer_id"): ids["customers"],
        ("order_lines", "order_id"): ids["orders"],
        ("order_lines", "product_id"): ids["products"],
        ("referrals", "referrer_id"): parties,
        ("referrals", "referred_id"): parties,
        ("referrals", "campaign_id"): ids["campaigns"] | no,
        ("relationships", "source_id"): parties,
        ("relationships", "target_id"): parties,
        ("responses", "party_id"): parties,
        ("responses", "campaign_id"): ids["campaigns"],
    }
    for (name, column), allowed in expected.items():
        named = {part for row in tables[name] for part in row[column].split("|")}
        assert named <= allowed, (name, column)


def joined(tables: Tables) -> dict[str, str]:
    return {row["id"]: row["created_at"] for name in ("customers", "contacts") for row in tables[name]}


def depths(tables: Tables) -> dict[str, int]:
    """Generations below the first referrer, by each party's earliest referral."""
    depth: dict[str, int] = {}
    first: dict[str, str] = {}
    for row in sorted(tables["referrals"], key=lambda row: row["at"]):
        first.setdefault(row["referred_id"], row["referrer_id"])
    for party, _ in sorted(joined(tables).items(), key=lambda item: item[1]):
        depth[party] = depth[first[party]] + 1 if party in first else 0
    return depth


def test_same_seed_same_bytes(sample: Path, tmp_path: Path) -> None:
    counts = write_sample(tmp_path, 3000, 7)
    names = sorted(path.name for path in sample.iterdir())
    assert sorted(counts) == names
    for name in names:
        assert (tmp_path / name).read_bytes() == (sample / name).read_bytes(), name


def test_bytes_are_the_same_everywhere(tmp_path: Path) -> None:
    """What any platform and Python version must write; a change of the generator changes it on purpose."""
    write_sample(tmp_path, 50, 7)
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir())))
    assert digest.hexdigest() == "f671bb2120046928a3e32484d2779b6ca7c3efbd7428c46892ff1c5782f1ae4a"


def test_another_seed_another_business(tmp_path: Path) -> None:
    write_sample(tmp_path / "a", 50, 1)
    write_sample(tmp_path / "b", 50, 2)
    for name in ("customers.csv", "referrals.csv", "orders.csv", "interactions.csv"):
        assert (tmp_path / "a" / name).read_bytes() != (tmp_path / "b" / name).read_bytes(), name


def test_files_are_canonical(sample: Path, tables: Tables) -> None:
    assert set(TABLES) - set(tables) == {
        "segments",
        "opportunities",
        "cases",
        "feedback",
        "consents",
        "tasks",
    }
    for path in sample.iterdir():
        content = path.read_bytes()
        assert b"\r" not in content
        assert not content.startswith(b"\xef\xbb\xbf")
        content.decode("utf-8")
    for name, rows in tables.items():
        assert set(rows[0]) <= set(TABLES[name].columns), name
        for row in rows:
            TABLES[name].row(row)


def test_size(tables: Tables) -> None:
    assert len(tables["customers"]) == 2000
    assert len(tables["contacts"]) == 1000
    assert 3000 <= len(tables["referrals"]) <= 5000
    assert sum(map(len, tables.values())) < 60_000


def test_references_resolve(tables: Tables) -> None:
    check_references(tables)


@pytest.mark.parametrize("parties", [10, 11, 13, 40])
@pytest.mark.parametrize("seed", [0, 7, 123456789012345678901])
def test_tiny_businesses(tmp_path: Path, parties: int, seed: int) -> None:
    write_sample(tmp_path, parties, seed)
    tables = read(tmp_path)
    assert len(joined(tables)) == parties
    check_references(tables)
    assert max(depths(tables).values()) >= 7
    for name, rows in tables.items():
        for row in rows:
            TABLES[name].row(row)


@pytest.mark.parametrize("parties", [-1, 0, 9, 200_001])
def test_sizes_out_of_bounds(tmp_path: Path, parties: int) -> None:
    with pytest.raises(InvalidInput, match="10 to 200000"):
        write_sample(tmp_path, parties, 7)
    assert list(tmp_path.iterdir()) == []


def test_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="Cannot write"):
        write_sample(tmp_path / "file" / "below", 10, 7)


def test_referrals_are_in_order(tables: Tables) -> None:
    came = joined(tables)
    earliest: dict[str, str] = {}
    pairs = set()
    for row in tables["referrals"]:
        assert came[row["referrer_id"]] < row["at"], row
        assert came[row["referrer_id"]] < came[row["referred_id"]], row
        earliest[row["referred_id"]] = min(row["at"], earliest.get(row["referred_id"], "9"))
        pairs.add((row["referrer_id"], row["referred_id"]))
    assert len(pairs) == len(tables["referrals"])
    for party, at in earliest.items():
        gap = datetime.fromisoformat(came[party]) - datetime.fromisoformat(at)
        assert 0 <= gap.total_seconds() <= 14 * 86_400


def test_referrals_are_heavy_tailed(tables: Tables) -> None:
    brought = sorted(Counter(row["referrer_id"] for row in tables["referrals"]).values(), reverse=True)
    assert brought[0] >= 25 * sum(brought) / 3000
    assert sum(brought[:30]) >= 0.2 * sum(brought)  # one in a hundred brings a fifth
    assert brought[len(brought) // 2] <= 2
    assert max(depths(tables).values()) > 6
    assert len({row["channel"] for row in tables["referrals"]}) >= 4


def test_nothing_happens_before_people_come_or_after_the_end(tables: Tables) -> None:
    came = joined(tables)
    for row in tables["orders"]:
        assert came[row["customer_id"]] <= row["at"] <= "2026-09-30T23:59:59Z"
    for row in tables["interactions"]:
        for party in (row["from_id"], *row["to_ids"].split("|")):
            assert came.get(party, "") < row["at"] <= "2026-09-30T23:59:59Z"
    starts = {row["id"]: row["starts_on"] for row in tables["campaigns"]}
    for row in tables["campaigns"]:
        assert all(came[party][:10] <= row["starts_on"] for party in row["targeted_ids"].split("|"))
    for row in tables["responses"]:
        assert starts[row["campaign_id"]] <= row["at"] <= "2026-09-30T23:59:59Z"


def test_amounts_add_up(tables: Tables) -> None:
    totals: dict[str, Decimal] = {}
    for row in tables["order_lines"]:
        amount = Decimal(row["quantity"]) * Decimal(row["unit_price"]) * (1 - Decimal(row["discount"]))
        totals[row["order_id"]] = totals.get(row["order_id"], Decimal(0)) + amount
    assert {row["id"]: Decimal(row["amount"]) for row in tables["orders"]} == totals
    refunds = [row for row in tables["orders"] if Decimal(row["amount"]) < 0]
    assert {row["status"] for row in refunds} == {"refunded"}
    assert 0.005 < len(refunds) / len(tables["orders"]) < 0.05


def test_conversions_have_the_value_of_their_order(tables: Tables) -> None:
    orders = {(row["customer_id"], row["at"]): (row["amount"], row["currency"]) for row in tables["orders"]}
    converted = [row for row in tables["responses"] if row["kind"] == "converted"]
    assert converted
    for row in converted:
        assert orders[row["party_id"], row["at"]] == (row["value"], row["currency"])
    assert all(row["value"] == "" for row in tables["responses"] if row["kind"] != "converted")
    kinds = Counter(row["kind"] for row in tables["responses"])
    assert kinds["opened"] > kinds["clicked"] > kinds["visited"] > kinds["converted"] > 0
    assert kinds["unsubscribed"] > 0


def test_customers_buy_at_their_own_rhythm(tables: Tables) -> None:
    bought: dict[str, list[str]] = {}
    for row in tables["orders"]:
        bought.setdefault(row["customer_id"], []).append(row["at"])
    assert len(bought) < 0.95 * len(tables["customers"])  # some never buy
    often = [times for times in bought.values() if len(times) >= 4]
    gaps = []
    for times in often:
        days = [datetime.fromisoformat(at) for at in sorted(times)]
        gaps.append((days[-1] - days[0]).days / (len(days) - 1))
    gaps.sort()
    assert gaps[len(gaps) * 9 // 10] > 3 * gaps[len(gaps) // 10]
    lost = [times for times in often if max(times) < "2026-01-01"]
    assert 0.05 < len(lost) / len(often) < 0.5


def test_relationships(tables: Tables) -> None:
    kinds = Counter(row["kind"] for row in tables["relationships"])
    assert set(kinds) == {"family", "friend", "colleague", "partner", "adviser", "other"}
    pairs = Counter(frozenset((row["source_id"], row["target_id"])) for row in tables["relationships"])
    assert set(pairs.values()) == {1}
    assert any(row["until"] for row in tables["relationships"])
    assert any(row["strength"] for row in tables["relationships"])
    assert any(row["count"] for row in tables["relationships"])
    city = {row["id"]: row["city"] for row in tables["customers"]}
    friends = [
        row
        for row in tables["relationships"]
        if row["kind"] == "friend" and row["source_id"] in city and row["target_id"] in city
    ]
    near = [row for row in friends if city[row["source_id"]] == city[row["target_id"]]]
    assert len(near) > 0.8 * len(friends)


def test_names_mail_and_phones(tables: Tables) -> None:
    people = [*tables["customers"], *tables["contacts"]]
    names = [row["name"] for row in people]
    chinese = sum(any("\u4e00" <= c <= "\u9fff" for c in name) for name in names)
    english = sum(name.isascii() for name in names)
    assert 0.4 < chinese / len(names) < 0.6
    assert 0.35 < english / len(names) < 0.6
    assert any("\u0600" <= c <= "\u06ff" for name in names for c in name)
    assert max(ord(c) for name in names for c in name) < 0x1F000  # no emoji
    mails = [row["email"] for row in people if row["email"]]
    assert len(set(mails)) == len(mails)
    assert {mail.split("@")[1] for mail in mails} == {"example.com", "example.org", "example.net"}
    assert all(mail.isascii() for mail in mails)
    phones = [row["phone"] for row in people if row["phone"]]
    assert len(phones) > len(people) / 2
    american = [phone for phone in phones if phone.startswith("+1")]
    assert american
    assert all(phone[5:].startswith("55501") for phone in american)


def test_cleaning_changes_nothing(tables: Tables) -> None:
    for name, rows in tables.items():
        for row in rows:
            clean = clean_row(name, row)
            assert (clean.values, clean.flags) == (row, {}), row
