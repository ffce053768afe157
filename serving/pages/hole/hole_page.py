"""The page of the hole: its tables, each made of the figures of the report and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.code_words import reject_words
from serving.pages.hole.figure_words import money, number, of_100, percent, range_text, short_share
from serving.pages.page import html_page

Rows = Sequence[Sequence[str]]
_SPEEDS = {"tried_within_30_minutes": "30 minutes", "tried_within_24_hours": "24 hours"}
_STEPS = {
    "lead": "leads that came",
    "mql": "handed over (MQL)",
    "sal": "accepted (SAL)",
    "sql": "kept (SQL)",
    "won": "won",
}


@dataclass(frozen=True)
class PageTable:
    """One table: its columns as `parts.html.j2` takes them, and a sentence above it."""

    columns: Sequence[Mapping[str, str]]
    rows: Rows
    caption: str = ""


@dataclass(frozen=True)
class PageSection:
    """One heading with its tables and sentences."""

    title: str
    tables: Sequence[PageTable]
    lines: Sequence[str] = ()


def hole_page(report: Mapping[str, Any]) -> str:
    """The page of a report of the hole, which loads nothing and is complete as a file."""
    sections = [one for one in _sections(report) if one.lines or any(table.rows for table in one.tables)]
    return html_page("hole.html.j2", report=report, facts=[*_facts(report)], sections=sections)


def hole_lines(report: Mapping[str, Any]) -> Iterator[str]:
    """The figures that a terminal shows: the funnel, speed and what sales accepted."""
    yield f"{report['handovers']:,} handovers from {report['from'][:10]} to {report['to'][:10]}"
    for table in (_funnel(report), _speed(report)):
        yield from ("  ".join((f"{row[0]:<34}", *row[1:])).rstrip() for row in table.rows)
    yield f"{'accepted':<34}  {of_100(report['acceptance']['accepted'])}"


def _facts(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    agreed, accepted, speed = report["acceptance"], report["acceptance"]["accepted"], report["speed"]
    short = "less than" if agreed["is_short"] else "as"
    yield percent(accepted["value"]), f"handovers were accepted, {short} agreed ({percent(agreed['agreed_at_least'])})."
    yield percent(speed["never_tried"]["value"]), f"were never tried ({short_share(speed['never_tried'])})."
    won = report["funnel"]["steps"][-1]
    yield f"{won['leads']:,}", "leads of these handovers were won."


def _sections(report: Mapping[str, Any]) -> Iterator[PageSection]:
    yield PageSection(
        "How far leads came", [_funnel(report), *(_groups(report, name) for name in ("source", "campaign"))]
    )
    yield PageSection("How soon they were tried", [_speed(report)])
    yield PageSection("What sales accepted", [*_acceptance(report["acceptance"])])
    yield PageSection("What trying brings", [*_tries(report["tries"])])
    yield PageSection("Whether each criterion earns its points", [_criteria(report["criteria"])])
    yield PageSection("What each campaign brought", [_campaigns(report)])
    yield PageSection("What we missed, and what the bar means", [_missed(report["missed"]), _inflation(report)])
    yield PageSection("Segments with proven results", [_segments(report["segments"])], _no_segments(report["segments"]))
    yield PageSection("Who had them", [_owners(report)], [*_spread(report)])
    yield PageSection("Inside sales", [], [*_inside_sales(report["inside_sales"])])
    yield PageSection("Leads from nowhere", [_tools(report["without_source"])], [*_nowhere(report["without_source"])])


def _columns(*headings: str) -> list[dict[str, str]]:
    return [{"heading": heading, "kind": "number" if place else "name"} for place, heading in enumerate(headings)]


def _funnel(report: Mapping[str, Any]) -> PageTable:
    rows = [
        [_STEPS[one["step"]], f"{one['leads']:,}", of_100(one["of_step_before"])] for one in report["funnel"]["steps"]
    ]
    return PageTable(_columns("step", "leads", "of 100 of the step before"), rows)


def _groups(report: Mapping[str, Any], name: str) -> PageTable:
    rows = [
        [one["name"], *(f"{one[step]:,}" for step in ("leads", "mql", "sal", "sql", "won")), of_100(one["accepted"])]
        for one in report[f"by_{name}"]
    ]
    columns = _columns(name, "leads", "MQL", "SAL", "SQL", "won", "accepted, of 100")
    return PageTable(columns, rows, f"By {name}.")


def _speed(report: Mapping[str, Any]) -> PageTable:
    speed, first = report["speed"], report.get("baseline")
    rows = [["hours to the first try, median", number(speed["hours_to_first_try"]), _then(first, "hours_to_first_try")]]
    beside = {within: name for name, within in _SPEEDS.items()}
    for within, share in speed["tried_within"].items():
        rows.append([f"tried within {within}", of_100(share), _then(first, beside.get(within, ""))])
    rows.append(["never tried", of_100(speed["never_tried"]), _then(first, "never_tried")])
    rows.append(["tried or accepted too late", of_100(speed["late"]), ""])
    rows.append(["reached", of_100(speed["contacted"]), ""])
    if first is None:
        return PageTable(_columns("figure", "now"), [row[:2] for row in rows])
    return PageTable(_columns("figure", "now", f"before, {first['made_at'][:10]}"), rows)


def _then(first: Mapping[str, Any] | None, name: str) -> str:
    figure = first["figures"].get(name) if first else None
    if figure is None or figure["value"] is None:
        return ""
    if name == "hours_to_first_try":
        return number(figure["value"])
    return f"{percent(figure['value'])[:-7]} ({range_text(figure['interval'])})"


def _acceptance(said: Mapping[str, Any]) -> Iterator[PageTable]:
    for name in ("grade", "campaign"):
        rows = [[one["name"], of_100(one["accepted"]), _reasons(one["reasons"])] for one in said[f"by_{name}"]]
        columns = [*_columns(name, "accepted, of 100"), {"heading": "why not", "kind": "text"}]
        yield PageTable(columns, rows, f"By {name}, with the reasons of the rejects.")


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{reject_words(reason)} {count:,}" for reason, count in counts.items())


def _tries(said: Mapping[str, Any]) -> Iterator[PageTable]:
    for key, heading in (("by_first_try", "first tried within"), ("by_tries", "tries")):
        rows = [[one["name"], *(of_100(one[name]) for name in ("contacted", "kept", "won"))] for one in said[key]]
        yield PageTable(_columns(heading, "reached", "kept", "won"), rows, "Of 100 handovers.")


def _criteria(said: Sequence[Mapping[str, Any]]) -> PageTable:
    rows = [
        [one["name"], of_100(one["won_with_points"]), of_100(one["won_without"]), _apart(one["difference"])]
        for one in said
    ]
    return PageTable(_columns("criterion", "won with points", "won without", "difference"), rows, "Of 100 handovers.")


def _apart(said: Mapping[str, Any] | None) -> str:
    if said is None:
        return "–"
    low, high = said["interval"]
    return f"{100 * said['value']:+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"


def _campaigns(report: Mapping[str, Any]) -> PageTable:
    rows = [_campaign(one, report["currency"]) for one in report["campaigns"]]
    columns = _columns("campaign", "leads", "expected", "converted, of 100", "cost", "cost of a conversion")
    return PageTable(columns, rows, "Expected is the mean probability of its leads as they stand now.")


def _campaign(one: Mapping[str, Any], currency: str | None) -> list[str]:
    converted, each = of_100(one["converted"]), _each(one["cost_per_conversion"], currency)
    expected, cost = percent(one["mean_probability"]), money(one["cost"], currency)
    return [one["name"], f"{one['leads']:,}", expected, converted, cost, each]


def _each(said: Mapping[str, Any] | None, currency: str | None) -> str:
    if said is None:
        return "–"
    low, high = said["interval"]
    ends = f"{low:,.0f} to {high:,.0f}" if high is not None else f"at least {low:,.0f}"
    return f"{money(said['value'], currency)} ({ends})"


def _missed(said: Mapping[str, Any]) -> PageTable:
    rows = [
        ["converted from under the bar", of_100(said["won_below_the_bar"])],
        ["converted after sales had rejected them", of_100(said["won_after_a_reject"])],
    ]
    return PageTable(_columns("missed", "of 100 conversions"), rows if said["won_below_the_bar"]["of"] else [])


def _inflation(report: Mapping[str, Any]) -> PageTable:
    rows = [[one["month"], of_100(one["over"])] for one in report["inflation"]]
    return PageTable(
        _columns("leads of", "over the bar at some time, of 100"), rows, "Where this rises, the bar means less."
    )


def _segments(said: Sequence[Mapping[str, Any]]) -> PageTable:
    rows = [[f"{one['dimension']}: {one['name']}", of_100(one["won"]), percent(one["of_all"])] for one in said]
    return PageTable(_columns("segment", "won, of 100", "all"), rows)


def _no_segments(said: Sequence[Any]) -> list[str]:
    return [] if said else ["No source, campaign or grade is shown to win more often than all, by more than chance."]


def _owners(report: Mapping[str, Any]) -> PageTable:
    rows = [_owner(one, report["currency"]) for one in report["owners"]]
    headings = ("owner", "handovers", "accepted", "hours to try", "never tried", "won", "revenue", "months to win")
    return PageTable(_columns(*headings), rows)


def _owner(one: Mapping[str, Any], currency: str | None) -> list[str]:
    worked = [of_100(one["accepted"]), number(one["hours_to_first_try"]), short_share(one["never_tried"])]
    brought = [short_share(one["won"]), money(one["amount"], currency), number(one["months_to_win"])]
    return [one["name"], f"{one['handovers']:,}", *worked, *brought]


def _spread(report: Mapping[str, Any]) -> Iterator[str]:
    for name, words in (("contacts", "contacts"), ("wins", "wins")):
        said = report["spread"][name]
        if said["largest"]["of"] and said["owners"] > 1:
            yield f"Of {words} of {said['owners']} owners, one has {short_share(said['largest'])}."
    if report["explored"]:
        yield f"{report['explored']:,} explored handovers are in no figure of this section, nor in acceptance."


def _inside_sales(said: Mapping[str, Any]) -> Iterator[str]:
    if said["had"]:
        tried, over = short_share(said["tried"]), of_100(said["qualified_of_tried"])
        yield f"It had {said['had']:,} leads and tried {tried}; of 100 that it tried, {over} were qualified."


def _tools(said: Mapping[str, Any]) -> PageTable:
    rows = [[one["tool"], f"{one['without_source']:,}", f"{one['without_campaign']:,}"] for one in said["by_tool"]]
    return PageTable(_columns("first heard of by", "without source", "without campaign"), rows)


def _nowhere(said: Mapping[str, Any]) -> Iterator[str]:
    if said["by_tool"]:
        sources, campaigns = short_share(said["source"]), short_share(said["campaign"])
        yield f"Without source are {sources} leads, without campaign {campaigns}."
