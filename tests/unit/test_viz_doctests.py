"""The examples in the docstrings of what draws and serves pages."""

from __future__ import annotations

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "name",
    [
        "api.routes.pages",
        "viz.imports_page",
        "viz.language",
        "viz.relationship_map",
        "viz.render",
        "viz.sources_page",
        "viz.style",
    ],
)
def test_examples_are_true(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted > 0
    assert results.failed == 0
