"""The report on a source's quality: fields that everybody knows first, columns of its own folded away."""

from __future__ import annotations

import re

from viz.language import LANGUAGES
from viz.sources_page import quality_page

LINE = {"table": "contacts", "count": 2, "blank": 0, "invalid": 0, "duplicated": 0, "stale": 0, "reasons": {}}


def test_columns_of_its_own_are_folded_away() -> None:
    lines = [LINE | {"field": field, "examples": []} for field in ("created_at", "Raw_Name__c")]
    for language, word, heading in zip(
        LANGUAGES, ("Known since", "建档时间"), ("own (1)", "自有的列（1）"), strict=True
    ):
        page = quality_page("crm", lines, 365, language, language_links=dict.fromkeys(LANGUAGES, "?"), session=False)
        known, others = page.split('<details id="others">')
        assert re.findall('data-field="([^"]*)"', known) == ["created_at"]
        assert re.findall('data-field="([^"]*)"', others) == ["Raw_Name__c"]
        assert word in known
        assert heading in others
    assert 'id="others"' not in quality_page(
        "crm", lines[:1], 365, "en", language_links={"en": "", "zh": ""}, session=False
    )
