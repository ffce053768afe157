"""Tables of codes with known truth: two codes together carry the outcome, and neither alone.

Made by two rules, so that no method is fitted to one of them. The first hides its codes as well: they are whole
numbers, which `init` takes for amounts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEADS = 50_000
SOURCES, TEAMS = ("search", "partner", "webinar", "fair", "mail", "ads", "press", "other"), ("east", "west", "south")
BEYOND_CODES = 0.25  # log-odds that one standard deviation of each other column adds: a little
GROUPS = 24  # hidden ones, of cells


@dataclass(frozen=True)
class Cells:
    """Pairs of codes. One row a cell: its first code, its second, the logarithm of its share; and each lead's cell."""

    first: Ints
    second: Ints
    log_share: Floats
    of_lead: Ints

    @classmethod
    def drawn(cls, draws: np.random.Generator, levels: tuple[int, int], cells: int, spread: float, leads: int) -> Cells:
        """At most so many cells of two codes with so many levels.

        spread: the standard deviation of the logarithm of their shares.
        """
        some = [draws.choice(count, 4 * cells, p=_uneven(draws, count)) for count in levels]
        cell = draws.permutation(np.unique(some[0] * levels[1] + some[1]))[:cells]
        log_share = spread * draws.normal(size=len(cell))
        share = np.exp(log_share)
        of_lead = draws.choice(len(cell), leads, p=share / share.sum())
        return cls(cell // levels[1], cell % levels[1], log_share, of_lead)


def coded_by_cell(leads: int = LEADS, seed: int = 7) -> tuple[pd.DataFrame, Floats]:
    """Each cell has a rate of its own, and common cells convert more often: about 16,700 cells of 50,000 leads.

    returns: one row a lead, with its outcome as `won`; and each lead's true log-odds.
    """
    draws = np.random.default_rng(seed)
    cells = Cells.drawn(draws, (2_000, 400), leads * 21 // 20, 1.7, leads)
    common = (cells.log_share - cells.log_share.mean()) / cells.log_share.std()
    of_cell = -4.0 + 0.8 * draws.normal(size=len(common)) + 1.5 * common
    offices, products = draws.permutation(9_000)[:2_000] + 1_000, draws.permutation(900)[:400] + 100
    codes = {"office_code": offices[cells.first], "product_code": products[cells.second]}
    return _table(draws, cells, codes, of_cell)


def coded_by_group(leads: int = LEADS, seed: int = 7) -> tuple[pd.DataFrame, Floats]:
    """Each cell is of one of GROUPS hidden groups, which have rates; how common it is tells nothing. Codes are text."""
    draws = np.random.default_rng(seed)
    cells = Cells.drawn(draws, (600, 40), leads * 3 // 50, 0.8, leads)
    of_group = -2.8 + 2.2 * draws.normal(size=GROUPS)
    accounts = np.array([f"{code:08x}" for code in draws.integers(2**32, size=600)])
    plans = np.array([f"P-{code:03}" for code in draws.permutation(1_000)[:40]])
    codes = {"account_hash": accounts[cells.first], "plan_code": plans[cells.second]}
    return _table(draws, cells, codes, of_group[draws.integers(GROUPS, size=len(cells.first))])


def _uneven(draws: np.random.Generator, count: int) -> Floats:
    chance = np.exp(0.7 * draws.normal(size=count))
    return np.asarray(chance / chance.sum())


def _table(
    draws: np.random.Generator, cells: Cells, codes: Mapping[str, npt.NDArray[Any]], of_cell: Floats
) -> tuple[pd.DataFrame, Floats]:
    """The codes beside columns that tell a little, or nothing (the team), and outcomes. of_cell: log-odds."""
    leads = len(cells.of_lead)
    size, pages = draws.normal(size=leads), draws.poisson(3, leads)
    source = draws.choice(len(SOURCES), leads, p=[0.3, 0.2, 0.15, 0.1, 0.1, 0.05, 0.05, 0.05])
    beyond = size + (pages - 3) / 3**0.5 + draws.normal(size=len(SOURCES))[source]
    margin = of_cell[cells.of_lead] + BEYOND_CODES * beyond
    rows = pd.DataFrame({
        "lead": [f"coded-{place:06}" for place in range(leads)],
        "employees": np.ceil(np.exp(4 + 1.2 * size)).astype(np.int64),
        "pages": pages,
        "source": np.array(SOURCES)[source],
        "team": draws.choice(TEAMS, leads),
        **{name: of[cells.of_lead] for name, of in codes.items()},
        "won": (draws.random(leads) < 1 / (1 + np.exp(-margin))).astype(int),
    })  # fmt: skip
    return rows, margin
