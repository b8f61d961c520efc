"""Web addresses and the domains they lie in."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import idna

from graphcrm.cleaning.text import REMEMBERED, Cleaned, clean_text, widths
from graphcrm.limits import MAX_NAME_LENGTH

__all__ = ["clean_website", "domain_of"]

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*):(?!\d)", re.I)
# What needs nothing but lower case: told here in a tenth of the time.
_COMMON: Final = re.compile(
    r"(?:(https?)://)?((?:(?![a-z0-9]*--)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,4}[a-z]{2,63})(/[\w./~-]*)?",
    re.I | re.A,
)
_COMMON_LENGTH: Final = 200
_PORTS: Final = {"http": 80, "https": 443}


@lru_cache(REMEMBERED)
def clean_website(value: str) -> Cleaned:
    """Put a web address into one form.

    ``https://`` is set before an address without a scheme; scheme and host are lower-cased, an international host is
    written in its own letters; a port that goes without saying, the last dot of the host and the slash of an empty path
    go. Path and query stay letter for letter.

    Returns
    -------
    Cleaned
        An ``http`` or ``https`` address; or the value as it came, flagged.

    References
    ----------
    RFC 3986 section 6; UTS 46 for international domain names.

    Examples
    --------
    >>> clean_website("WWW.Example.com/")
    Cleaned(value='https://www.example.com', flag=None)
    >>> clean_website("javascript:alert(1)").flag
    'no_website'
    """
    if len(value) <= _COMMON_LENGTH and (found := _COMMON.fullmatch(value)):
        path = found[3] or ""
        return Cleaned(f"{(found[1] or 'https').lower()}://{found[2].lower()}{'' if path == '/' else path}")
    text = clean_text(widths(value)).strip("<>\"'").strip()
    if not text:
        return Cleaned(value, "no_website") if clean_text(value) else Cleaned("")
    if len(text) > MAX_NAME_LENGTH:
        return Cleaned(value, "too_long")
    found = _SCHEME.match(text)
    if not found:
        text = f"https://{text.removeprefix('//')}"
    elif not text[found.end() :].startswith("//"):
        return Cleaned(value, "no_website")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return Cleaned(value, "no_website")
    host = _host(parts.hostname or "")
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc or " " in text or "\\" in text:
        return Cleaned(value, "no_website")
    netloc = host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}"
    path = "" if parts.path == "/" and not parts.query and not parts.fragment else parts.path
    return Cleaned(urlunsplit((parts.scheme, netloc, path, parts.query, parts.fragment)))


def _host(host: str) -> str:
    """A host as a person reads it; nothing where it is no domain name below a top-level one."""
    try:
        name = idna.decode(idna.encode(host.rstrip("."), uts46=True), uts46=True)
    except (idna.IDNAError, UnicodeError):
        return ""
    last = name.rpartition(".")
    return name if last[0] and not last[2].isdigit() else ""


def domain_of(value: str) -> str:
    """Give the domain of a web or e-mail address, by which companies are compared.

    Parameters
    ----------
    value : str
        A web address, an e-mail address or a bare domain.

    Returns
    -------
    str
        The host in lower case without ``www.``; nothing where there is none.

    Examples
    --------
    >>> domain_of("https://www.Example.com/about"), domain_of("anna@example.com")
    ('example.com', 'example.com')
    """
    if "@" in value and "/" not in value:
        value = value.rpartition("@")[2].rstrip("> ")
    found = clean_website(value)
    return "" if found.flag else (urlsplit(found.value).hostname or "").removeprefix("www.")
