"""The examples in the docstrings of the network give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import graphcrm.network

MODULES = [f"graphcrm.network.{module.name}" for module in pkgutil.iter_modules(graphcrm.network.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [test for name in MODULES for test in finder.find(importlib.import_module(name)) if test.examples]
    assert len(examples) >= 6
