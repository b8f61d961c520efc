"""Files of programs that nobody here has: what a suggested mapping makes of each, without an edit."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from strangers import FILES

from graphcrm.cleaning.taking import take_row
from graphcrm.errors import InvalidInput
from graphcrm.intake.mapping import load_mapping
from graphcrm.intake.presets import find_preset
from graphcrm.intake.steps import compile_steps
from graphcrm.intake.suggest import suggest_mapping
from graphcrm.tables import Row


def put(folder: Path, name: str) -> Path:
    path = folder / name
    content = FILES[name]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def tables_of(text: str) -> dict[str, dict[str, Any]]:
    return {table["table"]: table["columns"] for table in tomllib.loads(text)["tables"]}


def taken(path: Path, text: str, folder: Path) -> tuple[dict[str, list[Row]], list[str]]:
    """The rows of each table, and why others were refused."""
    mapping = folder / "suggested.toml"
    mapping.write_text(text, encoding="utf-8")
    rows: dict[str, list[Row]] = {}
    refused: list[str] = []
    for source in load_mapping(mapping).sources([path]):
        for row in source.rows(lambda reject: refused.append(reject.reason)):
            try:
                rows.setdefault(source.table.name, []).append(take_row(source.table, row.values)[0])
            except InvalidInput as error:
                refused.append(error.message)
    return rows, refused


COUNTS = {
    "shopify_customers.csv": {"customers": 3},
    "stripe_customers.csv": {"customers": 2},
    "mailchimp.csv": {"customers": 2},
    "pipedrive_persons.csv": {"contacts": 2, "customers": 1},
    "pipedrive_organizations.csv": {"customers": 2},
    "pipedrive_deals.csv": {"opportunities": 2, "customers": 1},
    "dynamics_contacts.csv": {"contacts": 2, "customers": 2},
    "dynamics_accounts.csv": {"customers": 2},
    "zendesk_users.csv": {"customers": 2},
    "Connections.csv": {"contacts": 2, "customers": 2},
    "paypal.csv": {"orders": 2, "customers": 2},
    "woocommerce_customers.csv": {"customers": 2},
    "magento_customers.csv": {"customers": 2},
    "suitecrm_accounts.csv": {"customers": 2},
    "freshsales.csv": {"contacts": 2, "customers": 2},
    "activecampaign.csv": {"contacts": 2, "customers": 1},
    "brevo.csv": {"customers": 2},
    "klaviyo.csv": {"customers": 2},
    "constant_contact.csv": {"contacts": 2, "customers": 1},
    "企业微信客户.csv": {"customers": 2},
    "有赞订单.csv": {"orders": 2, "customers": 2},
    "用友客户档案.csv": {"customers": 2},
    "olist_customers_dataset.csv": {"customers": 2},
    "olist_orders_dataset.csv": {"orders": 2},
    "superstore.csv": {"orders": 3, "customers": 2, "products": 3, "order_lines": 4},
    "adventureworks_person.csv": {"customers": 2},
    "chinook_customer.csv": {"contacts": 2, "customers": 1},
    "bank.csv": {"customers": 3},
    "adult.data": {"customers": 3},
    "decimal_commas.csv": {"customers": 2},
    "nulls.csv": {"customers": 3},
    "pandas_index.csv": {"customers": 2},
    "contacts.json": {"customers": 2},
}


@pytest.mark.parametrize(("name", "counts"), COUNTS.items())
def test_a_suggestion_takes_every_row(tmp_path: Path, name: str, counts: dict[str, int]) -> None:
    path = put(tmp_path, name)
    text = suggest_mapping(path)
    rows, refused = taken(path, text, tmp_path)
    assert refused == []
    assert {table: len(found) for table, found in rows.items()} == counts
    for table, found in rows.items():
        if table not in ("order_lines",):
            assert len({row.id for row in found}) == len(found)
    for line in text.split("[tables.columns]")[1].split("[[tables]]")[0].strip().splitlines():
        assert " # " in line or line.startswith("[") or not line, line


WANTED: list[tuple[str, str, dict[str, Any]]] = [
    (
        "shopify_customers.csv",
        "customers",
        {
            "id": "Customer ID",
            "name": {"join": ["First Name", "Last Name"], "otherwise": "{Email}"},
            "city": "Default Address City",
            "phone": "Phone",
        },
    ),
    ("stripe_customers.csv", "customers", {"id": "id", "name": {"either": ["Name", "Email"]}}),
    ("stripe_customers.csv", "customers", {"created_at": {"column": "Created (UTC)", "date": "iso"}}),
    ("pipedrive_persons.csv", "contacts", {"id": "Person - ID", "customer_id": "Person - Organization"}),
    ("pipedrive_organizations.csv", "customers", {"id": "Organization - ID", "name": "Organization - Name"}),
    ("pipedrive_deals.csv", "opportunities", {"id": "Deal - ID", "name": "Deal - Title", "stage": "Deal - Stage"}),
    ("dynamics_contacts.csv", "contacts", {"id": "(Do Not Modify) Contact", "name": "Full Name"}),
    ("dynamics_accounts.csv", "customers", {"name": "Account Name", "city": "Address 1: City"}),
    ("Connections.csv", "contacts", {"id": "URL", "title": "Position"}),
    ("Connections.csv", "contacts", {"created_at": {"column": "Connected On", "date": "%d %b %Y"}}),
    (
        "paypal.csv",
        "orders",
        {
            "id": "Transaction ID",
            "at": {"column": "Date", "date": "%m/%d/%Y"},
            "amount": {"column": "Gross", "number": "."},
            "customer_id": {"column": "From Email Address", "case": "lower"},
        },
    ),
    (
        "magento_customers.csv",
        "customers",
        {"created_at": {"column": "Customer Since", "date": "%b %d, %Y %I:%M:%S %p"}},
    ),
    ("brevo.csv", "customers", {"id": "CONTACT ID", "email": "EMAIL", "phone": "SMS"}),
    ("企业微信客户.csv", "customers", {"name": "客户名称", "phone": "手机", "email": "邮箱"}),
    ("有赞订单.csv", "orders", {"id": "订单号", "at": {"column": "下单时间", "date": "iso"}}),
    ("有赞订单.csv", "customers", {"name": "收货人/提货人", "phone": "收货人手机号/提货人手机号"}),
    ("用友客户档案.csv", "customers", {"id": "客户编码", "name": "客户名称"}),
    ("olist_orders_dataset.csv", "orders", {"id": "order_id", "customer_id": "customer_id"}),
    (
        "superstore.csv",
        "orders",
        {
            "id": "Order ID",
            "at": {"column": "Order Date", "date": "%m/%d/%Y"},
            "amount": {"column": "Order ID", "file": "rows", "key": "Order ID", "sum": ["Sales"]},
        },
    ),
    ("superstore.csv", "order_lines", {"product_id": "Product ID", "discount": {"column": "Discount", "number": "."}}),
    ("decimal_commas.csv", "customers", {"birth_date": {"column": "Geburtsdatum", "date": "%d.%m.%Y"}}),
    ("contacts.json", "customers", {"city": "address.city"}),
]


@pytest.mark.parametrize(("name", "table", "wanted"), WANTED)
def test_what_is_found_in_a_file(tmp_path: Path, name: str, table: str, wanted: dict[str, Any]) -> None:
    found = tables_of(suggest_mapping(put(tmp_path, name)))[table]
    assert {key: found.get(key) for key in wanted} == wanted


@pytest.mark.parametrize(
    ("name", "never"),
    [
        ("brevo.csv", "country"),  # "no" is Norway's code, but an answer to BLACKLISTED
        ("bank.csv", "country"),
        ("magento_customers.csv", "website"),  # "Web Site" names a part of the shop
    ],
)
def test_what_is_not_found(tmp_path: Path, name: str, never: str) -> None:
    assert never not in tables_of(suggest_mapping(put(tmp_path, name)))["customers"]


def test_nothing_is_written_in_many_ways(tmp_path: Path) -> None:
    path = put(tmp_path, "nulls.csv")
    text = suggest_mapping(path)
    assert tomllib.loads(text)["null"] == ["-", "N/A", "NULL", "\\N"]
    rows, _ = taken(path, text, tmp_path)
    assert [row.properties.get("email") for row in rows["customers"]] == [None, "bob@x.example", None]


def test_a_file_without_a_header_is_named_by_its_content(tmp_path: Path) -> None:
    text = suggest_mapping(put(tmp_path, "adventureworks_person.csv"))
    assert "has no header, since its first row looks like data" in text
    table = tomllib.loads(text)["tables"][0]
    assert table["file"] == "adventureworks_person.csv"
    assert table["header"] == ["column 1", "column 2", "column 3", "column 4", "email", "date"]


def test_sums_of_the_lines_of_an_order(tmp_path: Path) -> None:
    path = put(tmp_path, "superstore.csv")
    rows, _ = taken(path, suggest_mapping(path), tmp_path)
    assert [str(row.properties["amount"]) for row in rows["orders"]] == ["9939000", "146200", "146200"]


def test_a_doubtful_encoding_is_said_in_the_mapping(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes("id,name\n1,Gdańsk\n2,Kraków\n".encode("cp1250"))
    assert "# The file is read as Windows-1252, but Windows-1250 is nearly as likely" in suggest_mapping(path)


# ---- presets ---------------------------------------------------------------------------------------------


def by_preset(folder: Path, *names: str) -> dict[str, dict[str, tuple[dict[str, Any], dict[str, list[str]]]]]:
    """What ``--preset auto`` makes of files: properties and references, by table and id."""
    made: dict[str, dict[str, tuple[dict[str, Any], dict[str, list[str]]]]] = {}
    for source in find_preset("auto").sources([put(folder, name) for name in names]):
        for values in source.rows(lambda reject: pytest.fail(str(reject))):
            row = source.table.row(values.values)
            made.setdefault(source.table.name, {})[row.id] = (dict(row.properties), dict(row.references))
    return made


def test_shopify(tmp_path: Path) -> None:
    made = by_preset(tmp_path, "shopify_customers.csv", "shopify_orders.csv")
    assert set(made["customers"]) == {f"shopify/{name}@x.example" for name in ("ann", "bob", "info")}
    assert set(made["products"]) == {"shopify-product/T1", "shopify-product/C1"}
    order, ties = made["orders"]["shopify-order/#1001"]
    assert (order["amount"], order["currency"], order["status"]) == (300_000, "EUR", "paid")
    assert order["at"].isoformat() == "2024-01-31T08:59:00+00:00"
    assert ties == {"customer_id": ["shopify/ann@x.example"]}
    assert [line["quantity"] for line, _ in made["order_lines"].values()] == [2, 1, 1]


def test_mailchimp(tmp_path: Path) -> None:
    made = by_preset(tmp_path, "mailchimp.csv")
    assert set(made["contacts"]) == {"mailchimp/ann@x.example", "mailchimp/bob@x.example"}
    assert [consent["granted"] for consent, _ in made["consents"].values()] == [True, True]
    path = tmp_path / "unsubscribed.csv"
    head, *rows = str(FILES["mailchimp.csv"]).splitlines()
    path.write_text("\n".join([head + ",UNSUB_TIME", *(f'{row},"2024-03-01 10:00:00"' for row in rows)]))
    (source,) = [each for each in find_preset("auto").sources([path]) if each.table.name == "consents"]
    found = [source.table.row(row.values).properties for row in source.rows(lambda reject: None)]
    assert [(row["granted"], row["at"].day) for row in found] == [(False, 1), (False, 1)]


def test_pipedrive(tmp_path: Path) -> None:
    made = by_preset(tmp_path, "pipedrive_persons.csv", "pipedrive_organizations.csv", "pipedrive_deals.csv")
    assert set(made["customers"]) == {"pipedrive-organization-11", "pipedrive-organization-12"}
    person, ties = made["contacts"]["pipedrive-person-1"]
    assert (person["email"], ties) == (
        "ann@x.example",
        {"customer_id": ["pipedrive-organization-11"], "owner_id": ["Sam"]},
    )
    assert [ties["customer_id"] for _, ties in made["opportunities"].values()] == [
        ["pipedrive-organization-11"],
        ["pipedrive-person-2"],
    ]


def test_linkedin(tmp_path: Path) -> None:
    path = put(tmp_path, "Connections.csv")
    path.write_text(path.read_text() + ",,,,,,01 Jan 2020\n")
    found = {
        source.table.name: [source.table.row(row.values).id for row in source.rows(lambda reject: None)]
        for source in find_preset("linkedin").sources([path])
    }
    assert found == {
        "customers": ["Delta", "Echo"],
        "contacts": ["https://www.linkedin.com/in/ann", "https://www.linkedin.com/in/bob"],
    }


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('"VIP","Ulm, Neu-Ulm","say ""hi"""', 'VIP|Ulm, Neu-Ulm|say "hi"'),
        ('"VIP", "a|b"', "VIP|a/b"),
        ("VIP, Ulm", "VIP|Ulm"),
        ('"VIP" and others,Ulm', '"VIP" and others|Ulm'),
        ('"VIP', '"VIP'),
        ('5" pipe,"b"', '5" pipe|"b"'),
        ("", ""),
    ],
)
def test_lists_with_entries_in_quotes(text: str, tags: str) -> None:
    (step,) = compile_steps({"list": ","}, "tags", {}, False)
    assert step(text, "tags") == tags


def test_tags_of_mailchimp_are_a_list(tmp_path: Path) -> None:
    path = put(tmp_path, "mailchimp.csv")
    (source, *_) = find_preset("mailchimp").sources([path])
    rows = {
        row.values["id"]: take_row(source.table, row.values)[0]
        for row in source.rows(lambda reject: pytest.fail(str(reject)))
    }
    assert rows["mailchimp/ann@x.example"].properties["tags"] == ["vip", "early"]
    assert "tags" not in rows["mailchimp/bob@x.example"].properties
