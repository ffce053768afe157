"""The scorer of one home: finds leads by any of their names, reads their states, and follows the deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from features import tables
from features.agreement_versions import NoAgreement, kept
from features.database import reading
from features.deployments import deployments
from features.identity import normal_email
from features.inline import inline_states
from features.settings import Home
from features.store.online import online_states
from features.store.repository import Repository
from serving.scoring import SHAPE, LeadRow, Scoring
from training.model import Model


@dataclass(frozen=True)
class Served:
    """What answers at one time: swapped whole, so that a request never sees half of a change."""

    scoring: Scoring
    repository: Repository
    seen: tuple[int, int | None]  # the agreement's version and the deployment


class Scorer:
    """Scores of a home's leads, by the model that is deployed and the agreement that is kept now."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._served: Served | None = None

    def refresh(self) -> None:
        """Follow the home: one comparison when nothing changed, one swapped reference when something did.

        A damaged model raises ModelDamaged and the last good one goes on serving.
        """
        try:
            agreed = kept(self.home)
        except NoAgreement:
            self._served = None
            return
        newest = next((row for row in deployments(self.home) if row.model_name == agreed.agreement.name), None)
        seen = (agreed.version, newest.deployment_id if newest else None)
        before = self._served
        if before and seen == before.seen:
            return
        scoring = Scoring(agreed)
        if newest:
            same = before and before.scoring.digest == newest.digest and before.scoring.model
            model = same or Model.read(newest.folder(self.home), newest.digest)
            scoring = Scoring(agreed, model, newest.model_version, newest.digest)
        self._served = Served(scoring, Repository.of(self.home, scoring.features_by), seen)

    @property
    def served(self) -> Served:
        """What answers now. Raises NoAgreement for a home that has none."""
        if self._served is None:
            self.refresh()
        if self._served is None:
            raise NoAgreement(self.home)
        return self._served

    @property
    def scoring(self) -> Scoring:
        return self.served.scoring

    def scores(
        self, asked: Sequence[Mapping[str, Any]], as_of: datetime, most_reasons: int | None = 3
    ) -> list[dict[str, Any]]:
        """A score per asked lead, in order; see contracts of `POST /v1/scores`. Nothing is stored.

        asked: each has one of lead_id, email, external_id, or traits and events (a what-if).
        """
        served = self.served  # once: a promotion in between must not mix two models
        scoring = served.scoring
        rows = self._inline(asked, scoring, as_of) | self._stored(asked, served.repository)
        places = [place for place, row in rows.items() if row is not None]
        answered = scoring.scores([row for row in rows.values() if row is not None], as_of, most_reasons)
        found = dict(zip(places, answered, strict=True))
        return [found.get(place) or _unknown(lead, scoring) for place, lead in enumerate(asked)]

    def models(self) -> list[dict[str, Any]]:
        """Every promotion of this home, newest first; the first is what answers."""
        rows = deployments(self.home)
        return [
            {
                "name": row.model_name,
                "version": row.model_version,
                "digest": row.digest,
                "serving": place == 0,
                "why": row.why,
            }
            for place, row in enumerate(rows)
        ]

    def _inline(
        self, asked: Sequence[Mapping[str, Any]], scoring: Scoring, as_of: datetime
    ) -> dict[int, LeadRow | None]:
        places = [i for i, lead in enumerate(asked) if "traits" in lead or "events" in lead]
        if not places:
            return {}
        behaviours, traits = inline_states([asked[i] for i in places], scoring.features_by, as_of)
        return {
            place: LeadRow(None, behaviours[i], traits[i], as_of, served_from=None) for i, place in enumerate(places)
        }

    def _stored(self, asked: Sequence[Mapping[str, Any]], repository: Repository) -> dict[int, LeadRow | None]:
        wanted = {i: _name(lead) for i, lead in enumerate(asked) if "traits" not in lead and "events" not in lead}
        if not wanted:
            return {}
        lead_ids = self._lead_ids(set(wanted.values()))
        known = {place: lead_ids[name] for place, name in wanted.items() if name in lead_ids}
        states = online_states(repository, list(known.values()))
        return {
            place: LeadRow(state.lead_id, state.behaviours, state.traits, state.known_at) if state.known_at else None
            for place, state in zip(known, states, strict=True)
        }

    def _lead_ids(self, names: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The leads that have these names: (kind, value) to lead_id. A lead id is taken at its word."""
        found = {name: name[1] for name in names if name[0] == "lead"}
        others = [name for name in names if name[0] != "lead"]
        if others:
            columns = tables.identities.c
            asked = or_(*(and_(columns.kind == kind, columns.value == value) for kind, value in others))
            with reading(self.home) as connection:
                rows = connection.execute(select(columns.kind, columns.value, columns.lead_id).where(asked)).all()
            found |= {(row.kind, row.value): row.lead_id for row in rows}
        return found


def _name(lead: Mapping[str, Any]) -> tuple[str, str]:
    if "lead_id" in lead:
        return "lead", str(lead["lead_id"])
    if "email" in lead:
        return "email", normal_email(lead["email"])
    system, value = next(iter(lead["external_id"].items()))
    return str(system).lower(), str(value)


def _unknown(lead: Mapping[str, Any], scoring: Scoring) -> dict[str, Any]:
    """No made-up number for a lead that we never heard of."""
    said: dict[str, Any] = {"lead_id": lead.get("lead_id"), "status": "unknown_lead", "reasons": []}
    said |= scoring.provenance
    return {name: said.get(name) for name in SHAPE}
