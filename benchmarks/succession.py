"""Succession: half a year of weekly challengers, none of them much worse than the one before; where does that lead?

    python benchmarks/succession.py --out succession.json [--runs 100] [--leads 1500 5000] [--rate 0.1]
                                    [--seed 7] [--short]

A market whose true chances are known, and a new model each week, whose log-odds are off by some error. How large that
is wanders: up and down at random, or slowly up as if each training were a little worse than the last. Each challenger
is held by the product's own gates against the champion and its anchor, on the leads of the last 14 weeks: two weeks
that follow each other share 13 of them. What is served after 26 weeks is set against the best of all anchors by the
log loss that both would have on 20,000 further leads, known without drawing an outcome. Beside it: without the anchor.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

# This folder has a features.py and a serving.py, which would hide the packages of these names.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit

from benchmarks.parts.table import table
from features.agreement.agreement import Agreement
from training.gates.champion import ANSWERS, ChampionComparison, PairedLosses
from training.gates.not_worse_than_anchor import is_shown_better, not_worse_than_anchor
from training.gates.not_worse_than_champion import not_worse_than_champion

Floats = npt.NDArray[np.float64]
WEEKS, WINDOW = 26, 14  # tries; weeks of leads that each is tested on
WORSE = 0.02  # share of the log loss: worse than the best anchor by more than this is bad
DIRECTIONS = 10  # in which a model's log-odds may be off
JUDGED_ON = 20_000
RESAMPLES = 200  # of leads, in the product 1,000
AGREEMENT = Agreement.default()


@dataclass(frozen=True)
class Leads:
    """One row per lead: its true log-odds, what a model may misread (rows, DIRECTIONS), and what became of it."""

    logit: Floats
    misread: Floats
    outcome: Floats

    @classmethod
    def drawn(cls, count: int, rate: float, draws: np.random.Generator) -> Leads:
        logit = np.log(rate / (1 - rate)) - 0.3 + draws.normal(size=count)
        misread = draws.normal(size=(count, DIRECTIONS))
        return cls(logit, misread, (draws.random(count) < expit(logit)).astype(np.float64))

    def after(self, newer: Leads) -> Leads:
        """These leads without the oldest, and with the newer ones."""
        gone = len(newer.logit)
        both = zip((self.logit, self.misread, self.outcome), (newer.logit, newer.misread, newer.outcome), strict=True)
        return Leads(*(np.concatenate([old[gone:], new]) for old, new in both))

    def losses(self, model: Floats) -> Floats:
        """The log loss of each lead by a model, given as its error in each direction."""
        said = self.logit + self.misread @ model
        return np.logaddexp(0, said) - self.outcome * said


@dataclass(frozen=True)
class Market:
    """A conversion rate, and further leads on which any two models can be told apart."""

    rate: float

    @cached_property
    def judged_on(self) -> Leads:
        leads = Leads.drawn(JUDGED_ON, self.rate, np.random.default_rng(0))
        return Leads(leads.logit, leads.misread, expit(leads.logit))  # the expected outcome

    def loss(self, model: Floats) -> float:
        return float(self.judged_on.losses(model).mean())

    def error_of(self, excess: float) -> float:
        """The variance of log-odds that costs about this share of the log loss of the truth."""
        chance = self.judged_on.outcome
        return 2 * excess * self.loss(np.zeros(DIRECTIONS)) / float((chance * (1 - chance)).mean())


Models = Callable[[Market, np.random.Generator], Iterator[Floats]]  # the first that serves, then one a week


def wandering(market: Market, draws: np.random.Generator) -> Iterator[Floats]:
    """Models whose excess over the truth begins at 1 % of the log loss and goes up or down by some 0.5 % a week."""
    error, direction = market.error_of(0.01), draws.normal(size=DIRECTIONS)
    while True:
        yield direction / np.linalg.norm(direction) * np.sqrt(error)
        error = abs(error + market.error_of(0.005) * draws.normal())
        direction = 0.8 * direction + 0.6 * draws.normal(size=DIRECTIONS)


def worsening(market: Market, draws: np.random.Generator) -> Iterator[Floats]:
    """Models of which each is a step away from the one before: 4 % worse after 26, and never better again."""
    model = np.zeros(DIRECTIONS)
    while True:
        yield model
        model = model + draws.normal(size=DIRECTIONS) * np.sqrt(market.error_of(0.04) / WEEKS / DIRECTIONS)


SCENARIOS: dict[str, Models] = {"wandering": wandering, "worsening": worsening}


@dataclass(frozen=True)
class Served:
    """What is served after the last week: its log loss over that of the best anchor, and how often a try was served."""

    excess: float
    fresh: float


def succession(market: Market, models: Models, leads: int, seed: int, with_anchor: bool = True) -> Served:
    """Half a year of weekly challengers on `leads` test leads."""
    draws, weekly = np.random.default_rng(seed), leads // WINDOW
    tries, tested = models(market, draws), Leads.drawn(leads, market.rate, draws)
    champion = anchor = next(tries)
    best, served = market.loss(anchor), 0
    for _, challenger in zip(range(WEEKS), tries, strict=False):
        tested = tested.after(Leads.drawn(weekly, market.rate, draws))
        against = compared(tested, challenger, anchor)
        holds = not_worse_than_champion(compared(tested, challenger, champion)).passed
        if not holds or (with_anchor and not not_worse_than_anchor(against).passed):
            continue
        champion, served = challenger, served + 1
        if is_shown_better(against):
            anchor, best = challenger, min(best, market.loss(challenger))
    return Served(market.loss(champion) / best - 1, served / WEEKS)


def compared(tested: Leads, challenger: Floats, standing: Floats) -> ChampionComparison:
    """Two models on the same leads, one row each, as the gates read them."""
    lead = np.arange(len(tested.logit))
    losses = PairedLosses(tested.losses(challenger), tested.losses(standing), lead, RESAMPLES)
    return ChampionComparison("1", ANSWERS, AGREEMENT, pd.DataFrame({"lead_id": lead}), "that neither saw", losses)


def figures_of(market: Market, name: str, leads: int, runs: int, seed: int) -> dict[str, Any]:
    """One scenario: the share of runs that end worse than the best anchor by WORSE, with it and without."""
    found: dict[str, Any] = {"scenario": name, "leads": leads, "rate": market.rate, "runs": runs}
    for side, with_anchor in (("with_anchor", True), ("without", False)):
        ended = [succession(market, SCENARIOS[name], leads, seed + run, with_anchor) for run in range(runs)]
        excess = np.array([one.excess for one in ended])
        found[side] = {
            "worse": float((excess > WORSE).mean()),
            "excess": float(excess.mean()),
            "fresh": float(np.mean([one.fresh for one in ended])),
        }
    return found


def main() -> None:
    asked = _arguments()
    rows = [
        figures_of(Market(asked.rate), name, leads, asked.runs, asked.seed)
        for name in SCENARIOS
        for leads in asked.leads
    ]
    shown = [
        [row["scenario"], f"{row['leads']:,}", *(f"{row[side][key]:.3f}" for side in ("with_anchor", "without")
         for key in ("worse", "excess", "fresh"))]
        for row in rows
    ]  # fmt: skip
    heads = ["scenario", "test leads", "worse by 2 %", "excess", "fresh", "no anchor: worse", "excess", "fresh"]
    print(table(heads, shown))
    if asked.out:
        asked.out.write_text(json.dumps({"rows": rows}, indent=1))


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=lambda text: Path(text).absolute())
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--leads", type=int, nargs="+", default=(1_500, 5_000))
    parser.add_argument("--rate", type=float, default=0.1)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--short", action="store_true", help="1,500 leads, 10 runs")
    asked = parser.parse_args()
    if asked.short:
        asked.leads, asked.runs = (1_500,), 10
    return asked


if __name__ == "__main__":
    main()
