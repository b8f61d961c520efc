"""The examples in the docstrings of identity give what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import graphcrm.identity

MODULES = [f"graphcrm.identity.{module.name}" for module in pkgutil.iter_modules(graphcrm.identity.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
