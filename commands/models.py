"""`leadlight models`, `promote`, `rollback`, `recalibrate`: lists the models, and changes which version answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.options import Json, Seed, home, now, print_answer
from features.agreement.versions import current_version
from features.home.clock import from_microseconds
from features.home.deployments import Deployment, deployments
from serving import logs

if TYPE_CHECKING:
    from training.admission import PromotionResult


ALIAS_PATIENCE_S = 1.5  # with what the rollback takes itself, that stays under five seconds
Force = Annotated[bool, typer.Option("--force", help="Serve it though a gate does not hold; needs --why, is logged.")]
Why = Annotated[str | None, typer.Option(help="The reason, kept with the version and with the promotion.")]

app = typer.Typer()


@app.callback(invoke_without_command=True)
def list_models(context: typer.Context, as_json: Json = False) -> None:
    """The registered models, newest first: figures, gates, and which of them answers."""
    if context.invoked_subcommand:
        return
    name = current_version(home()).agreement.name  # before the imports, which cost an empty home seconds
    from training.registry.mlflow_registry import ModelRegistry

    rows = [row for row in deployments(home()) if row.model_name == name]
    versions = [version | _served(version, rows) for version in ModelRegistry(name).versions()]
    print_answer(versions, _lines(versions), as_json)


def _served(version: Mapping[str, Any], rows: Sequence[Deployment]) -> dict[str, Any]:
    """Whether a version answers in this home, and when and why it last began to. rows: newest first."""
    last = next((row for row in rows if row.model_version == version["version"]), None)
    return {
        "created_at": from_microseconds(version["created_ms"] * 1_000).isoformat(),
        "served": bool(rows) and rows[0].model_version == version["version"],
        "promoted_at": from_microseconds(last.deployed_us).isoformat() if last else None,
        "promoted_why": last.why if last else None,
    }


def _lines(versions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not versions:
        yield "no model is registered yet; run: leadlight train --promote"
    for version in versions:
        auc, loss = version["metrics"].get("roc_auc"), version["metrics"].get("log_loss")
        figures = f"ROC AUC {auc:.4f}, log loss {loss:.4f}" if auc is not None and loss is not None else "no figures"
        alias = "champion" if version["champion"] else "challenger" if version["challenger"] else ""
        head = f"{version['version']:>4} {alias:<10} {version['created_at'][:16]}"
        here = "; answers here" if version["served"] and not version["champion"] else ""
        both = "; answers if tried now as well" if version["if_tried"] else ""
        yield f"{head} {figures}; {_gates(version)}{both}{here}"
    yield from _apart(versions)


def _gates(version: Mapping[str, Any]) -> str:
    if version["gates_passed"] is None:
        return "no gates were recorded"
    held = f"held back by {', '.join(version['held_back_by'])}"
    forced = f", forced: {version['forced_why']}" if version["forced_why"] else ""
    return ("every gate holds" if version["gates_passed"] else held) + forced


def _apart(versions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What answers, where that is not what MLflow calls the champion."""
    champion = next((version["version"] for version in versions if version["champion"]), None)
    served = next((version["version"] for version in versions if version["served"]), None)
    if served != champion:
        yield f"version {served or 'none'} answers here, and MLflow's alias names {champion or 'none'}"
        yield "to follow the alias: leadlight models sync"


@app.command("sync")
def sync(force: Force = False, why: Why = None, as_json: Json = False) -> None:
    """Serve what MLflow's alias `champion` names, where somebody moved it there; its gates have to hold."""
    name = current_version(home()).agreement.name
    from training.admission import PromotionRequest, adopt_champion_alias
    from training.registry.mlflow_registry import ModelRegistry

    logs.configure()
    with console.progress_line("looking at the gates") as progress:
        done = adopt_champion_alias(home(), ModelRegistry(name), PromotionRequest("", why, force), now(), progress)
    _answer(name, done, as_json)


def promote(
    version: Annotated[str, typer.Argument(help="The version to serve.", show_default=False)],
    force: Force = False,
    why: Why = None,
    as_json: Json = False,
) -> None:
    """Serve a registered version from now on, if its gates hold; against another champion it is compared anew."""
    name = current_version(home()).agreement.name
    from commands.train import crossings_by, promoted
    from training.admission import PromotionRequest
    from training.registry.mlflow_registry import ModelRegistry

    logs.configure()
    registry = ModelRegistry(name)
    with console.progress_line("looking who would cross the bar") as progress:
        told = crossings_by(registry, version, progress)
    if told:
        console.err.print(told)
    with console.progress_line("looking at the gates") as progress:
        done = promoted(registry, PromotionRequest(version, why, force), progress)
    _answer(name, done, as_json)


def _answer(name: str, done: PromotionResult, as_json: bool) -> None:
    gates = [gate.as_json() for gate in done.gates]
    document = {"model": name, "version": done.version, "promoted": done.is_new, "gates": gates, "scale": done.scale}
    says = "answers now" if done.is_new else "answers already"
    lines = [f"version {done.version} of {name} {says}", *console.gate_lines(gates)]
    print_answer(document, [*lines, *([done.scale] if done.scale else [])], as_json)


def rollback(as_json: Json = False) -> None:
    """Serve again what was served before the newest promotion."""
    from training.registry.alias import FAILED, FOLLOWING, move_champion_alias
    from training.registry.promotion import rollback_in_home

    name = current_version(home()).agreement.name
    before = rollback_in_home(home(), name, now())
    alias = move_champion_alias(name, before.model_version, ALIAS_PATIENCE_S)
    also = {
        FOLLOWING: ["MLflow's alias champion follows in a moment"],
        FAILED: ["MLflow's alias champion could not be moved: set it there, or see what MLflow says"],
    }
    lines = [f"version {before.model_version} of {name} answers again", *also.get(alias, [])]
    print_answer({"model": name, "version": before.model_version, "alias": alias}, lines, as_json)


def recalibrate(
    known_until: Annotated[
        str | None, typer.Option(help="Listen to what was known by then; default: when the ledger's newest event was.")
    ] = None,
    serve: Annotated[bool, typer.Option("--promote", help="Serve it if every gate holds.")] = False,
    seed: Seed = 7,
    as_json: Json = False,
) -> None:
    """Fit level and slope of the served model anew on outcomes that matured since; everything else stays as it is."""
    from commands.train import NotPromoted, learn_until, promoted, served_version
    from training.admission import PromotionRequest
    from training.registry.mlflow_registry import ModelRegistry
    from training.successor import successor
    from training.watch import existing_deployment

    row = existing_deployment(home())
    with console.progress_line("recalibrating") as progress:
        made = successor(home(), row, learn_until(known_until), seed)
        progress("registering")
        run_id, version = made.register()
        summary = made.summary() | {"run_id": run_id, "model_version": version}
        if serve and made.passes:
            request = PromotionRequest(version, f"recalibrated from {row.model_version}")
            done = promoted(ModelRegistry(row.model_name), request, progress)
            summary |= {"promoted": True, "scale": done.scale}
    print_answer(summary, _recalibrated_lines(summary), as_json)
    if serve and not summary["promoted"]:
        console.complain(str(NotPromoted(version, served_version())))
        raise typer.Exit(1)


def _recalibrated_lines(summary: Mapping[str, Any]) -> Iterator[str]:
    shift, loss = summary["shift"], summary["log_loss"]
    sure = "more than chance" if shift["is_sure"] else "no more than chance"
    yield (
        f"listened to the newest {summary['rows']:,} snapshots of {summary['leads']:,} leads, of whom "
        f"{summary['conversions']:,} converted"
    )
    lie = f"outcomes lie {shift['level']:+.2f} in log-odds from what was said"
    yield f"{lie} (error {shift['error']:.2f}): {sure} explains"
    yield f"log loss {loss['before']:.4f} before, {loss['after']:.4f} after, on leads that no map had seen"
    yield from console.gate_lines(summary["gates"])
    answers = ", and it answers from now on" if summary["promoted"] else ""
    yield f"registered as version {summary['model_version']}, made from {summary['recalibrated_from']}{answers}"
    yield from filter(None, [summary.get("scale")])
