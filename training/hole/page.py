"""The hole as one page of HTML: the figures with their intervals, two pictures, the groups, and how it was counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from features.home.printed_text import visible
from training.charts.axes import NARROW, WIDTH
from training.charts.charts import svg
from training.hole.baseline import Baseline
from training.hole.figures import Figure, FigureGroup
from training.hole.hole import Hole
from training.hole.hole_charts import never_tried_chart, speed_chart
from training.hole.intervals import MEAN, MEDIAN, SHARE
from training.hole.lead_rows import NAMES
from training.hole.speed import speed_steps
from training.hole.wording import (
    ENDED,
    SHORT,
    TRIED,
    behind_text,
    cell_text,
    interval_text,
    missing_lines,
    shown_figures,
    value_text,
)
from training.report.report import TEMPLATES, with_curly_quotes
from training.report.soft_breaks import soft_breaks
from training.report.tables import Column, Row, Table, day_text

_UNITS = {"share": "of 100", "hours": "hours"}
_OWN = Path(__file__).parent / "templates"


def hole_page(hole: Hole, baseline: Baseline | None = None) -> str:
    """One self-contained HTML page: charts inline, no script, nothing fetched from anywhere."""
    page = Environment(
        loader=FileSystemLoader([_OWN, TEMPLATES]),
        autoescape=True,  # names of sources, campaigns and people come from files of strangers
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page.filters |= {"soft": soft_breaks, "day": day_text}
    written = page.get_template("hole.html.j2").render(
        hole=hole,
        baseline=baseline,
        facts=[*_facts(hole)],
        pictures=_pictures(hole),
        figures=_figures_table(hole, baseline),
        groups=[(dimension, [*_group_tables(hole, dimension)]) for dimension in NAMES],
        missing=[with_curly_quotes(line) for line in missing_lines(hole.figures)],
        drafted=[with_curly_quotes(line) for line in hole.drafted],
        notes=[with_curly_quotes(line) for line in hole.notes],
        differences=baseline.differences(hole) if baseline else [],
        intervals={"share": SHARE, "median": MEDIAN, "mean": MEAN},
    )
    return visible(written)


def _facts(hole: Hole) -> Iterator[tuple[str, str, str]]:
    """The three figures that a reader should see first, each with what it counts and its sentence."""
    by_name = {figure.name: figure for figure in hole.figures}
    chosen = ["never_tried", "hours_to_first_try", "money_never_tried", "given_up_then_converted",
              "tried_same_day", "rejected_unqualified"]  # fmt: skip
    told = [by_name[name] for name in chosen if name in by_name and by_name[name].value is not None]
    yield from ((cell_text(figure), _UNITS.get(figure.unit, ""), _sentence(figure, hole)) for figure in told[:3])


def _sentence(figure: Figure, hole: Hole) -> str:
    interval = f" (95 % interval: {interval_text(figure)})" if figure.interval else ""
    return {
        "never_tried": f"leads handed over were never tried{interval}.",
        "hours_to_first_try": f"until the first try, in the middle of those that were tried{interval}.",
        "money_never_tried": f"spent on the {figure.count or 0:,} leads that nobody tried{_at_cost(hole)}.",
        "given_up_then_converted": f"leads that sales gave up converted later{interval}.",
        "tried_same_day": f"leads were tried on the day they were handed over{interval}.",
        "rejected_unqualified": f"leads handed over were rejected as unqualified{interval}.",
    }[figure.name]


def _at_cost(hole: Hole) -> str:
    return "" if hole.cost_per_lead is None else f", at {hole.cost_per_lead:,.10g} a lead"


def _pictures(hole: Hole) -> Mapping[str, tuple[Markup, Markup]]:
    """By name, each picture for a screen and for a phone; those that the files allow."""
    drawn = {}
    if steps := speed_steps(hole.handed):
        drawn["speed"] = [speed_chart(steps, width) for width in (WIDTH, NARROW)]
    never = hole.figure("never_tried")
    if never.value is not None and hole.groups:
        drawn["never_tried"] = [never_tried_chart(hole.groups, never, width) for width in (WIDTH, NARROW)]
    return {name: (Markup(svg(wide)), Markup(svg(narrow))) for name, (wide, narrow) in drawn.items()}


def _figures_table(hole: Hole, baseline: Baseline | None) -> Table:
    """A row a figure; beside a baseline, each with its interval in small."""
    rows = tuple(_figure_row(figure, baseline) for figure in hole.figures)
    beside = [Column(f"baseline, {day_text(baseline.made_at)}", alone="baseline")] if baseline else []
    interval = [] if baseline else [Column("95 % interval")]
    columns = (Column("Figure", "name"), Column("today" if baseline else "value"), *interval, *beside)
    return Table((*columns, Column("leads behind it")), rows, is_long=True)


def _figure_row(figure: Figure, baseline: Baseline | None) -> Row:
    value = value_text(figure) if figure.value is not None else "none" if figure.in_file else "not in the file"
    if baseline is None:
        return Row((figure.label, value, interval_text(figure), behind_text(figure)))
    before = baseline.figure(figure.name)
    then, within = (value_text(before), interval_text(before)) if before else ("–", "")
    return Row((figure.label, value, then, behind_text(figure)), small=("", interval_text(figure), within))


def _group_tables(hole: Hole, dimension: str) -> Iterator[Table]:
    groups = [group for group in hole.groups if group.dimension == dimension]
    shown = shown_figures(groups)
    for names, about in ((TRIED, "Whether and how soon they were tried."), (ENDED, "How sales ended them.")):
        told = [name for name in names if name in shown]
        if set(told) - {"handed_over"}:
            yield Table(
                (Column(dimension.capitalize(), "name"), *(Column(SHORT[name]) for name in told)),
                tuple(_group_row(group, told) for group in groups),
                about,
                is_long=True,
                is_small=True,
            )


def _group_row(group: FigureGroup, names: Sequence[str]) -> Row:
    by_name = {figure.name: figure for figure in group.figures}
    figures = [by_name[name] for name in names]
    small = [interval_text(figure) if figure.unit != "money" else "" for figure in figures]
    return Row((group.level, *map(cell_text, figures)), small=("", *small))
