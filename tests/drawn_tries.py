"""Weekly looks, first tries and open leads of a market where nobody converts untried, drawn by a simple rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import DAY_US, Floats
from training.if_tried.looks import DecisionLooks
from training.model.calibrator import sigmoid

HORIZON = 30  # days, as the small agreement has it
DAYS = 400


@dataclass(frozen=True)
class DrawnTries:
    """labelled: two weekly looks a lead. looks: just before first tries. open_now: open leads, with their truth."""

    labelled: pd.DataFrame
    looks: DecisionLooks
    open_now: pd.DataFrame
    truth: Floats  # of converting if tried now


def drawn_tries(leads: int, calls: str, seed: int = 3, effect: float = 4.0) -> DrawnTries:
    """A market whose reps call by habit (a flag that does not matter), or on the day of a page visit.

    effect: in log-odds, what a try adds; at 4 hardly anybody converts untried.
    """
    draws = np.random.default_rng(seed)
    weekly = _looks(draws, np.repeat(np.arange(leads), 2), DAYS)
    truth = _truth(weekly)
    called = draws.random(leads) < np.where(weekly["is_partner"][::2] == 1, 0.4, 0.1)
    if calls == "on_a_visit":
        called = draws.random(leads) < 0.3
    chance = np.where(np.repeat(called, 2), truth, sigmoid(np.log(truth / (1 - truth)) - effect))
    labelled = weekly.assign(outcome=draws.random(2 * leads) < chance)
    tries = _looks(draws, np.flatnonzero(called), DAYS).assign(is_partner=weekly["is_partner"][::2].to_numpy()[called])
    if calls == "on_a_visit":
        tries["days_since_pricing_page"] = draws.uniform(0, 0.04, len(tries))
    tries["outcome"] = draws.random(len(tries)) < _truth(tries)
    open_now = _looks(draws, np.arange(leads, leads + 600), DAYS).assign(snapshot_us=(DAYS + HORIZON) * DAY_US)
    looks = DecisionLooks(tries, 0, len(tries), 1.0)
    return DrawnTries(labelled, looks, open_now.drop(columns="outcome"), _truth(open_now))


def _looks(draws: np.random.Generator, lead: np.ndarray, days: int) -> pd.DataFrame:
    rows = len(lead)
    visits = draws.poisson(1.0, rows).astype(float)
    return pd.DataFrame(
        {
            "lead_id": [f"lead-{i}" for i in lead],
            "snapshot_us": (draws.uniform(0, days, rows) * DAY_US).astype(np.int64),
            "is_arrival": False,
            "outcome": False,
            "pricing_page_count_hl7d": visits,
            "days_since_pricing_page": np.where(visits > 0, draws.uniform(0, 60, rows), 9_999.0),
            "employees": 10.0 ** draws.uniform(0, 4, rows),
            "is_partner": np.repeat(draws.integers(0, 2, len(np.unique(lead))), rows // len(np.unique(lead))).astype(
                float
            ),
            "days_open": draws.uniform(0, 60, rows),
        }
    )


def _truth(rows: pd.DataFrame) -> Floats:
    size = np.log10(rows["employees"].to_numpy(np.float64)) - 2
    return sigmoid(-1.3 + 0.6 * (rows["pricing_page_count_hl7d"].to_numpy(np.float64) - 1) + 0.7 * size)
