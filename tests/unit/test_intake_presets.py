"""Presets: each recognises what its program exports, and makes of it what it should."""

from __future__ import annotations

import csv
import doctest
import mailbox
from datetime import UTC, datetime
from email.message import EmailMessage
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from graphcrm.errors import InvalidInput
from graphcrm.intake import guesses, presets, recognition, shaping, steps
from graphcrm.intake.presets import AUTO, find_preset, load_preset, preset_names, say_choices
from graphcrm.intake.recognition import recognize
from graphcrm.intake.seen import Seen
from graphcrm.tables import Row

ROOT = Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="needs the public data sets in ../shared/data")

Rows = dict[str, dict[str, dict[str, Any]]]


def write(path: Path, *records: dict[str, str], encoding: str = "utf-8") -> Path:
    """A CSV file with the columns of the first record."""
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(records[0]), restval="")
        writer.writeheader()
        writer.writerows(records)
    return path


def read(name: str, *paths: Path) -> Rows:
    """All rows that a preset makes, by table and id: properties and references together."""
    found: Rows = {}
    for source in find_preset(name).sources(paths):
        for row in source.rows(lambda reject: pytest.fail(str(reject))):
            made = source.table.row(row.values)
            found.setdefault(source.table.name, {})[made.id] = flat(made)
    return found


def flat(row: Row) -> dict[str, Any]:
    return {**row.properties, **{name: "|".join(ids) for name, ids in row.references.items()}}


def has(row: dict[str, Any], **expected: Any) -> None:
    assert {name: row.get(name) for name in expected} == expected


@pytest.mark.parametrize("module", [presets, recognition, shaping, steps, guesses])
def test_doctests(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


# ---- recognition -----------------------------------------------------------------------------------------

KINDS = [(name, kind) for name in preset_names() for kind in load_preset(name).kinds.values()]


@pytest.mark.parametrize(("name", "kind"), KINDS, ids=[f"{name}-{kind.name}" for name, kind in KINDS])
def test_no_two_presets_claim_one_header(name: str, kind: recognition.Kind) -> None:
    others = [other for _, other in KINDS]
    assert recognize(kind.header, others) is kind
    shouted = [column.upper().replace(" ", "_") for column in reversed(kind.header)]
    assert recognize([*shouted, "Something else"], others) is kind
    assert recognize(kind.header[1:], [kind]) is None


def test_presets_say_what_they_are() -> None:
    assert preset_names() == [
        "fxiaoke",
        "google-contacts",
        "hubspot",
        "icalendar",
        "linkedin",
        "mailbox",
        "mailchimp",
        "northwind",
        "online-retail",
        "outlook-contacts",
        "pipedrive",
        "salesforce",
        "shopify",
        "vcard",
        "zoho",
    ]
    for name in preset_names():
        preset = load_preset(name)
        assert preset.title
        assert {table.file for table in preset.tables} <= set(preset.kinds)
    with pytest.raises(InvalidInput, match="There is no preset 'sap'; there are: fxiaoke,"):
        load_preset("sap")


def test_auto_says_what_it_took_and_what_not(tmp_path: Path) -> None:
    write(tmp_path / "a.csv", {"Record ID": "1", "Company name": "Delta", "Create Date": "2024-01-31 09:30"})
    write(tmp_path / "b.csv", {"colour": "red"})
    (tmp_path / "README.md").write_text("# not data\n", encoding="utf-8")
    first, *others = say_choices(AUTO, [tmp_path])
    assert (
        first == f"{tmp_path / 'a.csv'}: hubspot, companies (it has the columns Record ID, Company name, Create Date)"
    )
    assert others == [f"{tmp_path / name}: left out, no preset knows its columns" for name in ("README.md", "b.csv")]
    assert list(read(AUTO, tmp_path)["customers"]) == ["hubspot-company-1"]


def test_what_no_preset_knows_is_refused_with_the_nearest(tmp_path: Path) -> None:
    path = write(tmp_path / "x.csv", {"Record ID": "1", "Deal Name": "Delta", "Deal Stage": "won"})
    for paths in ([path], [tmp_path]):
        with pytest.raises(InvalidInput, match=r"x\.csv.*Nearest are: hubspot deals \(lacks Close Date\); ") as error:
            find_preset(AUTO).sources(paths)
        assert error.value.field == "paths"
    with pytest.raises(InvalidInput, match=r"Nearest are: deals \(lacks Close Date\)"):
        say_choices("hubspot", [path])


# ---- programs --------------------------------------------------------------------------------------------


def test_salesforce(tmp_path: Path) -> None:
    write(
        tmp_path / "acc.csv",
        {"Id": "001A", "Name": "Delta", "BillingCity": "Rome", "BillingCountry": "Italy", "IsDeleted": "false"},
        {"Id": "001B", "Name": "Gone", "IsDeleted": "true"},
    )
    write(
        tmp_path / "con.csv",
        {"ID": "003A", "LASTNAME": "Lee", "FIRSTNAME": "Ann", "ACCOUNTID": "001A", "MOBILEPHONE": "1",
         "HASOPTEDOUTOFEMAIL": "1", "DONOTCALL": "0", "CREATEDDATE": "2024-01-31T09:30:00.000Z",
         "LASTMODIFIEDDATE": "2024-02-01T09:30:00.000Z"},
    )  # fmt: skip
    write(
        tmp_path / "leads.csv",
        {"Id": "00QA", "LastName": "Ray", "Company": "Echo", "Status": "Open", "IsConverted": "false",
         "DoNotCall": "TRUE", "LastModifiedDate": "03/04/2024", "ConvertedContactId": ""},
        {"Id": "00QB", "LastName": "Was", "Company": "Echo", "Status": "Closed", "IsConverted": "true",
         "DoNotCall": "TRUE", "ConvertedContactId": "003A"},
    )  # fmt: skip
    write(
        tmp_path / "opp.csv",
        {"Opportunity ID": "006A", "Opportunity Name": "Chairs", "Stage": "Won", "Close Date": "2024-03-01",
         "Account ID": "001A", "Amount": "USD 1,200.50", "Probability": "90", "CurrencyIsoCode": "USD"},
    )  # fmt: skip
    write(tmp_path / "tasks.csv", {"Id": "00TA", "Subject": "Call", "ActivityDate": "2024-03-01", "WhoId": "003A"})
    before = datetime.now(UTC).replace(microsecond=0)
    rows = read("salesforce", tmp_path)
    assert {name: len(found) for name, found in read(AUTO, tmp_path).items()} == {n: len(f) for n, f in rows.items()}
    assert list(rows["customers"]) == ["001A"]
    has(rows["customers"]["001A"], name="Delta", city="Rome", country="IT", country_name="Italy", kind="organization")
    assert list(rows["contacts"]) == ["003A", "00QA"]
    has(rows["contacts"]["003A"], name="Ann Lee", customer_id="001A", phone="1", do_not_call=None, donotcall="0")
    has(rows["contacts"]["00QA"], name="Ray", company="Echo", lead_status="Open")
    has(rows["opportunities"]["006A"], amount=12_005_000, currency="USD", probability=0.9, customer_id="001A")
    has(rows["tasks"]["00TA"], subject="Call", party_id="003A")
    when = "2024-02-01T09:30:00+00:00"
    email, phone, lead, converted = rows["consents"].items()
    assert (email[0], phone[0]) == (f"003A-email-refused-{when}", f"003A-phone-lifted-{when}")
    has(email[1], granted=False, channel="email", party_id="003A", at=datetime.fromisoformat(when))
    has(phone[1], granted=True, channel="phone", party_id="003A", at=datetime.fromisoformat(when))
    # A time that is missing or cannot be read costs no refusal: it is that of the import.
    has(lead[1], granted=False, channel="phone", party_id="00QA")
    assert before <= lead[1]["at"] <= datetime.now(UTC)
    assert lead[0] == f"00QA-phone-refused-{lead[1]['at'].isoformat()}"
    # What a converted lead refused, the contact refuses that it became.
    has(converted[1], granted=False, channel="phone", party_id="003A")


def test_hubspot(tmp_path: Path) -> None:
    write(
        tmp_path / "contacts.csv",
        {"Record ID": "51", "First Name": "Ann", "Last Name": "", "Email": "ann@x.example",
         "Create Date": "2024-01-31 09:30", "Associated Company IDs": "7;8", "Contact owner": "Sam",
         "Unsubscribed from all email": "true", "Lifecycle Stage": "lead", "Address": "kept"},
        {"Record ID": "52", "Email": "only@x.example", "Create Date": "2024-01-31 09:30"},
    )  # fmt: skip
    write(
        tmp_path / "deals.csv",
        {"Record ID": "9", "Deal Name": "Chairs", "Deal Stage": "won", "Close Date": "2024-02-29 10:00",
         "Amount": "1.5", "Associated Company IDs": "7", "Associated Contact IDs": "51"},
        {"Record ID": "10", "Deal Name": "Desks", "Deal Stage": "won", "Close Date": "2024-02-29 10:00",
         "Associated Contact IDs": "51;52"},
    )  # fmt: skip
    rows = read("hubspot", tmp_path)
    has(rows["contacts"]["hubspot-contact-51"], name="Ann", customer_id="hubspot-company-7", owner_id="Sam")
    has(rows["contacts"]["hubspot-contact-51"], lifecycle_stage="lead", address="kept")
    has(rows["contacts"]["hubspot-contact-52"], name="only@x.example", customer_id=None)
    ((id_, consent),) = rows["consents"].items()
    assert id_ == f"hubspot-contact-51-email-refused-{consent['at'].isoformat()}"
    has(consent, granted=False, channel="email", party_id="hubspot-contact-51")
    deals = rows["opportunities"]
    assert [deals[id_]["customer_id"] for id_ in deals] == ["hubspot-company-7", "hubspot-contact-51"]
    assert str(deals["hubspot-deal-9"]["close_on"]) == "2024-02-29"


def test_zoho(tmp_path: Path) -> None:
    times = {"Created Time": "2024-01-31 09:30:00"}
    write(tmp_path / "a.csv", {"Record Id": "zcrm_1", "Account Name": "Delta", "Account Owner": "Sam", **times})
    write(
        tmp_path / "c.csv",
        {"Record Id": "zcrm_2", "First Name": "Ann", "Last Name": "Lee", "Email": "a@x.example",
         "Account Name.id": "zcrm_1", "Account Name": "Delta", "Contact Owner": "Sam",
         "Email Opt Out": "true", "Modified Time": "2024-02-01 09:30:00", **times},
    )  # fmt: skip
    write(
        tmp_path / "l.csv",
        {
            "Record Id": "zcrm_3",
            "Last Name": "Ray",
            "Company": "Echo",
            "Lead Status": "New",
            "Lead Owner": "Sam",
            "Email Opt Out": "false",
            "Modified Time": "2024-02-01 09:30:00",
            **times,
        },
    )
    write(
        tmp_path / "d.csv",
        {"Record Id": "zcrm_4", "Deal Name": "Chairs", "Stage": "Won", "Closing Date": "2024-02-29", "Amount": "5",
         "Probability (%)": "80", "Account Name.id": "zcrm_1", "Account Name": "Delta", **times},
    )  # fmt: skip
    rows = read(AUTO, tmp_path)
    has(rows["customers"]["zcrm_1"], name="Delta", owner_id="Sam")
    has(rows["contacts"]["zcrm_2"], name="Ann Lee", customer_id="zcrm_1", account_name="Delta")
    has(rows["contacts"]["zcrm_3"], name="Ray", company="Echo")
    has(rows["opportunities"]["zcrm_4"], probability=0.8, customer_id="zcrm_1", stage="Won")
    decisions = {id_: row["granted"] for id_, row in rows["consents"].items()}
    assert decisions == {
        "zcrm_2-email-refused-2024-02-01T09:30:00": False,
        "zcrm_3-email-lifted-2024-02-01T09:30:00": True,
    }


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_fxiaoke(tmp_path: Path, encoding: str) -> None:
    write(
        tmp_path / "客户.csv",
        {"客户名称": "深圳嘉禾商贸有限公司", "客户级别": "重点客户", "负责人": "王芳", "创建时间": "2024-01-31 09:30",
         "城市": "深圳市", "电话": "0755-12345678", "来源": "展会"},
        encoding=encoding,
    )  # fmt: skip
    write(
        tmp_path / "联系人.csv",
        {"姓名": "单小红", "客户名称": "深圳嘉禾商贸有限公司", "职务": "采购经理", "手机": "13800138000"},
        encoding=encoding,
    )
    write(
        tmp_path / "商机.csv",
        {"商机名称": "四十把椅子", "客户名称": "深圳嘉禾商贸有限公司", "预计成交金额": "¥12,000.00", "赢率": "80%",
         "预计成交日期": "2024年3月1日", "商机阶段": "方案报价", "负责人": "王芳"},
        encoding=encoding,
    )  # fmt: skip
    write(
        tmp_path / "销售记录.csv",
        {"销售记录内容": "客户对报价满意", "客户名称": "深圳嘉禾商贸有限公司", "创建人": "王芳",
         "创建时间": "2024/2/1 00:30",         "跟进类型": "电话"},
        encoding=encoding,
    )  # fmt: skip
    rows = read(AUTO, tmp_path)
    customer = rows["customers"]["深圳嘉禾商贸有限公司"]
    has(customer, level="重点客户", owner_id="王芳", city="深圳市", country="CN", 来源="展会")
    assert customer["created_at"].isoformat() == "2024-01-31T01:30:00+00:00"
    has(rows["contacts"]["深圳嘉禾商贸有限公司/单小红"], name="单小红", title="采购经理", phone="13800138000")
    (deal,) = rows["opportunities"].values()
    has(deal, amount=120_000_000, currency="CNY", probability=0.8, stage="方案报价")
    assert str(deal["close_on"]) == "2024-03-01"
    (record,) = rows["interactions"].values()
    has(record, kind="call", from_id="王芳", to_ids="深圳嘉禾商贸有限公司", text="客户对报价满意")
    assert record["at"].isoformat() == "2024-01-31T16:30:00+00:00"
    assert list(rows["users"]) == ["王芳"]


def test_google_contacts_of_today_and_of_before(tmp_path: Path) -> None:
    new = {"First Name": "Ann", "Middle Name": "", "Last Name": "Lee", "Organization Name": "Delta",
           "Birthday": "1990-02-01", "Labels": "* myContacts ::: Friends",
           "E-mail 1 - Value": "Ann@x.example ::: b@x.example",
           "Phone 1 - Value": "+1 604 555 0163"}  # fmt: skip
    old = {"Name": "Bob Ray", "Given Name": "Bob", "Family Name": "Ray", "Group Membership": "* myContacts",
           "E-mail 1 - Value": "", "Phone 1 - Value": "555 0100", "Organization 1 - Name": "Delta",
           "Organization 1 - Title": "Buyer"}  # fmt: skip
    write(tmp_path / "new.csv", new)
    write(tmp_path / "old.csv", old)
    rows = read(AUTO, tmp_path)
    assert list(rows["customers"]) == ["Delta"]
    ann, bob = rows["contacts"]["google/ann lee/ann@x.example"], rows["contacts"]["google/bob ray/555 0100"]
    has(ann, name="Ann Lee", email="Ann@x.example", tags=["* myContacts", "Friends"])
    has(bob, name="Bob Ray", title="Buyer", customer_id="Delta")


TRAPS = [
    {
        "First Name": "Ann",
        "Last Name": "Lee",
        "mail": "info@delta.example",
        "phone": "1",
        "org": "Delta",
        "land": "USA",
    },
    {"First Name": "Bob", "Last Name": "Ray", "mail": "info@delta.example", "phone": "1", "org": "Delta", "land": "US"},
    {"First Name": "Cy", "Last Name": "Lee", "mail": "", "phone": "1", "org": "Delta", "land": "Germany"},
    {"First Name": "Di", "Last Name": "Lee", "mail": "", "phone": "1", "org": "Delta", "land": ""},
    {"First Name": "John", "Last Name": "Ash", "mail": "", "phone": "2", "org": "", "land": ""},
    {"First Name": "John", "Last Name": "Ash", "mail": "", "phone": "2", "org": "", "land": "France"},
    {"First Name": "John", "Last Name": "Ash", "mail": "", "phone": "2", "org": "", "land": ""},
    {"First Name": "", "Last Name": "", "mail": "", "phone": "3", "org": "", "land": ""},
    {"First Name": "", "Last Name": "", "mail": "", "phone": "", "org": "Echo", "land": ""},
    {"First Name": "X" * 200, "Last Name": "Long", "mail": "", "phone": "4", "org": "", "land": ""},
]
"""One address, one line, one name: people who are easily taken for one, and a company in two countries."""


@pytest.mark.parametrize(
    ("preset", "columns"),
    [
        (
            "google-contacts",
            {"mail": "E-mail 1 - Value", "phone": "Phone 1 - Value", "org": "Organization Name",
             "land": "Address 1 - Country"},
        ),
        (
            "outlook-contacts",
            {"mail": "E-mail Address", "phone": "Business Phone", "org": "Company", "land": "Business Country/Region"},
        ),
    ],
)  # fmt: skip
def test_people_who_share_an_address_or_a_line_are_two(tmp_path: Path, preset: str, columns: dict[str, str]) -> None:
    records = [{columns.get(name, name): text for name, text in person.items()} for person in TRAPS]
    rows = read(AUTO, write(tmp_path / "contacts.csv", *records))
    contacts = rows["contacts"]
    assert len(contacts) == len(TRAPS)
    names = [row["name"] for row in contacts.values()]
    assert names[:3] + names[-3:-1] == ["Ann Lee", "Bob Ray", "Cy Lee", "3", "Echo"]
    assert names.count("John Ash") == 3
    assert [row["customer_id"] for row in list(contacts.values())[:4]] == ["Delta/US", "Delta/US", "Delta/DE", "Delta"]
    assert list(rows["customers"]) == ["Delta/US", "Delta/DE", "Delta", "Echo"]
    # Whatever else an export has in between, and in whatever order, each is found again.
    assert read(preset, write(tmp_path / "again.csv", *records[3:5], *records[:3]))["contacts"].keys() < contacts.keys()


def test_cards_of_people_who_share_an_address_are_two(tmp_path: Path) -> None:
    def card(name: str, country: str) -> str:
        lines = (f"FN:{name}", "ORG:Delta", "EMAIL:info@delta.example", "TEL:+16045550163", f"ADR:;;;;;;{country}")
        return "\n".join(("BEGIN:VCARD", "VERSION:4.0", *lines, "END:VCARD", ""))

    path = tmp_path / "cards.vcf"
    path.write_text(card("Ann Lee", "USA") + card("Bob Ray", "Deutschland") + card("Cy Ray", ""), encoding="utf-8")
    rows = read(AUTO, path)
    assert [row["name"] for row in rows["contacts"].values()] == ["Ann Lee", "Bob Ray", "Cy Ray"]
    assert list(rows["customers"]) == ["Delta/US", "Delta/DE", "Delta"]
    assert [row["customer_id"] for row in rows["contacts"].values()] == ["Delta/US", "Delta/DE", "Delta"]


def test_outlook_contacts(tmp_path: Path) -> None:
    write(
        tmp_path / "contacts.csv",
        {"First Name": "Ann", "Last Name": "Lee", "Company": "Delta", "E-mail Address": "a@x.example",
         "Business Phone": "1", "Mobile Phone": "2", "Categories": "Friends;VIP", "Birthday": "2/1/1990"},
    )  # fmt: skip
    rows = read(AUTO, tmp_path)
    (ann,) = rows["contacts"].values()
    has(ann, name="Ann Lee", phone="2", tags=["Friends", "VIP"], birthday="2/1/1990", customer_id="Delta")


def test_mailbox(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "inbox.mbox")
    for number, (sender, answers) in enumerate([("Ann <ann@x.example>", ""), ("Bob@x.example", "<0@x.example>")]):
        message = EmailMessage()
        message["From"] = sender
        message["To"] = "bob@x.example" if number == 0 else "Ann <ann@x.example>, cy@x.example"
        message["Subject"] = "Chairs"
        message["Date"] = "Wed, 31 Jan 2024 09:30:00 +0800"
        message["Message-ID"] = f"<{number}@x.example>"
        if answers:
            message["In-Reply-To"] = answers
        message.set_content("Forty, please.")
        box.add(message)
    box.close()
    rows = read(AUTO, tmp_path / "inbox.mbox")
    names = {id_: row["name"] for id_, row in rows["contacts"].items()}
    assert names == {"ann@x.example": "Ann", "bob@x.example": "bob@x.example", "cy@x.example": "cy@x.example"}
    first, second = rows["interactions"].values()
    has(first, kind="email", from_id="ann@x.example", to_ids="bob@x.example", subject="Chairs")
    has(second, from_id="bob@x.example", to_ids="ann@x.example|cy@x.example", thread_id=first["thread_id"])
    assert first["at"].isoformat() == "2024-01-31T01:30:00+00:00"


def test_icalendar(tmp_path: Path) -> None:
    lines = [
        "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1@x.example", "DTSTART:20240131T093000Z",
        "DTEND:20240131T103000Z", "SUMMARY:Chairs", "ORGANIZER;CN=Ann:mailto:ann@x.example",
        "ATTENDEE:mailto:ann@x.example", "ATTENDEE;CN=Bob:mailto:bob@x.example", "END:VEVENT", "END:VCALENDAR", "",
    ]  # fmt: skip
    path = tmp_path / "meetings.ics"
    path.write_bytes("\r\n".join(lines).encode())
    rows = read(AUTO, path)
    assert {id_: row["name"] for id_, row in rows["contacts"].items()} == {
        "ann@x.example": "Ann",
        "bob@x.example": "Bob",
    }
    (meeting,) = rows["interactions"].values()
    has(meeting, kind="meeting", from_id="ann@x.example", to_ids="bob@x.example", duration_s=3600)


# ---- real files ------------------------------------------------------------------------------------------


@needs_data
def test_salesforce_files() -> None:
    rows = read(AUTO, DATA / "salesforce" / "accountData.csv", DATA / "salesforce" / "opportunityData.csv")
    assert {name: len(found) for name, found in rows.items()} == {"customers": 423, "opportunities": 38}
    assert {row["customer_id"] for row in rows["opportunities"].values()} <= set(rows["customers"])
    countries = [row.get("country") for row in rows["customers"].values()]
    assert [countries.count(code) for code in ("US", "CA", "GB", "JP", None)] == [365, 20, 12, 7, 3]


@needs_data
def test_vcards() -> None:
    rows = read(AUTO, DATA / "vcards")
    assert len(rows["contacts"]) == 15
    simon = next(row for row in rows["contacts"].values() if row["name"] == "Simon Perreault")
    has(simon, email="simon.perreault@viagenie.ca", customer_id="Viagenie/CA", language="fr")
    assert {row["name"] for row in rows["customers"].values()} >= {"IBM", "Viagenie"}


@needs_data
def test_lines_that_stand_twice_in_online_retail_are_told() -> None:
    """Every line is a row; those that say what an earlier one says are as many as the data's README names."""
    (lines,) = (
        source
        for source in find_preset("online-retail").sources([DATA / "online_retail" / "online_retail.csv.gz"])
        if source.table.name == "order_lines"
    )
    assert lines.is_numbered
    seen, read, new = Seen(), 0, 0
    rows = lines.file.rows(lambda reject: pytest.fail(str(reject)))
    while batch := [hash(tuple(raw.values())) for _, raw in islice(rows, 50_000)]:
        read += len(batch)
        new += seen.add_new(batch)
    assert (read, read - new) == (541_909, 5_268)


def test_telephone_numbers_of_a_preset_are_of_its_country(tmp_path: Path) -> None:
    path = write(tmp_path / "客户.csv", dict.fromkeys(("客户名称", "负责人", "创建时间", "客户级别"), "甲"))
    assert {source.region for source in find_preset("fxiaoke").sources([path])} == {"CN"}
    assert {source.region for source in find_preset(AUTO).sources([path])} == {"CN"}
