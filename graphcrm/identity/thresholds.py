"""How probable it must be that two parties are one; light, so that the command's help may name them."""

from __future__ import annotations

from typing import Final

__all__ = ["MERGE_PROBABILITY", "REVIEW_PROBABILITY"]

REVIEW_PROBABILITY: Final = 0.5
"""From here on a pair is more likely one party than two."""
MERGE_PROBABILITY: Final = 0.99
"""From here on a pair may be merged without anybody looking at it."""
