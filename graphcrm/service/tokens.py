"""Access tokens: shown once, stored as a hash, each with a role."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Any, Final

from graphcrm.errors import Conflict, Forbidden, InvalidInput, NotFound
from graphcrm.limits import MAX_NAME_LENGTH
from graphcrm.store import GraphStore
from graphcrm.values import from_graph

__all__ = ["ROLES", "Tokens"]

ROLES: Final = ("viewer", "editor", "admin")
"""From the least to the most allowed: read; also write; everything, what is yet to come included."""

_FRESH_S: Final = 1.0
"""Seconds for which a process trusts what it read of the tokens; a revoked one works at most this much longer."""


class Tokens:
    """The tokens of a graph."""

    def __init__(self, store: GraphStore) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._known: list[dict[str, Any]] = []

    def create(self, name: str, role: str) -> str:
        """Make a token.

        Parameters
        ----------
        name : str
            What it is called; unique.
        role : str
            One of `ROLES`.

        Returns
        -------
        str
            The token. It is not stored and cannot be shown again.

        Raises
        ------
        InvalidInput
            No such role, or a name of the wrong length.
        Conflict
            The name is taken.
        """
        if role not in ROLES:
            raise InvalidInput(f"role: must be one of {', '.join(ROLES)}", field="role", allowed=ROLES)
        if not 1 <= len(name) <= MAX_NAME_LENGTH:
            raise InvalidInput(f"name: must have 1 to {MAX_NAME_LENGTH} characters", field="name")
        token = secrets.token_urlsafe(32)
        try:
            self._store.write(
                lambda tx: tx.run("tokens/create", id=name, hash=_hash(token), role=role, at=datetime.now(UTC))
            )
        except Conflict:
            raise Conflict(f"there is a token {name!r} already; revoke it or choose another name") from None
        self._read_at = float("-inf")
        return token

    def all(self) -> list[dict[str, Any]]:
        """Names, roles and times of creation, by name."""
        return [
            {"name": t["id"], "role": t["role"], "created_at": from_graph("created_at", t["created_at"])}
            for t in self._store.read("tokens/list")
        ]

    def revoke(self, name: str) -> None:
        """Take a token back; NotFound when there is none of the name."""

        def work(tx: Any) -> int:
            return int(tx.run("tokens/delete", id=name)[0]["written"])

        if not self._store.write(work):
            raise NotFound(f"there is no token {name!r}; `graphcrm token list` names them")
        self._read_at = float("-inf")

    def exist(self) -> bool:
        """Whether there is any token; while there is none, a service on loopback is open."""
        return bool(self._current())

    def check(self, token: str) -> tuple[str, str]:
        """Whose token this is.

        Returns
        -------
        tuple of str
            Its name and role.

        Raises
        ------
        Forbidden
            It is none of ours.
        """
        digest = _hash(token)
        for known in self._current():
            if hmac.compare_digest(known["hash"], digest):
                return known["id"], known["role"]
        raise Forbidden("the token is not valid; ask for a new one")

    def _current(self) -> list[dict[str, Any]]:
        with self._lock:
            if time.monotonic() - self._read_at > _FRESH_S:
                self._known = self._store.read("tokens/list")
                self._read_at = time.monotonic()
            return self._known


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
