"""Tables on the command line are for people: no words of Python in them."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from graphcrm.cli.archive import _told
from graphcrm.console import print_frame


@pytest.mark.parametrize("dtype", [bool, object])
def test_tables_say_yes_and_no_and_json_has_its_own_words(dtype: type, capsys: pytest.CaptureFixture[str]) -> None:
    frame = pd.DataFrame({"field": ["city", "name"], "shown": pd.Series([True, False], dtype=dtype)})
    print_frame(frame, "table")
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["field", "shown"], ["city", "yes"], ["name", "no"],
    ]  # fmt: skip
    print_frame(frame, "json")
    assert json.loads(capsys.readouterr().out)[0] == {"field": "city", "shown": True}


def test_entries_of_a_list_can_be_told_apart(capsys: pytest.CaptureFixture[str]) -> None:
    print_frame(pd.DataFrame({"ids": [["C1", "C2"]], "tags": [["autumn campaign", "vip"]]}), "table")
    assert "C1 C2 autumn campaign, vip" in capsys.readouterr().out


def test_a_line_of_the_timeline_says_yes_and_no() -> None:
    told = _told({"granted": False, "refund": True, "other": {"id": "C2"}, "count": 1})
    assert told == "granted no, refund yes, count 1, other C2"
