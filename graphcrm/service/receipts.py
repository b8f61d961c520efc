"""Receipts: the answers given under an Idempotency-Key, kept in the graph in the same transaction as the write."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from graphcrm.errors import InvalidInput
from graphcrm.store import Transaction

__all__ = ["remember", "replayed"]

_RECEIPT_LIFE: Final = timedelta(hours=24)


def replayed(tx: Transaction, key: str, fingerprint: str) -> dict[str, Any] | None:
    found = tx.run("receipts/read", id=key)
    if not found:
        return None
    if found[0]["fingerprint"] != fingerprint:
        raise InvalidInput("Idempotency-Key: was used with another request; choose a new key", field="Idempotency-Key")
    answer: dict[str, Any] = json.loads(base64.b64decode(found[0]["answer"]))
    return answer


def remember(tx: Transaction, key: str, fingerprint: str, record: dict[str, Any]) -> None:
    now = datetime.now(UTC)
    answer = base64.b64encode(json.dumps(record).encode()).decode()
    tx.run("receipts/delete_old", before=now - _RECEIPT_LIFE)
    tx.run("receipts/create", id=key, fingerprint=fingerprint, answer=answer, at=now)
