"""What the labels of a training rest on and leave out: figures, and the sentences that every output repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, NOT_YET
from features.lifecycle.closures import NEVER_LEADS
from features.snapshots.schedule import snapshot_schedule
from training.labels.drawn_snapshots import MOST_SNAPSHOTS
from training.labels.outcomes import RULES, matured_looks
from training.labels.question import drawn_sentence, percent_text, question_sentence
from training.labels.recording_lag import MOST_LAG_DAYS, recording_lag_us
from training.labels.truncation import ALL_RECORDED, Truncation, truncation

CONVERTED_ON_ACCEPTANCE = (
    "where reps convert a lead as they accept it, that tells whom they accept: Opportunity Won tells who buys"
)


@dataclass(frozen=True)
class LabelSummary:
    """What the labels of a training rest on. Shares are None where nobody can tell.

    snapshots: how many there are; known: how many of them have a known outcome.
    never_leads: by reject reason, the share of all leads that were never leads and are left out.
    tried_before: of the converted leads, the share that sales had tried before they converted; None where no try is on
    record.
    lag_days: how long after a conversion it is on record; an outcome is known only so long after its horizon closed.
    leads_known: leads with a known outcome. drawn: how many of the known snapshots the training draws.
    matured: one row per matured look, for the gate `labels_kept_alike`; None where nothing is known of it.
    """

    outcome: str
    horizon_days: int | None
    leads: int
    snapshots: int
    known: int
    never_leads: dict[str, float] = field(default_factory=dict)
    tried_before: float | None = None
    truncation: Truncation = ALL_RECORDED
    lag_days: float = 0.0
    leads_known: int = 0
    drawn: int = 0
    matured: pd.DataFrame | None = field(default=None, compare=False, repr=False)

    @property
    def sentences(self) -> list[str]:
        """What every output of a model that learned from these labels must say."""
        left_out = [*self.truncation.sentences, *self._on_lag(), *self._on_never_leads(), *self._on_draw()]
        return [self._on_outcome(), *left_out, self.question]

    def _on_outcome(self) -> str:
        within = "as exported" if self.horizon_days is None else f"within {self.horizon_days} days"
        pressed = f"; {CONVERTED_ON_ACCEPTANCE}" if self.outcome == "Lead Converted" else ""
        return f"The outcome is {self.outcome} {within}{pressed}."

    def _on_lag(self) -> Iterator[str]:
        if self.lag_days >= 1:
            least = "at least " if self.lag_days >= MOST_LAG_DAYS else ""
            days = f"{least}{self.lag_days:.0f} day{'s' * (round(self.lag_days) != 1)}"
            yield f"Conversions are on record up to {days} after they happened: an outcome counts as known only then."

    def _on_draw(self) -> Iterator[str]:
        if self.drawn < self.known:
            yield drawn_sentence(self.drawn, self.known)

    def _on_never_leads(self) -> Iterator[str]:
        if total := sum(self.never_leads.values()):
            named = ", ".join(
                f"{name.replace('_', ' ')} {percent_text(part)}" for name, part in self.never_leads.items()
            )
            yield f"{percent_text(total)} of {self.leads:,} leads never were leads and are left out ({named})."

    @property
    def question(self) -> str:
        """What a probability answers, as labels of this kind let it."""
        return question_sentence(self.horizon_days, self.tried_before)

    def as_json(self) -> dict[str, object]:
        """The figures, for `train --json` and the report."""
        began = self.truncation.outcomes
        return {
            "outcome": self.outcome,
            "horizon_days": self.horizon_days,
            "leads": self.leads,
            "snapshots": self.snapshots,
            "known": self.known,
            "leads_known": self.leads_known,
            "drawn": self.drawn,
            "recording_lag_days": self.lag_days,
            "never_leads": self.never_leads,
            "tried_before": self.tried_before,
            "recorded_since": {"outcomes": began.date.isoformat() if began else None},
        }


def label_summary(leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> LabelSummary:
    """What the labels of these leads rest on and leave out.

    leads: as they were known at that moment, see `features.lifecycle.milestones.known_by`.
    """
    snapshots = snapshot_schedule(leads, agreement, known_until_us)
    looks = matured_looks(snapshots, leads, agreement, known_until_us)
    matured = looks.loc[looks["is_matured"], ["lead_id", "is_won", *RULES]]
    known = matured[~matured[list(RULES)].any(axis=1)]
    is_dated = agreement.outcome.horizon_days is not None
    return LabelSummary(
        agreement.outcome.event,
        agreement.outcome.horizon_days,
        len(leads),
        len(snapshots),
        len(known),
        _never_leads(leads),
        tried_before(leads),
        truncation(leads, agreement, known_until_us),
        recording_lag_us(leads, known_until_us) / DAY_US if is_dated else 0.0,
        known["lead_id"].nunique(),
        min(len(known), MOST_SNAPSHOTS),
        matured,
    )


def tried_before(leads: pd.DataFrame) -> float | None:
    """Of the converted leads, the share that sales had tried before they converted; None where no try is on record."""
    won = leads[leads["converted_us"] != NOT_YET]
    if won.empty or (leads["tried_us"] == NOT_YET).all():
        return None
    return float((won["tried_us"] <= won["converted_us"]).mean())


def _never_leads(leads: pd.DataFrame) -> dict[str, float]:
    """By reject reason, the share of leads that were never leads; one that was merged into another is a duplicate."""
    reason = leads["reject_reason"].where(leads["merged_us"] == NOT_YET, "duplicate")
    return {str(name): count / len(leads) for name, count in reason[reason.isin(NEVER_LEADS)].value_counts().items()}
