"""What answered at a past moment: the model and the agreement that were in force then, as the home still keeps them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion, kept_agreement
from features.home import tables
from features.home.clock import from_microseconds
from features.home.database import reading
from features.home.deployments import Deployment, deployments, model_folder
from features.home.errors import LeadlightError
from features.home.settings import Home
from serving.scoring.score import Scoring
from training.model.if_tried import IfTried
from training.model.model import Model


class ModelGone(LeadlightError):
    """The files of the model that answered then are no longer in the home."""

    code = "model_gone"


class AgreementGone(LeadlightError):
    """The agreement by which a decision was made is not kept by this home."""

    code = "agreement_gone"


class ServedThen:
    """The models that a home ever promoted and the agreements that it kept, each with when it came into force."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._deployed = deployments(home)  # newest first
        self._promoted = {row.digest: row for row in self._deployed}
        with reading(home) as connection:
            rows = connection.execute(select(tables.agreements).order_by(tables.agreements.c.version)).all()
        self._kept = [(row.kept_us, AgreementVersion(kept_agreement(row.text), row.version)) for row in rows]
        self._default = AgreementVersion(Agreement.default(), 0, is_agreed=False)
        self._scoring = lru_cache(maxsize=8)(self._scoring_of)

    def of_decision(self, row: Any) -> Scoring:
        """By what a row of the log was decided. Raises ModelGone and AgreementGone."""
        kept = self.agreed_under(row.policy_digest, row.decided_us)
        if kept is None:
            when = f"{from_microseconds(row.decided_us):%Y-%m-%d %H:%M}"
            raise AgreementGone(f"the agreement that decided on {when} is not kept here; ask from a later decision on")
        return self._scoring(row.model_digest, kept.version)

    def at(self, moment_us: int) -> Scoring:
        """What answered at a moment, of before any agreement was kept by the first of them. Raises ModelGone."""
        kept = self._agreed_at(moment_us)
        named = (row for row in self._deployed if row.model_name == kept.agreement.name)
        newest = next((row for row in named if row.deployed_us <= moment_us), None)
        return self._scoring(newest.digest if newest else None, kept.version)

    @property
    def newest(self) -> AgreementVersion:
        """The agreement in force now; the default where none is kept."""
        return self._kept[-1][1] if self._kept else self._default

    def is_promoted(self, digest: str) -> bool:
        """Whether a model of this digest was ever promoted here."""
        return digest in self._promoted

    def model_version(self, digest: str | None) -> str | None:
        """The version of a model that was promoted here; None for another, and for none."""
        return self._promoted[digest].model_version if digest in self._promoted else None

    def agreed_under(self, policy_digest: str, moment_us: int) -> AgreementVersion | None:
        """The agreement with this policy digest that was in force at a moment, else the newest with it."""
        alike = [one for one in self._kept if one[1].agreement.policy_digest == policy_digest]
        if not alike:
            return self._default if self._default.agreement.policy_digest == policy_digest else None
        return next((kept for kept_us, kept in reversed(alike) if kept_us <= moment_us), alike[-1][1])

    def _agreed_at(self, moment_us: int) -> AgreementVersion:
        first = self._kept[0][1] if self._kept else self._default
        return next((kept for kept_us, kept in reversed(self._kept) if kept_us <= moment_us), first)

    def _scoring_of(self, digest: str | None, version: int) -> Scoring:
        kept = next((one for _, one in self._kept if one.version == version), self._default)
        if digest is None:
            return Scoring(kept)
        row = self._promoted.get(digest)
        if row is None or not row.folder(self.home).is_dir():
            raise ModelGone(self._gone(row))
        tried = row.if_tried_digest
        head = IfTried.read(model_folder(self.home, tried), tried) if tried else None
        return Scoring(kept, Model.read(row.folder(self.home), digest), row.model_version, digest, head)

    def _gone(self, row: Deployment | None) -> str:
        if row is None:
            return "the model that answered then was never promoted in this home; ask from a later moment on"
        promoted = f"version {row.model_version}, promoted {from_microseconds(row.deployed_us):%Y-%m-%d}"
        there_is = [one for one in self._deployed if one.folder(self.home).is_dir()]
        since = from_microseconds(there_is[-1].deployed_us) if there_is else None
        remedy = f"ask from {since:%Y-%m-%d} on, or promote it again" if since else "promote it again"
        return f"the files of the model that answered then ({promoted}) are no longer kept; {remedy}"
