"""From columns as the database gives them to the relationship network as of a moment.

A tie's strength is what was stated, or 1 - 2^(-count/10) from the contacts counted, or the default of its layer or
kind. Ties made by events (referrals, interactions) fade from their last date, halving every `half_life_days`; standing
ties (knows, works_with) hold. Parallel ties join as 1 - prod(1 - strength).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Floats, Integers, Objects, Projection, Ties, Times
from graphcrm.schema import LAYERS, tie_id

__all__ = ["LEAST_STRENGTH", "MUTUAL_LAYERS", "TieColumns", "end_of", "project"]

MUTUAL_LAYERS = frozenset({"knows", "works_with"})
"""Layers without a direction. They are the standing ones too: their ties hold from `began` to `ended`."""

LEAST_STRENGTH = 1e-12
"""A tie that exists never fades below this."""

COUNT_HALVING = 10.0
"""Contacts that halve what a tie's strength lacks to 1."""

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class TieColumns:
    """Parties and ties as raw columns; every sequence of a group is of equal length.

    Parties: `party_ids`, `party_labels`, `party_names`, `party_created_at` (UTC; NaT or None where unknown).

    Ties: `tie_ids`, `types` (relationship types), `layers`, `source_ids`, `target_ids`, `kinds` (None where there is
    none), `strengths` and `counts` (NaN or None where not stated), `began`, `ended` (the last day, inclusive) and
    `last` (UTC; NaT or None where unknown). Interactions come one row per sender, receiver and moment (`began`); their
    `tie_ids` are not looked at.
    """

    party_ids: Sequence[str]
    party_labels: Sequence[str]
    party_names: Sequence[str | None]
    party_created_at: Sequence[Any]
    tie_ids: Sequence[str | None] = ()
    types: Sequence[str] = ()
    layers: Sequence[str] = ()
    source_ids: Sequence[str] = ()
    target_ids: Sequence[str] = ()
    kinds: Sequence[str | None] = ()
    strengths: Sequence[float | None] = ()
    counts: Sequence[float | None] = ()
    began: Sequence[Any] = ()
    ended: Sequence[Any] = ()
    last: Sequence[Any] = ()

    def __post_init__(self) -> None:
        for prefix in (True, False):
            sizes = {f.name: len(getattr(self, f.name)) for f in fields(self) if f.name.startswith("party_") == prefix}
            if len(set(sizes.values())) > 1:
                raise InvalidInput(f"Columns of different lengths: {sizes}.")


@dataclass(frozen=True)
class _Rows:
    """Tie columns as arrays, ends as positions among all parties."""

    id: Objects
    type: Objects
    layer: Objects
    source: Integers
    target: Integers
    kind: Objects
    strength: Floats
    count: Floats
    began: Times
    ended: Times
    last: Times

    def take(self, rows: Any) -> _Rows:
        return _Rows(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def end_of(as_of: date | datetime) -> np.datetime64:
    """Give the last moment that an as-of date covers.

    Parameters
    ----------
    as_of : date or datetime
        A day means its end, UTC; a datetime without an offset is UTC.

    Returns
    -------
    numpy.datetime64
        UTC, in microseconds.

    Examples
    --------
    >>> end_of(date(2025, 1, 31))
    np.datetime64('2025-01-31T23:59:59.999999')
    """
    if not isinstance(as_of, datetime):
        as_of = datetime.combine(as_of, time.max)
    elif as_of.tzinfo is not None:
        as_of = as_of.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(as_of, "us")


def project(
    columns: TieColumns,
    layers: Iterable[str] | None,
    as_of: date | datetime,
    half_life_days: float,
    default_strengths: Mapping[str, float],
) -> Projection:
    """Project the relationship network from chosen layers as of a moment.

    Parameters
    ----------
    columns : TieColumns
        Parties and ties; rows of other layers are left out, the order of rows makes no difference.
    layers : iterable of str, optional
        Of referral, knows, works_with, interaction; all of them by default.
    as_of : date or datetime
        A tie counts if it began by then and had not ended before that day; a party if it was created by then or is an
        end of a tie that counts.
    half_life_days : float
        Days in which the strength of referrals and interactions halves; infinity keeps it.
    default_strengths : mapping of str to float
        Strength in (0, 1] where none is stated: by layer (`referral`, `works_with`) or kind (`family`, …, `other`).

    Returns
    -------
    Projection
        Parties by id in UTF-8 order. Undirected exactly when all the chosen layers are mutual.

    Raises
    ------
    InvalidInput
        For an unknown layer, a strength outside 0..1, a negative count (naming the tie), an end that is no party, or
        two parties with one id. A strength of 0 means no tie.
    """
    chosen = _chosen(layers)
    if not half_life_days > 0:
        raise InvalidInput("The half-life must be above 0 days.", field="half_life_days")
    moment = end_of(as_of)
    order, ids = _sorted_parties(columns.party_ids)
    rows = _counting(_rows(columns, chosen, ids), moment)
    rows, happened, at = _join_interactions(rows, ids)
    unfaded, rule = _stated(rows, default_strengths)
    strength = _faded(unfaded, rows, moment, half_life_days)
    loops = rows.source == rows.target
    keep = (strength > 0) & ~loops

    created = _times(columns.party_created_at)[order]
    exists = np.isnat(created) | (created <= moment)
    exists[rows.source[keep]] = True
    exists[rows.target[keep]] = True
    ties = _ties(rows.take(keep), strength[keep], unfaded[keep], rule[keep], np.cumsum(exists) - 1)
    sorted_ = np.lexsort((ties.target, ties.source))
    ties = ties.take(sorted_)
    place = np.full(len(keep), -1)
    place[np.flatnonzero(keep)[sorted_]] = np.arange(len(sorted_))
    counts = (place[happened] >= 0) & ~np.isnat(at)
    directed = not MUTUAL_LAYERS.issuperset(chosen)
    return Projection(
        ids=ids[exists],
        labels=_objects(columns.party_labels)[order][exists],
        names=_objects(columns.party_names)[order][exists],
        ties=ties,
        happened=place[happened[counts]],
        moments=at[counts],
        adjacency=_joined(ties, int(exists.sum())),
        directed=directed,
        layers=chosen,
        as_of=moment,
        self_loops=int(loops.sum()),
    )


def _chosen(layers: Iterable[str] | None) -> tuple[str, ...]:
    wanted = set(LAYERS if layers is None else layers)
    unknown = sorted(wanted.difference(LAYERS))
    if unknown or not wanted:
        what = f"There is no layer {unknown[0]!r}" if unknown else "No layer is chosen"
        raise InvalidInput(f"{what}; there are: {', '.join(LAYERS)}.", field="layers", allowed=LAYERS)
    return tuple(layer for layer in LAYERS if layer in wanted)


def _objects(values: Sequence[Any]) -> Objects:
    out = np.empty(len(values), dtype=object)
    out[:] = values
    return out


def _times(values: Sequence[Any]) -> Times:
    if isinstance(values, np.ndarray) and values.dtype.kind == "M":
        return values.astype("datetime64[us]")
    return np.array(
        [None if v is None else end_of(v) if type(v) is datetime else v for v in values],
        dtype="datetime64[us]",
    )


def _numbers(values: Sequence[Any]) -> Floats:
    return np.asarray(values, dtype=np.float64)  # None becomes NaN


def _sorted_parties(party_ids: Sequence[str]) -> tuple[Integers, Objects]:
    # Code points order strings as their UTF-8 bytes do.
    order = np.array(sorted(range(len(party_ids)), key=party_ids.__getitem__), dtype=np.int64)
    ids = _objects(party_ids)[order]
    twice = np.flatnonzero(ids[1:] == ids[:-1])
    if len(twice):
        raise InvalidInput(f"Two parties have the id {ids[twice[0]]!r}.", field="party_ids")
    return order, ids


def _rows(columns: TieColumns, chosen: tuple[str, ...], ids: Objects) -> _Rows:
    layer = _objects(columns.layers)
    keep = np.fromiter(map(set(chosen).__contains__, columns.layers), dtype=bool, count=len(layer))
    index = {party: position for position, party in enumerate(ids)}

    def positions(party_ids: Sequence[str]) -> Integers:
        found = np.fromiter(map(index.get, party_ids, repeat(-1)), dtype=np.int64, count=len(party_ids))
        lost = np.flatnonzero((found < 0) & keep)
        if len(lost):
            row = int(lost[0])
            raise InvalidInput(
                f"An end of the tie {columns.types[row]} {columns.source_ids[row]!r} -> {columns.target_ids[row]!r} "
                "is neither a customer nor a contact."
            )
        return found

    rows = _Rows(
        id=_objects(columns.tie_ids),
        type=_objects(columns.types),
        layer=layer,
        source=positions(columns.source_ids),
        target=positions(columns.target_ids),
        kind=_objects(columns.kinds),
        strength=_numbers(columns.strengths),
        count=_numbers(columns.counts),
        began=_times(columns.began),
        ended=_times(columns.ended),
        last=_times(columns.last),
    ).take(keep)
    for values, wrong, rule in (
        (rows.strength, (rows.strength < 0) | (rows.strength > 1), "strength must be within 0..1"),
        (rows.count, (rows.count < 0) | np.isinf(rows.count), "count must be 0 or more"),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            name = rows.id[row] or tie_id(rows.type[row], ids[rows.source[row]], ids[rows.target[row]])
            raise InvalidInput(f"The tie {name} has {values[row]:g}: its {rule}.", field=rule.split()[0])
    return rows


def _counting(rows: _Rows, moment: np.datetime64) -> _Rows:
    begun = np.isnat(rows.began) | (rows.began <= moment)
    lasting = np.isnat(rows.ended) | (rows.ended.astype("datetime64[D]") + _DAY > moment)
    return rows.take(begun & lasting)


def _join_interactions(rows: _Rows, ids: Objects) -> tuple[_Rows, Integers, Times]:
    """Replace the rows of interactions, one per sender, receiver and moment, by one tie per sender and receiver.

    Beside the rows come all the moments of ties: the row of each, and when.
    """
    single = rows.layer == "interaction"
    if not single.any():
        return rows, np.arange(len(single)), rows.began
    rest, one = rows.take(~single), rows.take(single)
    key = one.source * len(ids) + one.target
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    one = one.take(order)
    pairs = one.take(starts)
    size = len(starts)
    # fmin and fmax pass over NaT, so that a pair is undated only when all of its interactions are.
    latest = np.fmax.reduceat(np.fmax(one.last, one.began), starts)
    joined = _Rows(
        id=_objects(
            [tie_id("INTERACTED_WITH", a, b) for a, b in zip(ids[pairs.source], ids[pairs.target], strict=True)]
        ),
        type=_objects(["INTERACTED_WITH"] * size),
        layer=pairs.layer,
        source=pairs.source,
        target=pairs.target,
        kind=_objects([None] * size),
        strength=np.full(size, np.nan),
        count=np.add.reduceat(np.where(np.isnan(one.count), 1.0, one.count), starts),
        began=np.fmin.reduceat(one.began, starts),
        ended=np.full(size, np.datetime64("NaT"), dtype="datetime64[us]"),
        last=latest,
    )
    every = {
        field.name: np.concatenate([getattr(rest, field.name), getattr(joined, field.name)]) for field in fields(_Rows)
    }
    pair = np.repeat(np.arange(size), np.diff(starts, append=len(order)))
    others = len(rest.began)
    return (
        _Rows(**every),
        np.concatenate([np.arange(others), others + pair]),
        np.concatenate([rest.began, one.began]),
    )


def _stated(rows: _Rows, defaults: Mapping[str, float]) -> tuple[Floats, NDArray[np.int8]]:
    """Strengths before they fade, and by which of `STRENGTH_RULES`."""
    unknown = np.isnan(rows.strength) & np.isnan(rows.count)
    counted = -np.expm1(-np.log(2) / COUNT_HALVING * np.where(np.isnan(rows.count), 0.0, rows.count))
    strength = np.where(np.isnan(rows.strength), counted, rows.strength)
    default = [
        defaults.get(kind or "other", defaults["other"]) if layer == "knows" else defaults[layer]
        for layer, kind in zip(rows.layer[unknown], rows.kind[unknown], strict=True)
    ]
    strength[unknown] = default
    return strength, np.where(unknown, 2, np.isnan(rows.strength)).astype(np.int8)


def _faded(strength: Floats, rows: _Rows, moment: np.datetime64, half_life_days: float) -> Floats:
    last = np.where(np.isnat(rows.last), rows.began, rows.last)
    fades = ~np.isnat(last) & ~np.fromiter(map(MUTUAL_LAYERS.__contains__, rows.layer), bool, len(rows.layer))
    days = np.zeros(len(strength))
    days[fades] = np.maximum((moment - last[fades]) / _DAY, 0.0)
    faded = strength * np.exp2(-days / half_life_days)
    return np.where(strength > 0, np.maximum(faded, LEAST_STRENGTH), 0.0)


def _ties(rows: _Rows, strength: Floats, unfaded: Floats, rule: NDArray[np.int8], position: Integers) -> Ties:
    return Ties(
        id=rows.id,
        type=rows.type,
        layer=rows.layer,
        source=position[rows.source],
        target=position[rows.target],
        kind=rows.kind,
        strength=strength,
        unfaded=unfaded,
        rule=rule,
        count=rows.count,
        at=rows.began,
        last=rows.last,
        mutual=np.fromiter(map(MUTUAL_LAYERS.__contains__, rows.layer), bool, len(rows.layer)),
    )


def _joined(ties: Ties, size: int) -> Any:
    """Join parallel ties, mutual ones both ways, into one simple graph."""
    both = ties.mutual
    key = np.concatenate([ties.source * size + ties.target, ties.target[both] * size + ties.source[both]])
    strength = np.concatenate([ties.strength, ties.strength[both]])
    # By strength within a pair, so that the rounding of the sum does not depend on the order of rows.
    order = np.lexsort((strength, key))
    key, strength = key[order], strength[order]
    starts = np.flatnonzero(np.diff(key, prepend=-1))
    joined = strength[starts]
    if len(starts) < len(key):
        with np.errstate(divide="ignore"):
            several = -np.expm1(np.add.reduceat(np.log1p(-strength), starts))
        parallel = np.diff(starts, append=len(key)) > 1
        joined = np.where(parallel, several, joined)
    source, target = np.divmod(key[starts], max(size, 1))
    indptr = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=size))])
    return sparse.csr_array((joined, target, indptr), shape=(size, size))
