"""What changed of a lead between two moments, in words with evidence: "pricing page twice, webinar once"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, Bools
from features.behaviour.decayed_counters import Observations
from features.derived import DerivedRows
from features.snapshots.point_in_time import model_traits
from features.store.online import LeadState
from serving.scoring.reasons import LeadEvidence, times, trait_words
from serving.scoring.score import Scoring

WEEK = timedelta(days=6)
SMALLEST = 0.5  # points: what moved a score by less is not in the sentence


@dataclass(frozen=True)
class ScoredMoment:
    """One end of a comparison: when, and by what was answered. decision_id: of the decision that was made then."""

    at_us: int
    scoring: Scoring
    decision_id: str | None


@dataclass(frozen=True)
class ChangedLead:
    """One lead between two moments, read by the model of the first. rows: all that is known of it by the second."""

    begin: ScoredMoment
    end: ScoredMoment
    rows: DerivedRows
    then: LeadState
    now: LeadState

    @property
    def agreement(self) -> Agreement:
        return self.begin.scoring.features_by

    @property
    def days(self) -> float:
        return (self.end.at_us - self.begin.at_us) / DAY_US


def step_words(changed: ChangedLead) -> dict[str, str]:
    """What each step is of, by its name; where nothing changed it says so."""
    before, after = changed.begin.scoring, changed.end.scoring
    return {
        "time": f"time passing: {_so_long(changed.days)}",
        "corrections": _listed(_corrections(changed)) or "nothing of before was corrected",
        "activity": _listed(_activity(changed)) or "nothing new that counts",
        "traits": _listed(_traits(changed)) or "nothing else became known",
        "model": "the same model" if before.digest == after.digest else _models(before, after),
        "agreement": _agreements(before, after),
    }


def change_sentence(begin: datetime, end: datetime, steps: Sequence[Mapping[str, Any]]) -> str:
    """All steps that moved the score, in one line: "since Monday: pricing page twice +9; time passing: 6 days -3".

    begin, end: in the zone in which it is read.
    """
    moved = [step for step in steps if abs(step["points"]) >= SMALLEST]
    moved.sort(key=lambda step: -abs(step["points"]))  # stable: in the fixed order where they are alike
    said = "; ".join(f"{step['text']} {step['points']:+.0f}" for step in moved)
    return f"since {_since(begin, end)}: {said or 'nothing that moved the score'}"


def _since(begin: datetime, end: datetime) -> str:
    if begin.date() == end.date():
        return f"{begin:%H:%M}"
    return f"{begin:%A}" if end.date() - begin.date() <= WEEK else f"{begin:%Y-%m-%d}"


def _so_long(days: float) -> str:
    if days >= 1:
        return "1 day" if int(days) == 1 else f"{int(days)} days"
    hours = int(days * 24)
    return "less than an hour" if not hours else "1 hour" if hours == 1 else f"{hours} hours"


def _corrections(changed: ChangedLead) -> Iterator[str]:
    """What of before the first moment became known, or was taken back, since."""
    later, taken_back = " known only later", " taken back"
    for part, whose in _parts(changed):
        of_before = part.taken((part.known_us > changed.begin.at_us) & (part.occurred_us <= changed.begin.at_us))
        for sign, how in ((of_before.weight > 0, later), (of_before.weight < 0, taken_back)):
            yield from _counted(changed.agreement, of_before, sign, whose, how)


def _activity(changed: ChangedLead) -> Iterator[str]:
    """What happened since the first moment, without what was taken back again."""
    for part, whose in _parts(changed):
        since = part.taken((part.known_us > changed.begin.at_us) & (part.occurred_us > changed.begin.at_us))
        yield from _counted(changed.agreement, since, since.weight != 0, whose, "")


def _parts(changed: ChangedLead) -> Iterator[tuple[Observations, str]]:
    """What the lead did, and, where that counts, what its colleagues did."""
    rows = changed.rows
    positions = [place for place, lead in enumerate(rows.identities.lead_ids) if lead == changed.now.lead_id]
    yield rows.observed.taken(np.isin(rows.observed.lead, positions)), ""
    account = changed.then.traits.get("account")
    if changed.begin.scoring.reads_accounts and account in rows.account_ids:
        colleagues = rows.accounts.taken(rows.accounts.lead == rows.account_ids.index(account))
        own = set(np.asarray(rows.table.event_id)[rows.observed.event[np.isin(rows.observed.lead, positions)]].tolist())
        yield (
            colleagues.taken(np.array([event not in own for event in colleagues.event.tolist()], bool)),
            "colleagues: ",
        )


def _counted(agreement: Agreement, part: Observations, which: Bools, whose: str, how: str) -> Iterator[str]:
    names, labels = list(agreement.behaviours), agreement.behaviours
    for place in dict.fromkeys(part.behaviour[which].tolist()):
        count = round(float(part.weight[which & (part.behaviour == place)].sum()))
        if count:
            yield f"{whose}{labels[names[place]].label} {times(abs(count))}{how}"


def _traits(changed: ChangedLead) -> Iterator[str]:
    """Each trait with another value than before, and the value before."""
    agreement = changed.agreement
    evidence = [LeadEvidence(agreement, {}, state.traits, changed.end.at_us) for state in (changed.then, changed.now)]
    for name in model_traits(agreement):
        if changed.then.traits.get(name) != changed.now.traits.get(name):
            (_, found), (said, _) = (trait_words(name, one) for one in evidence)
            yield said if found["value"] is None else f"{said}, before {found['value']}"


def _listed(said: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(said))


def _models(before: Scoring, after: Scoring) -> str:
    was, now = (f"version {one.version}" if one.model else "the agreement's points" for one in (before, after))
    return f"another model: {now} in place of {was}"


def _agreements(before: Scoring, after: Scoring) -> str:
    was, now = before.kept, after.kept
    if was.agreement.digest == now.agreement.digest:
        return "the same agreement"
    return f"another agreement: version {now.version} in place of version {was.version}"
