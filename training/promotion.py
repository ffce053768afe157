"""Promotion: the champion of the registry becomes what the home serves, and can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from features.agreement import Agreement
from features.deployments import Deployment, deploy, deployments, model_folder
from features.derivation import derived
from features.errors import LeadlightError
from features.settings import Home
from features.store.repository import view_suffix
from training.model import AGREEMENT, Model
from training.registry import Registry

ROLLED_BACK = "rolled back from"  # how the reason of a rollback begins


class NothingToRollBack(LeadlightError):
    """A home that serves its first model still, or again."""

    code = "nothing_to_roll_back"


def promote(home: Home, registry: Registry, version: str, why: str, now: datetime) -> None:
    """Make `version` the champion and what serving processes follow.

    Its files are checked first, and its features stand before it is served. Raises NoSuchModel, ModelDamaged.
    """
    with registry.files(version) as (files, digest):
        Model.read(files, digest)
        agreement = Agreement.parse((files / AGREEMENT).read_text())
        derived(home, agreement)
        registry.set_champion(version)
        deploy(
            home, files, name=registry.name, version=version, digest=digest, view_suffix=view_suffix(agreement),
            why=why, now=now,
        )  # fmt: skip


def rollback(home: Home, registry: Registry, now: datetime) -> Deployment:
    """Serve again what was served before the newest promotion; the files are in the home already.

    Again goes further back: what was taken back is served again only by promoting it.
    """
    rows = [row for row in deployments(home) if row.model_name == registry.name]
    standing = _standing(rows)
    if len(standing) < 2:
        remedy = "see: leadlight models, then: leadlight promote VERSION"
        raise NothingToRollBack(f"{home.path} has served no other model before; {remedy}")
    before = standing[-2]
    model = Model.read(model_folder(home, before.digest), before.digest)
    derived(home, Agreement.parse(model.agreement_text))
    registry.set_champion(before.model_version)
    deploy(
        home, before.folder(home), name=before.model_name, version=before.model_version, digest=before.digest,
        view_suffix=before.view_suffix, why=f"{ROLLED_BACK} {rows[0].model_version}", now=now,
    )  # fmt: skip
    return before


def _standing(rows: Sequence[Deployment]) -> list[Deployment]:
    """The promotions that were not taken back, oldest first; the last is what is served."""
    standing: list[Deployment] = []
    for row in reversed(rows):
        if row.why.startswith(ROLLED_BACK):
            standing.pop()
        elif not standing or standing[-1].digest != row.digest:
            standing.append(row)
    return standing
