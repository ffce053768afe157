"""Of two that are level the fresher serves; what is shown to be worse, or worse than the best so far, does not."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL

from training.gates.against_champion import HeldAgainst
from training.gates.champion import ANSWERS, BEST, ChampionComparison, NoComparison, PairedLosses
from training.gates.gate import GateResults
from training.gates.not_worse_than_anchor import is_shown_better, not_worse_than_anchor
from training.gates.not_worse_than_champion import not_worse_than_champion


@lru_cache
def compared(above: float, leads: int = 2_000, role: str = ANSWERS) -> ChampionComparison:
    """A challenger whose log loss is above the other's by such a share, and as much again up or down by chance."""
    draws = np.random.default_rng(3)
    theirs = draws.gamma(0.3, 1.0, leads)
    noise = draws.normal(size=leads) * 0.3 * theirs
    noise -= theirs * noise.sum() / theirs.sum()  # so that the share is exact
    losses = PairedLosses(theirs * (1 + above) + noise, theirs, np.arange(leads))
    return ChampionComparison("3", role, SMALL, pd.DataFrame({"lead_id": np.arange(leads)}), "that neither saw", losses)


@pytest.mark.parametrize(
    ("above", "champion", "anchor", "best"),
    [
        (-0.10, True, True, True),  # better for sure
        (-0.005, True, True, False),  # better, and chance would do as much
        (0.002, True, True, False),  # level: the fresher one serves
        (0.012, True, False, False),  # level with the champion; too much above the best so far
        (0.10, False, False, False),  # worse for sure
    ],
)
def test_the_fresher_of_two_serves_unless_shown_worse(above: float, champion: bool, anchor: bool, best: bool) -> None:
    seen = compared(above)
    assert not_worse_than_champion(seen).passed is champion
    assert not_worse_than_anchor(seen).passed is anchor
    assert is_shown_better(seen) is best


def test_the_sentence_says_which_difference_these_leads_can_show() -> None:
    few, many = (not_worse_than_champion(compared(0.004, leads)).why for leads in (500, 20_000))
    shown = [float(why.split("a difference of ")[1].split("%")[0]) for why in (few, many)]
    assert shown[0] > 3 * shown[1] > 0
    assert "so it is not shown to be worse" in few
    assert "so it is shown to be worse" in not_worse_than_champion(compared(0.1)).why


def test_where_few_leads_can_tell_nothing_the_best_so_far_is_still_held_to_three_in_a_thousand() -> None:
    assert not_worse_than_champion(compared(0.02, 300)).passed
    gate = not_worse_than_anchor(compared(0.02, 300))
    assert (gate.passed, gate.limit) == (False, 0.003)
    assert "more than 0.3%" in gate.why


def test_a_model_is_level_with_itself() -> None:
    same = compared(0.0)
    itself = ChampionComparison("3", BEST, SMALL, same.rows, "that neither saw", PairedLosses(*[same.losses.theirs] * 2,
                                lead=same.losses.lead))  # fmt: skip
    assert not_worse_than_champion(itself).passed
    assert not_worse_than_anchor(itself).passed
    assert not is_shown_better(itself)


def test_the_first_of_its_outcome_is_the_best_so_far_and_one_that_cannot_be_compared_is_not() -> None:
    first, few = NoComparison("There is no champion yet."), NoComparison("Only 3 converted.", holds_back=True)
    assert HeldAgainst(first, first).is_best
    held = HeldAgainst(few, few)
    assert not held.is_best
    assert [gate.passed for gate in held.gates] == [False, True, True]


def test_gates_are_asked_again_where_champion_or_anchor_is_another() -> None:
    results = GateResults((not_worse_than_champion(compared(0.004)),), "sha256:a", "sha256:b", True)
    assert GateResults.read(results.json()) == results
    assert results.is_against("sha256:a", "sha256:b")
    assert not results.is_against("sha256:c", "sha256:b")
    assert not results.is_against("sha256:a", "sha256:c")
    older = GateResults.read('{"gates": [], "against": "sha256:a"}')  # registered before there were anchors
    assert older.is_against("sha256:a", "sha256:b")
    assert not older.is_best
