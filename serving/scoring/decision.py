"""The decision on one lead, by the agreement alone: rules in their order, then the bar and the criteria's points."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from numbers import Real
from typing import Literal

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.conditions import Facts, holds
from features.agreement.criteria import CriteriaPoints
from features.arrays import Floats
from serving.scoring.points import probability_at

DecisionName = Literal[
    "sales_ready",
    "nurture",
    "needs_data",
    "with_sales",
    "existing_customer",
    "no_profiling",
    "disqualified",
    "not_a_lead",
]

# The rule, the status and the decision of who objected to profiling.
OBJECTED: Literal["no_profiling"] = "no_profiling"

_OWNERS: dict[DecisionName, str | None] = {
    "sales_ready": "sales",
    "nurture": "marketing",
    "needs_data": "marketing",
    "with_sales": "opportunity_owner",
    "existing_customer": "account_owner",
    "no_profiling": None,
    "disqualified": None,
    "not_a_lead": None,
}
_BY_RULE: dict[str, tuple[DecisionName, str]] = {
    "own_people": ("disqualified", "own_people"),
    "rejected": ("disqualified", "rejected_by_sales"),
    "disqualified": ("disqualified", "disqualified_by_rule"),
    "existing_customer": ("existing_customer", "existing_customer"),
    "with_sales": ("with_sales", "already_with_sales"),
    "closed": ("nurture", "lost"),
    "sales_ready": ("sales_ready", "asked_for_sales"),
    "not_a_lead": ("not_a_lead", "not_a_lead"),
    "nurture": ("nurture", "nurture_by_rule"),
}


@dataclass(frozen=True)
class Decision:
    """What we do about a lead, and why.

    decision:      "no_profiling" for a lead that objected to profiling (its `status`, too), which has no score at all,
                   and did not ask for sales.
    owner:         whose turn it is: sales, marketing, opportunity_owner, account_owner; None where nobody's.
    look_again_at: when a lead that waits returns by itself (UTC).
    threshold:     the bar: from this probability on a lead is ready.
    """

    decision: DecisionName
    code: str
    owner: str | None
    look_again_at: datetime | None
    threshold: float
    status: Literal["scored", "no_profiling"] = "scored"


def decision(
    agreement: Agreement,
    facts: Facts,
    probability: float | None,
    points: CriteriaPoints,
    threshold: float,
    *,
    as_of: datetime,
    was_sales_ready: bool = False,
) -> Decision:
    """The agreement's decision for one lead as of a moment (aware); `probability` is None for a lead without facts."""
    rule = _rule(agreement, facts)
    if objects(agreement, facts):
        # Without a profile nothing is decided but what the lead itself asked for.
        verdict, code = _BY_RULE[rule] if rule == "sales_ready" else (OBJECTED, "objected_to_profiling")
        return Decision(verdict, code, _OWNERS[verdict], None, threshold, OBJECTED)
    if rule:
        verdict, code = _BY_RULE[rule]
    else:
        verdict, code = _by_numbers(agreement, probability, points, threshold, was_sales_ready)
    again = _look_again_at(agreement, facts, as_of) if verdict in ("nurture", "needs_data") else None
    return Decision(verdict, code, _OWNERS[verdict], again, threshold)


def objects(agreement: Agreement, facts: Facts) -> bool:
    """Whether the lead objected to profiling: then it has no numbers."""
    return OBJECTED in agreement.rules and holds(agreement.rules[OBJECTED], facts)


def _rule(agreement: Agreement, facts: Facts) -> str | None:
    """The first rule that holds, in the agreement's order, but for an objection to profiling.

    What the ledger itself knows comes first where it is stronger: our own people and leads that sales rejected are
    no leads, and one that sales already tried to reach is not handed over again, whatever it asks for.
    """
    rules = ((name, condition) for name, condition in agreement.rules.items() if name != OBJECTED)
    first = next((name for name, condition in rules if holds(condition, facts)), None)
    if facts.traits.get("email_domain") in agreement.our_domains:
        return "own_people"
    if facts.traits.get("rejected") is True:
        return "rejected"
    if first in ("disqualified", "existing_customer"):
        return first
    if facts.traits.get("with_sales") is True:
        return "with_sales"
    # Lost, and nothing since that would have opened it again: nobody calls it because it is like those that buy.
    return "closed" if facts.traits.get("closed") is True else first


def _by_numbers(
    agreement: Agreement, probability: float | None, points: CriteriaPoints, threshold: float, was_sales_ready: bool
) -> tuple[DecisionName, str]:
    policy = agreement.policy
    if probability is None:
        return "needs_data", "no_facts"
    if probability < threshold:
        # One bar to rise over and a lower one to fall under, or a lead on the edge would flap.
        stays = was_sales_ready and probability >= policy.back_below * threshold
        return ("sales_ready", "still_sales_ready") if stays else ("nurture", "below_bar")
    if points.points >= policy.min_points:
        return "sales_ready", "probability_and_fit"
    if was_sales_ready:
        return "sales_ready", "still_sales_ready"
    could_have = points.points + sum(agreement.criteria[name].most for name in _to_ask(agreement, points))
    return ("needs_data" if could_have >= policy.min_points else "nurture"), "too_few_points"


def _to_ask(agreement: Agreement, points: CriteriaPoints) -> Iterator[str]:
    return (name for name, level in points.levels.items() if level is None and agreement.criteria[name].ask)


def _look_again_at(agreement: Agreement, facts: Facts, as_of: datetime) -> datetime:
    """The next date that the agreement or the lead named, else the next touch of the nurture rhythm."""
    named = (_moment(facts.traits.get(name), before) for name, before in agreement.nurture.come_back.items())
    return min((at for at in named if at and at > as_of), default=as_of + agreement.nurture.every)


def _moment(value: object, before: timedelta) -> datetime | None:
    """`before` ahead of a date trait's value: a moment, a day, or days since 1970 as trait states hold it."""
    try:
        if isinstance(value, Real):
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=float(value)) - before
        if isinstance(value, datetime):
            return (value if value.tzinfo else value.replace(tzinfo=UTC)) - before
        return datetime.combine(value, time(), UTC) - before if isinstance(value, date) else None
    except (OverflowError, ValueError):  # year 1 or a NaN: no date to come back on
        return None


def threshold(agreement: Agreement, open_probabilities: Floats, arrivals_per_week: float | None = None) -> float:
    """The probability from which on a lead is over the bar.

    open_probabilities: of the leads that are open now, ascending.
    arrivals_per_week:  how many leads come in a week, for a bar of so many per week.

    A share never takes more than its share: where many leads are equal, the bar is above them, unless they are the
    best there are. While the share comes to less than one lead, or is not known, the bar is where grade A begins.
    """
    bar = agreement.policy.bar
    if bar.unit == "probability" and bar.value is not None:
        return bar.value
    if bar.unit == "costs" and agreement.costs is not None:
        return agreement.costs.contact / agreement.costs.conversion
    share = bar.value or 0.0
    if bar.unit == "per_week":
        share = share / arrivals_per_week if arrivals_per_week else 0.0
    taken = int(share * len(open_probabilities) + 1e-9)
    if taken < 1:
        return probability_at(max(agreement.policy.grades.values()), agreement.policy.score_50)
    return 0.0 if taken >= len(open_probabilities) else _taking(open_probabilities, taken)


def _taking(ascending: Floats, most: int) -> float:
    """The smallest value that at most `most` values reach; the largest value where even that is reached by more."""
    allowed = ascending[len(ascending) - most]
    if ascending[len(ascending) - most - 1] < allowed:
        return float(allowed)
    above = np.searchsorted(ascending, allowed, side="right")
    return float(ascending[min(above, len(ascending) - 1)])
