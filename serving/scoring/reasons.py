"""Reasons: contributions by behaviour and trait in words, each with its evidence; and what to ask next."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.conditions import Clause, FactClause, Facts
from features.agreement.criteria import criteria_points
from features.agreement.policy import Criterion
from features.arrays import DAY_US, Floats
from features.behaviour.columns import BehaviourState
from features.home.clock import from_microseconds, rfc3339
from features.snapshots.point_in_time import model_traits
from features.traits.standing import standing_traits
from serving.scoring.points import points
from training.model.columns import COMMONNESS

# No reason names a person: a value that could be an address or a number to call is not shown.
PERSONAL_DATA = re.compile(r"\S@\S|\+?\d[\d ()/.-]{7,}\d")
LONGEST_VALUE = 60
SENIORITY = {"c_level": "C-level", "vp": "VP", "intern": "intern or student"}  # the others read as they are written
# What 3, 2 and 1 points of the usual criteria say, and what none says.
MEANINGS = {
    "authority": ("decides", "has a say", "role known", "role in the decision not known yet"),
    "need": ("strong interest", "interest", "first interest", "no sign of a need yet"),
    "timeframe": ("soon", "within a year", "some day", "no time named yet"),
    "profile": (
        "just our kind of company",
        "our kind of company",
        "partly our kind of company",
        "company not known yet",
    ),
}
IN_HAND = ("sales_ready", "nurture", "needs_data")  # decisions on leads that marketing and new business still have
OTHERS = ("fits well", "fits", "fits in part", "not known yet")


@dataclass(frozen=True)
class LeadEvidence:
    """One lead's behaviours and traits as of a moment: what reasons are worded from."""

    agreement: Agreement
    behaviours: Mapping[str, Sequence[float] | Floats | None]
    traits: Mapping[str, Any]
    as_of_us: int
    levels: Mapping[str, int | None] | None = None  # the criteria's points, where they are what the score is made of
    account: Mapping[str, Sequence[float] | Floats | None] = field(default_factory=dict)  # what all of its leads did
    _states: dict[str, BehaviourState] = field(default_factory=dict, repr=False)

    def state(self, behaviour: str) -> BehaviourState:
        if behaviour not in self._states:
            values = self.behaviours.get(behaviour)
            state = np.asarray([] if values is None else values, dtype=np.float64)
            self._states[behaviour] = BehaviourState(state, len(self.agreement.half_lives))
        return self._states[behaviour]

    def colleagues(self, behaviour: str) -> int:
        """How many times the other leads of its account did it."""
        values = self.account.get(behaviour)
        state = np.asarray([] if values is None else values, dtype=np.float64)
        return max(BehaviourState(state, len(self.agreement.half_lives)).count - self.state(behaviour).count, 0)

    @property
    def levels_of_criteria(self) -> Mapping[str, int | None]:
        """The points of each criterion, None where no line holds."""
        if self.levels is not None:
            return self.levels
        return criteria_points(self.agreement, self.facts).levels

    @property
    def facts(self) -> Facts:
        """What conditions ask of the lead."""
        return Facts(standing_traits(self.traits, self.as_of_us), self.count_within, self.minutes_within)

    def count_within(self, behaviour: str, days: float) -> int:
        """The exact number of occurrences in the last `days`, of the latest 32."""
        state = self.state(behaviour)
        return len(state.within(days, self.as_of_us)) if state.state.size else 0

    def minutes_within(self, behaviour: str, days: float) -> float:
        """The minutes of these occurrences."""
        state = self.state(behaviour)
        return float(state.within(days, self.as_of_us)[:, 1].sum()) if state.state.size else 0.0


def reasons(contributions: Mapping[str, float], kinds: Mapping[str, str], evidence: LeadEvidence,
            most: int | None) -> list[dict[str, Any]]:  # fmt: skip
    """The `most` strongest contributions (None: every one), strongest first, as the API gives them.

    contributions: log-odds by behaviour or trait. kinds: which of the two each is.
    """
    strongest = sorted(contributions, key=lambda name: (-abs(contributions[name]), name))[:most]
    return [_reason(name, contributions[name], kinds[name], evidence) for name in strongest]


def _reason(name: str, contribution: float, kind: str, evidence: LeadEvidence) -> dict[str, Any]:
    text, found = _worded(name, contribution, evidence)(name, evidence)
    return {
        "name": name,
        "kind": kind,
        "points": points(contribution),
        "contribution": contribution,
        "direction": "raises" if contribution >= 0 else "lowers",
        "text": text,
        "evidence": found,
    }


def _worded(
    name: str, contribution: float, evidence: LeadEvidence
) -> Callable[[str, LeadEvidence], tuple[str, dict[str, Any]]]:
    """Where a criterion has the name of a behaviour or trait, what the lead did or is says more than its points."""
    agreement = evidence.agreement
    if evidence.levels is not None:
        return _of_criterion
    if name in agreement.behaviours:
        lowers = contribution < 0 and agreement.behaviours[name].direction != "down"
        return partial(_of_behaviour, is_too_little=lowers)
    if name in model_traits(agreement) or name == "days_open":
        return trait_words
    return _of_criterion if name in agreement.criteria else _of_pair


def _of_pair(name: str, evidence: LeadEvidence) -> tuple[str, dict[str, Any]]:
    """Two traits that say together what neither says alone: "source webinar with industry software".

    Or how many leads are like that: "how common source webinar with industry software is".
    """
    before, after = COMMONNESS if name.startswith(COMMONNESS[0]) else ("", "")
    both = [trait_words(trait, evidence) for trait in name.removeprefix(before).removesuffix(after).split(" and ")]
    text = " with ".join(text for text, _ in both)
    return f"{before}{text}{after}", {"values": [found.get("value") for _, found in both]}


def _of_behaviour(name: str, evidence: LeadEvidence, is_too_little: bool = False) -> tuple[str, dict[str, Any]]:
    """How often, how long and when last; is_too_little: what was done once or twice lowers the score."""
    behaviour = evidence.agreement.behaviours[name]
    state = evidence.state(name)
    last_us = state.last_us()
    found = {
        "count": state.count,
        "minutes": state.minutes if state.minutes else None,
        "last_at": rfc3339(from_microseconds(last_us)) if last_us is not None else None,
    }
    # Contributions of what colleagues did stand under the same name: a reason must not hide them.
    others = evidence.colleagues(name)
    found |= {"colleagues": others} if others else {}
    more = f"; colleagues {times(others)}" if others else ""
    if not state.count or last_us is None:
        return f"no {behaviour.label} yet{more}", found
    on = "on " if behaviour.event in ("page", "screen") else ""
    minutes = f" ({state.minutes:.0f} min)" if state.minutes >= 0.5 else ""
    only, last = ("only ", "" if state.count == 1 else "last ") if is_too_little and state.count <= 2 else ("", "last ")
    did = f"{on}{behaviour.label} {only}{times(state.count)}{minutes}, {last}{_ago(evidence.as_of_us - last_us)}"
    return f"{did}{more}", found


def times(count: int) -> str:
    """How often, in words: once, twice, 3 times."""
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def trait_words(name: str, evidence: LeadEvidence) -> tuple[str, dict[str, Any]]:
    """A trait in words with its value as evidence: "employees 310"; a value that could be personal is not shown."""
    if name == "days_open":
        days = max(evidence.as_of_us - (evidence.traits.get("opened_us") or evidence.as_of_us), 0) / DAY_US
        return f"known for {_days(days)}", {"days": days}
    trait = evidence.agreement.traits.get(name)
    label = trait.label if trait else name.replace("_", " ")
    shown = _trait_text(evidence.traits.get(name))
    if name == "seniority" and shown is not None:
        return SENIORITY.get(str(evidence.traits.get(name)), shown), {"value": shown}
    return (f"{label} unknown" if shown is None else f"{label} {shown}"), {"value": shown}


def _of_criterion(name: str, evidence: LeadEvidence) -> tuple[str, dict[str, Any]]:
    """What gave the points, and what they say of it: "VP: decides"; without points what is not known."""
    criterion, level = evidence.agreement.criteria[name], evidence.levels_of_criteria.get(name)
    found = {"points": level, "of": criterion.most}
    meaning = criterion_meaning(name, level)
    if level is None:
        return meaning, found
    said = ", ".join(dict.fromkeys(_of_clause(clause, evidence) for clause in _holding(criterion, level, evidence)))
    return f"{said}: {meaning}" if said else meaning, found


def criterion_meaning(name: str, level: int | None) -> str:
    """What the points of a criterion say: 3 of authority is "decides", none of them is not known yet."""
    said = MEANINGS.get(name, OTHERS)[3 - (level or 0)]
    return said if name in MEANINGS else f"{name.replace('_', ' ')} {said}"


def question_next(score: Mapping[str, Any], agreement: Agreement | None) -> str | None:
    """What to ask a lead next that is in hand; None where all is known, where it was lost or is others' to ask."""
    criteria = score["criteria"]
    is_asked = score["decision"] in IN_HAND and score["decision_code"] != "lost"
    name = criteria["ask_next"] if criteria and is_asked else None
    criterion = agreement.criteria.get(name) if agreement and name else None
    return criterion.ask if criterion else name


def _holding(criterion: Criterion, level: int, evidence: LeadEvidence) -> Sequence[Clause]:
    """The clauses of the line that gave the points: of its alternatives the first that holds."""
    line = next(condition for points, condition in criterion.lines if points == level)
    facts = evidence.facts
    return next((clauses for clauses in line.any_of if all(clause.holds(facts) for clause in clauses)), ())


def _of_clause(clause: Clause, evidence: LeadEvidence) -> str:
    if isinstance(clause, FactClause):
        return trait_words(clause.name, evidence)[0]
    return _of_behaviour(clause.name, evidence)[0]


def _trait_text(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:g}"
    text = str(value)
    return "(not shown)" if PERSONAL_DATA.search(text) else text[:LONGEST_VALUE].replace("_", " ")


def _ago(us: int) -> str:
    days = max(us, 0) / DAY_US
    return "today" if days < 1 else "yesterday" if days < 2 else f"{_days(days)} ago"


def _days(days: float) -> str:
    whole = int(days)
    return "1 day" if whole == 1 else f"{whole} days"
