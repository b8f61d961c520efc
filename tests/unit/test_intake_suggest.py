"""Suggested mappings: they work as they stand, and say why."""

from __future__ import annotations

import string
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphcrm.cleaning.taking import take_row
from graphcrm.errors import InvalidInput
from graphcrm.intake.mapping import load_mapping
from graphcrm.intake.suggest import suggest_mapping
from graphcrm.tables import Row

DATA = Path(__file__).parents[3] / "shared" / "data"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the public data sets in ../shared/data")


def suggested(path: Path, **said: str) -> dict[str, Any]:
    """The columns of a suggestion, and its table under ``table``."""
    table = tomllib.loads(suggest_mapping(path, **said))["tables"][0]
    return {"table": table["table"], **table["columns"]}


def taken(path: Path, folder: Path) -> tuple[list[Row], list[str]]:
    """What comes of a file by its own suggestion: rows, and why others were refused."""
    mapping = folder / "suggested.toml"
    mapping.write_text(suggest_mapping(path), encoding="utf-8")
    rows: list[Row] = []
    refused: list[str] = []
    for source in load_mapping(mapping).sources([path]):
        for row in source.rows(lambda reject: refused.append(reject.reason)):
            try:
                rows.append(take_row(source.table, row.values)[0])
            except InvalidInput as error:
                refused.append(error.message)
    return rows, refused


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_list_of_companies(tmp_path: Path) -> None:
    path = write(
        tmp_path / "kunden.csv",
        "Kundennr;Firma;Telefon;Land;Ort;Seit;Sparte\n"
        "7;Delta GmbH;+49 30 1234567;Deutschland;Berlin;31.12.2024;Tee\n"
        "8;Echo AG;030/7654321;Schweiz;Bern;01.02.2025;\n",
    )
    found = suggested(path)
    assert found == {
        "table": "customers",
        "kind": {"value": "organization"},
        "id": "Kundennr",
        "name": "Firma",
        "phone": "Telefon",
        "country": {"column": "Land", "code": "country"},
        "city": "Ort",
        "created_at": {"column": "Seit", "date": "%d.%m.%Y"},
    }
    text = suggest_mapping(path)
    assert "every row has another, such as 7, 8" in text
    assert "all values have this form: 31.12.2024, 01.02.2025" in text
    assert '    "Sparte",    # Tee' in text
    assert "customers and contacts share one run of ids" in text
    rows, refused = taken(path, tmp_path)
    assert refused == []
    assert [row.properties.get("sparte") for row in rows] == ["Tee", None]
    assert [row.properties["country"] for row in rows] == ["DE", "CH"]


def test_values_tell_where_names_do_not(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.csv", "a,b,c,d\n1,ann@x.example,+1 604 555 0163,France\n2,bob@x.example,604-555-0100,CN\n"
    )
    assert suggested(path) == {
        "table": "customers",
        "id": {"column": "b", "case": "lower"},
        "name": {"either": ["b", "c"]},
        "email": "b",
        "phone": "c",
        "country": {"column": "d", "code": "country"},
    }


def test_day_and_month_are_never_guessed(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "id,name,created\n1,A,01/02/2024\n2,B,03/04/2024\n")
    assert "created_at" not in suggested(path)
    assert "created: is kept; created_at could be %d/%m/%Y or %m/%d/%Y" in suggest_mapping(path)
    path = write(tmp_path / "y.csv", "id,name,created\n1,A,01/02/2024\n2,B,13/04/2024\n")
    assert suggested(path)["created_at"] == {"column": "created", "date": "%d/%m/%Y"}


def test_orders_products_and_contacts(tmp_path: Path) -> None:
    orders = write(
        tmp_path / "o.csv", 'Order ID,Customer,Date,Total\n1,A,2024-01-31,"1.200,50"\n2,A,2024-02-01,"7,00"\n'
    )
    assert suggested(orders) == {
        "table": "orders",
        "id": "Order ID",
        "customer_id": "Customer",
        "at": {"column": "Date", "date": "iso"},
        "amount": {"column": "Total", "number": ","},
    }
    products = write(tmp_path / "p.csv", "SKU,Product Name,Unit Price,Category\nT,Tea,$2.50,drinks\n")
    assert suggested(products)["unit_price"] == {"column": "Unit Price", "number": "."}
    contacts = write(tmp_path / "c.csv", "First Name,Last Name,Company,Email\nAnn,Lee,Delta,a@x.example\n")
    assert suggested(contacts)["name"] == {"join": ["First Name", "Last Name"]}
    assert suggested(contacts)["table"] == "contacts"


def test_rows_that_no_column_tells_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", "street,who\nA,1\nA,2\nB,1\n")
    assert suggested(path)["id"] == {"template": "{street}/{who}", "apart": True}
    path = write(tmp_path / "w.csv", "street,no[1],who\nA,1,1\nA,2,2\nB,2,1\n")
    assert suggested(path)["id"] == {"template": "{street}/{who}", "apart": True}
    path = write(tmp_path / "y.csv", "street,who\nA,1\nA,1\n")
    assert suggested(path)["id"] == {"join": ["street", "who"], "separator": "/", "apart": True}
    assert [row.id for row in taken(path, tmp_path)[0]] == ["A/1", "A/1#2"]
    with pytest.raises(InvalidInput, match="has no row to guess from"):
        suggest_mapping(write(tmp_path / "z.csv", "street,who\n"))


@needs_data
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("northwind/customers.csv", 91),
        ("northwind/products.csv", 77),
        ("ifood_campaign/marketing_campaign.csv", 2240),
        ("telco_churn/Telco-Customer-Churn.csv", 7043),
        ("febrl/dataset1.csv", 1000),
        ("salesforce/accountData.csv", 423),
        ("brfarmers/brfarmers.csv", 692),
        ("hillstrom/hillstrom.csv.gz", 64_000),
    ],
)
def test_real_files_come_in_whole(tmp_path: Path, name: str, count: int) -> None:
    rows, refused = taken(DATA / name, tmp_path)
    assert refused == []
    assert len({row.id for row in rows}) == count


NAMES = st.lists(
    st.text(string.ascii_letters + string.digits + " _'\"#=[]{}é户号", min_size=1, max_size=12).filter(str.strip),
    min_size=1,
    max_size=5,
    unique_by=lambda name: name.strip(),
)
VALUES = st.text(string.ascii_letters + string.digits + ' .,:;/@+-"\\é户', max_size=12)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), names=NAMES)
def test_whatever_the_file_the_suggestion_can_be_read(
    data: st.DataObject, names: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    import csv

    folder = tmp_path_factory.mktemp("suggest")
    path = folder / "x.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(names)
        for _ in range(data.draw(st.integers(1, 4))):
            writer.writerow([data.draw(VALUES) for _ in names])
    mapping = folder / "m.toml"
    try:
        text = suggest_mapping(path, delimiter=",", encoding="utf-8")
    except InvalidInput:
        return
    mapping.write_text(text, encoding="utf-8")
    load_mapping(mapping).sources([path])
