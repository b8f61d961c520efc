"""A believable business for demos and tests: ``graphcrm sample``.

A shop for tea, coffee and what belongs to them, in China and abroad, over the three years to 2026-09-30.
Early customers bring others (heavy-tailed referrals), families, friends, colleagues and partners know one
another, staff is in touch with them, campaigns go out, orders come in. No clock is read: the same seed gives
the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from graphcrm.errors import InvalidInput
from graphcrm.sample import campaigns, interactions, orders, people, ties
from graphcrm.sample.draw import write_csv

__all__ = ["MAX_PARTIES", "MIN_PARTIES", "write_sample"]

MIN_PARTIES: Final = 10
MAX_PARTIES: Final = 200_000

HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "users": ("id", "name", "email", "role", "reports_to_id"),
    "customers": ("id", "name", "kind", "email", "phone", "country", "city", "created_at", "owner_id",
                  "industry", "language"),
    "contacts": ("id", "name", "email", "phone", "customer_id", "title", "department", "created_at",
                 "language"),
    "products": ("id", "name", "category", "unit_price", "currency"),
    "campaigns": ("id", "name", "channel", "status", "starts_on", "ends_on", "budget", "currency",
                  "targeted_ids"),
    "interactions": ("id", "kind", "at", "from_id", "to_ids", "subject", "duration_s", "campaign_id"),
    "orders": ("id", "customer_id", "at", "amount", "currency", "status"),
    "order_lines": ("order_id", "product_id", "quantity", "line_no", "unit_price", "discount"),
    "referrals": ("referrer_id", "referred_id", "at", "channel", "campaign_id"),
    "relationships": ("source_id", "target_id", "kind", "since", "until", "strength", "count"),
    "responses": ("party_id", "campaign_id", "kind", "at", "value", "currency"),
}  # fmt: skip


def write_sample(directory: Path, parties: int, seed: int) -> dict[str, int]:
    """Write a sample business as canonical CSV files.

    Parameters
    ----------
    directory : Path
        Where to; made if it is not there. Files of the same names are replaced.
    parties : int
        How many customers and contacts together, 10 to 200,000; two in three are customers.
    seed : int
        The same seed gives the same bytes, on every platform.

    Returns
    -------
    dict of str to int
        Rows by file name, in the order in which an import reads them.

    Raises
    ------
    InvalidInput
        If ``parties`` is out of bounds or the directory cannot be written.
    """
    if not MIN_PARTIES <= parties <= MAX_PARTIES:
        raise InvalidInput(f"parties must be {MIN_PARTIES} to {MAX_PARTIES}, not {parties}.", field="parties")
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return {
            f"{table}.csv": write_csv(directory / f"{table}.csv", HEADERS[table], rows)
            for table, rows in _tables(parties, seed).items()
        }
    except OSError as error:
        raise InvalidInput(f"Cannot write to {directory}: {error.strerror}.", field="out") from error


def _tables(count: int, seed: int) -> dict[str, Iterable[Sequence[str]]]:
    users = people.make_users(seed, count)
    parties = people.make_parties(seed, count)
    people.assign_owners(seed, parties, users)
    referrals = ties.make_referrals(seed, parties)
    relationships = ties.make_relationships(seed, parties)
    offers = campaigns.make_campaigns(seed, parties)
    calendar = campaigns.Calendar(offers)
    responses = campaigns.make_responses(seed, parties, offers)
    sales = orders.make_orders(seed, parties, responses)
    ids = orders.order_ids(sales)
    touches = interactions.make_interactions(seed, parties, users, [*referrals, *relationships], calendar)
    return {
        "users": people.user_rows(users),
        "customers": people.customer_rows(parties),
        "contacts": people.contact_rows(parties),
        "products": orders.product_rows(),
        "campaigns": campaigns.campaign_rows(parties, offers),
        "interactions": interactions.interaction_rows(touches),
        "orders": orders.order_rows(parties, sales, ids),
        "order_lines": orders.line_rows(sales, ids),
        "referrals": ties.referral_rows(parties, referrals, calendar.referral_campaign),
        "relationships": ties.relationship_rows(parties, relationships),
        "responses": campaigns.response_rows(parties, responses, orders.order_values(sales)),
    }
