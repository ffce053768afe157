"""Deployments: which model version is served. One row per promotion or rollback; the newest row is in force."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import insert, inspect, select

from features.home import tables
from features.home.clock import microseconds
from features.home.database import database_exists, migrate, reading, writing
from features.home.settings import Home
from features.home.whole_files import whole_file


@dataclass(frozen=True)
class Deployment:
    """One promotion or rollback of a model.

    digest: of its files. view_suffix: what the names of the Feast views that it reads end in. why: in a few words.
    if_tried_digest: of the version that answers "if sales tries now", nearly always this one; None where none does.
    """

    deployment_id: int
    model_name: str
    model_version: str
    digest: str
    view_suffix: str
    why: str
    deployed_us: int
    if_tried_digest: str | None = None

    def folder(self, home: Home) -> Path:
        """The folder of the model's checked files in the home."""
        return model_folder(home, self.digest)


def model_folder(home: Home, digest: str) -> Path:
    """`models/<digest>/` of the home."""
    return home.models / digest.removeprefix("sha256:")


def deploy(home: Home, files: Path, *, name: str, version: str, digest: str, view_suffix: str, why: str,
           now: datetime, if_tried_digest: str | None = None, anchor: Deployment | None = None) -> None:  # fmt: skip
    """Copy a model's checked files into the home and write the row that serving processes follow.

    anchor: the deployment of the best so far, where this one is not shown to be better.
    """
    migrate(home)
    _copy(files, model_folder(home, digest))
    home.keep_private()
    row = {"model_name": name, "model_version": version, "digest": digest, "view_suffix": view_suffix, "why": why,
           "if_tried_digest": if_tried_digest}  # fmt: skip
    with writing(home) as connection:
        made = connection.execute(insert(tables.deployments).values(**row, deployed_us=microseconds(now)))
        if anchor is not None:
            assert made.inserted_primary_key is not None
            held = {"deployment_id": made.inserted_primary_key[0], "anchor_id": anchor.deployment_id}
            connection.execute(insert(tables.anchors).values(**held))


def _copy(files: Path, target: Path) -> None:
    """Write each file beside its place, then switch: a damaged file is replaced, and no reader sees half a file."""
    if files == target:
        return
    for file in (path for path in files.rglob("*") if path.is_file()):
        place = target / file.relative_to(files)
        place.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(place) as beside:
            shutil.copyfile(file, beside)


def deployments(home: Home) -> list[Deployment]:
    """Every promotion and rollback of this home, newest first."""
    if not database_exists(home):
        return []
    columns = tables.deployments.c
    wanted = [columns[name] for name in Deployment.__dataclass_fields__]
    with reading(home) as connection:
        rows = connection.execute(select(*wanted).order_by(columns.deployment_id.desc())).all()
    return [Deployment(*row) for row in rows]


def deployment_in_force(home: Home, name: str) -> Deployment | None:
    """Which model answers for the agreement of this name: the newest deployment; None before the first.

    Version 3 is promoted on Monday, 4 on Tuesday and rolled back on Wednesday: the row of Wednesday, of version 3.
    """
    return next((row for row in deployments(home) if row.model_name == name), None)


def anchor_of(home: Home, row: Deployment) -> Deployment:
    """The best so far as of a deployment: the last version that was shown to be better than the one before, or itself.

    Example: 2 was shown to be better than 1, and 3 no worse than 2; the anchor of 3 is 2, and that of 2 is 2.
    """
    columns = tables.anchors.c
    with reading(home) as connection:
        if not inspect(connection).has_table(tables.anchors.name):  # of a release before this one
            return row
        wanted = select(columns.anchor_id).where(columns.deployment_id == row.deployment_id)
        anchor_id = connection.execute(wanted).scalar()
    return next((one for one in deployments(home) if one.deployment_id == anchor_id), row)
