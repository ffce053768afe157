"""Admission: a registered version answers only if its gates hold, or if a person says why it should all the same."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import structlog

from features.agreement.agreement import Agreement
from features.agreement.versions import kept_with
from features.home.clock import from_microseconds
from features.home.deployments import Deployment, deployments
from features.home.errors import LeadlightError
from features.home.progress import Progress
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.materialize import derived
from training.gates.champion import PARTS, WHOLE, Champion, Trial, champion, champion_gates, unseen, without_champion
from training.gates.gate import Gate, Verdict, held_back_by
from training.model.model import Model
from training.pipeline import labelled_snapshots
from training.registry.mlflow import GATES, Registry
from training.registry.promotion import AGREEMENT, ROLLED_BACK, promote, standing

log = structlog.get_logger(__name__)
FOREIGN = (
    "No agreement that this home worked with has its outcome, behaviours and traits, so it is of another home: give "
    "each agreement a name of its own, or ingest with that agreement first."
)
BY_A_PERSON, BY_ALIAS = "promoted by a person", "adopted from MLflow's alias"


class HeldBack(LeadlightError):
    """A version one of whose gates does not hold."""

    code = "gate_does_not_hold"

    def __init__(self, version: str, gates: list[Gate]) -> None:
        held = held_back_by(gates)
        names, verb = " and ".join(held), "does" if len(held) == 1 else "do"
        remedy = f'leadlight promote {version} --force --why "REASON"'
        said = " ".join(gate.why for gate in gates if not gate.passed)
        super().__init__(
            f"version {version} is not promoted, since {names} {verb} not hold: {said} "
            f"To serve it all the same: {remedy}"
        )


class NeedsReason(LeadlightError):
    """A gate that is to be passed over, and nobody says why."""

    code = "needs_a_reason"

    def __init__(self) -> None:
        super().__init__('--force passes over gates and is logged, so it needs a reason; add --why "REASON"')


class NothingToAdopt(LeadlightError):
    """An alias that cannot be followed."""

    code = "nothing_to_adopt"


@dataclass(frozen=True)
class Wish:
    """A version that is to answer, why, and whether gates that do not hold are passed over for that reason."""

    version: str
    why: str | None = None
    is_forced: bool = False


@dataclass(frozen=True)
class Admitted:
    """What was promoted, and the gates as they stood."""

    version: str
    gates: tuple[Gate, ...]
    is_new: bool = True  # False: it answered already


def admit(
    home: Home,
    registry: Registry,
    wish: Wish,
    now: datetime,
    progress: Progress = lambda _: None,
    by: str = BY_A_PERSON,
) -> Admitted:
    """Promote a version if its gates hold. Raises HeldBack, NeedsReason, NoSuchModel, ModelDamaged.

    The gates are those of its training; where another model answers now than then, it is compared with that one anew.
    """
    if wish.is_forced and not (wish.why or "").strip():
        raise NeedsReason
    with registry.files(wish.version) as (files, digest):
        gates = (*_gates(home, registry.name, files, digest, progress), *_foreign(home, files))
    held = held_back_by(gates)
    if held and not wish.is_forced:
        raise HeldBack(wish.version, [gate for gate in gates if not gate.passed])
    why = (wish.why or by).strip()
    if wish.is_forced:
        _note(registry, wish.version, why, held)
        why = f"forced past {', '.join(held) or 'no gate'}: {why}"
    elif why.startswith(ROLLED_BACK):  # it would be taken for a rollback
        why = f'"{why}"'
    progress("promoting")
    promote(home, registry, wish.version, why, now)
    return Admitted(wish.version, gates)


def _note(registry: Registry, version: str, why: str, held: list[str]) -> None:
    """Leave the reason where it is looked for: with the version, and in the log."""
    registry.tag(version, {"forced_why": why, "forced_past": ", ".join(held)})
    log.warning("promotion_forced", model=registry.name, version=version, gates=held, why=why)


def _gates(home: Home, name: str, files: Path, digest: str, progress: Progress) -> tuple[Gate, ...]:
    model = Model.read(files, digest)
    if not (files / GATES).exists():
        why = "It was registered without its gates: train again, or force it with a reason."
        return (Gate("gates_recorded", False, None, None, why),)
    recorded = Verdict.read((files / GATES).read_text())
    present = champion(home, name)
    by_itself = tuple(gate for gate in recorded.gates if gate.name not in (WHOLE, PARTS))
    alone = without_champion(digest, present)
    if present is None or alone is not None:
        return (*by_itself, *(alone or ()))
    if present.digest == recorded.against:
        return recorded.gates
    progress(f"comparing it with version {present.version}, which answers now")
    return (*by_itself, *_anew(home, model, present))


def _foreign(home: Home, files: Path) -> tuple[Gate, ...]:
    """The gate that a version of another home fails: homes may share a registry and a name."""
    agreement = Agreement.parse((files / AGREEMENT).read_text())
    is_known = kept_with(home, agreement.feature_digest.removeprefix("sha256:")) is not None
    return () if is_known else (Gate("learned_by_this_agreement", False, None, None, FOREIGN),)


def _anew(home: Home, model: Model, present: Champion) -> tuple[Gate, Gate]:
    """The comparison with the present champion, on what the version did not learn from and the home knows today."""
    agreement = Agreement.parse(model.agreement_text)
    found, until = derived(home, agreement), Ledger.open(home).told_until(otherwise=from_microseconds(1))
    labelled = labelled_snapshots(found, agreement, until)
    rows = labelled[unseen(model, labelled)]
    return champion_gates(model, present, Trial(home, agreement, rows))


def adopt(home: Home, registry: Registry, wish: Wish, now: datetime, progress: Progress = lambda _: None) -> Admitted:
    """Follow the alias `champion` where somebody moved it in MLflow: `wish` without its version.

    Raises NothingToAdopt where there is no alias, or where it names what was rolled back here: MLflow's alias may have
    stayed behind, and a rollback must not undo itself.
    """
    version = registry.champion()
    if version is None:
        remedy = "set the alias champion in MLflow, or run: leadlight promote VERSION"
        raise NothingToAdopt(f"no version of {registry.name} has the alias champion in MLflow; {remedy}")
    rows = [row for row in deployments(home) if row.model_name == registry.name]
    if rows and rows[0].model_version == version:
        return Admitted(version, (), is_new=False)
    if _was_taken_back(rows, version) and not wish.is_forced:
        remedy = f"to serve it again: leadlight promote {version}; else move the alias to {rows[0].model_version}"
        raise NothingToAdopt(f"MLflow's alias champion names version {version}, which was rolled back here; {remedy}")
    return admit(home, registry, Wish(version, wish.why, wish.is_forced), now, progress, BY_ALIAS)


def _was_taken_back(rows: list[Deployment], version: str) -> bool:
    served = {row.model_version for row in rows}
    return version in served and version not in {row.model_version for row in standing(rows)}
