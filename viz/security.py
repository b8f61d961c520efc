"""What a page may load and run: Content Security Policies, made in this one place.

References
----------
W3C, Content Security Policy Level 3.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

__all__ = ["PAGE_POLICY", "file_policy"]

PAGE_POLICY: Final = (
    "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""For every page of the service, the API documentation included: nothing inline, nothing from outside."""


def file_policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Policy of a self-contained file: its own scripts and styles run, by hash, and nothing is fetched.

    Parameters
    ----------
    scripts, styles : sequence of str
        The text between the tags, byte for byte as it stands in the file.

    Returns
    -------
    str
        For a ``<meta http-equiv>`` (which cannot hold `frame-ancestors`).
    """
    return (
        f"default-src 'none'; script-src {_hashes(scripts)}; style-src {_hashes(styles)}; img-src data:; "
        "object-src 'none'; base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: Sequence[str]) -> str:
    digests = (hashlib.sha256(text.encode()).digest() for text in texts)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
