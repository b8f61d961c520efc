"""How far word spreads from those who are told first, and whom to tell so that it spreads farthest.

Along every tie word passes once, with the tie's probability (independent cascade); or a party hears it when the
probabilities of the ties from those who have come to more than it needs (linear threshold). Who is told first is chosen
by sets drawn at random of those from whom word would have reached a party: who hits most of such sets reaches most
parties. One half of the sets chooses, the other half judges, until what is chosen is proven to be good enough.

References
----------
D. Kempe, J. Kleinberg, E. Tardos, "Maximizing the spread of influence through a social network", KDD 2003.
J. Tang, X. Tang, X. Xiao, J. Yuan, "Online processing algorithms for influence maximization", SIGMOD 2018 (OPIM-C).
S. Khuller, A. Moss, J. Naor, "The budgeted maximum coverage problem", Information Processing Letters 70, 1999.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, e, exp, lgamma, log, log2, sqrt
from typing import Any, Final, Literal

import numpy as np
from scipy import sparse

from graphcrm.errors import InvalidInput
from graphcrm.network import spread_kernels as kernels
from graphcrm.network.graph import Floats, Integers

__all__ = ["MODELS", "Model", "SeedSet", "seed_set", "simulated"]

Model = Literal["cascade", "threshold"]
MODELS: Final = ("cascade", "threshold")
ROUNDS: Final = 1_000
"""Simulations from which the spread of a choice is told."""
MAX_MEMBERS: Final = 50_000_000
"""Members of all sets of one half: 200 MB, and twice that to choose by them."""
LEAST_SETS: Final = 256
_TELLING: Final = 1.96


@dataclass(frozen=True)
class SeedSet:
    """Whom to tell first, and what is known about that choice.

    Attributes
    ----------
    seeds : ndarray of int, shape (k,)
        Positions in the order of choice.
    gains : ndarray of float, shape (k,)
        Parties that each adds to those before, expected.
    spread, low, high : float
        Parties reached in simulations made afresh, those told first among them: the mean, and the interval that holds
        the expected number in 95 of 100 cases.
    lower, upper : float
        But for `delta`, the expected number is at least `lower`, and no choice under the same constraints has more
        than `upper`.
    guarantee : float
        What part of the best is proven for every network.
    sets : int
        Sets drawn.
    delta : float
        Chance at most that `lower`, `upper` or the guarantee fails.
    cut : bool
        Whether memory ended the drawing before the guarantee was proven: `lower` and `upper` hold all the same.
    """

    seeds: Integers
    gains: Floats
    spread: float
    low: float
    high: float
    lower: float
    upper: float
    guarantee: float
    sets: int
    delta: float
    cut: bool

    @property
    def certificate(self) -> float:
        """What part of the best this choice is at least, but for `delta`."""
        return min(self.lower / self.upper, 1.0) if self.upper else 1.0


def simulated(passing: Any, seeds: Integers, rounds: int = ROUNDS, seed: int = 7, model: Model = "cascade") -> Integers:
    """Simulate how far word spreads.

    Parameters
    ----------
    passing : scipy.sparse.csr_array, shape (n, n)
        From row to column the probability that word passes; by `threshold` what a teller adds, columns with more than
        1 in all count in proportion.
    seeds : ndarray of int
        Who is told first.
    rounds : int
        Simulations.
    seed : int
        Decides all that is random.
    model : {"cascade", "threshold"}
        How word spreads.

    Returns
    -------
    ndarray of int, shape (rounds,)
        Parties reached, the seeds among them.

    Examples
    --------
    >>> certain = sparse.csr_array(np.array([[0.0, 1.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    >>> simulated(certain, np.array([0]), rounds=3).tolist()
    [2, 2, 2]
    """
    passing = _checked(passing, model)
    return kernels.simulate(*_slots(passing), np.asarray(seeds, np.int64), rounds, seed, model == "threshold")


def seed_set(
    passing: Any,
    k: int | None = None,
    budget: float | None = None,
    cost: Floats | None = None,
    allowed: Any = None,
    model: Model = "cascade",
    epsilon: float = 0.1,
    seed: int = 7,
) -> SeedSet:
    """Choose whom to tell first so that word spreads as far as it can.

    Parameters
    ----------
    passing, model, seed
        See `simulated`.
    k : int, optional
        How many at most.
    budget, cost : float and ndarray of float, shape (n,), optional
        Instead of `k`: what they may cost together, and what each does.
    allowed : ndarray of bool, shape (n,), optional
        Who may be chosen; everyone by default.
    epsilon : float
        What the guarantee may lack.

    Returns
    -------
    SeedSet
        At most `k`, fewer where more would add nothing. Its guarantee is 1 - 1/e - epsilon of the best choice, under a
        budget (1 - 1/e)/2 - epsilon.

    Raises
    ------
    InvalidInput
        Neither or both of `k` and `budget`, or a number out of its bounds.
    """
    size = passing.shape[0]
    price, limit = _priced(size, k, budget, cost, allowed)
    if not 0 < epsilon < 1 - 1 / e:
        raise InvalidInput("epsilon: must lie above 0 and below 0.63", field="epsilon")
    passing = _checked(passing, model)
    backward = _slots(sparse.csr_array(passing.T))
    part = 1 - 1 / e if budget is None else (1 - 1 / e) / 2
    delta = 1 / max(size, 100)
    least = max(int(np.searchsorted(np.cumsum(np.sort(price)), limit, side="right")), 1)
    doublings = max(ceil(log2(size / (epsilon**2 * least))), 1) if size else 1
    drawn = [_Half(backward, seed, half, model == "threshold") for half in (1, 2)]
    count = max(int(_most_sets(size, least, epsilon, delta) * epsilon**2 * least / max(size, 1)), LEAST_SETS)
    chance = log(3 * doublings / delta)
    for doubling in range(1, doublings + 1):
        for half in drawn:
            half.grow(count)
        seeds, most = _chosen(drawn[0], price, limit, budget is not None)
        hits = kernels.covered_by(*drawn[1].sets, seeds, size)
        lower = _at_least(int(hits.sum()), chance) * size / max(drawn[1].count, 1)
        upper = min(_at_most(most, chance) * size / max(drawn[0].count, 1), float(size))
        cut = any(half.count < count for half in drawn)
        if lower >= (part - epsilon) * upper or cut or doubling == doublings:
            break
        count *= 2
    reached = kernels.simulate(*_slots(passing), seeds, ROUNDS, seed + 1, model == "threshold")
    spread = float(reached.mean()) if len(reached) else 0.0
    error = _TELLING * float(reached.std(ddof=1)) / sqrt(ROUNDS)
    return SeedSet(
        seeds=seeds,
        gains=hits * (size / max(drawn[1].count, 1)),
        spread=spread,
        low=max(spread - error, float(len(seeds))),
        high=min(spread + error, float(size)),
        lower=max(lower, float(len(seeds))),
        upper=max(upper, float(len(seeds))),
        guarantee=part - epsilon,
        sets=drawn[0].count + drawn[1].count,
        delta=delta,
        cut=cut and lower < (part - epsilon) * upper,
    )


class _Half:
    """Sets drawn at random, of which more can be drawn."""

    def __init__(self, backward: tuple[Any, Any, Any], seed: int, half: int, threshold: bool) -> None:
        self._backward, self._seed, self._threshold = backward, 2 * seed + half + 1_000_003, threshold
        self.sets: tuple[Integers, Any] = (np.zeros(1, np.int64), np.zeros(0, np.int32))

    @property
    def count(self) -> int:
        return len(self.sets[0]) - 1

    def grow(self, count: int) -> None:
        """Draw up to so many sets, fewer when memory does not hold them."""
        bounds, members = self.sets
        if len(self._backward[0]) == 1:
            return
        more = count - self.count
        room = MAX_MEMBERS - len(members)
        found = kernels.reverse_sets(*self._backward, self.count, more, self._seed, self._threshold, room)
        self.sets = np.concatenate([bounds, found[0][1:] + bounds[-1]]), np.concatenate([members, found[1]])


def _chosen(half: _Half, price: Floats, limit: float, by_cost: bool) -> tuple[Integers, float]:
    """The choice of greed, under a budget the better of that and the best single one; and what none exceeds."""
    seeds, gains, most = kernels.cover(*half.sets, price, limit, by_cost)
    if by_cost:
        single, gain, _ = kernels.cover(*half.sets, np.where(price <= limit, 1.0, np.inf), 1.0, False)
        if gain.sum() > gains.sum():
            return single, most
    return seeds, most


def _at_least(hits: int, chance: float) -> float:
    return max((sqrt(hits + 2 * chance / 9) - sqrt(chance / 2)) ** 2 - chance / 18, 0.0) if hits else 0.0


def _at_most(hits: float, chance: float) -> float:
    return (sqrt(hits + chance / 2) + sqrt(chance / 2)) ** 2


def _most_sets(size: int, k: int, epsilon: float, delta: float) -> float:
    """Sets that are enough for sure, as OPIM-C has it."""
    share, unlikely = 1 - exp(-1), log(6 / delta)
    choices = lgamma(size + 1) - lgamma(k + 1) - lgamma(max(size - k, 0) + 1)
    return 2 * size * (share * sqrt(unlikely) + sqrt(share * (choices + unlikely))) ** 2 / (epsilon**2 * k)


def _priced(size: int, k: int | None, budget: float | None, cost: Floats | None, allowed: Any) -> tuple[Floats, float]:
    """What each costs, infinite for who may not be chosen, and what they may cost together."""
    may = np.ones(size, dtype=bool) if allowed is None else np.asarray(allowed, dtype=bool)
    if (k is None) == (budget is None):
        raise InvalidInput("k: give either k or a budget with costs", field="k")
    if k is not None:
        if not 1 <= k <= may.sum():
            raise InvalidInput(f"k: must lie between 1 and the {may.sum():,} who may be chosen", field="k")
        price, limit = np.ones(size), float(k)
    else:
        assert budget is not None
        if not 0 < budget < np.inf:
            raise InvalidInput("budget: must be a number above 0", field="budget")
        price, limit = np.asarray(np.ones(size) if cost is None else cost, dtype=float), float(budget)
        if not ((price > 0) & (price < np.inf)).all():
            raise InvalidInput("cost: must be a number above 0 for everyone", field="cost")
    return np.where(may, price, np.inf), limit


def _checked(passing: Any, model: Model) -> Any:
    if model not in MODELS:
        raise InvalidInput(f"model: must be one of {', '.join(MODELS)}", field="model", allowed=MODELS)
    if not ((passing.data >= 0) & (passing.data <= 1)).all():
        raise InvalidInput("probability: must lie within 0..1 for every tie", field="probability")
    if model == "threshold":
        told = np.asarray(passing.sum(axis=0)).ravel()
        return sparse.csr_array(passing @ sparse.diags_array(1 / np.maximum(told, 1.0)))
    return passing


def _slots(matrix: Any) -> tuple[Any, Any, Any]:
    return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), matrix.data.astype(np.float64)
