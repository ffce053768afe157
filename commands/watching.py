"""`leadlight watch`, and training on a schedule: watch first, then train if anything matured."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands.terms import Json, answer, at, home, now
from features.alerts import Raised, alerts_of
from features.errors import LeadlightError
from features.settings import Home
from serving import console, logs

if TYPE_CHECKING:
    from training.watch.watched import Watch

MARKS = {"ok": "ok    ", "notice": "notice", "alert": "ALERT "}


def watch(
    as_of: Annotated[
        str | None, typer.Option(help="Look as of then; default: when the ledger's newest event was.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What changed since the served model was trained: conversions, calibration, scores, inputs; alerts are kept."""
    from training.page.champion import NothingServed
    from training.watch.survey import newest, served

    row = served(home())
    if row is None:
        raise NothingServed(f"{home().path} serves no model yet; run: leadlight train --promote")
    moment = now()
    with console.progress("watching") as said:
        said("comparing now with the training")
        found, raised = looked(home(), at(as_of, newest(home(), moment)), moment)
    kept = alerts_of(home(), row.digest)
    document = {"model": {"version": row.model_version, "digest": row.digest}, **_document(found)}
    document |= {"raised": [alert.as_json for alert in raised], "alerts": [alert.as_json for alert in kept]}
    first, *others = _lines(found, kept)
    answer(document, [f"version {row.model_version}, {first}", *others], as_json)


def looked(of: Home, as_of: datetime, moment: datetime) -> tuple[Watch | None, list[Raised]]:
    """One look at what a home serves, its alerts written down and logged; None where nothing can be compared."""
    from training.watch.events import raise_drift
    from training.watch.survey import served, watch

    row = served(of)
    found = watch(of, row, as_of, served_bar(of)) if row else None
    if row is None or found is None:
        return None, []
    logs.start()  # on stderr
    return found, raise_drift(of, row, found, moment)


def served_bar(of: Home) -> float:
    """The probability from which on a lead is over the bar, by what is served."""
    from serving.scorer import Scorer

    return Scorer(of).scoring.bar


def _document(found: Watch | None) -> dict[str, Any]:
    if found is None:
        return {"trained_until": None, "as_of": None, "watched": [], "inputs": [], "weeks": []}
    from pydantic import TypeAdapter

    from training.watch.watched import Watch

    plain = TypeAdapter(Watch).dump_python(found, mode="json")
    pictured = plain.pop("pictured")
    return {**plain, "inputs": pictured["inputs"], "weeks": pictured["weeks"], "matured": pictured["matured"]}


def _lines(found: Watch | None, kept: list[Raised]) -> Iterator[str]:
    if found is None:
        yield "registered by an earlier release without what the watch compares with; run: leadlight train --promote"
        return
    from training.watch.watched import summary

    days = (found.as_of - found.trained_until).days
    yield f"trained on what was known until {found.trained_until:%Y-%m-%d}, seen {days} days later"
    for one in found.watched:
        yield f"{MARKS[one.status]} {one.name:<12} {one.sentence}"
    yield summary(found.watched) if found.watched else "nothing to compare yet: no event is newer than the training"
    if kept:
        yield f"{len(kept)} alerts about this model so far, the last in {kept[0].week}: leadlight watch --json"


def answer_scheduled(
    agreement: Path | None, known_until: str | None, promote: bool, seed: int, as_json: bool, search: bool
) -> None:
    """`leadlight train --promote --scheduled`: a challenger that a gate holds back is an answer, and no failure."""
    if not promote:
        raise LeadlightError("--scheduled says when to promote; write: leadlight train --promote --scheduled")
    with console.progress("training on schedule") as said:
        done = on_schedule(agreement, known_until, seed, said, search)
    answer(done, _scheduled_lines(done), as_json)


def _scheduled_lines(done: dict[str, Any]) -> Iterator[str]:
    yield from (f"ALERT {alert['what']}: {alert['data']['sentence']}" for alert in done["raised"])
    if not done["trained"]:
        yield f"nothing done: {done['why']}"
        return
    yield from console.metrics_lines(done)
    if not done["promoted"]:
        yield f"version {done['model_version']} is registered and not promoted, since a gate does not hold"


def on_schedule(
    agreement: Path | None, known_until: str | None, seed: int, said: Any, search: bool = False
) -> dict[str, Any]:
    """Watch, then train and promote by the gates, if it is our turn and anything matured; what was done, as JSON.

    One at a time for a home; the next finds what died half-way not done, and does it again.
    """
    from commands.learning import agreed, learning_until, trained
    from features.turns import one_trainer
    from training.watch import schedule

    kept = agreed(agreement)
    with one_trainer(home().made()) as is_ours:
        if not is_ours:
            return _idle("another training of this home is running")
        moment = now()
        said("watching what is served")
        _, raised = looked(home(), learning_until(known_until), moment)
        alerts = [alert.as_json for alert in raised]
        said("looking for new outcomes")
        known = schedule.matured(home(), kept.agreement, learning_until(known_until))
        if why := schedule.nothing_new(home(), kept.agreement, known):
            return _idle(why) | {"raised": alerts}
        summary = trained(agreement, known_until, True, seed, said, search)
        return summary | {"trained": True, "why": None, "raised": alerts}


def _idle(why: str) -> dict[str, Any]:
    return {"trained": False, "why": why, "promoted": False, "raised": []}
