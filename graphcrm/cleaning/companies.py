"""Names of companies: the legal form split off, so that what is left can be compared."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from graphcrm.cleaning.chinese import HAN
from graphcrm.cleaning.legal_forms import LONGEST_FORM, is_form, is_leading_form
from graphcrm.cleaning.text import REMEMBERED, clean_text, name_key, words
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["CompanyName", "is_company", "split_company"]


class CompanyName(NamedTuple):
    """A company's name and its legal form.

    Parameters
    ----------
    core : str
        The name without what follows from the form alone, as it was written.
    forms : tuple of str
        The forms as they were written, outermost last: ``("Holding", "GmbH & Co. KG")``; then those before the name.
    key : str
        The core for comparison: as `name_key` has it, without punctuation, ``&`` and ``and`` alike.
    """

    core: str
    forms: tuple[str, ...]
    key: str


_CHINESE: Final = words(
    "股份有限责任公司 股份有限責任公司 股份有限公司 股份公司 有限责任公司 有限責任公司 集团有限公司 集團有限公司",
    "集团股份有限公司 集團股份有限公司 集团公司 集團公司 控股有限公司 有限公司 总公司 分公司 子公司",
    "公司 集团 集團 控股 （集团） 合伙企业 普通合伙 有限合伙 特殊普通合伙 个体工商户 株式会社 株式會社",
    "有限会社 合同会社 주식회사 유한회사",
)
_CHINESE_FORM: Final = "|".join(sorted(_CHINESE, key=len, reverse=True))
_CHINESE_BEHIND: Final = re.compile(
    rf"\s*[（(]?(?:{_CHINESE_FORM})[)）]?(?:\s*[（(](?:集团|集團|控股|有限合伙|普通合伙)[)）])?$"
)
_ASIAN_BEFORE: Final = re.compile(
    r"^(?:株式会社|株式會社|有限会社|合同会社|주식회사|유한회사|\(株\)|（株）|㈱|㈜|\(주\))\s*"
)
_ASIAN_BEHIND: Final = re.compile(r"\s*(?:\(株\)|（株）|㈱|㈜|\(주\))$")
_WORD: Final = re.compile(r"[^\s,]+")
_NOT_WORD: Final = re.compile(r"[^\w&]+")
_LOOKS_CHINESE: Final = re.compile(f"[{HAN}\u3040-\u30ff\uac00-\ud7af㈱㈜]")


@lru_cache(REMEMBERED)
def split_company(name: str) -> CompanyName:
    """Split the legal form off a company's name.

    Parameters
    ----------
    name : str
        A name such as ``Müller & Söhne GmbH & Co. KG``, ``ACME, Inc.`` or ``华为技术有限公司``.

    Returns
    -------
    CompanyName
        Core, forms and the key for comparison. A name that consists of a form alone keeps it as its core.

    References
    ----------
    ISO 20275 (entity legal forms) for most countries; 公司法 (2023) and 企业名称登记管理规定 for Chinese ones.

    Examples
    --------
    >>> split_company("Müller & Söhne GmbH & Co. KG")
    CompanyName(core='Müller & Söhne', forms=('GmbH & Co. KG',), key='müller & söhne')
    >>> split_company("华为技术有限公司").core, split_company("ACME, Inc.").key
    ('华为技术', 'acme')
    """
    core = clean_text(name)
    forms: list[str] = []
    if len(core) > MAX_NAME_LENGTH:
        return CompanyName(core, (), _key(core))
    fronts: list[str] = []
    while True:
        if found := _last_form(core):
            core, form = found
            forms.insert(0, form)
        elif found := _first_form(core):
            core, form = found
            fronts.append(form)
        else:
            return CompanyName(core, (*forms, *fronts), _key(core))


def _key(core: str) -> str:
    key = f" {_NOT_WORD.sub(' ', name_key(core)).replace('&', ' & ')} "
    return " ".join(key.replace(" and ", " & ").replace(" und ", " & ").replace(" et ", " & ").split())


def _last_form(name: str) -> tuple[str, str] | None:
    if _LOOKS_CHINESE.search(name):
        for pattern in (_CHINESE_BEHIND, _ASIAN_BEHIND):
            if (found := pattern.search(name)) and (core := name[: found.start()].rstrip(" ,，")):
                return core, found[0].strip()
    words = list(_WORD.finditer(name))
    for count in range(min(LONGEST_FORM, len(words) - 1), 0, -1):
        start = words[-count].start()
        form = name[start:]
        core = name[:start].rstrip(" ,-&")
        if core and is_form(form):
            return core, form.rstrip(" ,")
    return None


def _first_form(name: str) -> tuple[str, str] | None:
    if (found := _ASIAN_BEFORE.match(name)) and found.end() < len(name):
        return name[found.end() :], found[0].strip()
    words = list(_WORD.finditer(name))
    for count in range(min(LONGEST_FORM, len(words) - 1), 0, -1):
        form, rest = name[: words[count - 1].end()], name[words[count].start() :]
        if is_leading_form(form):
            return rest.strip("\"'«»“” ") or rest, form
    return None


def is_company(name: str) -> bool:
    """Tell whether a name has a company's legal form.

    Examples
    --------
    >>> is_company("ACME Ltd."), is_company("Anna Müller")
    (True, False)
    """
    return bool(split_company(name).forms)
