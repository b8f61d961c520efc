"""Centralities that spread along ties: PageRank, eigenvector, Katz and HITS, by power iteration on sparse arrays.

Every function takes the strengths as a csr_array with rows pointing to columns and gives credit to the columns: to who
is pointed at. Each gives the scores, shape (n,), and the facts of how they came about.

References
----------
L. Page, S. Brin, R. Motwani, T. Winograd, "The PageRank citation ranking", Stanford, 1999.
P. Bonacich, "Power and centrality", American Journal of Sociology 92, 1987.
L. Katz, "A new status index derived from sociometric analysis", Psychometrika 18, 1953.
J. Kleinberg, "Authoritative sources in a hyperlinked environment", Journal of the ACM 46, 1999.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

from graphcrm.errors import InvalidInput
from graphcrm.network.graph import Floats

__all__ = ["eigenvector", "hits", "katz", "pagerank"]

DAMPING = 0.85
"""PageRank's chance to follow a tie, and Katz's share of the largest attenuation that converges."""
TOLERANCE = 1e-10
"""L1 change of a round, or residual, at which scores that sum to 1 (or have length 1) count as found."""
ROUNDS = 2_000
"""Rounds of an iteration before it is given up."""
POWER_ROUNDS = 300
"""Rounds after which eigenvector and hits leave plain power iteration for ARPACK."""
NILPOTENT_KATZ = 0.1
"""Katz's attenuation in a network without cycles, where any converges."""

Facts = dict[str, Any]


def _not_converged(metric: str, residual: float, rounds: int) -> InvalidInput:
    return InvalidInput(
        f"{metric} did not converge: after {rounds} rounds its residual is {residual:.1e}, above {TOLERANCE:g}; "
        "choose other layers, or pagerank or harmonic, which always answer.",
        field="metric",
    )


def pagerank(weights: Any) -> tuple[Floats, Facts]:
    """PageRank with uniform teleport; the scores sum to 1."""
    size = weights.shape[0]
    out = np.asarray(weights.sum(axis=1)).ravel()
    dangling = out == 0
    share = 1.0 / np.where(dangling, 1.0, out)
    pull = weights.T.tocsr()
    scores = np.full(size, 1.0 / size)
    for rounds in range(1, ROUNDS + 1):
        before = scores
        scores = DAMPING * (pull @ (before * share) + before[dangling].sum() / size) + (1 - DAMPING) / size
        residual = float(np.abs(scores - before).sum())
        if residual < TOLERANCE:
            return scores / scores.sum(), {"rounds": rounds}
    raise _not_converged("pagerank", residual, ROUNDS)


def eigenvector(weights: Any) -> tuple[Floats, Facts]:
    """Eigenvector centrality, scaled to length 1.

    A network without cycles has no eigenvector of a positive eigenvalue. There the score is what the eigenvector's
    recursion gives when every chain is followed to its end: 1 for oneself plus, for each tie, its strength times the
    score at its other end. The facts name the method.
    """
    pull = weights.T.tocsr()
    size = weights.shape[0]
    if not _has_cycle(weights):
        scores, attenuation = _summed_chains(pull, 1.0)
        return scores / np.linalg.norm(scores), {"method": "chains", "alpha": attenuation}
    scores = np.full(size, 1.0 / np.sqrt(size))
    for rounds in range(1, POWER_ROUNDS + 1):
        spread = pull @ scores
        # The shift keeps bipartite networks from swinging; half of the eigenvalue makes the rest die out fastest.
        spread += 0.5 * np.linalg.norm(spread) * scores
        before, scores = scores, spread / np.linalg.norm(spread)
        if np.abs(scores - before).sum() < TOLERANCE:
            return scores, {"method": "power", "rounds": rounds}
    scores = _arnoldi(pull, scores)
    residual = _residual(pull, scores)
    if residual > 1e-8:
        raise _not_converged("eigenvector", residual, ROUNDS)
    return scores, {"method": "arnoldi"}


def _arnoldi(pull: Any, start: Floats) -> Floats:
    """The dominant eigenvector by ARPACK, for networks whose two largest eigenvalues nearly meet."""
    if pull.shape[0] < 4:
        return start
    try:
        _, vectors = sparse_linalg.eigs(pull, k=1, which="LR", v0=start, maxiter=ROUNDS, tol=TOLERANCE)
    except sparse_linalg.ArpackNoConvergence:
        return start
    scores = np.real(vectors[:, 0])
    scores = np.maximum(scores * np.sign(scores.sum()), 0.0)
    return np.asarray(scores / np.linalg.norm(scores))


def _residual(pull: Any, scores: Floats) -> float:
    spread = pull @ scores
    return float(np.linalg.norm(spread - (scores @ spread) * scores) / max(scores @ spread, 1e-300))


def katz(weights: Any) -> tuple[Floats, Facts]:
    """Katz centrality before normalisation: 1 plus alpha times what comes in along ties.

    `alpha` is .85 of the largest that converges, at most 1, and .1 in a network without cycles; the facts state it.
    """
    pull = weights.T.tocsr()
    if not _has_cycle(weights):
        scores, alpha = _summed_chains(pull, NILPOTENT_KATZ)
        return scores, {"alpha": alpha}
    # Rounded, so that the order of parties cannot show in it.
    alpha = float(f"{min(DAMPING / _eigenvalue_bound(pull), 1.0):.5g}")
    scores, alpha = _summed_chains(pull, alpha)
    return scores, {"alpha": alpha}


def _eigenvalue_bound(pull: Any) -> float:
    """An upper bound of the largest eigenvalue, tight after some rounds (Collatz and Wielandt)."""
    scores = np.ones(pull.shape[0])
    bound = np.inf
    # Scores shrink by at most a third a round relative to the largest, so 300 rounds stay clear of underflow.
    for _ in range(300):
        spread = pull @ scores
        before, bound = bound, min(bound, float((spread / scores).max()))
        if before - bound < 1e-7 * bound:
            break
        spread += 0.5 * bound * scores
        scores = spread / spread.max()
    return bound


def _summed_chains(pull: Any, alpha: float) -> tuple[Floats, float]:
    """Solve x = 1 + alpha A x by iteration; halve alpha where the sum is beyond what a float holds."""
    while True:
        scores = np.ones(pull.shape[0])
        with np.errstate(over="ignore", invalid="ignore"):
            for _ in range(max(ROUNDS, pull.shape[0])):
                before, scores = scores, 1.0 + alpha * (pull @ scores)
                change = np.abs(scores - before).max()
                if not np.isfinite(change) or change <= 1e-14 * scores.max():
                    break
            total = scores @ scores
        if np.isfinite(total):
            return scores, alpha
        alpha /= 2


def hits(weights: Any) -> tuple[Floats, Facts]:
    """HITS authorities, summing to 1; zeros in a network without ties."""
    size = weights.shape[0]
    if weights.nnz == 0:
        return np.zeros(size), {"rounds": 0}
    pull = weights.T.tocsr()
    scores = np.full(size, 1.0 / size)
    for rounds in range(1, POWER_ROUNDS + 1):
        spread = pull @ (weights @ scores)
        before, scores = scores, spread / spread.sum()
        if np.abs(scores - before).sum() < TOLERANCE:
            return scores, {"method": "power", "rounds": rounds}
    gram = sparse_linalg.LinearOperator((size, size), matvec=lambda x: pull @ (weights @ x), dtype=float)
    try:
        _, vectors = sparse_linalg.eigsh(gram, k=1, which="LA", v0=scores, maxiter=ROUNDS, tol=TOLERANCE)
    except sparse_linalg.ArpackNoConvergence:
        raise _not_converged("hits", float(np.abs(scores - before).sum()), ROUNDS) from None
    scores = np.abs(vectors[:, 0])
    return scores / scores.sum(), {"method": "lanczos"}


def _has_cycle(weights: Any) -> bool:
    groups, _ = csgraph.connected_components(weights, directed=True, connection="strong")
    return bool(groups < weights.shape[0])
