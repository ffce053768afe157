"""`leadlight demo`: simulates a market, learns from it and shows its hottest leads, as the commands would."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import console
from commands.options import Json, Seed, home, now, print_answer, questions
from commands.train import NotPromoted, served_version, train_and_register
from features.agreement.agreement import DEFAULT
from features.agreement.versions import chosen_version, version_in_force

SHOWN = 3


def demo(
    leads: Annotated[int, typer.Option(min=200, help="How many leads the market has.")] = 8_000,
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Simulate a market, ingest it, train, promote, score; print the hottest leads and where the report is."""
    from serving.intake.file_import import ingest
    from serving.scoring.bulk import home_scores, open_leads
    from serving.scoring.scorer import call_order
    from training.champion_report import write_report
    from training.simulation.crm_files import write_crm_files
    from training.simulation.simulation import simulate

    moment = now()
    with console.progress_line("simulating a market") as progress:
        folder = home().created().path / "demo"
        market = simulate(leads, seed, moment)
        market.write(folder)
        write_crm_files(market.events, folder)
        ingested = ingest(home(), [folder / "events.parquet"], chosen_version(home(), DEFAULT, moment), now(), progress)
        summary = train_and_register(None, moment.isoformat(), True, seed, progress)
        if not summary["promoted"]:
            raise NotPromoted(summary["model_version"], served_version())
        progress("scoring every lead")
        scored = [score for chunk in home_scores(home(), moment) for score in chunk]
        report = write_report(home(), None, now())
    hot = open_leads(scored, call_order(home()))
    document = {"market": market.summary, "ingested": [file.as_json() for file in ingested], "training": summary}
    document |= {"hottest": hot[:SHOWN], "report": str(report)}
    print_answer(document, _lines(market.summary, summary, hot, report), as_json)


def _lines(market: Mapping[str, Any], summary: Mapping[str, Any], hot: list[Any], report: Path) -> Iterator[str]:
    yield (
        f"{market['leads']:,} leads, {market['events']:,} events; sales called {market['share_contacted']:.0%}; "
        f"{market['converted_at_arrival']:.1%} convert within 90 days of arrival, {summary['base_rate']:.1%} of a "
        "snapshot."
    )
    yield f"Trained: {summary['how']}."
    checked = f"Checked on {summary['leads']['test']:,} later leads: {summary['trust']}."
    yield f"{checked}  Top tenth: {summary['metrics']['lift_at_10pct']:.1f} times the average."
    yield ""
    yield from console.hottest_lead_lines(_variety(hot), questions(version_in_force(home())))
    yield ""
    yield f"Report {_near(report)}    Pages and API: leadlight serve, then http://127.0.0.1:3000"


def _variety(hot: list[Any]) -> list[Any]:
    """The three hottest, and one from further down: what a lead that is not ready looks like."""
    nurture = [score for score in hot if score["decision"] == "nurture"]
    return [*hot[:SHOWN], *nurture[len(nurture) // 2 : len(nurture) // 2 + 1]]


def _near(path: Path) -> Path:
    """The path as seen from here, where it lies below."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
