"""`leadlight train`: trains, tests and registers a model; on a schedule only where outcomes matured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.options import AgreementFile, Json, Seed, agreement_to_learn_by, home, moment_at, now, print_answer
from commands.watch import watch_once
from features.agreement.versions import current_version
from features.home.deployments import deployment_in_force
from features.home.errors import LeadlightError
from features.home.progress import Progress
from features.home.whole_files import write_whole

if TYPE_CHECKING:
    from training.admission import PromotionRequest, PromotionResult
    from training.registry.mlflow_registry import ModelRegistry


def train(
    agreement: AgreementFile = None,
    known_until: Annotated[
        str | None, typer.Option(help="Learn from what was known by then; default: when the ledger's newest event was.")
    ] = None,
    promote: Annotated[bool, typer.Option("--promote", help="Serve it if every gate holds.")] = False,
    scheduled: Annotated[
        bool,
        typer.Option("--scheduled", help="With --promote, for cron: watch first, train only if outcomes matured."),
    ] = False,
    search: Annotated[
        bool, typer.Option("--search", help="Choose the trees among more kinds of them: takes several times as long.")
    ] = False,
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Take snapshots, train, calibrate, test and register a model; prints what it showed."""
    if scheduled:
        print_scheduled_training(agreement, known_until, promote, seed, as_json, search)
        return
    with console.progress_line("training") as progress:
        summary = train_and_register(agreement, known_until, promote, seed, progress, search)
    print_answer(summary, console.metrics_lines(summary), as_json)
    if promote and not summary["promoted"]:
        console.complain(str(NotPromoted(summary["model_version"], served_version())))
        raise typer.Exit(1)


class NotPromoted(LeadlightError):
    """A candidate that a gate held back."""

    code = "not_promoted"

    def __init__(self, version: str, served: str | None) -> None:
        remedy = f'serve it all the same with: leadlight promote {version} --force --why "REASON"'
        problem = "is registered but not promoted, since a gate does not hold"
        answers = (
            f"version {served} goes on answering" if served else "until one is, the criteria alone make the scores"
        )
        super().__init__(f"version {version} {problem}; {answers}; {remedy}")


def served_version() -> str | None:
    """The version of the model that answers in this home, None before the first."""
    deployed = deployment_in_force(home(), current_version(home()).agreement.name)
    return deployed.model_version if deployed else None


def train_and_register(
    agreement: Path | None, known_until: str | None, promote: bool, seed: int, progress: Progress, search: bool = False
) -> dict[str, Any]:
    """A registered candidate's summary; promoted where asked and every gate holds."""
    from training.monitoring.schedule import matured_outcomes, record_training
    from training.pipeline import train as learn

    with_agreement, until = agreement_to_learn_by(agreement), learn_until(known_until)
    candidate = learn(home(), with_agreement, until, seed, progress, search)
    progress("registering")
    run_id, version = candidate.register()
    summary = candidate.summary() | {"run_id": run_id, "model_version": version}
    if promote and candidate.passes:
        admitted = _admitted(with_agreement.agreement.name, version, progress)
        summary |= {"promoted": admitted is not None, "scale": admitted.scale if admitted else None}
    if promote:  # last of all: what dies before it is done again on schedule
        known = matured_outcomes(home(), with_agreement.agreement, until)
        record_training(home(), with_agreement.agreement, version, summary["promoted"], known, now())
    return summary


def _admitted(name: str, version: str, progress: Progress) -> PromotionResult | None:
    """The promotion; None where a champion came meanwhile that the version is not as good as."""
    from training.admission import GateDoesNotHold, PromotionRequest
    from training.registry.mlflow_registry import ModelRegistry

    registry = ModelRegistry(name)
    if told := crossings_by(registry, version, progress):  # before anything happens
        console.err.print(told)
    try:
        return promoted(registry, PromotionRequest(version, "train --promote"), progress)
    except GateDoesNotHold as held:
        console.complain(str(held))
        return None


def crossings_by(registry: ModelRegistry, version: str, progress: Progress) -> str | None:
    """How many leads would cross the bar if a version answered, as a sentence; None where no lead is decided yet."""
    from serving.rounds.crossings import crossings_of_version

    with suppress(LeadlightError):
        with registry.files(version) as (folder, _digest):
            told = crossings_of_version(home(), folder, now(), progress)
        return told.sentence if told.leads else None
    return None


def promoted(registry: ModelRegistry, request: PromotionRequest, progress: Progress) -> PromotionResult:
    """The promotion of a version whose gates hold; the draft of the agreement here follows the scale that it set."""
    from training.admission import promote_if_gates_hold

    before = current_version(home()).agreement
    done = promote_if_gates_hold(home(), registry, request, now(), progress)
    after = current_version(home()).agreement
    if after.text == before.text:
        return done
    if path := drafted_file(before.text):
        write_whole(path, after.text)
    return replace(done, scale=f"{done.scale}; " + (f"so has {path}" if path else "write it into your file as well"))


def drafted_file(text: str) -> Path | None:
    """The file of the agreement where it says exactly this, by LEADLIGHT_AGREEMENT or here; else it is not ours."""
    path = home().settings.agreement or Path("agreement.toml")
    return path if path.is_file() and path.read_text(encoding="utf-8") == text else None


def learn_until(known_until: str | None) -> datetime:
    """Up to when outcomes count as known: the option, else the newest event.

    Later than the newest event, a lead that nobody heard of would count as not converted.
    """
    from features.ledger.ledger import Ledger

    return moment_at(known_until, Ledger.open(home()).known_until(otherwise=now()))


def print_scheduled_training(
    agreement: Path | None, known_until: str | None, promote: bool, seed: int, as_json: bool, search: bool
) -> None:
    """`leadlight train --promote --scheduled`: a challenger that a gate holds back is an answer, and no failure."""
    if not promote:
        raise LeadlightError("--scheduled says when to promote; write: leadlight train --promote --scheduled")
    with console.progress_line("training on schedule") as progress:
        done = train_on_schedule(agreement, known_until, seed, progress, search)
    print_answer(done, _scheduled_lines(done), as_json)


def _scheduled_lines(done: dict[str, Any]) -> Iterator[str]:
    yield from (f"ALERT {alert['what']}: {alert['data']['sentence']}" for alert in done["raised"])
    if not done["trained"]:
        yield f"nothing done: {done['why']}"
        return
    yield from console.metrics_lines(done)
    if not done["promoted"]:
        yield f"version {done['model_version']} is registered and not promoted, since a gate does not hold"


def train_on_schedule(
    agreement: Path | None, known_until: str | None, seed: int, progress: Progress, search: bool = False
) -> dict[str, Any]:
    """Watch, then train and promote by the gates, where no other training runs and outcomes matured; as JSON.

    A training that died half-way left no mark that it was done, so the next one does it again.
    """
    from features.home.locks import trainer_lock
    from training.monitoring import schedule

    kept = agreement_to_learn_by(agreement)
    with trainer_lock(home().created()) as is_ours:
        if not is_ours:
            return _idle("another training of this home is running")
        progress("watching what is served")
        _, raised = watch_once(home(), learn_until(known_until), now())
        alerts = [alert.as_json for alert in raised]
        progress("looking for new outcomes")
        known = schedule.matured_outcomes(home(), kept.agreement, learn_until(known_until))
        if why := schedule.reason_to_skip(home(), kept.agreement, known):
            return _idle(why) | {"raised": alerts}
        summary = train_and_register(agreement, known_until, True, seed, progress, search)
        return summary | {"trained": True, "why": None, "raised": alerts}


def _idle(why: str) -> dict[str, Any]:
    return {"trained": False, "why": why, "promoted": False, "raised": []}
