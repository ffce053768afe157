"""`leadlight watch`: what changed since the served model was trained."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.options import Json, answer, at, home, now
from features.home.alerts import Raised, alerts_of
from features.home.settings import Home
from serving import logs
from serving.scoring.scorer import served_bar

if TYPE_CHECKING:
    from training.monitoring.result import Watch


MARKS = {"ok": "ok    ", "notice": "notice", "alert": "ALERT "}


def watch(
    as_of: Annotated[
        str | None, typer.Option(help="Look as of then; default: when the ledger's newest event was.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What changed since the served model was trained: conversions, calibration, scores, inputs; alerts are kept."""
    from training.champion_report import NothingServed
    from training.watch import newest, served

    row = served(home())
    if row is None:
        raise NothingServed(f"{home().path} serves no model yet; run: leadlight train --promote")
    moment = now()
    with console.progress("watching") as progress:
        progress("comparing now with the training")
        found, raised = looked(home(), at(as_of, newest(home(), moment)), moment)
    kept = alerts_of(home(), row.digest)
    document = {"model": {"version": row.model_version, "digest": row.digest}, **_document(found)}
    document |= {"raised": [alert.as_json for alert in raised], "alerts": [alert.as_json for alert in kept]}
    first, *others = _lines(found, kept)
    answer(document, [f"version {row.model_version}, {first}", *others], as_json)


def looked(of: Home, as_of: datetime, moment: datetime) -> tuple[Watch | None, list[Raised]]:
    """One look at what a home serves, its alerts written down and logged; None where nothing can be compared."""
    from training.monitoring.alerts import raise_drift
    from training.watch import served, watch

    row = served(of)
    found = watch(of, row, as_of, served_bar(of)) if row else None
    if row is None or found is None:
        return None, []
    logs.start()  # on stderr
    return found, raise_drift(of, row, found, moment)


def _document(found: Watch | None) -> dict[str, Any]:
    if found is None:
        return {"trained_until": None, "as_of": None, "watched": [], "inputs": [], "weeks": []}
    from pydantic import TypeAdapter

    from training.monitoring.result import Watch

    plain = TypeAdapter(Watch).dump_python(found, mode="json")
    pictured = plain.pop("pictured")
    return {**plain, "inputs": pictured["inputs"], "weeks": pictured["weeks"], "matured": pictured["matured"]}


def _lines(found: Watch | None, kept: list[Raised]) -> Iterator[str]:
    if found is None:
        yield "registered by an earlier release without what the watch compares with; run: leadlight train --promote"
        return
    from training.monitoring.result import summary

    days = (found.as_of - found.trained_until).days
    yield f"trained on what was known until {found.trained_until:%Y-%m-%d}, seen {days} days later"
    for one in found.watched:
        yield f"{MARKS[one.status]} {one.name:<12} {one.sentence}"
    yield summary(found.watched) if found.watched else "nothing to compare yet: no event is newer than the training"
    if kept:
        yield f"{len(kept)} alerts about this model so far, the last in {kept[0].week}: leadlight watch --json"
