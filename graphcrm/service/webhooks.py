"""Webhooks: addresses that are told of changes, and what proves to them that it is us who tells."""

from __future__ import annotations

import base64
import ipaddress
import secrets
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

from graphcrm import limits
from graphcrm.errors import Conflict, InvalidInput, NotFound
from graphcrm.service.outbox import EVENTS, range_of
from graphcrm.service.receipts import remember, replayed
from graphcrm.store import GraphStore, Transaction
from graphcrm.values import from_graph

__all__ = ["NewWebhook", "Webhooks", "checked_url", "is_public"]

_KEY: Final = "webhooks"
"""What writers that add webhooks take turns by."""
_SECRET_BYTES: Final = 32
_PAGE: Final = 1_000
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
_LOCAL_NAT64: Final = ipaddress.ip_network("64:ff9b:1::/48")
_TIMES: Final = ("delivered_at", "failed_at", "lost_since")


@dataclass(frozen=True)
class NewWebhook:
    """A webhook that was just made, with its secret."""

    webhook: dict[str, Any]
    secret: str


class Webhooks:
    """The webhooks of a graph.

    Parameters
    ----------
    store : GraphStore
        Where they are.
    allow_private : bool
        Whether they may lead to this machine and its network, and without TLS.
    """

    def __init__(self, store: GraphStore, allow_private: bool = False) -> None:
        self._store = store
        self.allow_private = allow_private

    def add(self, url: str, events: Iterable[str] = EVENTS, *, receipt: tuple[str, str] | None = None) -> NewWebhook:
        """Make a webhook.

        Parameters
        ----------
        url : str
            Where events are sent, https.
        events : iterable of str
            Which, of `graphcrm.service.outbox.EVENTS`; all by default.
        receipt : tuple of str, optional
            An idempotency key and a fingerprint of the request: the same pair again gives the same webhook back.

        Returns
        -------
        NewWebhook
            With the secret by which deliveries are signed, to be kept by the receiver. It is not shown again.

        Raises
        ------
        InvalidInput
            No address or event that can be meant, or the key was used with another fingerprint.
        Conflict
            There are `limits.MAX_WEBHOOKS` already.
        """
        checked_url(url, self.allow_private)
        wanted = _checked_events(events)
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
        id_ = secrets.token_hex(8)
        made = {"id": id_, "url": url, "events": wanted, "secret": secret, "created_at": datetime.now(UTC)}

        def work(tx: Transaction) -> NewWebhook:
            hooks = {row["record"]["id"]: row["record"] for row in tx.run("webhooks/list")}
            if receipt and (answer := replayed(tx, *receipt)) is not None:
                earlier = _found(hooks, answer["id"])
                return NewWebhook(_shown(earlier, 0), earlier["secret"])
            if len(hooks) >= limits.MAX_WEBHOOKS:
                raise Conflict(f"there are {len(hooks)} webhooks already, and that is as many as may be; remove one")
            tx.run("webhooks/create", properties=made)
            if receipt:
                remember(tx, *receipt, {"id": id_})
            return NewWebhook(_shown(made, 0), secret)

        return self._store.write(work, keys={_KEY, *([receipt[0]] if receipt else [])})

    def all(self) -> list[dict[str, Any]]:
        """Every webhook, by id, as `read` gives it."""
        return self._store.reading(
            lambda tx: [_shown(row["record"], _waiting(tx, row["record"]["id"])) for row in tx.run("webhooks/list")]
        )

    def read(self, id_: str) -> dict[str, Any]:
        """One webhook.

        Returns
        -------
        dict
            `id`, `url`, `events`, `created_at`; how it goes: `waiting` (deliveries), `delivered_at` (the last time that
            the receiver took one), `failed_at` and `failure` (the last time that it did not, since), and `lost_since`
            (since when events are not kept, because too many wait or waited too long).

        Raises
        ------
        NotFound
            There is none of this id.
        """

        def work(tx: Transaction) -> dict[str, Any]:
            hooks = {row["record"]["id"]: row["record"] for row in tx.run("webhooks/list")}
            return _shown(_found(hooks, id_), _waiting(tx, id_))

        return self._store.reading(work)

    def remove(self, id_: str) -> None:
        """Take a webhook back, and all that it was still to be told; NotFound when there is none of this id."""

        def work(tx: Transaction) -> int:
            return int(tx.run("webhooks/delete", id=id_)[0]["written"])

        if not self._store.write(work, keys=[_KEY, id_]):
            raise NotFound(f"there is no webhook {id_!r}; `graphcrm webhooks list` names them")
        self.forget(*range_of(id_))

    def forget(self, after_id: str, before_id: str) -> None:
        """Delete the deliveries whose ids lie between two texts."""
        while rows := self._store.read(
            "webhooks/page_deliveries", after_id=after_id, before_id=before_id, row_limit=_PAGE
        ):
            ids = [row["record"]["id"] for row in rows]
            self._store.write(lambda tx, ids=ids: tx.run("webhooks/delete_deliveries", ids=ids), repeatable=True)  # type: ignore[misc]


def _checked_events(events: Iterable[str]) -> list[str]:
    wanted = list(dict.fromkeys(events))
    for event in wanted:
        if event not in EVENTS:
            message = f"events: there is no {event[:100]!r}; there are: {', '.join(EVENTS)}"
            raise InvalidInput(message, field="events", allowed=EVENTS)
    if not wanted:
        raise InvalidInput(f"events: name at least one of {', '.join(EVENTS)}", field="events", allowed=EVENTS)
    return wanted


def _found(hooks: Mapping[str, dict[str, Any]], id_: str) -> dict[str, Any]:
    if id_ not in hooks:
        raise NotFound(f"there is no webhook {id_!r}; `graphcrm webhooks list` names them")
    return hooks[id_]


def _waiting(tx: Transaction, id_: str) -> int:
    first, last = range_of(id_)
    most = limits.MAX_WAITING_DELIVERIES
    found = tx.run("webhooks/count_deliveries", after_id=first, before_id=last, row_limit=most)
    return int(found[0]["total"])


def _shown(record: Mapping[str, Any], waiting: int) -> dict[str, Any]:
    """A webhook as it is told outside, without its secret."""
    return {
        "id": record["id"],
        "url": record["url"],
        "events": list(record["events"]),
        "created_at": from_graph("created_at", record["created_at"]),
        "waiting": waiting,
        **{name: from_graph(name, record.get(name)) for name in _TIMES},
        "failure": record.get("failure"),
    }


# ---- where a webhook may lead ----------------------------------------------------------------------------


def checked_url(url: str, allow_private: bool) -> SplitResult:
    """Read a webhook's address.

    Parameters
    ----------
    url : str
        It.
    allow_private : bool
        Whether it may lead to this machine or its network, and without TLS.

    Returns
    -------
    SplitResult
        Its parts. That a name leads to a public address is known only once it is looked up, before each delivery.

    Raises
    ------
    InvalidInput
        It is none, or one that is not allowed.

    Examples
    --------
    >>> checked_url("https://example.com/crm?key=1", False).hostname
    'example.com'
    """
    if len(url) > limits.MAX_URL_LENGTH:
        raise InvalidInput(f"url: must have at most {limits.MAX_URL_LENGTH} characters", field="url")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    schemes = ("https", "http") if allow_private else ("https",)
    if not host or parts.scheme not in schemes:
        raise InvalidInput(f"url: must be an address that begins with {' or '.join(schemes)}://", field="url")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidInput("url: must be ASCII without spaces; write other characters percent-encoded", field="url")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InvalidInput("url: must hold no user, password or fragment", field="url")
    literal = _literal(host)
    if not allow_private and (host == "localhost" or (literal is not None and not is_public(literal))):
        raise InvalidInput(
            "url: leads into a private network; set GRAPHCRM_WEBHOOKS_ALLOW_PRIVATE if that is meant", field="url"
        )
    return parts


def _literal(host: str) -> str | None:
    """The address that a host is, as systems read it: also in one number, or in octal ones; None for a name."""
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet: not of this machine, its network, or a reserved range.

    Parameters
    ----------
    address : str
        IPv4 or IPv6. Of an IPv6 address that stands for an IPv4 one, that one counts as well.

    References
    ----------
    IANA, IPv4 and IPv6 Special-Purpose Address Registries; RFC 6052 (NAT64), RFC 3056 (6to4), RFC 4380 (Teredo).

    Examples
    --------
    >>> is_public("8.8.8.8"), is_public("127.0.0.1"), is_public("::ffff:10.0.0.1"), is_public("169.254.169.254")
    (True, False, False, False)
    """
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if ip.is_site_local or ip in _LOCAL_NAT64:
            return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)
