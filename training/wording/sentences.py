"""The results of a model in sentences: top scores, calibration, ranking, comparison, importance, arrival, months."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from training.evaluate.backtest import BacktestMonth
from training.evaluate.breakdown import ArrivalResult
from training.evaluate.comparison import ComparedModel
from training.evaluate.evaluate import Evaluation
from training.evaluate.importance import POINTS, GlobalImportance
from training.metrics.binned_counts import ENOUGH_ROWS, highest_bins
from training.metrics.bootstrap import Interval
from training.metrics.shares import of_100


@dataclass(frozen=True)
class TopScoresCheck:
    """The highest scored rows, on which the report checks the probabilities: predicted and observed rate."""

    count: int
    predicted: float
    observed: float
    chance: Interval | None = None  # where the observed part lies in 95 of 100 cases if every probability is true

    @property
    def verdict(self) -> str:
        """Whether the observed rate is "within" chance, or "too few" or "too many" converted for it."""
        if self.chance is None or self.chance[0] <= self.observed <= self.chance[1]:
            return "within"
        return "too few" if self.observed < self.chance[0] else "too many"


def top_scores_check(evaluation: Evaluation) -> TopScoresCheck | None:
    """The highest scored bins, joined until they hold 100 rows or none is left (`highest_bins`); None without rows."""
    counts = [b.count for b in evaluation.reliability]
    bins = evaluation.reliability[-highest_bins(counts) :] if counts else ()
    count = sum(b.count for b in bins)
    if not count:
        return None
    predicted = sum(b.count * b.predicted for b in bins) / count
    return TopScoresCheck(count, predicted, sum(b.count * b.observed for b in bins) / count, evaluation.chance_at_top)


def top_scores_sentence(evaluation: Evaluation) -> str:
    """Whether the highest scores hold: `of 100 scored "about 30 in 100", 29 converted (chance alone: 24 to 37)`.

    Under 100 rows it says of how many. What chance does not explain, it says so: `12 converted, too few for chance
    alone (24 to 37)`.
    """
    checked = top_scores_check(evaluation)
    if checked is None:
        return "no later lead to check it on yet"
    of = min(checked.count, ENOUGH_ROWS)

    def number(share: float) -> str:
        return of_100(share) if of == ENOUGH_ROWS else f"{share * of:.0f}"

    sentence = f'of {of} scored "about {of_100(checked.predicted)} in 100", {number(checked.observed)} converted'
    if checked.chance is None:
        return sentence
    ends = f"{number(checked.chance[0])} to {number(checked.chance[1])}"
    if checked.verdict == "within":
        return f"{sentence} (chance alone: {ends})"
    return f"{sentence}, {checked.verdict} for chance alone ({ends})"


def row_noun(evaluation: Evaluation) -> str:
    """What a row is called: a lead, unless leads were looked at more than once."""
    return "leads" if evaluation.rows == evaluation.leads else "snapshots"


def calibration_sentence(evaluation: Evaluation) -> str:
    """Whether the mean gap between predicted and observed rates is more than chance."""
    gap, chance = evaluation.metrics["ece"], evaluation.metrics["ece_null95"]
    if gap is None or chance is None:
        return "There is no later lead whose outcome is known, so the probabilities are not yet checked."
    level = (
        f"On average it said {of_100(evaluation.mean_probability)} in 100, and {of_100(evaluation.base_rate)} in 100 "
        f"converted. The mean gap over all dots is {of_100(gap)} in 100; "
    )
    if gap <= chance:
        return (
            level
            + f"a perfect score would show up to {of_100(chance)} on these {row_noun(evaluation)} by chance alone."
        )
    return level + f"chance alone explains up to {of_100(chance)}, so the probabilities are somewhat off."


def ranking_sentence(evaluation: Evaluation) -> str:
    """How much more often the top of the list converts, how many conversions it holds, and ROC AUC."""
    lift, third = evaluation.metrics["lift_at_10pct"], evaluation.metrics["share_of_conversions_in_top_third"]
    if lift is None or third is None:
        return f"Nothing converted among these {row_noun(evaluation)}, so they cannot tell how well it ranks."
    sentence = (
        f"The top tenth converts {lift:.1f} times as often as the average{_lift_interval(evaluation)}; "
        f"the top third holds {of_100(third)} of 100 conversions."
    )
    area = evaluation.metrics["roc_auc"]
    if area is None:
        return sentence
    return (
        f"{sentence} Given one that converted and one that did not, it puts the right one first "
        f"{of_100(area)} times in 100 (ROC AUC {area:.3f})."
    )


def _lift_interval(evaluation: Evaluation) -> str:
    interval = evaluation.intervals.get("lift_at_10pct")
    return f" ({interval[0]:.1f} to {interval[1]:.1f})" if interval else ""


def comparison_sentence(compared: Sequence[ComparedModel]) -> str:
    """Our model against the best of the baseline models, and whether the difference is more than chance."""
    others = [c for c in compared[1:] if c.excess_log_loss is not None]
    if not others:
        return "Nothing else was fitted on the same leads to compare it with."
    best = min(others, key=lambda c: c.excess_log_loss or 0.0)
    verdict = {
        "better": "ours is better, by more than chance",
        "worse": "it is better than ours, by more than chance",
        "level": "the difference is within chance",
    }[our_standing(best.excess_interval)]
    return f'The best of the others here is "{best.label}": {verdict}.'


def our_standing(excess: Interval | None) -> str:
    """Whether ours is "better", "worse" or "level"; excess: the interval of a baseline's log loss less ours."""
    if excess is None or excess[0] <= 0 <= excess[1]:
        return "level"
    return "better" if excess[0] > 0 else "worse"


def importance_sentence(drivers: Sequence[GlobalImportance]) -> str:
    """What moves the scores the most, in points, and its share of all that moves them."""
    total = sum(driver.strength for driver in drivers)
    if not total > 0:
        return "No behaviour and no trait moves the score: every lead gets the average."
    first = drivers[0]
    return (
        f'The strongest is "{first.label}": it moves a score by {first.strength * POINTS:.1f} points on average, '
        f"{of_100(first.strength / total)} of 100 of all that moves scores. Ten points double the odds."
    )


def arrival_sentence(arrival: ArrivalResult) -> str:
    """How well the score is calibrated and ranks at the moment a lead arrives."""
    shown = arrival.evaluation
    area = shown.metrics["roc_auc"]
    if area is None:
        return f"At arrival: {shown.leads:,} leads, too few of which converted to tell how well it ranks them."
    ends = shown.intervals.get("roc_auc")
    between = f" ({ends[0]:.2f} to {ends[1]:.2f})" if ends else ""
    rates = f"{of_100(shown.mean_probability)} of 100 said, {of_100(shown.base_rate)} converted"
    return (
        f"At the moment they arrive, when little is known of them: {rates} of {shown.leads:,} leads, and it ranks them "
        f"with ROC AUC {area:.2f}{between}."
    )


def months_sentence(months: Sequence[BacktestMonth]) -> str:
    """In how many months the predicted rate was within chance of the observed one, and log loss below the average's."""
    if not months:
        return "The history is too short, or has no dates, to look back at how it would have done month by month."
    within = sum(month.is_within_chance for month in months)
    sentence = (
        f"Had it been trained anew at the beginning of each of these {len(months)} months, with what was known then, "
        f"its promise would have been within chance of what came in {within} of them"
    )
    better = [month for month in months if _beats_the_average(month)]
    return f"{sentence}, and better than the average rate of then, by log loss, in {len(better)}."


def _beats_the_average(month: BacktestMonth) -> bool:
    constant = next((c for c in month.compared if c.name == "constant"), None)
    return constant is not None and (constant.excess_log_loss or 0.0) > 0
