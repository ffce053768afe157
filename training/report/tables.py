"""The tables of the report as plain values; on a phone each row becomes a block, every figure beside its heading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp

from training.evaluate.comparison import ComparedModel
from training.evaluate.evaluate import Evaluation
from training.evaluate.segments import SegmentResult
from training.metrics.bootstrap import Z95
from training.metrics.metrics import COMPARISON_COLUMNS, DIGITS, TOP_SHARES, percent_name
from training.metrics.shares import of_100
from training.report.facts import ReportedGate, ReportedSecondQuestion, ReportFacts
from training.wording.calibration import calibration_check_rows
from training.wording.report_warnings import ReportedField
from training.wording.sentences import row_noun

BESIDE = {"constant": "average", "naive_bayes": "naive Bayes", "logistic_regression": "logistic"}
MORE_LOG_LOSS = (
    "Under average, naive Bayes and logistic: how much more log loss the average rate, naive Bayes and logistic "
    "regression have"
)
SECOND_FIGURES = {
    "roc_auc": "ROC AUC; 0.5 is by chance",
    "log_loss": "log loss",
    "ece": "mean gap between said and seen",
    "ece_null95": "the same by chance alone, at most",
    "lift_at_10pct": "top tenth, times the average",
}
STATUS = {"ok": "as it was", "notice": "notice", "alert": "alert"}


@dataclass(frozen=True)
class Column:
    """A column's heading, and what stands in it: "number", "text" of a few words, or "name".

    alone: the heading beside each figure on a phone, where no caption stands near it; the same unless given.
    """

    heading: str
    kind: str = "number"
    alone: str = ""


@dataclass(frozen=True)
class Row:
    """One text per column; `small` stands beside the text of the column of that place. family: a heading above it."""

    cells: tuple[str, ...]
    is_ours: bool = False
    small: tuple[str, ...] = ()
    family: str = ""


@dataclass(frozen=True)
class Table:
    """A table as it is shown; `is_long`: it may be broken between pages."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    is_long: bool = False
    is_small: bool = False


def spans_table(facts: ReportFacts) -> Table:
    """The train and the test part: since when, how many snapshots and leads, how many of them converted."""
    columns = (Column("Part", "name"), Column("from", "text"), Column("to", "text"), Column("snapshots"),
               Column("leads"), Column("snapshots that converted"), Column("of 100"))  # fmt: skip
    rows = tuple(
        Row((span.name, day_text(span.starts_at) or "–", day_text(span.ends_at) or "–", f"{span.rows:,}",
             f"{span.leads:,}", f"{span.conversions:,}", of_100(span.conversions / span.rows) if span.rows else "–"))
        for span in facts.spans
    )  # fmt: skip
    return Table(columns, rows)


def calibration_table(facts: ReportFacts) -> Table:
    """The check of calibration, a row per figure."""
    columns = (Column("Figure", "name"), Column("should be", "text"), Column("is"), Column("95 % interval"))
    rows = tuple(
        Row((name, right, figure_text(estimate.value, digits), interval_text(estimate.interval, digits)))
        for name, right, estimate, digits in calibration_check_rows(facts.findings.calibration)
    )
    about = "The outcome held against the log-odds that were said, on snapshots that nothing was fitted on."
    return Table(columns, rows, about)


def top_shares_table(evaluation: Evaluation) -> Table:
    """What working the top 5, 10 and 20 of 100 takes and gives."""
    columns = (Column("Work the top", "name"), Column("needs a bar of"), Column("of 100 worked, convert"),
               Column("95 % interval"), Column("times the average"), Column("of 100 conversions, found"))  # fmt: skip
    rows = []
    for share in TOP_SHARES:
        percent = round(100 * share)
        if not evaluation.gains:
            continue
        point, interval = evaluation.gains[percent - 1], evaluation.intervals[f"precision_at_{percent_name(share)}"]
        rows.append(Row((f"{percent} of 100", f"{of_100(point.threshold)} in 100", of_100(point.precision),
                         of_100_interval(interval), figure_text(point.lift, 1),
                         of_100(point.conversions_share))))  # fmt: skip
    return Table(columns, tuple(rows))


def comparison_table(models: Sequence[ComparedModel], about: str) -> Table:
    """Our model and the others on the same snapshots, a row each."""
    measured = [Column(column.heading.replace("\n", " ")) for column in COMPARISON_COLUMNS.values()]
    columns = (Column("Model", "name"), Column("log loss"), Column("more than ours"), Column("95 % interval"))
    rows = tuple(
        Row(
            (model.label, figure_text(model.log_loss), figure_text(model.excess_log_loss) if place else "",
             interval_text(model.excess_interval),
             *(figure_text(getattr(model, metric), c.digits, c.times) for metric, c in COMPARISON_COLUMNS.items())),
            is_ours=place == 0,
        )
        for place, model in enumerate(models)
    )  # fmt: skip
    return Table((*columns, *measured), rows, about)


def groups_table(facts: ReportFacts) -> Table:
    """Per group what its score is worth, and how much more log loss the simple models have there."""
    about = (
        f"What each group's score is worth. {MORE_LOG_LOSS} on the same {row_noun(facts.evaluation)}; above 0, ours "
        "is better."
    )
    columns = (Column("Group", "name"), Column(row_noun(facts.evaluation)), Column("converted over said"),
               Column("ROC AUC"), *_beside_columns())  # fmt: skip
    groups = facts.findings.groups
    rows = tuple(
        Row(
            (group.level, f"{group.rows:,}", figure_text(group.ratio, 2), figure_text(group.roc_auc, 2),
             *_beside(group.compared)),
            small=("", "", interval_text(group.ratio_interval, 2), interval_text(group.roc_auc_interval, 2)),
            family=group.family if _is_first(groups, place) else "",
        )
        for place, group in enumerate(groups)
    )  # fmt: skip
    return Table(columns, rows, about, is_long=True, is_small=True)


def _is_first(groups: Sequence[SegmentResult], place: int) -> bool:
    return place == 0 or groups[place - 1].family != groups[place].family


def months_table(facts: ReportFacts) -> Table:
    """Per month of the backtest what was said, what came, and how the simple models did."""
    about = f"{MORE_LOG_LOSS}, each fitted anew on what was known then; above 0, ours is better."
    columns = (Column("Month", "name nowrap"), Column("learned from, converted leads"),
               Column(row_noun(facts.evaluation)), Column("said of 100"), Column("converted of 100"),
               Column("ROC AUC"), *_beside_columns())  # fmt: skip
    rows = tuple(
        Row((month.month, f"{month.learned_from:,}", f"{month.rows:,}", of_100(month.predicted),
             of_100(month.observed), figure_text(month.roc_auc, 2), *_beside(month.compared)))
        for month in facts.findings.months
    )  # fmt: skip
    return Table(columns, rows, about, is_small=True)


def _beside_columns() -> Iterator[Column]:
    yield from (Column(name, alone=f"more log loss, {name}") for name in BESIDE.values())


def _beside(models: Sequence[ComparedModel]) -> tuple[str, ...]:
    excess = {model.name: model.excess_log_loss for model in models}
    return tuple(signed_text(excess.get(name)) for name in BESIDE)


def fields_table(fields: Sequence[ReportedField], why: str, about: str = "") -> Table:
    """Fields of the agreement, each with why it is in this table, and its ROC AUC alone where one is known."""
    is_measured = any(field.auc is not None for field in fields)
    columns = (Column("Field", "name"), Column(why, "text"), *([Column("alone, ROC AUC")] if is_measured else []))
    rows = tuple(
        Row((field.name, field.reason, *(["" if field.auc is None else figure_text(field.auc, 2)] * is_measured)))
        for field in fields
    )
    return Table(columns, rows, about, is_long=True)


def leaks_table(facts: ReportFacts) -> Table:
    """What the search for fields that give the outcome away has found."""
    about = (
        "Searched for signs that a field gives the outcome away: how it ranks alone, and what ROC AUC is lost without "
        "it."
    )
    columns = (Column("Field", "name"), Column("What was found", "text"), Column("alone, ROC AUC"),
               Column("lost without it"))  # fmt: skip
    rows = tuple(
        Row((leak.name, leak.reason, figure_text(leak.auc, 2), figure_text(leak.auc_drop))) for leak in facts.leaks
    )
    return Table(columns, rows, about, is_long=True)


def second_question_table(second: ReportedSecondQuestion) -> Table:
    """What first tries of sales tell: how many, what a try brings, and the figures of "if tried now" on later ones."""
    rows = [Row(("first tries of sales with a known outcome", f"{second.tried:,}", ""))]
    if second.shift is not None and second.shift_error is not None:
        ends = (exp(second.shift - Z95 * second.shift_error), exp(second.shift + Z95 * second.shift_error))
        once = "odds of converting once tried, times those as things are"
        rows.append(Row((once, figure_text(exp(second.shift), 2), interval_text(ends, 2))))
    if shown := second.evaluation:
        rows.append(Row(("later first tries that it was judged on", f"{shown.leads:,}", "")))
        rows += [
            Row((label, figure_text(shown.metrics.get(name), DIGITS[name]),
                 interval_text(shown.intervals.get(name), DIGITS[name])))
            for name, label in SECOND_FIGURES.items()
        ]  # fmt: skip
    return Table((Column("Figure", "name"), Column("value"), Column("95 % interval")), tuple(rows))


def watch_table(facts: ReportFacts) -> Table:
    """What is watched since the training, a row each."""
    columns = (Column("What is watched", "name"), Column("", "text"), Column("Found", "text"), Column("value"),
               Column("limit"))  # fmt: skip
    rows = tuple(
        Row((one.name, STATUS[one.status], one.sentence, figure_text(one.value, 2), figure_text(one.limit, 2)),
            is_ours=one.status == "alert")
        for one in facts.watch
    )  # fmt: skip
    return Table(columns, rows)


def metrics_table(facts: ReportFacts) -> Table:
    """Every figure on the test part with its interval."""
    shown, unit = facts.evaluation, row_noun(facts.evaluation)
    of_leads = "" if unit == "leads" else f" of {shown.leads:,} leads"
    about = f"All figures on the test part, {shown.rows:,} {unit}{of_leads}, {shown.conversions:,} converted."
    rows = tuple(
        Row((name, figure_text(value, DIGITS.get(name, 4)),
             interval_text(shown.intervals.get(name), DIGITS.get(name, 4))))
        for name, value in shown.metrics.items()
    )  # fmt: skip
    return Table((Column("Figure", "name"), Column("value"), Column("95 % interval")), rows, about)


def gates_table(gates: Sequence[ReportedGate], about: str) -> Table:
    """Every gate with its value and limit, and why it holds or does not; older reports have no reasons."""
    has_reasons = any(gate.why for gate in gates)
    columns = (Column("Gate", "name"), Column("passed", "text"), *([Column("why", "text")] * has_reasons),
               Column("value"), Column("limit"))  # fmt: skip
    rows = tuple(
        Row((gate.name, "yes" if gate.passed else "no", *([gate.why] * has_reasons), gate_text(gate.value),
             gate_text(gate.limit)), is_ours=not gate.passed)
        for gate in gates
    )  # fmt: skip
    return Table(columns, rows, about, is_long=True, is_small=True)


def figure_text(value: float | None, digits: int = 3, times: float = 1.0) -> str:
    if value is None:
        return "–"
    written = f"{times * value:.{digits}f}"
    return written.lstrip("-") if float(written) == 0 else written.replace("-", "−")


def signed_text(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:+.{digits}f}".replace("-", "−")


def interval_text(ends: tuple[float, float] | None, digits: int = 3, times: float = 1.0) -> str:
    return "" if ends is None else f"{figure_text(ends[0], digits, times)} to {figure_text(ends[1], digits, times)}"


def of_100_interval(ends: tuple[float, float] | None) -> str:
    return "" if ends is None else f"{of_100(ends[0])} to {of_100(ends[1])}"


def gate_text(value: float | None) -> str:
    """A count without decimals, anything else with four."""
    return f"{value:,.0f}" if value is not None and value >= 2 and value == int(value) else figure_text(value, 4)


def day_text(moment: datetime | None) -> str:
    return "" if moment is None else moment.date().isoformat()
