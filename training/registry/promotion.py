"""Promotion: the champion of the registry becomes what the home serves, and can be taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from features.agreement.agreement import Agreement
from features.home.deployments import Deployment, deploy, deployments, model_folder
from features.home.errors import LeadlightError
from features.home.locks import promoter_lock
from features.home.settings import Home
from features.store.builds import LAYOUT, build_of, has_files
from features.store.feast_views import view_suffix
from training.model.manifest import verify_manifest

if TYPE_CHECKING:
    from training.registry.mlflow_registry import ModelRegistry


ROLLED_BACK = "rolled back from"  # how the reason of a rollback begins
AGREEMENT_FILE = "agreement.toml"


class NothingToRollBack(LeadlightError):
    """A home that serves its first model still, or again."""

    code = "nothing_to_roll_back"


def promote(home: Home, registry: ModelRegistry, version: str, why: str, now: datetime) -> None:
    """Make `version` the champion and what serving processes follow, whatever its gates: see `admission.admit`.

    Its files are checked first, and its features stand before it is served. Raises NoSuchModel, ModelDamaged.
    """
    from training.model.model import Model

    with registry.files(version) as (files, digest):
        Model.read(files, digest)
        agreement = Agreement.parse((files / AGREEMENT_FILE).read_text())
        _stand(home, agreement)
        with promoter_lock(home):
            registry.set_champion(version)
            deploy(
                home, files, name=registry.name, version=version, digest=digest, view_suffix=view_suffix(agreement),
                why=why, now=now,
            )  # fmt: skip


def rollback(home: Home, registry: ModelRegistry, now: datetime) -> Deployment:
    """Serve again what was served before the newest promotion; the files are in the home already.

    Again goes further back: what was taken back is served again only by promoting it.
    """
    before = rollback_in_home(home, registry.name, now)
    registry.set_champion(before.model_version)
    return before


def rollback_in_home(home: Home, name: str, now: datetime) -> Deployment:
    """The same without MLflow, whose alias then has to follow: what answers wrongly must not wait for a registry."""
    with promoter_lock(home):
        return _taken_back(home, name, now)


def _taken_back(home: Home, name: str, now: datetime) -> Deployment:
    rows = [row for row in deployments(home) if row.model_name == name]
    served = standing_promotions(rows)
    if len(served) < 2:
        remedy = "see: leadlight models, then: leadlight promote VERSION"
        raise NothingToRollBack(f"{home.path} has served no other model before; {remedy}")
    before = served[-2]
    folder = model_folder(home, before.digest)
    verify_manifest(folder, before.digest)
    _stand(home, Agreement.parse((folder / AGREEMENT_FILE).read_text()))
    deploy(
        home, before.folder(home), name=name, version=before.model_version, digest=before.digest,
        view_suffix=before.view_suffix, why=f"{ROLLED_BACK} {rows[0].model_version}", now=now,
    )  # fmt: skip
    return before


def _stand(home: Home, agreement: Agreement) -> None:
    """Derive the features of an agreement where no build of them is read; a build that is read follows each event."""
    build = build_of(home, agreement)
    if build is None or build.layout != LAYOUT or not has_files(home, build):
        from features.store.materialize import materialized

        materialized(home, agreement)


def standing_promotions(rows: Sequence[Deployment]) -> list[Deployment]:
    """The promotions that were not taken back, oldest first; the last is what is served. rows: newest first."""
    found: list[Deployment] = []
    for row in reversed(rows):
        if row.why.startswith(ROLLED_BACK):
            del found[-1:]
        elif not found or found[-1].digest != row.digest:
            found.append(row)
    return found
