"""Legal forms of companies: how each is written, in short and in full."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

from graphcrm.cleaning.text import REMEMBERED, name_key, words

__all__ = ["LONGEST_FORM", "is_form", "is_leading_form", "legal_form"]

_SPELLINGS: Final[dict[str, str]] = {
    # German
    "gmbh": "gesellschaft mit beschränkter haftung; gesellschaft mbh; gesmbh; mbh; ges mit beschr haftung;"
    "gmbh in liquidation; gmbh il; gmbh ig; gmbh in gründung",
    "ggmbh": "gemeinnützige gesellschaft mit beschränkter haftung; gemeinnützige gmbh",
    "ag": "aktiengesellschaft; ag in liquidation",
    "kg": "kommanditgesellschaft; kommandit gesellschaft",
    "kgaa": "kommanditgesellschaft auf aktien; kg auf aktien",
    "ohg": "offene handelsgesellschaft",
    "gbr": "gesellschaft bürgerlichen rechts; gdbr",
    "ug": "ug haftungsbeschränkt; unternehmergesellschaft; unternehmergesellschaft haftungsbeschränkt",
    "ek": "e kfm; e kfr; eingetragener kaufmann; eingetragene kauffrau",
    "ev": "eingetragener verein",
    "eg": "eingetragene genossenschaft",
    "ewiv": "europäische wirtschaftliche interessenvereinigung; eeig; geie",
    "gmbh&cokg": "gmbh & co; gmbhcokg; gmbh & compagnie kg; gmbh & cie kg; gmbh & co kommanditgesellschaft;"
    "gesellschaft mit beschränkter haftung & co kommanditgesellschaft; gesellschaft mbh & co kg; gesmbh & co kg;"
    "gesellschaft mit beschränkter haftung & co kg; kgmbh",
    "gmbh&cokgaa": "gmbh & co kommanditgesellschaft auf aktien",
    "ag&cokg": "ag & co; aktiengesellschaft & co kg; aktiengesellschaft & co kommanditgesellschaft",
    "ag&cokgaa": "",
    "se&cokg": "",
    "se&cokgaa": "",
    "ug&cokg": "ug haftungsbeschränkt & co kg; unternehmergesellschaft haftungsbeschränkt & co kg",
    # English
    "ltd": "limited; co ltd; company limited; co limited; company ltd; pty ltd; pty limited; pty; proprietary limited;"
    "pte ltd; pte limited; pte; private limited; pvt ltd; pvt limited; pvt; p ltd; private ltd;"
    "private company limited",
    "inc": "incorporated; corp; corporation; inc corporation",
    "llc": "limited liability company; limited liability co; lc; pllc; professional limited liability company",
    "llp": "limited liability partnership; lllp; limited liability limited partnership",
    "lp": "limited partnership",
    "plc": "public limited company; public ltd co; public limited co; public company limited; pcl",
    "cic": "community interest company",
    "pc": "professional corporation; psc",
    # Romance languages
    "sa": "sociedad anónima; société anonyme; sociedade anônima; sociedade anónima; societate pe acţiuni",
    "sau": "sociedad anónima unipersonal; sa unipersonal",
    "slu": "sociedad limitada unipersonal; sl unipersonal",
    "slne": "sociedad limitada nueva empresa",
    "sll": "sociedad limitada laboral",
    "sab": "sociedad anónima bursátil",
    "sadecv": "sociedad anónima de capital variable",
    "sabdecv": "sociedad anónima bursátil de capital variable",
    "sapi": "sociedad anónima promotora de inversión",
    "sapidecv": "sociedad anónima promotora de inversión de capital variable",
    "sderldecv": "srl de cv; sociedad de responsabilidad limitada de capital variable",
    "sarl": "société à responsabilité limitée; sociedade por quotas de responsabilidade limitada; scrl",
    "eurl": "entreprise unipersonnelle à responsabilité limitée",
    "sas": "société par actions simplifiée; sociedad por acciones simplificada",
    "sasu": "société par actions simplifiée unipersonnelle",
    "scs": "société en commandite simple",
    "sca": "société en commandite par actions",
    "snc": "société en nom collectif; società in nome collettivo",
    "sci": "société civile immobilière",
    "gie": "groupement d'intérêt économique",
    "srl": "società a responsabilità limitata; società a resp limitata; societate cu răspundere limitată; bvba; sprl;"
    "sl; sociedad limitada; sociedad de responsabilidad limitada; s de rl",
    "srls": "società a responsabilità limitata semplificata",
    "spa": "società per azioni",
    "sapa": "società in accomandita per azioni",
    "sasdi": "società in accomandita semplice",
    "scarl": "società cooperativa a responsabilità limitata",
    "ltda": "limitada; lda; sociedade limitada; sociedad de responsabilidad ltda",
    # Dutch and Nordic languages
    "bv": "besloten vennootschap; besloten vennootschap met beperkte aansprakelijkheid",
    "nv": "naamloze vennootschap",
    "cv": "commanditaire vennootschap",
    "vof": "vennootschap onder firma",
    "vzw": "vereniging zonder winstoogmerk; asbl; association sans but lucratif",
    "ab": "aktiebolag; ab publ; aktiebolag publ; publikt aktiebolag",
    "hb": "handelsbolag",
    "kb": "kommanditbolag",
    "oy": "osakeyhtiö; oy ab",
    "oyj": "julkinen osakeyhtiö",
    "as": "aktieselskab; aksjeselskap; akciová společnost; anonim şirketi; aş; aktsiaselts; anonim şirket",
    "asa": "allmennaksjeselskap",
    "aps": "anpartsselskab",
    "ivs": "iværksætterselskab",
    # Central and eastern Europe
    "spzoo": "spółka z ograniczoną odpowiedzialnością; spółka zoo; spółka z oo; sp z o odp",
    "spzoospk": "spółka z ograniczoną odpowiedzialnością spółka komandytowa; sp z oo sp k; sp z oo spółka komandytowa",
    "spolkaakcyjna": "spółka akcyjna",
    "spj": "spółka jawna",
    "spk": "spółka komandytowa",
    "sro": "spol sro; společnost s ručením omezeným; spoločnosť s ručením obmedzeným",
    "kft": "korlátolt felelősségű társaság",
    "bt": "betéti társaság",
    "zrt": "zártkörűen működő részvénytársaság",
    "nyrt": "nyilvánosan működő részvénytársaság",
    "doo": "društvo s ograničenom odgovornošću; družba z omejeno odgovornostjo; društvo sa ograničenom odgovornošću",
    "dd": "dioničko društvo; delniška družba; akcionarsko društvo; ad",
    "eood": "",
    "ood": "",
    "sia": "sabiedrība ar ierobežotu atbildību",
    "uab": "uždaroji akcinė bendrovė",
    "oü": "osaühing",
    "ltdşti": "limited şirketi; ltd şirketi; limited şti",
    "ооо": "общество с ограниченной ответственностью; ooo",
    "ао": "акционерное общество; ao",
    "пао": "публичное акционерное общество; pao",
    "зао": "закрытое акционерное общество; zao",
    "оао": "открытое акционерное общество; oao",
    "ип": "индивидуальный предприниматель",
    # Asia
    "kk": "kabushiki kaisha; kabushiki gaisha; kabushikikaisha; kabushikigaisha; 株式会社; 株式會社",
    "gk": "godo kaisha; gōdō gaisha; godo gaisha; 合同会社",
    "yk": "yugen kaisha; yūgen gaisha; yugen gaisha; 有限会社",
    "주식회사": "chusik hoesa; jusik hoesa",
    "유한회사": "yuhan hoesa",
    "sdnbhd": "sendirian berhad",
    "bhd": "berhad",
    "tbk": "terbuka",
    "pt": "perseroan terbatas",
    "有限公司": "有限责任公司; 有限責任公司",
    "股份有限公司": "股份有限责任公司; 股份有限責任公司; 股份公司",
    "jsc": "joint stock company; cojsc; closed joint stock company; ojsc; open joint stock company; pjsc",
    "fzllc": "fz llc; free zone llc",
}
"""Spellings of a legal form by the one that stands for all: after ISO 20275, the list of entity legal forms."""

_ALONE: Final = words(
    "se scop mp ans da ba is ia ky tmi lta me epp eireli cia sc zoo fze fzco wll saoc saog",
    "co company group holding holdings gruppe groupe grupo gruppo",
)
"""Forms that are written in one way, and words for a group of companies."""
_NO_FORM: Final = frozenset(("co", "company", "group", "holding", "holdings", "gruppe", "groupe", "grupo", "gruppo"))
"""What stands at the end of a company's name and says nothing of its legal form."""
_WORDLIKE: Final = frozenset(
    words("sa sas da ba is as me se ans sl ad ao ug ek ky mp gk yk sci sia ia pt ig il lc lta lda pc")
)
"""Forms that are also words or surnames: they count in capitals or with dots alone."""
_LEADING: Final = frozenset(("ооо", "ао", "пао", "зао", "оао", "ип", "pt"))
"""Forms that stand before the name."""

_SIGNED: Final = {"株": "kk", "주": "주식회사"}
"""Forms that are one letter, in brackets or as a sign of its own: alone it may be a name."""

LONGEST_FORM: Final = 8
"""Words of the longest form: Gesellschaft mit beschränkter Haftung & Co. Kommanditgesellschaft auf Aktien."""

_ANDS: Final = frozenset(("und", "u.", "u", "+", "and", "et"))
_BRACKETS: Final = re.compile(r"[(（]([^()（）]*)[)）]")
_SIGNS: Final = re.compile(r"[.,\s/'’-]+")


def _bare(form: str) -> str:
    """A form as it is looked up: without case, accents, dots, brackets and spaces, its ``and`` as ``&``."""
    plain = unicodedata.normalize("NFKD", _BRACKETS.sub(r" \1 ", name_key(form)))
    letters = "".join(char for char in plain if not unicodedata.combining(char))
    parts = ["&" if word in _ANDS else word for word in unicodedata.normalize("NFC", letters).split()]
    return _SIGNS.sub("", "".join(parts))


def _table() -> dict[str, str]:
    forms = {_bare(form): form for form in (*_ALONE, *_SPELLINGS)}
    for form, spellings in _SPELLINGS.items():
        for spelling in filter(str.strip, spellings.split(";")):
            forms.setdefault(_bare(spelling), form)
    return forms


_FORMS: Final = _table()


@lru_cache(REMEMBERED)
def is_form(text: str) -> bool:
    """Whether a text is a legal form.

    Examples
    --------
    >>> is_form("S.à r.l."), is_form("Gesellschaft mit beschränkter Haftung"), is_form("Sa")
    (True, True, False)
    """
    bare = _bare(text)
    if bare not in _FORMS and bare not in _WORDLIKE:
        bare = _bare(text.strip("()"))
    if bare in _WORDLIKE:
        return bare in _FORMS and (text.isupper() or any(sign in text for sign in "./"))
    return bare in _FORMS


def is_leading_form(text: str) -> bool:
    """Whether a text is a legal form that stands before the name, such as ``ООО``."""
    return _FORMS.get(_bare(text)) in _LEADING


def legal_form(forms: tuple[str, ...]) -> str | None:
    """The legal form that a name says, in the spelling that stands for all others.

    Parameters
    ----------
    forms : tuple of str
        As `graphcrm.cleaning.companies.split_company` gives them.

    Returns
    -------
    str or None
        None where they are words for a group of companies, or there are none.

    Examples
    --------
    >>> legal_form(("Gesellschaft m.b.H.",)), legal_form(("Group", "Pty. Limited")), legal_form(("Group",))
    ('gmbh', 'ltd', None)
    """
    for form in forms:
        bare = _bare(form)
        found = _FORMS.get(bare) or _SIGNED.get(bare, bare)
        if found and found not in _NO_FORM and found not in ("公司", "集团", "集團"):
            return found
    return None
