"""What cleaning adds to the import of a row, for values seen before and for values all new."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from measuring import best_of, seconds

from graphcrm.cleaning.rows import clean_row
from graphcrm.tables import TABLES

pytestmark = pytest.mark.bench

ROWS, ROUNDS = 10_000, 5
CUSTOMER = {
    "id": "C1",
    "name": "Anna Müller",
    "kind": "person",
    "email": "Anna@Example.com",
    "phone": "030 1234567",
    "country": "Germany",
    "city": "Berlin",
    "address": "Hauptstr. 5",
    "website": "example.com",
    "industry": "Retail",
    "language": "de",
    "birth_date": "1980-01-31",
    "notes": "",
    "created_at": "2024-01-31T09:30:00Z",
}
ORDER = {"id": "O1", "customer_id": "C1", "at": "2024-01-31T09:30:00Z", "amount": "1", "currency": "EUR", "status": "x"}


def customers(start: int) -> list[dict[str, str]]:
    """Customers of whom no two share a name or a way to reach them."""
    return [
        CUSTOMER
        | {
            "name": f"Anna Müller {number}",
            "email": f"anna{number}@example.com",
            "phone": f"030 {1_000_000 + number}",
            "address": f"Hauptstr. {number}",
            "website": f"example{number}.com",
        }
        for number in range(start, start + ROWS)
    ]


def cleaning(table: str, rows: Callable[[], list[dict[str, str]]]) -> Callable[[], float]:
    def run() -> float:
        made = rows()
        return seconds(lambda: [clean_row(table, row, "DE") for row in made])

    return run


def test_cleaning(report: Callable[..., None]) -> None:
    starts = iter(range(0, 10 * ROUNDS * ROWS, ROWS))
    cleaned = {field: str(value) for field, value in clean_row("customers", CUSTOMER, "DE").values.items()}
    contenders = {
        "customer_to_be_cleaned": cleaning("customers", lambda: [CUSTOMER] * ROWS),
        "customer_clean": cleaning("customers", lambda: [cleaned] * ROWS),
        "customer_all_new": cleaning("customers", lambda: customers(next(starts))),
        "order": cleaning("orders", lambda: [ORDER] * ROWS),
        "validating_a_customer": lambda: seconds(lambda: [TABLES["customers"].row(cleaned) for _ in range(ROWS)]),
    }
    found = best_of(ROUNDS, *contenders.values())
    figures = {f"{name}_us": each / ROWS * 1e6 for name, each in zip(contenders, found, strict=True)}
    report({"rows": ROWS, "fields": len(CUSTOMER)}, figures)
