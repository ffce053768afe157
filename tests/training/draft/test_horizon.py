"""The average open lead of a draft: by how long the open leads are known, not by what share of all converted once."""

from __future__ import annotations

import numpy as np
import pytest

from training.draft.horizon import open_lead_rate


def test_leads_that_are_open_for_long_are_less_likely_than_all_leads_were() -> None:
    """40 of 100 convert three days after they come and nobody later: who is open for a year will hardly convert."""
    came = np.repeat(np.arange(0.0, 400.0, 4.0), 1)
    won = np.where(np.arange(100) % 5 < 2, came + 3, np.nan)
    rate = open_lead_rate(came, won, now=800.0, horizon=30)
    assert rate is not None
    assert rate < 0.01 < 0.40


def test_leads_that_just_came_convert_as_those_before_them_did() -> None:
    came = np.append(np.arange(0.0, 200.0, 2.0), np.full(50, 399.5))
    won = np.where(np.arange(150) < 100, came + 60, np.nan)
    won[50:100] = np.nan  # every other lead of old is open still
    assert open_lead_rate(came[:100], won[:100], now=400.0, horizon=90) == pytest.approx(0.0, abs=0.05)
    fresh = open_lead_rate(came, won, now=400.0, horizon=90)
    assert fresh == pytest.approx(0.25, abs=0.03)  # half of the open leads just came, and half of those convert


def test_lost_leads_are_open_no_longer() -> None:
    came = np.append(np.arange(0.0, 200.0, 2.0), np.full(50, 399.5))
    won = np.where(np.arange(150) % 2 == 0, came + 5, np.nan)
    lost = np.where((np.arange(150) % 2 == 1) & (came < 300), came + 20, np.nan)
    won[100:] = np.nan
    assert open_lead_rate(came, won, 400.0, 30, lost) == pytest.approx(0.5, abs=0.1)  # all that are open just came
    assert open_lead_rate(came, won, 400.0, 30) == pytest.approx(0.25, abs=0.1)  # without the dates half are of old


def test_without_a_closed_horizon_dates_do_not_tell() -> None:
    assert open_lead_rate(np.array([1.0, 2.0]), np.array([3.0, np.nan]), now=10.0, horizon=90) is None
