"""What questions and answers have in common: bounds, layers, moments, tables and what an answer was computed from."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pandas as pd

from graphcrm.errors import InvalidInput, NotFound
from graphcrm.network.graph import Projection
from graphcrm.schema import LAYERS
from graphcrm.service.resident import Snapshot
from graphcrm.values import MONEY_SCALE, from_graph

__all__ = [
    "When",
    "amounts",
    "basis",
    "bounded",
    "chosen",
    "chosen_layers",
    "iso",
    "moment_of",
    "name_of",
    "standing",
    "start_of",
    "table",
]

_log = logging.getLogger(__name__)

When = date | datetime | str | None
"""A day (its end, UTC), a time, either as ISO 8601 text, or None for today."""


def bounded(name: str, value: int, most: int) -> None:
    """Refuse a number outside 1 to `most`."""
    if not 1 <= value <= most:
        raise InvalidInput(f"{name}: must lie between 1 and {most}", field=name)


def chosen(noun: str, field: str, names: Iterable[str] | None, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """The names asked for, in the order of those that there are; all of them when none is asked for."""
    if names is None or not (asked := [names] if isinstance(names, str) else list(names)):
        return allowed
    for name in asked:
        if name not in allowed:
            message = f"{field}: there is no {noun} {name[:100]!r}; there are: {', '.join(allowed)}"
            raise InvalidInput(message, field=field, allowed=allowed)
    return tuple(name for name in allowed if name in asked)


def chosen_layers(layers: Iterable[str] | None) -> tuple[str, ...]:
    """The layers asked for, in the vocabulary's order; all of them when none is named."""
    return chosen("layer", "layers", layers, LAYERS)


def moment_of(as_of: When, field: str = "as_of") -> date | datetime:
    """The as-of moment, a time in UTC; without one the end of today, so that answers of a day agree.

    A text of the form 2025-01-31 is a day, any other ISO 8601 text a time.
    """
    if as_of is None:
        return datetime.now(UTC).date()
    try:
        if isinstance(as_of, str):
            kind = date if re.fullmatch(r"\d{4}-\d{2}-\d{2}", as_of) else datetime
            as_of = kind.fromisoformat(as_of)
        if isinstance(as_of, datetime):
            return as_of.replace(tzinfo=UTC) if as_of.tzinfo is None else as_of.astimezone(UTC)
        return as_of
    except (ValueError, OverflowError):
        message = f"{field}: must be a day such as 2025-01-31 or a time such as 2025-01-31T09:30:00Z"
        raise InvalidInput(message, field=field) from None


def start_of(start: When) -> np.datetime64 | None:
    """The first moment that a `start` allows: a day means its beginning, UTC; None if none is given."""
    if start is None:
        return None
    moment = moment_of(start, "start")
    if isinstance(moment, datetime):
        moment = moment.replace(tzinfo=None)
    return np.datetime64(moment, "us")


_NUMBERS = {"hops": "int64", "depth": "int64", "strength": "float64"}


def table(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    """A DataFrame whose cells are what the rows hold, None included; counts and strengths are numbers."""
    frame = pd.DataFrame(rows, columns=columns, dtype=object)
    return frame.astype({name: kind for name, kind in _NUMBERS.items() if name in columns})


def iso(moment: Any) -> str | None:
    """A datetime64 as ISO 8601 text in UTC; None stays None."""
    return None if moment is None else f"{moment.astype('datetime64[us]').item().isoformat()}Z"


def name_of(network: Projection, party_id: str) -> str:
    """A party's name."""
    return str(network.names[network.position(party_id)])


def standing(network: Projection, party_id: str, root: Callable[[str], str | None]) -> str:
    """The party that an answer is about: of one that was merged away, who stands for it.

    Parameters
    ----------
    network : Projection
        Where the party is.
    party_id : str
        The party that is asked about.
    root : callable
        Gives who stands for an id; None for one that was not merged away.

    Raises
    ------
    NotFound
        The network has neither.
    """
    try:
        network.position(party_id)
    except NotFound:
        into = root(party_id)
        if into is None:
            raise
        network.position(into)
        _log.warning("%r was merged into %r; the answer is about that one", party_id, into)
        return into
    return party_id


def amounts(money: Mapping[str, Any]) -> list[dict[str, str | None]]:
    """Money by currency as JSON has it, by currency."""
    return [
        {"amount": from_graph("amount", int(amount * MONEY_SCALE)), "currency": currency or None}
        for currency, amount in sorted(money.items())
    ]


def basis(snapshot: Snapshot, network: Projection) -> dict[str, Any]:
    """What an answer was computed from."""
    return {
        "revision": snapshot.revision,
        "as_of": iso(network.as_of),
        "layers": list(network.layers),
        "parties": len(network),
        "ties": len(network.ties),
    }
