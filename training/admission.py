"""Promotion by request: a registered version answers only if its gates hold, or if a person gives a reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import structlog

from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds
from features.home.deployments import Deployment, deployments
from features.home.errors import LeadlightError
from features.home.progress import Progress
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.materialize import materialized
from training.gates.against_champion import AGAINST_CHAMPION, HeldAgainst, Rivals
from training.gates.champion import UnseenSnapshots, nobody_to_beat, unseen_rows
from training.gates.gate import Gate, GateResults, failed_gates
from training.gates.gates_recorded import gates_recorded
from training.gates.known_when_served import check_known_when_served
from training.gates.learned_by_this_agreement import learned_by_this_agreement
from training.model.model import Model
from training.pipeline import labelled_snapshots
from training.registry.mlflow_registry import GATES_FILE, ModelRegistry
from training.registry.promotion import AGREEMENT_FILE, ROLLED_BACK, promote, standing_promotions
from training.scale import settled_scale

log = structlog.get_logger(__name__)
BY_A_PERSON, BY_ALIAS = "promoted by a person", "adopted from MLflow's alias"


class GateDoesNotHold(LeadlightError):
    """A version that a gate holds back."""

    code = "gate_does_not_hold"

    def __init__(self, version: str, gates: list[Gate]) -> None:
        failed = failed_gates(gates)
        names, verb = " and ".join(failed), "does" if len(failed) == 1 else "do"
        remedy = f'leadlight promote {version} --force --why "REASON"'
        reasons = " ".join(gate.why for gate in gates if not gate.passed)
        super().__init__(
            f"version {version} is not promoted, since {names} {verb} not hold: {reasons} "
            f"To serve it all the same: {remedy}"
        )


class NeedsReason(LeadlightError):
    """A request to pass over gates that gives no reason."""

    code = "needs_a_reason"

    def __init__(self) -> None:
        super().__init__('--force passes over gates and is logged, so it needs a reason; add --why "REASON"')


class NothingToAdopt(LeadlightError):
    """MLflow's alias `champion` cannot be followed."""

    code = "nothing_to_adopt"


@dataclass(frozen=True)
class PromotionRequest:
    """A version that is to answer, and why; `is_forced`: gates that do not hold are passed over for that reason."""

    version: str
    why: str | None = None
    is_forced: bool = False


@dataclass(frozen=True)
class PromotionResult:
    """The version that answers now, and the gates that it was promoted by.

    is_new: False where it answered already. scale: a sentence on the scale of the scores, where there is one.
    """

    version: str
    gates: tuple[Gate, ...]
    is_new: bool = True
    scale: str | None = None


def promote_if_gates_hold(
    home: Home,
    registry: ModelRegistry,
    request: PromotionRequest,
    now: datetime,
    progress: Progress = lambda _: None,
    by: str = BY_A_PERSON,
) -> PromotionResult:
    """Promote a version if its gates hold, or if the request is forced.

    The gates are those of its training. Where another model answers now than then, the gates against the champion are
    run again. Example: version 4 was trained while 2 answered; 3 was promoted since; 4 is compared with 3 now.

    Raises GateDoesNotHold, NotKnownWhenServed, NeedsReason, NoSuchModel, ModelDamaged.
    """
    if request.is_forced and not (request.why or "").strip():
        raise NeedsReason
    with registry.files(request.version) as (files, digest):
        model = Model.read(files, digest)
        check_known_when_served(model.facts)  # no reason can pass over it
        gated = _gated(home, registry.name, files, digest, progress)
        gates = gated.gates + learned_by_this_agreement(home, Agreement.parse((files / AGREEMENT_FILE).read_text()))
    failed = failed_gates(gates)
    if failed and not request.is_forced:
        raise GateDoesNotHold(request.version, [gate for gate in gates if not gate.passed])
    if request.is_forced:
        _write_down_reason(registry, request, failed)
    progress("promoting")
    promote(home, registry, request.version, _deployment_reason(request, by, failed), now, gated.is_best)
    return PromotionResult(request.version, gates, scale=settled_scale(home, model, now))


def _deployment_reason(request: PromotionRequest, by: str, failed: list[str]) -> str:
    """The reason in the deployment's row, which says what it was forced past."""
    why = (request.why or by).strip()
    if request.is_forced:
        return f"forced past {', '.join(failed) or 'no gate'}: {why}"
    return f'"{why}"' if why.startswith(ROLLED_BACK) else why  # without quotes it would be taken for a rollback


def _write_down_reason(registry: ModelRegistry, request: PromotionRequest, failed: list[str]) -> None:
    """The reason of a forced promotion goes where people look for it: with the version, and in the log."""
    why = (request.why or "").strip()
    registry.tag(request.version, {"forced_why": why, "forced_past": ", ".join(failed)})
    log.warning("promotion_forced", model=registry.name, version=request.version, gates=failed, why=why)


def _gated(home: Home, name: str, files: Path, digest: str, progress: Progress) -> GateResults:
    """The gates of a registered version as they stand against what the home serves now, and the best so far."""
    model = Model.read_judged(files, digest)
    if not (files / GATES_FILE).exists():
        return GateResults((gates_recorded(),), None)
    recorded, rivals = GateResults.read((files / GATES_FILE).read_text()), Rivals.of(home, name)
    if nobody := nobody_to_beat(digest, rivals.champion):
        held = HeldAgainst(nobody, nobody)
        return _held(recorded, held, rivals, is_best=rivals.champion is None)
    if recorded.is_against(*rivals.digests):
        return recorded
    assert rivals.champion
    progress(f"comparing it with version {rivals.champion.version}, which answers now")
    held = _compared_today(home, model, rivals)
    return _held(recorded, held, rivals, held.is_best)


def _held(recorded: GateResults, held: HeldAgainst, rivals: Rivals, is_best: bool) -> GateResults:
    """The recorded gates of the version alone, with those against what is served now."""
    alone = tuple(gate for gate in recorded.gates if gate.name not in AGAINST_CHAMPION)
    return GateResults((*alone, *held.gates), *rivals.digests, is_best)


def _compared_today(home: Home, model: Model, rivals: Rivals) -> HeldAgainst:
    """The comparison with the present rivals, on what the version did not learn from and the home knows today."""
    agreement = Agreement.parse(model.agreement_text)
    build, until = materialized(home, agreement), Ledger.open(home).known_until(otherwise=from_microseconds(1))
    labelled = labelled_snapshots(build, agreement, until)
    rows = labelled[unseen_rows(model, labelled)]
    return HeldAgainst.of(model, rivals, UnseenSnapshots(home, agreement, rows))


def adopt_champion_alias(
    home: Home, registry: ModelRegistry, request: PromotionRequest, now: datetime, progress: Progress = lambda _: None
) -> PromotionResult:
    """Follow the alias `champion` where somebody moved it in MLflow: `request` without its version.

    Raises NothingToAdopt where there is no alias, or where it names what was rolled back here: MLflow's alias may have
    stayed behind, and a rollback must not undo itself.
    """
    version = registry.champion()
    if version is None:
        remedy = "set the alias champion in MLflow, or run: leadlight promote VERSION"
        raise NothingToAdopt(f"no version of {registry.name} has the alias champion in MLflow; {remedy}")
    rows = [row for row in deployments(home) if row.model_name == registry.name]
    if rows and rows[0].model_version == version:
        return PromotionResult(version, (), is_new=False)
    if _was_rolled_back(rows, version) and not request.is_forced:
        remedy = f"to serve it again: leadlight promote {version}; else move the alias to {rows[0].model_version}"
        raise NothingToAdopt(f"MLflow's alias champion names version {version}, which was rolled back here; {remedy}")
    return promote_if_gates_hold(home, registry, replace(request, version=version), now, progress, BY_ALIAS)


def _was_rolled_back(rows: list[Deployment], version: str) -> bool:
    served = {row.model_version for row in rows}
    return version in served and version not in {row.model_version for row in standing_promotions(rows)}
