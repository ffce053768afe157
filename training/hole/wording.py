"""The figures of the hole in words: for a terminal as lines, for a page as the same texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from training.hole.baseline import Baseline
from training.hole.figures import Figure, FigureGroup
from training.hole.hole import Hole
from training.hole.lead_rows import NAMES
from training.metrics.shares import of_100

SHORT = {  # of the columns of a table by group
    "handed_over": "leads",
    "never_tried": "never tried",
    "money_never_tried": "spent on these",
    "hours_to_first_try": "hours to first try",
    "tried_within_30_minutes": "in 30 min",
    "tried_within_24_hours": "in 24 h",
    "tried_same_day": "same day",
    "tries_before_giving_up": "tries, given up",
    "rejected_unqualified": "rejected",
    "rejected_then_converted": "rejected, converted later",
    "given_up_then_converted": "given up, converted later",
}
TRIED = tuple(SHORT)[:7]
ENDED = tuple(SHORT)[7:]
MOST_SHOWN = 5  # groups of a dimension in a terminal; the page and --json have more
_NAME, _MOST_NAME = 32, 34


def value_text(figure: Figure) -> str:
    """A value with what it counts: "37 of 100", "5.2", "9,480"; a dash where there is none."""
    if figure.value is None:
        return "–"
    return f"{_number(figure, figure.value)} of 100" if figure.unit == "share" else _number(figure, figure.value)


def cell_text(figure: Figure) -> str:
    """A value without its unit, for a column whose heading says it."""
    return "–" if figure.value is None else _number(figure, figure.value)


def interval_text(figure: Figure) -> str:
    """An interval: "31 to 44"; empty where there is none."""
    if figure.interval is None:
        return ""
    low, high = (_number(figure, end) for end in figure.interval)
    return f"{low} to {high}"


def _number(figure: Figure, value: float) -> str:
    if figure.unit == "share":
        return of_100(value)
    if figure.unit in ("leads", "money"):
        return f"{value:,.0f}"
    return f"{value:,.2f}" if figure.unit == "hours" and value < 1 else f"{value:,.1f}"


def behind_text(figure: Figure) -> str:
    """How many leads stand behind a figure: "79 of 214", or "of 214 leads"."""
    if figure.value is None or figure.unit == "leads":
        return ""
    return f"{figure.count:,} of {figure.of:,}" if figure.count is not None else f"of {figure.of:,}"


def missing_lines(figures: Sequence[Figure]) -> Iterator[str]:
    """Sentences on the figures that are not in the file, and which column would tell them."""
    by_column: dict[str, list[str]] = {}
    for figure in figures:
        if not figure.in_file:
            by_column.setdefault(str(figure.missing), []).append(figure.label)
    for column, labels in by_column.items():
        yield f"Not in the file: {'; '.join(labels)}. It would take {column}."


def shown_figures(groups: Sequence[FigureGroup]) -> list[str]:
    """The names of the figures that any of these groups has."""
    has = {figure.name for group in groups for figure in group.figures if figure.value is not None}
    return [name for name in SHORT if name in has]


def hole_lines(hole: Hole, baseline: Baseline | None) -> Iterator[str]:
    """The terminal's table: what each column was taken for, the figures beside the baseline's, and the groups."""
    until = f", newest moment {hole.as_of:%Y-%m-%d}" if hole.as_of else ""
    yield f"{', '.join(hole.files)}: {hole.rows:,} rows{until}"
    yield from (f"  {line}" for line in hole.drafted)
    yield from (f"  {note}" for note in hole.notes)
    yield ""
    beside = f"   baseline {baseline.made_at:%Y-%m-%d}" if baseline else ""
    yield f"{'':<{_NAME}} {'':>11}   {'95 % interval':<20} {'leads':<14}{beside}".rstrip()
    for figure in hole.figures:
        yield _figure_line(figure, baseline.figure(figure.name) if baseline else None)
    yield from missing_lines(hole.figures)
    for dimension in NAMES:
        yield from _group_lines([group for group in hole.groups if group.dimension == dimension])
    if baseline:
        yield ""
        yield baseline.sentence
        yield from baseline.differences(hole)


def _figure_line(figure: Figure, before: Figure | None) -> str:
    beside = f"   {value_text(before):>11}  {interval_text(before)}" if before else ""
    if figure.value is None:
        why = "not in the file" if not figure.in_file else str(figure.missing)
        return f"{figure.label:<{_NAME}} {why:<45}{beside}".rstrip()
    interval, behind = interval_text(figure), behind_text(figure)
    return f"{figure.label:<{_NAME}} {value_text(figure):>11}   {interval:<20} {behind:<14}{beside}".rstrip()


def _group_lines(groups: Sequence[FigureGroup]) -> Iterator[str]:
    """A table of one dimension: a row a group, a column for each figure of tries, its interval in brackets."""
    names = [name for name in shown_figures(groups) if name in TRIED]
    if not set(names) - {"handed_over"}:
        return
    rows = [[_shortened(group.level), *_cells(group, names)] for group in groups[:MOST_SHOWN]]
    head = [f"by {groups[0].dimension}", *(SHORT[name] for name in names)]
    widths = [max(len(row[place]) for row in [head, *rows]) for place in range(len(head))]
    yield ""
    for row in [head, *rows]:
        yield "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
    if len(groups) > MOST_SHOWN:
        yield f"and {len(groups) - MOST_SHOWN} more on the page, with how sales ended them"


def _cells(group: FigureGroup, names: Sequence[str]) -> list[str]:
    by_name = {figure.name: figure for figure in group.figures}
    return [f"{cell_text(by_name[name])}{_brackets(by_name[name])}" for name in names]


def _brackets(figure: Figure) -> str:
    return f" [{interval_text(figure).replace(' to ', '-')}]" if figure.interval and figure.unit != "money" else ""


def _shortened(name: str) -> str:
    return name if len(name) <= _MOST_NAME else f"{name[: _MOST_NAME - 1]}…"
