"""A Salesforce export comes in whole: its people, what names somebody who was left out, and every refusal."""

from __future__ import annotations

from pathlib import Path

import graphcrm

FILES = {
    "User.csv": "Id,Username,FirstName,LastName,Email,IsActive,Title,ManagerId,AccountId\n"
    "005A,ann@firm.example,Ann,Lee,ann@firm.example,true,Sales,005B,\n"
    "005B,bob@firm.example,Bob,Ray,bob@firm.example,false,Head,005GONE,\n",
    "Account.csv": "Id,Name,BillingCity,OwnerId,CreatedDate\n"
    '001A,Delta,Ulm,005A,"1/31/2024, 3:05 PM"\n001B,Echo,Ulm,005B,"2/3/2024, 9:00 AM"\n',
    "Contact.csv": "Id,LastName,AccountId,HasOptedOutOfEmail,DoNotCall,OwnerId,LastModifiedDate\n"
    "003A,Berg,001A,0,0,005A,2025-01-01T00:00:00.000Z\n003B,Hall,001GONE,0,0,005A,2025-01-01T00:00:00.000Z\n",
    "Lead.csv": "Id,LastName,Company,Status,IsConverted,ConvertedContactId,ConvertedAccountId,HasOptedOutOfEmail,"
    "DoNotCall\n00QA,Berg,Delta,Closed,1,003A,001A,1,0\n00QB,Fox,Golf,Open,0,,,0,1\n00QC,Owl,Echo,Closed,1,,001B,0,1\n",
    "Opportunity.csv": "Id,Name,StageName,CloseDate,AccountId\n"
    "006A,Chairs,Won,3/4/2024,001A\n006B,Desks,Lost,5/6/2024,001GONE\n006C,Lamps,Lost,5/6/2024,001LOST\n",
    "Task.csv": "Id,Subject,ActivityDate,WhoId\n00TA,Call,2024-03-01,003A\n00TB,Write,2024-03-02,00QA\n",
}


def export(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def refusals(graph: graphcrm.Graph, id_: str) -> set[str]:
    channels = ("email", "phone")
    return {channel for channel in channels if graph.archive.consent(id_, channel, "marketing") == "refused"}


def test_a_whole_export(graph: graphcrm.Graph, tmp_path: Path) -> None:
    folder = export(tmp_path / "sf")
    report = graph.import_files([folder], preset="auto")
    assert report.rejected == 0
    assert graph.status()["labels"]["User"] == 2
    owner = graph.records.read("users", graph.records.read("contacts", "003A")["owner_id"])
    assert (owner["name"], owner["role"], owner["reports_to_id"]) == ("Ann Lee", "Sales", "005B")
    assert graph.records.read("users", "005B")["reports_to_id"] is None

    hall = graph.records.read("contacts", "003B")
    assert (hall["customer_id"], hall["extra"]["account_id"]) == (None, "001GONE")
    assert graph.records.read("contacts", "003A")["customer_id"] == "001A"
    task = graph.records.read("tasks", "00TB")
    assert (task["party_id"], task["extra"]["who_id"]) == (None, "00QA")

    notes = {(Path(file.file).name, file.table): " ".join(file.notes) for file in report.files}
    assert "contacts name 1 customers that are not in this export (001GONE)" in notes["Contact.csv", "contacts"]
    assert "opportunities name 2 customers or contacts that are" in notes["Opportunity.csv", "opportunities"]
    assert "(001GONE, 001LOST)" in notes["Opportunity.csv", "opportunities"]
    assert "tasks name 1 customers or contacts that are" in notes["Task.csv", "tasks"]
    assert "CreatedDate: read as month/day/year because of 1/31/2024, 3:05 PM" in notes["Account.csv", "customers"]
    assert "CloseDate: nothing tells what day and month are in 3/4/2024" in notes["Opportunity.csv", "opportunities"]
    assert graph.records.read("customers", "001A")["created_at"] == "2024-01-31T15:05:00Z"
    assert graph.records.read("opportunities", "006A")["close_on"] is None

    # What a lead refused, the contact or account refuses that it became; its own box has not lifted that.
    for _ in range(2):
        assert refusals(graph, "003A") == {"email"}
        assert refusals(graph, "001B") == {"phone"}
        assert refusals(graph, "00QB") == {"phone"}
        again = graph.import_files([folder], preset="auto")
        assert (again.read, again.unchanged) == (report.read, report.read)


def test_who_was_left_out_comes_later(graph: graphcrm.Graph, tmp_path: Path) -> None:
    folder = export(tmp_path / "sf")
    dry = graph.import_files([folder], preset="salesforce", dry_run=True)
    report = graph.import_files([folder], preset="salesforce", date_order="mdy")
    assert [(file.table, file.read, file.rejected) for file in dry.files] == [
        (file.table, file.read, file.rejected) for file in report.files
    ]
    assert graph.records.read("opportunities", "006A")["close_on"] == "2024-03-04"
    (folder / "Account.csv").write_text("Id,Name,BillingCity\n001GONE,Golf,Ulm\n", encoding="utf-8")
    graph.import_files([folder], preset="salesforce", date_order="mdy")
    assert graph.records.read("contacts", "003B")["customer_id"] == "001GONE"
    assert graph.records.read("opportunities", "006B")["customer_id"] == "001GONE"
    graph.merging.merge("001GONE", "001A")
    again = graph.import_files([folder / "Contact.csv"], preset="salesforce")
    assert again.rejected == 0
    assert not any(file.notes for file in again.files)
