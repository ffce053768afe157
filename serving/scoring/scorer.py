"""The scorer of one home: finds leads by any of their names, reads their states, and follows the deployments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy import and_, or_, select

from features.agreement.versions import AgreementVersion, NoAgreement, version_in_force
from features.home import tables
from features.home.clock import microseconds
from features.home.database import database_exists, reading
from features.home.deployments import Deployment, deployment_in_force, deployments, model_folder
from features.home.settings import Home
from features.identity.claims import Key, normal_email
from features.ledger.outbox import is_anything_pending
from features.ledger.tombstones import erased_among, recently_erased
from features.store.builds import build_of
from features.store.ledger_fallback import ledger_states, pending_names, shown_states
from features.store.online import OnlineStore
from features.store.states_before import states_before
from features.what_if import what_if_states
from serving.scoring.answer import SCORE_FIELDS
from serving.scoring.inline_warnings import inline_warnings
from serving.scoring.kept import KeptDecisions, bar_now, kept_decisions
from serving.scoring.lead_row import LeadRow
from serving.scoring.score import NOTHING_KEPT, Scoring
from training.model.if_tried import IfTried
from training.model.model import Model

LeadRequests = Sequence[Mapping[str, Any]]  # as `serving.api.requests` checked them


def served_bar(of: Home) -> float:
    """The probability from which on a lead is over the bar, by the served model and the agreement in force."""
    return Scorer(of).scoring.bar


def call_order(of: Home, tried: AgreementVersion | None = None) -> str:
    """The field of a score by which the call list is sorted: "if_tried_now" where leads need a call to convert."""
    head = Scorer(of, tried).scoring.head
    return "if_tried_now" if head and head.orders_calls else "probability"


@dataclass(frozen=True)
class ServedModel:
    """The model, agreement and online store that answer at one time: swapped whole, so that no request sees a half."""

    scoring: Scoring
    online: OnlineStore | None  # None before the first build: the ledger answers
    seen: tuple[int, int | None, float | None]  # the agreement's version, the deployment and the bar


RowsOf = Callable[[Sequence[str], ServedModel], dict[str, LeadRow]]


class Scorer:
    """Scores of a home's leads, by the model that is deployed and the agreement that is kept now.

    tried: an agreement to decide by instead, which the home does not keep.
    """

    def __init__(self, home: Home, tried: AgreementVersion | None = None) -> None:
        self.home, self._tried = home, tried
        self._served: ServedModel | None = None
        self._was_erased: Callable[[Key], bool] = lambda _: False

    def refresh(self) -> None:
        """Follow the home: one comparison when nothing changed, one swapped reference when something did.

        A damaged model raises ModelDamaged and the last good one goes on serving.
        """
        try:
            agreed = self._tried or version_in_force(self.home)
        except NoAgreement:
            self._served = None
            return
        if not database_exists(self.home):  # of an agreement on trial: nothing was promoted, and nobody erased
            self._served = ServedModel(Scoring(agreed), None, (agreed.version, None, None))
            return
        newest = deployment_in_force(self.home, agreed.agreement.name)
        digest = newest.digest if newest else None
        bar = None if self._tried else bar_now(self.home, digest, agreed.agreement.policy_digest)
        seen = (agreed.version, newest.deployment_id if newest else None, bar)
        with reading(self.home) as connection:
            self._was_erased = recently_erased(connection)
        before = self._served
        if before and seen == before.seen:
            self._served = replace(before, online=self._online(before.scoring))
            return
        scoring = Scoring(agreed, bar_now=bar)
        if newest:
            same = before and before.scoring.digest == newest.digest and before.scoring.model
            model = same or Model.read(newest.folder(self.home), newest.digest)
            scoring = Scoring(agreed, model, newest.model_version, newest.digest, self._head(newest), bar)
        self._served = ServedModel(scoring, self._online(scoring), seen)

    def _head(self, row: Deployment) -> IfTried | None:
        """What answers if sales tries now: nearly always of the same version, else of an older one."""
        digest = row.if_tried_digest
        return IfTried.read(model_folder(self.home, digest), digest) if digest else None

    def _online(self, scoring: Scoring) -> OnlineStore | None:
        """The online store of the build that is read now; the one that was read where that is the same."""
        build = build_of(self.home, scoring.features_by)
        before = self._served.online if self._served else None
        if build is None or (before and before.repository.generation == build.generation):
            return before if build else None
        return OnlineStore(build.repository(self.home))

    @property
    def served(self) -> ServedModel:
        """What answers now. Raises NoAgreement for a home that has none."""
        if self._served is None:
            self.refresh()
        if self._served is None:
            raise NoAgreement(self.home)
        return self._served

    @property
    def scoring(self) -> Scoring:
        return self.served.scoring

    def scores(self, asked: LeadRequests, as_of: datetime, most_reasons: int | None = 3) -> list[dict[str, Any]]:
        """One score per lead asked for, in their order, as `POST /v1/scores` answers them. Nothing is stored.

        asked: each has one of lead_id, email, external_id, or traits and events (a what-if). A lead that nobody knows
        gets the status "unknown_lead", an erased one "erased", and neither a number.
        """
        served = self.served  # once: a promotion in between must not mix two models
        return self._answered(asked, as_of, most_reasons, served, self._rows)

    def past_scores(self, asked: LeadRequests, as_of: datetime, most_reasons: int | None = 3) -> list[dict[str, Any]]:
        """The same as it was known just before a past moment, by the model and agreement of today.

        A lead that nobody knew then has the status "unknown_lead".
        """
        return self._answered(asked, as_of, most_reasons, self.served, partial(self._rows_before, as_of))

    def _answered(
        self, asked: LeadRequests, as_of: datetime, most_reasons: int | None, served: ServedModel, rows_of: RowsOf
    ) -> list[dict[str, Any]]:
        scoring = served.scoring
        rows = self._inline(asked, scoring, as_of) | self._stored(asked, served, rows_of)
        places = [place for place, row in rows.items() if row is not None]
        known = [row for row in rows.values() if row is not None]
        answered = scoring.scores(known, as_of, most_reasons, self._kept(known))
        by_place = dict(zip(places, answered, strict=True))
        for place, score in by_place.items():
            if is_told(asked[place]):
                score["warnings"] = [*score["warnings"], *inline_warnings(asked[place], place, scoring.features_by)]
        missing = {place: _name(lead) for place, lead in enumerate(asked) if place not in by_place}
        gone = self._erased(set(missing.values()))
        return [
            by_place.get(place) or _unknown(lead, scoring, "erased" if missing[place] in gone else "unknown_lead")
            for place, lead in enumerate(asked)
        ]

    def _kept(self, rows: Sequence[LeadRow]) -> KeptDecisions:
        """What was decided on stored leads; by an agreement on trial nothing was."""
        stored = [row.lead_id for row in rows if row.lead_id is not None]
        return kept_decisions(self.home, stored) if stored and self._tried is None else NOTHING_KEPT

    def _erased(self, names: set[Key]) -> set[Key]:
        """Those of the names that nobody has any more, since their lead was erased."""
        if not names:
            return set()
        with reading(self.home) as connection:
            return erased_among(connection, names)

    def models(self) -> list[dict[str, Any]]:
        """Every promotion of this home, newest first; the first is what answers."""
        rows = deployments(self.home)
        return [_promotion(row, is_serving=place == 0) for place, row in enumerate(rows)]

    def _inline(self, asked: LeadRequests, scoring: Scoring, as_of: datetime) -> dict[int, LeadRow | None]:
        places = [i for i, lead in enumerate(asked) if is_told(lead)]
        if not places:
            return {}
        behaviours, traits = what_if_states([asked[i] for i in places], scoring.features_by, as_of)
        return {place: LeadRow(None, behaviours[i], traits[i], as_of, None) for i, place in enumerate(places)}

    def _stored(self, asked: LeadRequests, served: ServedModel, rows_of: RowsOf) -> dict[int, LeadRow | None]:
        wanted = {i: _name(lead) for i, lead in enumerate(asked) if not is_told(lead)}
        if not wanted:
            return {}
        lead_ids = self._lead_ids(set(wanted.values()), served)
        known = {place: lead_ids[name] for place, name in wanted.items() if name in lead_ids}
        known = {place: lead_id for place, lead_id in known.items() if not self._was_erased(("lead", lead_id))}
        rows = rows_of(list(dict.fromkeys(known.values())), served)
        return {place: rows.get(lead_id) for place, lead_id in known.items()}

    def _rows(self, lead_ids: Sequence[str], served: ServedModel) -> dict[str, LeadRow]:
        """The states of some leads by the id that was asked for: online where that is fresh and whole, else derived."""
        shown = shown_states(self.home, served.online, lead_ids, served.scoring.reads_accounts)
        rows = {lead_id: LeadRow.of(state, "online") for lead_id, state in shown.items()}
        unseen = [lead_id for lead_id in lead_ids if lead_id not in rows or not rows[lead_id].has_facts]
        # One without a fact may be part of another lead now, which the ledger knows.
        derived = ledger_states(self.home, served.scoring.features_by, unseen) if unseen else []
        pairs = zip(unseen, derived, strict=True)
        return rows | {lead_id: LeadRow.of(state, "ledger") for lead_id, state in pairs if state.known_at}

    def _rows_before(self, as_of: datetime, lead_ids: Sequence[str], served: ServedModel) -> dict[str, LeadRow]:
        """The states of some leads as they were known just before `as_of`, by the id that was asked for.

        Who objects to profiling now has no profile of then either.
        """
        states = states_before(self.home, served.scoring.features_by, lead_ids, microseconds(as_of))
        pairs = zip(lead_ids, states, strict=True)
        rows = {lead_id: LeadRow.of(state, "ledger") for lead_id, state in pairs if state.known_at}
        now = self._rows(list(rows), served)
        objecting = (lead_id for lead_id, row in now.items() if row.traits.get("profiling_opt_out") is True)
        return rows | {lead: rows[lead].objecting() for lead in objecting}

    def _lead_ids(self, names: set[Key], served: ServedModel) -> dict[Key, str]:
        """The leads that have these names: (kind, value) to lead_id. A lead id is taken at its word."""
        lead_ids = {name: name[1] for name in names if name[0] == "lead"}
        others = [name for name in names if name[0] != "lead"]
        if others:
            columns = tables.identities.c
            asked = or_(*(and_(columns.kind == kind, columns.value == value) for kind, value in others))
            with reading(self.home) as connection:
                rows = connection.execute(select(columns.kind, columns.value, columns.lead_id).where(asked)).all()
            lead_ids |= {(row.kind, row.value): row.lead_id for row in rows}
        if len(lead_ids) < len(names) and is_anything_pending(self.home):
            lead_ids |= pending_names(self.home, served.scoring.features_by, names - lead_ids.keys())
        return lead_ids


def is_told(lead: Mapping[str, Any]) -> bool:
    """Whether a request tells what the lead is and did, and does not name it."""
    return "traits" in lead or "events" in lead


def _promotion(row: Deployment, is_serving: bool) -> dict[str, Any]:
    model = {"name": row.model_name, "version": row.model_version, "digest": row.digest}
    return model | {"serving": is_serving, "why": row.why}


def _name(lead: Mapping[str, Any]) -> tuple[str, str]:
    if "lead_id" in lead:
        return "lead", str(lead["lead_id"])
    if "email" in lead:
        return "email", normal_email(lead["email"])
    system, value = next(iter(lead["external_id"].items()))
    return str(system).lower(), str(value)


def _unknown(lead: Mapping[str, Any], scoring: Scoring, status: str) -> dict[str, Any]:
    """No made-up number for a lead that we never heard of, or that was erased."""
    fields: dict[str, Any] = {"lead_id": lead.get("lead_id"), "status": status, "reasons": []}
    fields |= scoring.provenance
    return {name: fields.get(name) for name in SCORE_FIELDS}
