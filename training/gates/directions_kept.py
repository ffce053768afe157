"""The gate `directions_kept`: one more event moves no score against the direction that the agreement gives it."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement, Behaviour
from features.arrays import DAY_US, Floats, Ints, Ragged
from features.behaviour.decayed_counters import LATEST, MINUTES, SUMS, fold
from features.snapshots.point_in_time import LeadStates, feature_columns
from features.store.feast_views import FeastRepository
from features.store.offline import states_at
from training.gates.gate import EXACT, Gate
from training.model.model import Model

ROWS = 400  # snapshots of real leads to which an event is added
# When the added event happened, in days before the snapshot: just now, its minutes not known yet; and yesterday.
JUST_NOW, YESTERDAY = 1 / 1440, 1.0
SIGNS = {"up": 1.0, "down": -1.0}
DIRECTIONS_KEPT = "directions_kept"


@dataclass(frozen=True)
class ScoredStates:
    """One place per lead and moment: its states, and the log-odds that the model gives it."""

    model: Model
    agreement: Agreement
    states: LeadStates
    as_of_us: Ints

    def logit(self) -> Floats:
        """The log-odds of each lead at its moment."""
        columns = feature_columns(self.states, self.as_of_us, self.agreement)
        return self.model.logit(columns)

    def after(self, behaviours: Collection[str], age_days: float, minutes: float) -> ScoredStates:
        """The same leads, each with one more event of these behaviours, `age_days` ago, counted by its account too."""
        at_us: Floats = self.as_of_us.astype(np.float64) - age_days * DAY_US
        half_lives_us = np.asarray(self.agreement.half_lives) * DAY_US
        add = partial(_added, at_us=at_us, minutes=minutes, half_lives_us=half_lives_us)
        own = {name: add(self.states.behaviours[name]) for name in behaviours}
        shared = {name: add(self.states.account[name], only_filled=True) for name in behaviours}
        states = replace(self.states, behaviours=self.states.behaviours | own, account=self.states.account | shared)
        return replace(self, states=states)


def directions_kept(model: Model, repository: FeastRepository, agreement: Agreement, tested: pd.DataFrame) -> Gate:
    """Whether one more event never moves a real lead's score against the direction that the agreement gives it.

    tested: one row per snapshot: lead_id, snapshot_us. The event is folded into the states of each of ROWS leads, and
    every feature is read anew from them: the event moves more columns than the one that counts it. Example: webinars
    have direction "up"; lead-0042 has 0.31, and 0.30 with one more webinar yesterday: the gate does not hold.
    """
    directed = {name: SIGNS[b.direction] for name, b in agreement.behaviours.items() if b.direction}
    if not directed or not len(tested):
        what = "The agreement gives no behaviour a direction." if not directed else "There are no leads to look at."
        return Gate(DIRECTIONS_KEPT, True, 0.0, EXACT, what)
    rows = _evenly(tested[["lead_id", "snapshot_us"]])
    states = LeadStates.of(states_at(repository, rows), agreement)
    scored = ScoredStates(model, agreement, states, rows["snapshot_us"].to_numpy(np.int64))
    before = scored.logit()
    against = {name: sign * (before - _worst_logit(scored, name, sign)) for name, sign in directed.items()}
    return _gate(against, agreement, len(rows))


def _worst_logit(scored: ScoredStates, name: str, sign: float) -> Floats:
    """The log-odds of each lead after the event, just now or yesterday, that serves the direction worst."""
    behaviours = behaviours_of_one_event(scored.agreement.behaviours[name], scored.agreement.behaviours.values())
    usual = _usual_minutes(scored.states.behaviours[name])
    after = [scored.after(behaviours, JUST_NOW, 0.0).logit(), scored.after(behaviours, YESTERDAY, usual).logit()]
    return sign * np.minimum(*(sign * logit for logit in after))


def _gate(against: dict[str, Floats], agreement: Agreement, rows: int) -> Gate:
    worst = max(against, key=lambda name: float(against[name].max()))
    moved = float(against[worst].max())
    behaviour = agreement.behaviours[worst]
    if moved <= EXACT:
        why = f"One more event of each behaviour with a direction moved none of {rows} scores against it."
        return Gate(DIRECTIONS_KEPT, True, max(moved, 0.0), EXACT, why)
    wrong = int((against[worst] > EXACT).sum())
    way = "lowered" if behaviour.direction == "up" else "raised"
    why = (
        f"One more of {behaviour.label} {way} {wrong} of {rows} scores, by up to {moved:.3f} of log-odds, though the "
        f'agreement says direction = "{behaviour.direction}".'
    )
    return Gate(DIRECTIONS_KEPT, False, moved, EXACT, why)


def behaviours_of_one_event(behaviour: Behaviour, others: Collection[Behaviour]) -> frozenset[str]:
    """The names of the behaviours that one event of `behaviour` counts as.

    Example: where `any_page` counts each page, an event of `pricing_page` is one of `any_page` too, not the reverse.
    """
    type = "page" if behaviour.event == "page" else "track"
    properties = {key: _example(globs[0]) for key, globs in behaviour.where.items()}
    as_well = {other.name for other in others if other.matches(behaviour.event, type, properties, {})}
    return frozenset(as_well | {behaviour.name})


def _example(glob: str) -> str:
    """A text that a glob stands for."""
    return re.sub(r"\[(.)[^\]]*\]", r"\1", glob.replace("*", "").replace("?", "x"))


def _usual_minutes(states: Ragged) -> float:
    """The mean minutes of the occurrences of a behaviour over all leads; 0 where it never took any."""
    starts = states.offsets[:-1][np.diff(states.offsets) > 0]
    count = states.values[starts].sum()
    return float(states.values[starts + MINUTES].sum() / count) if count > 0 else 0.0


def _added(states: Ragged, at_us: Floats, minutes: float, half_lives_us: Floats, only_filled: bool = False) -> Ragged:
    rows: Sequence[Floats] = [states.row(place) for place in range(len(states))]
    return Ragged.of(
        [
            row if only_filled and not row.size else with_one_more(row, moment, minutes, half_lives_us)
            for row, moment in zip(rows, at_us.tolist(), strict=True)
        ]
    )


def with_one_more(row: Floats, occurred_us: float, minutes: float, half_lives_us: Floats) -> Floats:
    """A behaviour's state after one more occurrence, folded in as every other occurrence is."""
    width = SUMS + 2 * len(half_lives_us)
    state, pairs = np.zeros(width), np.zeros((LATEST, 3))
    state[: len(row[:width])] = row[:width]
    latest = row[width:].reshape(-1, 2)
    pairs[: len(latest), :2] = latest
    kept = fold(state, pairs, len(latest), 1.0, minutes, occurred_us, -1, half_lives_us)
    return np.concatenate([state, pairs[:kept, :2].ravel()])


def _evenly(snapshots: pd.DataFrame) -> pd.DataFrame:
    """At most ROWS of the rows, evenly over them."""
    places = np.unique(np.linspace(0, len(snapshots) - 1, ROWS).round().astype(int))
    return snapshots.iloc[places].reset_index(drop=True)
