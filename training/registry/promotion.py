"""Promotion and rollback: a version starts to answer in a home, and the one before it answers again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from features.agreement.agreement import Agreement
from features.home.deployments import (
    Deployment,
    anchor_of,
    deploy,
    deployment_in_force,
    deployments,
    model_folder,
)
from features.home.errors import LeadlightError
from features.home.locks import promoter_lock
from features.home.settings import Home
from features.store.builds import LAYOUT, build_of, has_files
from features.store.feast_views import view_suffix
from training.gates.known_when_served import check_known_when_served
from training.model.manifest import verify_manifest

if TYPE_CHECKING:
    from training.registry.mlflow_registry import ModelRegistry


ROLLED_BACK = "rolled back from"  # how the reason of a rollback begins
AGREEMENT_FILE = "agreement.toml"


class NothingToRollBack(LeadlightError):
    """A rollback in a home that serves its first model still, or again."""

    code = "nothing_to_roll_back"


def promote(home: Home, registry: ModelRegistry, version: str, why: str, now: datetime, is_best: bool = False) -> None:
    """Make a version the champion and what serving processes follow, whatever its gates.

    `admission.promote_if_gates_hold` asks the gates first. The version's files are checked and its features are
    materialized before it is served. is_best: it was shown to be better than the best so far, and is that from now on;
    else what was the best stays it. Where its answer to "if sales tries now" did not hold its gates, that of the
    champion stays, see `if_tried_head`. Raises NoSuchModel, ModelDamaged, NotKnownWhenServed.
    """
    from training.model.model import Model
    from training.registry.if_tried_head import if_tried_digest

    with registry.files(version) as (files, digest):
        check_known_when_served(Model.read(files, digest).facts)
        agreement = Agreement.parse((files / AGREEMENT_FILE).read_text())
        _materialize_features(home, agreement)
        with promoter_lock(home):
            registry.set_champion(version)
            before = None if is_best else deployment_in_force(home, registry.name)
            deploy(
                home, files, name=registry.name, version=version, digest=digest, view_suffix=view_suffix(agreement),
                why=why, now=now, if_tried_digest=if_tried_digest(home, registry.name, files, digest),
                anchor=anchor_of(home, before) if before else None,
            )  # fmt: skip


def rollback(home: Home, registry: ModelRegistry, now: datetime) -> Deployment:
    """Serve again what was served before the newest promotion; its files are in the home already.

    A second rollback goes further back: after promotions of 1, 2 and 3 one rollback serves 2, and the next serves 1.
    What was rolled back is served again only by promoting it.
    """
    before = rollback_in_home(home, registry.name, now)
    registry.set_champion(before.model_version)
    return before


def rollback_in_home(home: Home, name: str, now: datetime) -> Deployment:
    """Roll back in the home alone; MLflow's alias has to follow later.

    A model that answers wrongly must not wait for a registry.
    """
    with promoter_lock(home):
        return _rolled_back(home, name, now)


def _rolled_back(home: Home, name: str, now: datetime) -> Deployment:
    rows = [row for row in deployments(home) if row.model_name == name]
    served = standing_promotions(rows)
    if len(served) < 2:
        remedy = "see: leadlight models, then: leadlight promote VERSION"
        raise NothingToRollBack(f"{home.path} has served no other model before; {remedy}")
    before = served[-2]
    folder = model_folder(home, before.digest)
    for digest in {before.digest, before.if_tried_digest or before.digest}:
        verify_manifest(model_folder(home, digest), digest)
    _materialize_features(home, Agreement.parse((folder / AGREEMENT_FILE).read_text()))
    deploy(
        home, before.folder(home), name=name, version=before.model_version, digest=before.digest,
        view_suffix=before.view_suffix, why=f"{ROLLED_BACK} {rows[0].model_version}", now=now,
        if_tried_digest=before.if_tried_digest, anchor=anchor_of(home, before),
    )  # fmt: skip
    return before


def _materialize_features(home: Home, agreement: Agreement) -> None:
    """Materialize the features of an agreement where no build of them is read; one that is read follows each event."""
    build = build_of(home, agreement)
    if build is None or build.layout != LAYOUT or not has_files(home, build):
        from features.store.materialize import materialized

        materialized(home, agreement)


def standing_promotions(rows: Sequence[Deployment]) -> list[Deployment]:
    """The promotions that were not rolled back, oldest first; the last is what is served.

    rows: the deployments of one model name, newest first.
    """
    standing: list[Deployment] = []
    for row in reversed(rows):
        if row.why.startswith(ROLLED_BACK):
            del standing[-1:]
        elif not standing or standing[-1].digest != row.digest:
            standing.append(row)
    return standing
