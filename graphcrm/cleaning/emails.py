"""E-mail addresses: validated by their form, without asking the network, and put into one form."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from graphcrm.cleaning.text import REMEMBERED, clean_text, widths
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["Email", "clean_email"]


class Email(NamedTuple):
    """An e-mail address, the name that came with it, and why it could not be cleaned.

    Parameters
    ----------
    value : str
        The address; where there is a flag, what came.
    flag : str, optional
        A code of `graphcrm.cleaning.text.FLAGS`.
    name : str, optional
        The display name of ``Name <address>``.
    """

    value: str
    flag: str | None = None
    name: str | None = None


# What the library would take and not change but for the domain's case: told here in a fiftieth of the time.
_COMMON: Final = re.compile(
    r"[A-Za-z0-9_+'-]+(?:\.[A-Za-z0-9_+'-]+)*@(?:(?![A-Za-z0-9]*--)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+"
    r"[A-Za-z]{2,63}"
)
_RESERVED: Final = frozenset(SPECIAL_USE_DOMAIN_NAMES)
_FAULTLESS: Final = "example.com"
_LOCAL_LENGTH: Final = 64
_COMMON_LENGTH: Final = 200
_NAMED: Final = re.compile(r"(?P<name>[^<>]*)<\s*(?P<address>[^<>]*)>[\s,;.]*")
_SCHEME: Final = re.compile(r"(?:mailto|smtp|e-?mail)\s*:\s*", re.I)
_SEVERAL: Final = re.compile(r"[,;|\s/、]+")


@lru_cache(REMEMBERED)
def clean_email(value: str) -> Email:
    """Put an e-mail address into one form.

    Spaces, ``mailto:``, angle brackets and a closing comma go; the domain is lower-cased, an international one written
    in its own letters. The mailbox keeps its case, which belongs to whoever runs the domain, but for names such as
    ``info`` and ``abuse``.

    Parameters
    ----------
    value : str
        One address, perhaps with a name.

    Returns
    -------
    Email
        The address, its display name and no flag; or the value as it came and the reason.

    References
    ----------
    RFC 5321 and 5322 for addresses, 6531 for international ones, 6068 for ``mailto:``, 2142 for mailboxes
    without case, 6761 for reserved domains.

    Examples
    --------
    >>> clean_email(" Anna Müller <Anna@Example.COM> ")
    Email(value='Anna@example.com', flag=None, name='Anna Müller')
    >>> clean_email("info@xn--mller-kva.de").value
    'info@müller.de'
    >>> clean_email("anna@example").flag
    'domain'
    """
    text = clean_text(widths(value))
    if not text:
        return Email("")
    if len(text) > MAX_NAME_LENGTH:
        return Email(value, "too_long")
    name = None
    if "<" in text and (named := _NAMED.fullmatch(text)):
        text, name = named["address"], named["name"].strip().strip("\"'").strip() or None
    if scheme := _SCHEME.match(text):
        text = unquote(text[scheme.end() :].partition("?")[0])
    text = clean_text(text).rstrip(",;.").removeprefix("<").removesuffix(">").strip()
    address, flag = _validate(text)
    if flag and sum(not _validate(part)[1] for part in _SEVERAL.split(text)) > 1:
        flag = "several"
    return Email(value, flag) if flag else Email(address, None, name)


def _validate(text: str) -> tuple[str, str | None]:
    """Give the normalised address, or why it is none."""
    local, at, domain = text.rpartition("@")
    if not at or not local or not domain:
        return "", "no_at"
    if len(text) <= _COMMON_LENGTH and len(local) <= _LOCAL_LENGTH and _COMMON.fullmatch(text):
        domain = domain.lower()
        if local.lower() in CASE_INSENSITIVE_MAILBOX_NAMES:
            local = local.lower()
        if domain.rpartition(".")[2] in _RESERVED:
            return "", "reserved_domain"
        return f"{local}@{domain}", None
    try:
        return validate_email(text, check_deliverability=False, strict=True).normalized, None
    except (EmailNotValidError, UnicodeError) as error:
        if "reserved" in str(error):
            return "", "reserved_domain"
        return "", "domain" if domain != _FAULTLESS and not _validate(f"{local}@{_FAULTLESS}")[1] else "local_part"
