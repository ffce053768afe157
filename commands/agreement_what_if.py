"""`leadlight agreement what-if`: what sales would get, find and miss by another bar, on leads with known outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.options import Json, home, print_answer
from features.agreement.agreement import Agreement
from features.agreement.versions import version_in_force
from features.home.errors import LeadlightError
from features.home.whole_files import write_whole

if TYPE_CHECKING:
    from training.report.facts import ReportFacts
    from training.report.what_if import WhatIf

STEPS = (1, 2, 3, 5, 7, 10, 15, 20, 25, 30, 40, 50, 75, 100)  # of 100 rows that pass; the table shows these


class NoPicture(LeadlightError):
    """A picture was asked for in a form that is not drawn."""

    code = "no_picture"


def what_if(
    file: Annotated[
        Path | None, typer.Argument(help="An agreement.toml with other [costs].", show_default=False)
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Draw it: F.html, F.svg or F.png.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """How many leads sales gets, finds and misses by each bar, and its worth: on leads whose outcome is known."""
    from serving.scoring.scorer import served_bar
    from training.champion_report import champion_facts
    from training.report.what_if import at_bar
    from training.report.what_if import what_if as rows_of

    if out and out.suffix.lower() not in (".html", ".svg", ".png"):
        raise NoPicture(f"{out.name} names no picture that is drawn; write a name that ends in .html, .svg or .png")
    agreement = Agreement.read(file) if file else version_in_force(home()).agreement
    facts, bar = champion_facts(home(), agreement), served_bar(home())
    rows = rows_of(facts.evaluation, facts.money)
    here = at_bar(rows, bar)
    unit = facts.money.currency if facts.money else None
    document: dict[str, Any] = {
        "rows": facts.evaluation.rows,
        "leads": facts.evaluation.leads,
        "bar": bar,
        "currency": unit,
    }
    document |= {"at_bar": asdict(here) if here else None, "bars": [asdict(row) for row in rows]}
    lines = [*_table(rows, bar, facts)]
    if out:
        _draw(out, facts, bar, lines)
        lines.append(f"wrote {out}")
    print_answer(document, lines, as_json)


def _table(rows: Sequence[WhatIf], bar: float, facts: ReportFacts) -> Iterator[str]:
    from training.report.what_if import at_bar
    from training.wording.sentences import row_noun

    here, noun, tested = at_bar(rows, bar), row_noun(facts.evaluation), facts.evaluation.rows
    if not rows:
        yield "no tested lead converted yet, so no bar can be judged; train again when outcomes have come"
        return
    yield f"on {tested:,} {noun} whose outcome is known, which the judged model had not learned from"
    money = f"{'cost':>12}{'value':>12}{'earned':>12}" if facts.money else ""
    yield f"{'bar':>8}{'handed over':>14}{'found':>9}{'missed':>9}{money}"
    shown = {
        rows[min(range(len(rows)), key=lambda i: abs(rows[i].handed_over - step * tested / 100))] for step in STEPS
    }
    for row in (row for row in rows if row in shown or row == here):
        sums = f"{row.cost:>12,.0f}{row.value:>12,.0f}{row.earned:>12,.0f}" if facts.money else ""
        now = "  <- the bar now" if row == here else ""
        yield f"{row.bar:>8.2%}{row.handed_over:>14,}{row.found:>9,}{row.missed:>9,}{sums}{now}"
    if here is None:
        yield f"the bar now, {bar:.2%}, is above the best 1 % of them: fewer than the first line would have gone over"
    if facts.money:
        yield f"in {facts.money.currency}: what would have converted without a follow-up is counted as found"
    else:
        yield "write [costs] into the agreement to see what each bar costs and is worth"


def _draw(out: Path, facts: ReportFacts, bar: float, lines: Sequence[str]) -> None:
    from training.charts.axes import NARROW
    from training.charts.charts import png, svg
    from training.report.threshold_chart import threshold_chart

    chart = threshold_chart(facts.evaluation, bar, facts.money)
    if out.suffix.lower() == ".png":
        write_whole(out, png(chart))
    elif out.suffix.lower() == ".svg":
        write_whole(out, svg(chart))
    else:
        from serving.pages.page import html_page

        narrow = threshold_chart(facts.evaluation, bar, facts.money, NARROW)
        shown: dict[str, Any] = {"wide": svg(chart), "narrow": svg(narrow), "table": "\n".join(lines)}
        write_whole(out, html_page("what_if.html.j2", name=facts.identity.name, **shown))
