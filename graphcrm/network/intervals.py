"""Ranks with honest intervals: where a party may stand in the whole network, of which a share of the ties is missing.

The missing share is an assumption. Networks that might be the whole one are made by giving parties back ties as the
degrees suggest; ties are hidden in each, and how far ranks then are from the truth is read off parties that seem to
stand where this one does. That the intervals are wide enough is checked by hiding ties of the network at hand: if they
fail there, they are widened.

The promise is pooled: of all intervals the stated part holds the rank in the whole network, not that of each single
party.

References
----------
A. Dempster, N. Laird, D. Rubin, "Maximum likelihood from incomplete data via the EM algorithm", Journal of the Royal
Statistical Society B 39, 1977 (the degrees before ties were lost).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import binom, rankdata

from graphcrm.errors import InvalidInput
from graphcrm.network.centrality import bands
from graphcrm.network.graph import Floats, Integers

__all__ = ["MAX_PARTIES", "MAX_STEPS", "Links", "RankIntervals", "rank_intervals", "ranks", "rounds"]

DRAWS: Final = 60
FEWEST_DRAWS: Final = 10
EM_STEPS: Final = 40
NEAREST: Final = 60
"""Pairs of ranks, seen and true, from which a party's interval is read, or `NEAREST_SHARE` of all if that is more."""
NEAREST_SHARE: Final = 0.04
MOST_NEAREST: Final = 2_000
"""More pairs than that would make no interval any better."""
MAX_PARTIES: Final = 10_000
"""Parties of a network up to which intervals are computed."""
MAX_STEPS: Final = 3_000_000_000
"""Steps that the scores of all networks made up may take: a minute or so."""
CHECKED: Final = 500
"""Parties whose intervals are checked by hiding once more, in all rounds of that together."""
FEWEST_CHECKS, MOST_CHECKS = 3, 20


@dataclass(frozen=True)
class Links:
    """Ties as arrays: from `tail` to `head` (either way if not `directed`), with `weight`, among `size` parties."""

    tail: Integers
    head: Integers
    weight: Floats
    size: int
    directed: bool

    def __len__(self) -> int:
        return len(self.tail)

    def take(self, rows: Any) -> Links:
        """Give some of the ties."""
        return Links(self.tail[rows], self.head[rows], self.weight[rows], self.size, self.directed)

    def without(self, hidden: float, random: np.random.Generator) -> Links:
        """Hide a share of the ties at random."""
        kept = len(self) - round(hidden * len(self))
        return self.take(np.sort(random.permutation(len(self))[:kept]))


Score = Callable[[Links], Floats]
"""Scores of all parties, high for who matters."""


@dataclass(frozen=True)
class RankIntervals:
    """Ranks and between which ranks each party may stand.

    Attributes
    ----------
    rank, low, high : ndarray of float, shape (n,)
        1 is the highest score; equal scores share the middle of their ranks.
    band : ndarray of int, shape (n,)
        Groups of parties that cannot be told apart, 0 for the highest: going down the ranks, a party begins a new one
        when its interval begins below the end of that of the first of the band.
    level, hidden : float
        What part of the intervals shall hold, and what share of the ties is taken to be missing.
    factor : float
        By how much the intervals were widened after they were checked.
    """

    rank: Floats
    low: Floats
    high: Floats
    band: Integers
    level: float
    hidden: float
    factor: float


def rank_intervals(
    links: Links, score: Score, level: float = 0.9, hidden: float = 0.2, draws: int = DRAWS, seed: int = 7
) -> RankIntervals:
    """Tell between which ranks each party may stand in the whole network.

    Parameters
    ----------
    links : Links
        The ties that are known.
    score : callable
        Scores of all parties from ties.
    level : float
        What part of the intervals shall hold, in (0, 1).
    hidden : float
        What share of the ties of the whole network is taken to be missing, in (0, 0.9].
    draws : int
        Networks that are made up, at least 10.
    seed : int
        Decides all that is random.

    Returns
    -------
    RankIntervals
        By party.

    Raises
    ------
    InvalidInput
        A number out of its bounds.
    """
    if not 0 < level < 1:
        raise InvalidInput("interval: must lie between 0 and 1, such as 0.9", field="interval")
    if not 0 < hidden <= 0.9:
        raise InvalidInput("hidden: must lie above 0 and not above 0.9", field="hidden")
    if draws < FEWEST_DRAWS:
        raise InvalidInput(f"draws: must be at least {FEWEST_DRAWS}", field="draws")
    rank = ranks(score(links))
    if links.size < 2 or not len(links):
        whole = np.ones(links.size), np.full(links.size, float(links.size))
        return RankIntervals(rank, *whole, np.zeros(links.size, np.int64), level, hidden, 1.0)
    random = np.random.default_rng(seed)
    middle, half = _around(links, rank, score, level, hidden, draws, random)
    factor = _checked(links, rank, score, level, hidden, max(draws // 2, FEWEST_DRAWS), random)
    low = np.maximum(np.floor(2 * (middle - factor * half)) / 2, 1.0)
    high = np.minimum(np.ceil(2 * (middle + factor * half)) / 2, float(links.size))
    low, high = np.minimum(low, rank), np.maximum(high, rank)
    return RankIntervals(rank, low, high, _bands(rank, low, high), level, hidden, factor)


def rounds(size: int, draws: int = DRAWS) -> int:
    """How many networks `rank_intervals` scores for a network of so many parties."""
    return 1 + 2 * draws + _checks(size) * (1 + 2 * max(draws // 2, FEWEST_DRAWS))


def ranks(scores: Floats) -> Floats:
    """Rank by score, the highest first; equal scores share the middle of their ranks.

    Examples
    --------
    >>> ranks(np.array([0.5, 0.1, 0.5])).tolist()
    [1.5, 3.0, 1.5]
    """
    return np.asarray(rankdata(bands(scores)), dtype=float)


def _around(
    links: Links, rank: Floats, score: Score, level: float, hidden: float, draws: int, random: np.random.Generator
) -> tuple[Floats, Floats]:
    """The middle and half the width of the interval of every party, before they are checked."""
    seen, error = [], []
    full = _Fuller(links, hidden)
    for _ in range(draws):
        made = full.drawn(random)
        true = ranks(score(made))
        shown = ranks(score(made.without(hidden, random)))
        seen.append(shown)
        error.append(true - shown)
    tail = (1 - level) / 2
    low, middle, high = _nearest_quantiles(np.concatenate(seen), np.concatenate(error), rank, (tail, 0.5, 1 - tail))
    return rank + middle, np.maximum((high - low) / 2, 0.25)


def _nearest_quantiles(seen: Floats, error: Floats, rank: Floats, parts: tuple[float, ...]) -> Floats:
    """Quantiles of the errors of those pairs whose seen rank is nearest to each party's."""
    count = min(max(NEAREST, int(NEAREST_SHARE * len(seen))), MOST_NEAREST, len(seen))
    order = np.argsort(seen, kind="stable")
    seen, error = seen[order], error[order]
    found = np.empty((len(parts), len(rank)))
    values, place = np.unique(rank, return_inverse=True)
    for number, value in enumerate(values):
        at = int(np.searchsorted(seen, value))
        window = slice(max(at - count, 0), min(at + count, len(seen)))
        distance = np.abs(seen[window] - value)
        limit = np.partition(distance, count - 1)[count - 1]
        near = error[window][distance <= limit]
        found[:, place == number] = np.quantile(near, parts)[:, None]
    return found


def _checked(
    links: Links, rank: Floats, score: Score, level: float, hidden: float, draws: int, random: np.random.Generator
) -> float:
    """By how much intervals must be widened so that those of the network with more ties hidden hold its ranks."""
    misses = []
    for _ in range(_checks(links.size)):
        rest = links.without(hidden, random)
        middle, half = _around(rest, ranks(score(rest)), score, level, hidden, draws, random)
        misses.append(np.abs(rank - middle) / half)
    return max(float(np.quantile(np.concatenate(misses), level)), 1.0)


def _checks(size: int) -> int:
    return int(np.clip(CHECKED // max(size, 1), FEWEST_CHECKS, MOST_CHECKS))


class _Fuller:
    """Makes networks that might be the whole one.

    Parameters
    ----------
    links : Links
        What is left of it.
    hidden : float
        What share is missing.
    """

    def __init__(self, links: Links, hidden: float) -> None:
        self._links = links
        size = links.size
        if links.directed:
            self._degrees = [np.bincount(ends, minlength=size) for ends in (links.tail, links.head)]
        else:
            self._degrees = [np.bincount(np.concatenate([links.tail, links.head]), minlength=size)]
        self._posteriors = [_posterior(degree, hidden) for degree in self._degrees]
        ends = np.concatenate([links.tail, links.head])
        order = np.argsort(ends, kind="stable")
        self._weights = np.concatenate([links.weight, links.weight])[order]
        self._bounds = np.concatenate([[0], np.cumsum(np.bincount(ends, minlength=size))])
        self._known = self._keys(links.tail, links.head)

    def drawn(self, random: np.random.Generator) -> Links:
        """One of them: the ties that are known, and others between those who seem to lack some."""
        links = self._links
        stubs = [
            random.permutation(np.repeat(np.arange(links.size), _missing(degree, posterior, random)))
            for degree, posterior in zip(self._degrees, self._posteriors, strict=True)
        ]
        if links.directed:
            count = min(len(part) for part in stubs)
            tail, head = stubs[0][:count], stubs[1][:count]
        else:
            count = len(stubs[0]) // 2
            tail, head = stubs[0][:count], stubs[0][count : 2 * count]
        keys = self._keys(tail, head)
        _, first = np.unique(keys, return_index=True)
        fresh = np.zeros(count, dtype=bool)
        fresh[first] = True
        fresh &= (tail != head) & ~np.isin(keys, self._known)
        tail, head = tail[fresh], head[fresh]
        weight = self._like(np.where(random.random(len(tail)) < 0.5, tail, head), random)
        return Links(
            np.concatenate([links.tail, tail]),
            np.concatenate([links.head, head]),
            np.concatenate([links.weight, weight]),
            links.size,
            links.directed,
        )

    def _keys(self, tail: Integers, head: Integers) -> Integers:
        if not self._links.directed:
            tail, head = np.minimum(tail, head), np.maximum(tail, head)
        return tail.astype(np.int64) * self._links.size + head

    def _like(self, party: Integers, random: np.random.Generator) -> Floats:
        """For each party the weight of one of its ties, of any tie where it has none."""
        first, count = self._bounds[party], self._bounds[party + 1] - self._bounds[party]
        own = first + (random.random(len(party)) * count).astype(np.int64)
        other = random.integers(0, len(self._weights), len(party))
        return np.asarray(self._weights[np.where(count > 0, own, other)], dtype=float)


def _posterior(degree: Integers, hidden: float) -> tuple[Integers, Floats]:
    """Degrees that occur, and for each the summed-up chances of the degrees before ties were lost."""
    most = int(np.ceil(degree.max() / (1 - hidden) * 1.3)) + 8
    seen, count = np.unique(degree, return_counts=True)
    full = np.arange(most + 1)
    likely = binom.pmf(seen[:, None], full[None, :], 1 - hidden)
    share = np.full(most + 1, 1.0 / (most + 1))
    for _ in range(EM_STEPS):
        given = likely * share
        given /= given.sum(axis=1, keepdims=True)
        share = (count[:, None] * given).sum(axis=0) / count.sum()
    given = likely * share
    return seen, np.cumsum(given / given.sum(axis=1, keepdims=True), axis=1)


def _missing(degree: Integers, posterior: tuple[Integers, Floats], random: np.random.Generator) -> Integers:
    """Draw how many ties each party lacks."""
    seen, chances = posterior
    row = np.searchsorted(seen, degree)
    draw = random.random(len(degree))
    full = np.array([np.searchsorted(chances[at], value) for at, value in zip(row, draw, strict=True)])
    lacking: Integers = np.maximum(np.minimum(full, chances.shape[1] - 1) - degree, 0)
    return lacking


def _bands(rank: Floats, low: Floats, high: Floats) -> Integers:
    band = np.empty(len(rank), dtype=np.int64)
    number, end = -1, -np.inf
    for party in np.lexsort((low, rank)):
        if low[party] > end:
            number, end = number + 1, high[party]
        band[party] = number
    return band
