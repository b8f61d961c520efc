"""One delivery over HTTP: signed, to an address that was looked at, and to no other."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import SplitResult

from graphcrm import __version__
from graphcrm.service.webhooks import checked_url, is_public

__all__ = ["Unreachable", "send", "signed"]

_CONNECT_S: Final = 5.0
_TOTAL_S: Final = 15.0
_MAX_ADDRESSES: Final = 3


class Unreachable(Exception):
    """The receiver could not be spoken to; the text says why, without its address."""


def signed(secret: str, id_: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that prove where a delivery comes from.

    Parameters
    ----------
    secret : str
        The webhook's: base64 behind ``whsec_``.
    id_ : str
        The delivery's.
    timestamp : int
        Now, in seconds since 1970, UTC.
    body : bytes
        What is sent.

    Returns
    -------
    dict of str to str
        ``webhook-id``, ``webhook-timestamp``, and ``webhook-signature``: ``v1,`` and in base64 the HMAC-SHA256 of id,
        time stamp and body, joined by full stops, under the secret's bytes.

    References
    ----------
    The Standard Webhooks specification, 1.0.

    Examples
    --------
    >>> secret, id_ = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    >>> signed(secret, id_, 1614265330, b'{"test": 2432232314}')["webhook-signature"]
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    content = f"{id_}.{timestamp}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return {"webhook-id": id_, "webhook-timestamp": str(timestamp), "webhook-signature": f"v1,{digest}"}


def send(url: str, body: bytes, headers: Mapping[str, str], allow_private: bool) -> int:
    """POST a body.

    The name is looked up once; unless private addresses are allowed every address that it leads to must be public, and
    the connection is made to one of just these. Redirects are not followed, and no proxy is asked.

    Parameters
    ----------
    url : str
        Where to.
    body : bytes
        JSON.
    headers : mapping of str to str
        Beside the common ones.
    allow_private : bool
        Whether it may lead to this machine or its network, and without TLS.

    Returns
    -------
    int
        The status of the answer.

    Raises
    ------
    Unreachable
        There was no answer, or the address is not allowed.
    InvalidInput
        The address is not allowed any more.
    """
    parts = checked_url(url, allow_private)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    with _connected(_addresses(host, port, allow_private), port) as plain, _bounded(plain):
        try:
            if parts.scheme == "http":
                return _posted(plain, parts, host, port, body, headers)
            # Through a copy, so that the watchdog keeps hold of what lies below.
            context = ssl.create_default_context()
            with context.wrap_socket(plain.dup(), server_hostname=host) as secured:
                return _posted(secured, parts, host, port, body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise Unreachable(f"no answer ({type(error).__name__})") from None


def _posted(
    connection: socket.socket, parts: SplitResult, host: str, port: int, body: bytes, headers: Mapping[str, str]
) -> int:
    client = http.client.HTTPConnection(host, port)
    client.sock = connection  # it is connected already, to the address that was looked at
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    own = {
        "Host": parts.netloc,
        "Content-Type": "application/json",
        "User-Agent": f"graphcrm/{__version__}",
        "Connection": "close",
    }
    client.request("POST", path, body, own | dict(headers))
    return client.getresponse().status


def _addresses(host: str, port: int, allow_private: bool) -> list[str]:
    """What a name leads to."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable("its name is not known") from None
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not allow_private and not all(map(is_public, addresses)):
        raise Unreachable("its name leads into a private network, which GRAPHCRM_WEBHOOKS_ALLOW_PRIVATE would allow")
    return addresses


def _connected(addresses: list[str], port: int) -> socket.socket:
    for address in addresses[:_MAX_ADDRESSES]:
        try:
            connection = socket.create_connection((address, port), _CONNECT_S)
        except OSError:
            continue
        connection.settimeout(_TOTAL_S)
        return connection
    raise Unreachable("nobody listens there")


@contextmanager
def _bounded(connection: socket.socket) -> Iterator[None]:
    """End a conversation that drags on: a time-out alone would begin anew with each byte."""

    def hang_up() -> None:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(_TOTAL_S, hang_up)
    watchdog.daemon = True
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
