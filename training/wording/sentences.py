"""Figures and differences between groups of leads in plain sentences, and only those that are more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluate.backtest import Month
from training.evaluate.comparison import Compared
from training.evaluate.evaluate import Evaluation
from training.evaluate.findings import Arrival
from training.evaluate.importance import POINTS, Driver
from training.evaluate.segments import Group
from training.labels.segments import NEWNESS, OTHERS
from training.metrics.binned_counts import ENOUGH_ROWS, highest_bins
from training.metrics.bootstrap import Interval

PHRASES = {
    "source": "leads from {}",
    "size": "leads of companies with {} employees",
    "region": "leads in {}",
    "language": "leads who speak {}",
    NEWNESS: "leads {}",
}


def whose(group: Group) -> str:
    """The group in words: `leads from webinar`, `leads of companies with 10 to 49 employees`."""
    family, _, trait = group.family.partition(" (")
    said = f"the {OTHERS.removeprefix('all ')}" if group.level == OTHERS else group.level
    phrase = PHRASES.get(family, "leads with {}").format(said)
    return f"{phrase} ({trait}" if trait else phrase


def promise_differences(groups: Sequence[Group]) -> tuple[str, ...]:
    """`Leads from webinar: 31 of 100 said, 22 converted (17 to 27): it promises too much there.`"""
    return tuple(
        f"{_first_up(whose(group))}: {of_100(group.predicted)} of 100 said, {of_100(group.observed)} converted "
        f"({of_100(group.interval[0])} to {of_100(group.interval[1])}): it promises {group.kept} there."
        for group in groups
        if group.kept != "kept"
    )


def rank_differences(groups: Sequence[Group]) -> tuple[str, ...]:
    """`Leads in France: it ranks worse there (ROC AUC 0.61) than in the other groups (0.75).`"""
    return tuple(
        f"{_first_up(whose(group))}: it ranks {group.ranked} there (ROC AUC {group.roc_auc:.2f}) than in the other "
        f"groups ({group.roc_auc_elsewhere:.2f})."
        for group in groups
        if group.ranked != "alike"
    )


def differences_sentence(groups: Sequence[Group]) -> str:
    """Whether the score keeps its promise in every group that it was looked at in."""
    families = list(dict.fromkeys(group.family for group in groups))
    if not groups:
        return "The agreement names no source, size, region or language with enough leads in two groups to compare."
    looked = f"Looked at by {_listed(families)}, in {len(groups)} groups: "
    off = [group for group in groups if group.kept != "kept"]
    if off:
        return f"{looked}in {_counted(len(off))} the promise is off by more than chance."
    return f"{looked}in none is the promise off by more than chance."


def _counted(count: int) -> str:
    return "one" if count == 1 else str(count)


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _first_up(phrase: str) -> str:
    return phrase[:1].upper() + phrase[1:]


@dataclass(frozen=True)
class Trust:
    """The rows that a promise is checked on: what was predicted of them and what became of them."""

    count: int
    predicted: float
    observed: float
    chance: Interval | None = None  # where the observed part lies in 95 of 100 cases if every probability is true

    @property
    def verdict(self) -> str:
        """Whether what became of them is "within" chance, or "too few" or "too many" for it."""
        if self.chance is None or self.chance[0] <= self.observed <= self.chance[1]:
            return "within"
        return "too few" if self.observed < self.chance[0] else "too many"


def trust(evaluation: Evaluation) -> Trust | None:
    """The highest scored bins, joined until they hold 100 rows or none is left (`tally.highest_bins`)."""
    counts = [b.count for b in evaluation.reliability]
    bins = evaluation.reliability[-highest_bins(counts) :] if counts else ()
    count = sum(b.count for b in bins)
    if not count:
        return None
    predicted = sum(b.count * b.predicted for b in bins) / count
    return Trust(count, predicted, sum(b.count * b.observed for b in bins) / count, evaluation.chance_at_top)


def trust_sentence(evaluation: Evaluation) -> str:
    """`of 100 scored "about 30 in 100", 29 converted (chance alone: 24 to 37)`; under 100 rows it says how many.

    Outside of what chance gives, it says so: `12 converted, too few for chance alone (24 to 37)`.
    """
    checked = trust(evaluation)
    if checked is None:
        return "no later lead to check it on yet"
    of = min(checked.count, ENOUGH_ROWS)

    def said(share: float) -> str:
        return of_100(share) if of == ENOUGH_ROWS else f"{share * of:.0f}"

    sentence = f'of {of} scored "about {of_100(checked.predicted)} in 100", {said(checked.observed)} converted'
    if checked.chance is None:
        return sentence
    ends = f"{said(checked.chance[0])} to {said(checked.chance[1])}"
    if checked.verdict == "within":
        return f"{sentence} (chance alone: {ends})"
    return f"{sentence}, {checked.verdict} for chance alone ({ends})"


def of_100(share: float | None) -> str:
    """A share as so many of 100: whole from 10 on, with one decimal below.

    >>> of_100(0.293), of_100(0.0612), of_100(1.0), of_100(None)
    ('29', '6.1', '100', 'unknown')
    """
    if share is None:
        return "unknown"
    return f"{100 * share:.0f}" if share >= 0.0995 or share == 0 else f"{100 * share:.1f}"


def unit(evaluation: Evaluation) -> str:
    """What a row is called: a lead, unless leads were looked at more than once."""
    return "leads" if evaluation.rows == evaluation.leads else "snapshots"


def calibration_sentence(evaluation: Evaluation) -> str:
    """Whether the gap between said and seen is more than chance."""
    gap, chance = evaluation.metrics["ece"], evaluation.metrics["ece_null95"]
    if gap is None or chance is None:
        return "There is no later lead whose outcome is known, so the probabilities are not yet checked."
    level = (
        f"On average it said {of_100(evaluation.mean_probability)} in 100, and {of_100(evaluation.base_rate)} in 100 "
        f"converted. The mean gap over all dots is {100 * gap:.1f} in 100; "
    )
    if gap <= chance:
        return level + f"a perfect score would show up to {100 * chance:.1f} on these rows by chance alone."
    return level + f"chance alone explains up to {100 * chance:.1f}, so the probabilities are somewhat off."


def ranking_sentence(evaluation: Evaluation) -> str:
    """How much of what sales wants lies at the top of the list."""
    lift, third = evaluation.metrics["lift_at_10pct"], evaluation.metrics["share_of_conversions_in_top_third"]
    if lift is None or third is None:
        return "Nothing converted on these rows, so they cannot tell how well it ranks."
    sentence = (
        f"The top tenth converts {lift:.1f} times as often as the average{_between(evaluation, 'lift_at_10pct')}; "
        f"the top third holds {of_100(third)} of 100 conversions."
    )
    area = evaluation.metrics["roc_auc"]
    if area is None:
        return sentence
    return (
        f"{sentence} Given one that converted and one that did not, it puts the right one first "
        f"{of_100(area)} times in 100 (ROC AUC {area:.3f})."
    )


def _between(evaluation: Evaluation, metric: str) -> str:
    interval = evaluation.intervals.get(metric)
    return f" ({interval[0]:.1f} to {interval[1]:.1f})" if interval else ""


def comparison_sentence(compared: Sequence[Compared]) -> str:
    """Ours against the best of the others, and whether the rows can tell them apart."""
    others = [c for c in compared[1:] if c.excess_log_loss is not None]
    if not others:
        return "Nothing else was fitted on these rows to compare it with."
    best = min(others, key=lambda c: c.excess_log_loss or 0.0)
    verdict = {
        "better": "ours is better, by more than chance",
        "worse": "it is better than ours, by more than chance",
        "level": "the difference is within chance",
    }[standing(best.excess_interval)]
    return f'The best of the others here is "{best.label}": {verdict}.'


def standing(excess: Interval | None) -> str:
    """Of a peer's log loss less ours, by its interval: are we "better", "worse" or "level"?"""
    if excess is None or excess[0] <= 0 <= excess[1]:
        return "level"
    return "better" if excess[0] > 0 else "worse"


def drivers_sentence(drivers: Sequence[Driver]) -> str:
    """What moves the scores the most, and how much of everything that is."""
    total = sum(driver.strength for driver in drivers)
    if not total > 0:
        return "No behaviour and no trait moves the score: every lead gets the average."
    first = drivers[0]
    return (
        f'The strongest is "{first.label}": it moves a score by {first.strength * POINTS:.1f} points on average, '
        f"{of_100(first.strength / total)} of 100 of all that moves scores. Ten points double the odds."
    )


def arrival_sentence(arrival: Arrival) -> str:
    """How good the score is at the moment a lead arrives."""
    shown = arrival.evaluation
    area = shown.metrics["roc_auc"]
    if area is None:
        return f"At arrival: {shown.leads:,} leads, too few of which converted to tell how well it ranks them."
    ends = shown.intervals.get("roc_auc")
    between = f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""
    kept = f"{of_100(shown.mean_probability)} of 100 said, {of_100(shown.base_rate)} converted"
    return (
        f"At the moment they arrive, when little is known of them: {kept} of {shown.leads:,} leads, and it ranks them "
        f"with ROC AUC {area:.2f}{between}."
    )


def months_sentence(months: Sequence[Month]) -> str:
    """In how many months what was said was within chance of what came."""
    if not months:
        return "The history is too short, or has no dates, to look back at how it would have done month by month."
    kept = sum(month.interval[0] <= month.predicted <= month.interval[1] for month in months)
    sentence = (
        f"Had it been trained anew at the beginning of each of these {len(months)} months, with what was known then, "
        f"its promise would have been within chance of what came in {kept} of them"
    )
    better = [month for month in months if _beats_the_average(month)]
    return f"{sentence}, and better than the average rate of then, by log loss, in {len(better)}."


def _beats_the_average(month: Month) -> bool:
    constant = next((c for c in month.compared if c.name == "constant"), None)
    return constant is not None and (constant.excess_log_loss or 0.0) > 0
