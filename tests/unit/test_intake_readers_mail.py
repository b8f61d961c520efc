"""Mailboxes and calendars as rows, with the worst that programs write into them."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graphcrm.errors import InvalidInput
from graphcrm.intake.readers import Reader, Reject, open_file
from graphcrm.intake.readers import threads as threads_module
from graphcrm.intake.readers.threads import Threads
from graphcrm.intake.sources import is_named, locate


def read(reader: Reader) -> tuple[list[tuple[int, dict[str, str]]], list[Reject]]:
    rejects: list[Reject] = []
    return list(reader.rows(rejects.append)), rejects


def rows_of(path: Path) -> list[dict[str, str]]:
    found, rejects = read(open_file(path))
    assert rejects == []
    return [row for _, row in found]


# ---- mail ------------------------------------------------------------------------------------------------


MBOX = b"""\
From - Mon Jan  1 00:00:00 2024
Received: from a by b; Tue, 2 Jan 2024 10:00:00 +0100
From: =?gb2312?B?zfXQobfJ?= <Wang@Example.CN>
To: "Smith, Ann" <ann@example.com>, bob@example.com, undisclosed-recipients:;
Cc: =?utf-8?q?J=C3=B6?= =?utf-8?q?rg?= <j@example.de>, wang@example.cn
Subject: =?utf-8?B?5L2g?= =?utf-8?B?5aW9?= hello
Message-ID: <1@example.cn>
Date: the day before yesterday
MIME-Version: 1.0
Content-Type: multipart/alternative; boundary="b"

--b
Content-Type: text/html; charset=utf-8

<style>p {}</style><p>Hi <b>there</b> &amp; you</p>
--b
Content-Type: text/plain; charset=no-such-charset
Content-Transfer-Encoding: quoted-printable

J=F6rg
>From here on

From here, no new message begins.
--b--

From ann@example.com Tue Jan  2 11:11:11 2024
From: ann@example.com
To: wang@example.cn, Ann <ann@example.com>
References: <1@example.cn> <0@example.cn>
In-Reply-To: <1@example.cn>
Subject: Re: J\xf6rg =?x-unknown?q?=E4?= =?utf-8?b?!!!?=
Date: Tue, 02 Jan 2024 12:00:00 -0800
Content-Type: text/html

<p>ok<br>fine</p>

From x Tue Jan  2 11:11:11 2024
Subject: nobody's

lost
"""


def test_mbox(tmp_path: Path) -> None:
    path = tmp_path / "inbox"
    path.write_bytes(MBOX)
    reader = open_file(path)
    (first, second), rejects = read(reader)
    assert (reader.kind, reader.offset) == ("mbox", reader.size)
    assert first == (
        1,
        {
            "id": "1@example.cn",
            "message_id": "1@example.cn",
            "thread_id": "1@example.cn",
            "date": "2024-01-02T09:00:00Z",
            "from": "wang@example.cn",
            "from_name": "王小飞",
            "to": "ann@example.com|bob@example.com",
            "to_names": "Smith, Ann|",
            "cc": "j@example.de|wang@example.cn",
            "cc_names": "Jörg|",
            "receivers": "ann@example.com|bob@example.com|j@example.de",
            "subject": "你好 hello",
            "in_reply_to": "",
            "references": "",
            "text": "Jörg\nFrom here on\n\nFrom here, no new message begins.",
        },
    )
    line, row = second
    assert (line, row["date"], row["thread_id"]) == (26, "2024-01-02T20:00:00Z", "1@example.cn")
    assert (row["receivers"], row["in_reply_to"]) == ("wang@example.cn", "1@example.cn")
    assert row["references"] == "1@example.cn|0@example.cn"
    assert row["subject"] == "Re: Jörg ä=?utf-8?b?!!!?="
    assert row["text"] == "ok fine"
    assert row["id"].startswith("mail-")
    assert [(reject.line, reject.reason[:28]) for reject in rejects] == [(37, "has neither a sender, a rece")]


def reply(id_: str, *lines: str) -> bytes:
    headers = [f"Message-ID: <{id_}>", "From: a@x.example", "To: b@x.example", *lines]
    return ("\n".join([*headers, "", f"In-Reply-To: <{id_} in the text>"]) + "\n\n").encode()


@pytest.mark.parametrize("order", [1, -1])
def test_a_chain_of_replies_is_one_thread(tmp_path: Path, order: int) -> None:
    """Whether a reply names the first message, the one before or both, and in whatever order they stand."""
    messages = [
        reply("0@x"),
        reply("1@x", "In-Reply-To: <0@x>"),
        reply("2@x", "in-reply-to:", " <1@x> (of Monday)"),
        reply("3@x", "References: <2@x>", "In-Reply-To: <2@x>"),
        reply("4@x", "References: <0@x>\n\t<3@x>", "In-Reply-To: <3@x>"),
        reply("other@x", "In-Reply-To: <elsewhere@x>"),
        reply("self@x", "In-Reply-To: <self@x>"),
        reply("ring1@x", "In-Reply-To: <ring2@x>"),
        reply("ring2@x", "In-Reply-To: <ring1@x>"),
    ][::order]
    box, folder = tmp_path / "box", tmp_path / "Maildir"
    box.write_bytes(b"".join(b"From a@x Tue Jan  2 11:11:11 2024\n" + message for message in messages))
    for name in ("cur", "new"):
        (folder / name).mkdir(parents=True)
    for number, message in enumerate(messages):
        (folder / "cur" / f"{number}.x:2,S").write_bytes(message)
    found = dict.fromkeys([f"{number}@x" for number in range(5)], "0@x")
    found |= {"other@x": "elsewhere@x", "self@x": "self@x", "ring1@x": "ring1@x", "ring2@x": "ring1@x"}
    for path in (box, folder):
        assert {row["id"]: row["thread_id"] for row in rows_of(path)} == found


@given(
    parents=st.lists(st.integers(0, 30), min_size=1, max_size=30).map(
        lambda chosen: [min(parent, number) for number, parent in enumerate(chosen)]
    ),
    data=st.data(),
)
def test_threads_are_the_trees_of_replies(parents: list[int], data: st.DataObject) -> None:
    """Message n answers an earlier one, or itself and so nobody: whatever the order, all of a tree have its root."""
    roots: list[int] = []
    for number, parent in enumerate(parents):
        roots.append(number if parent == number else roots[parent])
    replies = [(str(number), str(parent)) for number, parent in enumerate(parents)]
    threads = Threads(data.draw(st.permutations(replies)))
    asked = data.draw(st.permutations(range(len(parents))))
    assert {number: threads.root(str(number)) for number in asked} == {n: str(root) for n, root in enumerate(roots)}


def test_only_so_many_replies_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads_module, "MAX_REPLIES", 2)
    threads = Threads((str(number), str(number - 1)) for number in range(1, 5))
    assert [threads.root(str(number)) for number in (1, 2, 3, 4)] == ["0", "0", "3", "4"]


def test_addresses_of_a_mailbox(tmp_path: Path) -> None:
    (tmp_path / "inbox.gz").write_bytes(gzip.compress(MBOX))
    reader = open_file(tmp_path / "inbox.gz/addresses")
    assert reader.header == ("email", "name", "domain", "count")
    assert [list(row.values()) for _, row in read(reader)[0]] == [
        ["wang@example.cn", "王小飞", "example.cn", "2"],
        ["ann@example.com", "Smith, Ann", "example.com", "2"],
        ["bob@example.com", "", "example.com", "1"],
        ["j@example.de", "Jörg", "example.de", "1"],
    ]


MESSAGE = MBOX.split(b"\n\nFrom ann@")[0].partition(b"\n")[2]


def test_one_message_and_a_maildir(tmp_path: Path) -> None:
    for folder in ("cur", "new", "tmp"):
        (tmp_path / "Maildir" / folder).mkdir(parents=True)
    (tmp_path / "Maildir/cur/1:2,S").write_bytes(MESSAGE)
    (tmp_path / "Maildir/new/2").write_bytes(MESSAGE.replace(b"1@example.cn", b"2@example.cn"))
    (tmp_path / "Maildir/new/3").write_bytes(b"no message")
    (tmp_path / "Maildir/tmp/4").write_bytes(MESSAGE)
    assert rows_of(tmp_path / "Maildir/cur/1:2,S")[0]["subject"] == "你好 hello"
    reader = open_file(tmp_path / "Maildir")
    found, rejects = read(reader)
    assert reader.kind == "maildir"
    assert [row["id"] for _, row in found] == ["1@example.cn", "2@example.cn"]
    assert len(rejects) == 1
    assert reader.offset == reader.size == 3
    assert len(read(open_file(tmp_path / "Maildir/addresses"))[0]) == 4
    with pytest.raises(InvalidInput, match="holds no 'people'"):
        open_file(tmp_path / "Maildir/people")


@pytest.mark.parametrize("given", ["", "inbox.mbox", "Maildir", "mail.zip"])
@pytest.mark.parametrize("part", ["", "/addresses"])
def test_files_and_their_parts_are_located(tmp_path: Path, given: str, part: str) -> None:
    (tmp_path / "Maildir" / "cur").mkdir(parents=True)
    (tmp_path / "Maildir" / "new").mkdir()
    (tmp_path / "inbox.mbox").write_bytes(MBOX)
    with zipfile.ZipFile(tmp_path / "mail.zip", "w") as archive:
        archive.writestr("in/inbox.mbox", MBOX)
    name = ("Maildir" if given == "Maildir" else "inbox.mbox") + part
    path = tmp_path / given
    found = path / "in" / name if given == "mail.zip" else tmp_path / name
    assert locate(name, [path]) == found
    assert path == tmp_path or is_named(path, [name])
    assert open_file(found).kind.endswith("addresses" if part else ("mbox", "maildir"))
    with pytest.raises(InvalidInput, match=r"There is no outbox\.mbox"):
        locate("outbox.mbox", [path])


@pytest.mark.parametrize(
    "message",
    [
        b"From: a@x.org\nDate: Mon, 99 Foo 20245 99:99:99 +9999\n\n",
        b"From: a@x.org\nDate: Mon, 1 Jan 0001 00:00:00 +1400\n\n",
        b"From: a@x.org\nContent-Type: text/plain; charset==?x?=\n\n\xff",
        b"From: a@x.org\nContent-Type: text/plain\nContent-Transfer-Encoding: base64\n\n!!!=",
        b"From: a@x.org\nContent-Type: text/plain; charset=hex\n\n41",
        b"From: " + b"(" * 50_000 + b" a@x.org\nMessage-ID: <1>\n\n",
        b"From: a@x.org\nTo: " + b"<a@x.org>, " * 20_000 + b"\n\n",
        b"From: a@x.org\n"
        + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(2000)),
        b"From: =?utf-16?b?AA==?= <a@x.org>\nSubject: " + b"=?utf-8?q?=00?= " * 5000 + b"\n\n",
    ],
)
def test_awkward_messages(tmp_path: Path, message: bytes) -> None:
    path = tmp_path / "mail.eml"
    path.write_bytes(message)
    found, rejects = read(open_file(path))
    assert len(found) + len(rejects) == 1
    assert all("\0" not in text for _, row in found for text in row.values())


def test_long_messages_are_read_at_their_beginning(tmp_path: Path) -> None:
    path = tmp_path / "mail.mbox"
    long = b"From a Mon Jan  1 00:00:00 2024\nFrom: a@x.org\nMessage-ID: <%d@x>\n\nHello\n" + b"x" * 3_000_000 + b"\n\n"
    path.write_bytes(long % 1 + long % 2)
    assert [(row["id"], len(row["text"])) for row in rows_of(path)] == [("1@x", 100_000), ("2@x", 100_000)]


# ---- calendars -------------------------------------------------------------------------------------------


CALENDAR = """\
BEGIN:VCALENDAR
VERSION:2.0
X-WR-TIMEZONE:Europe/Berlin
BEGIN:VTIMEZONE
TZID:Three Hours East
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0300
TZOFFSETTO:+0300
END:STANDARD
END:VTIMEZONE
BEGIN:VEVENT
UID:a@example.com
DTSTART;TZID=Three Hours East:20240105T120000
DURATION:PT1H30M
SUMMARY:Kick-off\\, with
  all
ORGANIZER;CN="Ann B":mailto:Ann@Example.com
ATTENDEE;CN=Bob:mailto:bob@example.com
ATTENDEE;CN=ann@example.com:mailto:ann@example.com
CATEGORIES:A,B
ATTACH;ENCODING=BASE64;VALUE=BINARY:AAAA
 BBBB
BEGIN:VALARM
TRIGGER:-PT5M
ACTION:DISPLAY
END:VALARM
END:VEVENT
BEGIN:VEVENT
UID:b
DTSTART;VALUE=DATE:20240105
DTEND;VALUE=DATE:20240107
RRULE:FREQ=WEEKLY;COUNT=3
SUMMARY:假期
END:VEVENT
BEGIN:VEVENT
UID:b
RECURRENCE-ID;VALUE=DATE:20240112
DTSTART;VALUE=DATE:20240113
END:VEVENT
BEGIN:VEVENT
UID:c
DTSTART:20240705T120000
DTEND:20240705T123000Z
STATUS:CANCELLED
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=W. Europe Standard Time:20240705T120000
SUMMARY:No id
END:VEVENT
BEGIN:VEVENT
UID:e
DTSTART:yesterday
END:VEVENT
BEGIN:VEVENT
UID:f
END:VEVENT
BEGIN:VEVENT
UID:g
DTSTART:20240705T120000Z
"""


def test_calendar(tmp_path: Path) -> None:
    path = tmp_path / "meetings"
    path.write_text(CALENDAR, encoding="utf-8")
    found, rejects = read(open_file(path))
    first = {name: text for name, text in found[0][1].items() if text}
    assert (found[0][0], first) == (
        12,
        {
            "id": "a@example.com",
            "uid": "a@example.com",
            "start": "2024-01-05T09:00:00Z",
            "end": "2024-01-05T10:30:00Z",
            "all_day": "false",
            "duration_s": "5400",
            "summary": "Kick-off, with all",
            "organizer": "ann@example.com",
            "organizer_name": "Ann B",
            "attendees": "bob@example.com|ann@example.com",
            "attendee_names": "Bob|",
            "receivers": "bob@example.com",
            "categories": "A|B",
        },
    )
    columns = ("id", "start", "end", "all_day", "rule", "summary")
    assert [tuple(row[column] for column in columns) for _, row in found[1:4]] == [
        ("b", "2024-01-05", "2024-01-07", "true", "FREQ=WEEKLY;COUNT=3", "假期"),
        ("b-2024-01-12", "2024-01-13", "", "true", "", ""),
        ("c", "2024-07-05T10:00:00Z", "2024-07-05T12:30:00Z", "false", "", ""),
    ]
    assert found[3][1]["status"] == "cancelled"
    assert (found[4][1]["start"], found[4][1]["id"][:7]) == ("2024-07-05T10:00:00Z", "sha256-")
    assert [(reject.line, reject.reason) for reject in rejects] == [
        (51, "is no event that can be read (its start is missing or no time)"),
        (55, "is no event that can be read (its start is missing or no time)"),
        (58, "is cut off: the file ends before it does"),
    ]
    assert [list(row.values()) for _, row in read(open_file(path / "addresses"))[0]] == [
        ["ann@example.com", "Ann B", "example.com", "1"],
        ["bob@example.com", "Bob", "example.com", "1"],
    ]
