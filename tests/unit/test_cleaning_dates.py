"""Dates and times as exports have them, alone and as columns."""

from __future__ import annotations

import csv
from datetime import UTC, timedelta, timezone
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from graphcrm.cleaning.dates import Order, clean_day, clean_time, infer_dates
from graphcrm.cleaning.months import MONTHS, WEEKDAYS


@pytest.mark.parametrize(
    "came",
    [
        "2024-01-31",
        "2024-1-31",
        "2024/01/31",
        "2024.01.31",
        "2024. 1. 31.",
        "20240131",
        "31.01.2024",
        "31.1.2024",
        "31. 1. 2024",
        "31/01/2024",
        "31-01-2024",
        "1/31/2024",
        "01-31-2024",
        "31 Jan 2024",
        "31-Jan-2024",
        "31-JAN-24",
        "Jan 31, 2024",
        "January 31st, 2024",
        "31st of January 2024",
        "Wednesday, January 31, 2024",
        "Wed, 31 Jan 2024",
        "2024 Jan 31",
        "31. Januar 2024",
        "Mittwoch, 31. Jänner 2024",
        "31 janvier 2024",
        "31 de enero de 2024",
        "31 gennaio 2024",
        "31 de janeiro de 2024",
        "31 januari 2024",
        "2024年1月31日",
        "2024年01月31号",
        "24年1月31日",
        "2024年1月31日 星期三",
        "2024年1月31日（周三）",
        "２０２４年１月３１日",
        "２０２４－０１－３１",
        "45322",
        "45322.0",
        "2024-01-31T00:00:00.000Z",
        "2024-01-31 00:00:00",
        "1/31/2024 12:00:00 AM",
        "2024年1月31日 0:00",
        " 2024-01-31\u200b",
    ],
)
def test_day(came: str) -> None:
    assert clean_day(came) == ("2024-01-31", None)


@pytest.mark.parametrize(
    ("came", "clean"),
    [
        ("2024-01-31T09:30:00Z", "2024-01-31T09:30:00Z"),
        ("2024-01-31T09:30Z", "2024-01-31T09:30:00Z"),
        ("2024-01-31 09:30:00", "2024-01-31T09:30:00Z"),
        ("2024-01-31 09:30:00.5", "2024-01-31T09:30:00.500000Z"),
        ("2024-01-31T09:30:00,123456789+00:00", "2024-01-31T09:30:00.123456Z"),
        ("2024-01-31T17:30:00+08:00", "2024-01-31T09:30:00Z"),
        ("2024-01-31T17:30:00+08", "2024-01-31T09:30:00Z"),
        ("20240131T093000Z", "2024-01-31T09:30:00Z"),
        ("20240131T0930Z", "2024-01-31T09:30:00Z"),
        ("20240131093000", "2024-01-31T09:30:00Z"),
        # Salesforce's exports and what its Data Loader takes
        ("2024-01-31T09:30:00.000Z", "2024-01-31T09:30:00Z"),
        ("2024-01-31T09:30:00.000+0000", "2024-01-31T09:30:00Z"),
        ("2024-01-31T01:30:00.000 Pacific Standard Time", "2024-01-31T09:30:00Z"),
        ("2024-01-31T01:30:00.000PST", "2024-01-31T09:30:00Z"),
        ("2024-01-31T01:30:00.000 GMT-08:00", "2024-01-31T09:30:00Z"),
        ("2024-01-31T01:30:00.000-800", "2024-01-31T09:30:00Z"),
        ("2024-01-31T06:30:00.000Z-0300", "2024-01-31T09:30:00Z"),
        ("20240131T09:30:00", "2024-01-31T09:30:00Z"),
        # Americans and Europeans
        ("1/31/2024 9:30", "2024-01-31T09:30:00Z"),
        ("1/31/2024 9:30 AM", "2024-01-31T09:30:00Z"),
        ("1/31/2024, 9:30:15 p.m.", "2024-01-31T21:30:15Z"),
        ("01/31/2024 12:05 AM", "2024-01-31T00:05:00Z"),
        ("01/31/2024 12:05 PM", "2024-01-31T12:05:00Z"),
        ("31.01.2024 09:30:15", "2024-01-31T09:30:15Z"),
        ("31.01.2024, 09:30", "2024-01-31T09:30:00Z"),
        ("31/01/2024 09h30", "2024-01-31T09:30:00Z"),
        # mail, JavaScript
        ("Wed, 31 Jan 2024 17:30:00 +0800", "2024-01-31T09:30:00Z"),
        ("Wed, 31 Jan 2024 09:30:00 GMT", "2024-01-31T09:30:00Z"),
        ("31 Jan 2024 04:30:00 EST", "2024-01-31T09:30:00Z"),
        ("Wed Jan 31 2024 17:30:00 GMT+0800 (China Standard Time)", "2024-01-31T09:30:00Z"),
        ("31 Jan 2024 10:30 Europe/Berlin", "2024-01-31T09:30:00Z"),
        ("2024-07-31 11:30 Europe/Berlin", "2024-07-31T09:30:00Z"),
        ("2024-07-31 11:30 CEST", "2024-07-31T09:30:00Z"),
        ("2024-01-31 15:00 India Standard Time", "2024-01-31T09:30:00Z"),
        # Chinese
        ("2024年1月31日 9:30", "2024-01-31T09:30:00Z"),
        ("2024年1月31日9时30分", "2024-01-31T09:30:00Z"),
        ("2024年1月31日 9点", "2024-01-31T09:00:00Z"),
        ("2024年1月31日 9时30分15秒", "2024-01-31T09:30:15Z"),
        ("2024年1月31日 上午9:30", "2024-01-31T09:30:00Z"),
        ("2024年1月31日 下午3:30", "2024-01-31T15:30:00Z"),
        ("2024年1月31日 上午12:30", "2024-01-31T00:30:00Z"),
        ("2024年1月31日 中午12:30", "2024-01-31T12:30:00Z"),
        ("2024年1月31日 晚上11点30分", "2024-01-31T23:30:00Z"),
        ("2024-01-31 下午 3:30:05", "2024-01-31T15:30:05Z"),
        ("2024/1/31 星期三 9:30", "2024-01-31T09:30:00Z"),
        # numbers
        ("45322.395833333", "2024-01-31T09:30:00Z"),
        ("45322.39583333334", "2024-01-31T09:30:00Z"),
        ("1706693400", "2024-01-31T09:30:00Z"),
        ("1706693400250", "2024-01-31T09:30:00.250000Z"),
        ("2024-01-31", "2024-01-31T00:00:00Z"),
    ],
)
def test_time(came: str, clean: str) -> None:
    assert clean_time(came) == (clean, None)


@pytest.mark.parametrize(
    ("came", "flag"),
    [
        ("yesterday", "no_date"),
        ("2024", "no_date"),
        ("2024-01", "no_date"),
        ("2024年1月", "no_date"),
        ("Q1 2024", "no_date"),
        ("12:30", "no_date"),
        ("31 Foo 2024", "no_date"),
        ("Jan Feb 2024", "no_date"),
        ("--0131", "no_date"),
        ("0", "no_date"),
        ("5", "no_date"),
        ("-45322", "no_date"),
        ("1/2", "no_date"),
        ("31/01/2024 and more", "no_date"),
        ("2024-02-30", "no_such_day"),
        ("30/02/2024", "no_such_day"),
        ("29.02.2023", "no_such_day"),
        ("00/00/0000", "no_such_day"),
        ("0000-00-00", "no_such_day"),
        ("2024-13-01", "no_such_day"),
        ("2024-31-01", "no_such_day"),
        ("31 Feb 2024", "no_such_day"),
        ("2024-01-31 25:00", "no_such_day"),
        ("2024-01-31 09:60", "no_such_day"),
        ("1/31/2024 13:00 PM", "no_such_day"),
        ("01/02/2024", "ambiguous_date"),
        ("1.2.2024", "ambiguous_date"),
        ("03-04-24", "ambiguous_date"),
        ("31-01-24", "ambiguous_date"),
        ("12/1/2010 8:26", "ambiguous_date"),
        ("2024-01-31 09:30 CST", "ambiguous_zone"),
        ("2024-01-31 09:30 IST", "ambiguous_zone"),
        ("2024-01-31 09:30 XYZ", "unknown_zone"),
        ("2024-01-31 09:30 Europe/Atlantis", "unknown_zone"),
        ("2024-01-31 09:30 +25:00", "unknown_zone"),
        ("x" * 1000, "no_date"),
    ],
)
def test_no_date(came: str, flag: str) -> None:
    assert clean_time(came) == (came, flag)
    assert clean_day(came) == (came, flag)


@pytest.mark.parametrize("came", ["01/01/2024", "2/2/2002", "5-5-2005", "11.11.2011"])
def test_day_and_month_alike_are_no_question(came: str) -> None:
    assert clean_day(came).flag is None


def test_an_order_reads_what_is_open_and_refuses_what_it_is_not() -> None:
    orders: list[Order] = ["dmy", "mdy"]
    assert [clean_day("03/04/2024", order).value for order in orders] == ["2024-04-03", "2024-03-04"]
    assert clean_day("24-03-04", "ymd").value == "2024-03-04"
    assert clean_day("31/01/2024", "mdy") == ("31/01/2024", "no_such_day")
    for sure in ("2024-01-31", "31 Jan 2024", "45322", "2024年1月31日"):
        assert {clean_day(sure, order).value for order in (*orders, "ymd")} == {"2024-01-31"}


@pytest.mark.parametrize(("two", "year"), [("00", 2000), ("24", 2024), ("68", 2068), ("69", 1969), ("99", 1999)])
def test_two_digits_of_a_year(two: str, year: int) -> None:
    assert clean_day(f"31 Jan {two}").value == f"{year}-01-31"


def test_a_time_without_a_zone_is_the_callers() -> None:
    berlin, shanghai = ZoneInfo("Europe/Berlin"), ZoneInfo("Asia/Shanghai")
    assert clean_time("2024-01-31 09:30", zone=berlin).value == "2024-01-31T08:30:00Z"
    assert clean_time("2024-07-31 09:30", zone=berlin).value == "2024-07-31T07:30:00Z"
    assert clean_time("2024-01-31", zone=shanghai).value == "2024-01-30T16:00:00Z"
    assert clean_time("2024-01-31 09:30Z", zone=shanghai).value == "2024-01-31T09:30:00Z"
    # 02:30 came twice that night; the first one is meant.
    assert clean_time("2024-10-27 02:30", zone=berlin).value == "2024-10-27T00:30:00Z"
    assert clean_time("0001-01-01 00:00", zone=shanghai).flag == "no_such_day"
    assert clean_time("2024-01-31 09:30", zone=timezone(timedelta(hours=-3))).value == "2024-01-31T12:30:00Z"
    assert clean_time("2024-01-31 09:30", zone=UTC).value == "2024-01-31T09:30:00Z"


def test_excel_days() -> None:
    # Microsoft's example of a serial number.
    assert clean_day("39448").value == "2008-01-01"
    assert clean_day("10000").value == "1927-05-18"
    assert clean_day("99999").value == "2173-10-13"


def test_no_word_means_two_months_or_a_month_and_a_day() -> None:
    assert set(MONTHS.values()) == set(range(1, 13))
    assert {name for name in MONTHS if name in WEEKDAYS} == set()


# ---- columns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "order", "ambiguous"),
    [
        (["03/04/2024", "25/12/2023"], "dmy", False),
        (["03/04/2024", "12/25/2023"], "mdy", False),
        (["03/04/2024", "05/06/2024"], None, True),
        (["25/12/2023", "12/25/2023"], None, True),
        (["2024-01-31", "2024-02-01"], None, False),
        (["2024-01-31", "01/02/2024"], None, True),
        (["2024-01-31", "01/02/2024", "31/01/2024"], "dmy", False),
        (["01/01/2024", "02/02/2024"], "dmy", False),
        (["03-04-24"], None, True),
        (["24-01-31", "24-12-25"], None, True),
        (["24-01-31", "99-12-25"], "ymd", False),
        (["31-01-24", "25-12-99"], "dmy", False),
        (["01-31-24"], "mdy", False),
        (["45322", "45323.5", "31.01.2024"], "dmy", False),
        (["", " ", "n/a"], None, False),
        ([], None, False),
    ],
)
def test_a_column_decides_together(column: list[str], order: Order | None, ambiguous: bool) -> None:
    found = infer_dates(column)
    assert (found.order, found.ambiguous) == (order, ambiguous)
    assert infer_dates(reversed(column)).order == order
    assert infer_dates(column * 3).fits == {name: 3 * count for name, count in found.fits.items()}


def test_a_column_says_what_it_found() -> None:
    found = infer_dates(["", "x", "25/12/2023 9:30", "12/25/2023", "03/04/2024 09:30Z", "2024-01-31"])
    assert (found.blank, found.dates, found.invalid, found.timed, found.zoned) == (1, 4, 1, 2, 1)
    assert found.fits == {"ymd": 1, "dmy": 3, "mdy": 3}
    assert found.reason == "No order fits all 4 dates: 1 fit ymd, 3 fit dmy, 3 fit mdy."
    assert found.examples == ["25/12/2023 9:30", "12/25/2023", "03/04/2024 09:30Z"]
    assert infer_dates(["x"]).reason == "No value is a date."
    assert infer_dates(["45322"]).reason == "Every date can be meant in one way only."


def test_ten_days_of_every_month_leave_the_order_open() -> None:
    days = [f"{month:02}/{day:02}/2024" for month in range(1, 13) for day in range(1, 13)]
    assert infer_dates(days).ambiguous
    assert infer_dates([*days, "13/01/2024"]).order == "dmy"


def test_a_real_column(shared_data: Path) -> None:
    file = shared_data / "online_retail" / "online_retail.csv.gz"
    times = pd.read_csv(file, usecols=["InvoiceDate"], dtype=str, encoding="latin-1")["InvoiceDate"].tolist()
    assert len(times) == 541_909
    found = infer_dates(times)
    assert (found.dates, found.invalid, found.ambiguous, found.timed) == (len(times), 0, False, len(times))
    assert clean_time(times[0]).value == "2010-12-01T08:26:00Z"
    # The same column as a spreadsheet shows it to an American. The first twelve days of December leave the order open.
    shown = {time: f"{int(time[5:7])}/{int(time[8:10])}/{time[:4]} {time[11:16]}" for time in set(times)}
    american = [shown[time] for time in times]
    assert infer_dates(american[:20_000]).ambiguous
    found = infer_dates(american)
    assert (found.order, found.ambiguous) == ("mdy", False)
    assert [clean_time(time, "mdy") for time in american[::500]] == [clean_time(time) for time in times[::500]]


def test_salesforce_times(shared_data: Path) -> None:
    found = {}
    for name in ("dateEndingInZ.csv", "dateWithTimeZone.csv"):
        with (shared_data / "salesforce" / name).open(newline="") as file:
            found[name] = [clean_time(line["DATE"]) for line in csv.DictReader(file)]
    assert set(found["dateEndingInZ.csv"]) == {("2010-10-14T12:00:00Z", None)}
    assert set(found["dateWithTimeZone.csv"]) == {("2010-10-14T15:00:00Z", None)}


def test_days_of_birth_without_signs(shared_data: Path) -> None:
    with (shared_data / "febrl" / "dataset1.csv").open(newline="") as file:
        days = [line["date_of_birth"] for line in csv.DictReader(file, skipinitialspace=True)]
    cleaned = [clean_day(day) for day in days]
    good = [day for day in cleaned if day.value and not day.flag]
    assert len(good) > 800
    assert {day.flag for day in cleaned if day.flag} <= {"no_such_day", "no_date"}
    assert all(day.value.replace("-", "") in days for day in good)
