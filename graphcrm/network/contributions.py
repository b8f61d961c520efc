"""How much each of several parallel ties contributes to the strength that they have together.

Parallel ties join as 1 - prod(1 - strength): what each leaves open, 1 - strength, is multiplied. Logarithms of these
add up, so each tie's share of the joined strength is its share of that sum, and the shares add up to the joined
strength itself.
"""

from __future__ import annotations

import numpy as np

from graphcrm.network.graph import Floats

__all__ = ["contributions"]


def contributions(strengths: Floats, joined: float) -> Floats:
    """Split the strength of parallel ties among them.

    Parameters
    ----------
    strengths : ndarray of float, shape (n,)
        Of each tie, in (0, 1].
    joined : float
        What they come to together: 1 - prod(1 - strengths).

    Returns
    -------
    ndarray of float, shape (n,)
        In the order of `strengths`; they add up to `joined`. A tie has joined x ln(1 - s) / sum of ln(1 - s). Ties of
        strength 1 leave nothing open and share everything equally; others beside them contribute nothing.

    Examples
    --------
    >>> contributions(np.array([0.5, 0.5]), 0.75).tolist()
    [0.375, 0.375]
    >>> contributions(np.array([0.5, 1.0]), 1.0).tolist()
    [0.0, 1.0]
    """
    whole = strengths >= 1
    weights = whole.astype(float) if whole.any() else -np.log1p(-strengths)
    return weights * (joined / weights.sum()) if len(weights) else weights
