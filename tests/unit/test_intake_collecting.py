"""The settings of the search for cycles are the process's: loads that overlap leave them as they were."""

from __future__ import annotations

import gc

import pytest

from graphcrm.intake.collecting import collecting_rarely


def test_loads_that_overlap_leave_the_settings_as_they_were() -> None:
    usual, frozen = gc.get_threshold(), gc.get_freeze_count()
    first, second = collecting_rarely(), collecting_rarely()
    first.__enter__()
    rarely = gc.get_threshold()
    assert rarely[0] > usual[0]
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == rarely
    assert gc.get_freeze_count() > frozen
    second.__exit__(None, None, None)
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0


def test_a_load_that_fails_puts_them_back() -> None:
    usual = gc.get_threshold()
    with pytest.raises(ValueError, match="no"), collecting_rarely():
        raise ValueError("no")
    assert gc.get_threshold() == usual
