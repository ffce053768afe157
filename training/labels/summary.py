"""What the labels of a training rest on and leave out: figures, and the sentences that every output repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET
from features.lifecycle.closures import NEVER_LEADS
from features.snapshots.schedule import snapshot_schedule
from training.labels.outcomes import contacts_are_recorded, is_untried, outcomes
from training.labels.truncation import ALL_RECORDED, Truncation, truncation

CONVERTED_ON_ACCEPTANCE = (
    "where reps convert a lead as they accept it, that tells whom they accept: Opportunity Won tells who buys"
)
UNRECORDED = 0.1  # of the conversions: with more, calls seem to go unrecorded


@dataclass(frozen=True)
class LabelSummary:
    """What the labels of a training rest on. Shares are None where nobody can tell.

    snapshots: how many there are; known: how many of them have a known outcome.
    never_leads: by reject reason, the share of all leads that were never leads and are left out.
    negatives_never_tried: of the snapshots without a conversion, the share whose lead sales never tried.
    won_never_tried: the same of the snapshots with a conversion.
    """

    outcome: str
    horizon_days: int | None
    leads: int
    snapshots: int
    known: int
    never_leads: dict[str, float] = field(default_factory=dict)
    contacts_are_recorded: bool = False
    never_contacted: str = "unknown"
    negatives_never_tried: float | None = None
    won_never_tried: float | None = None
    truncation: Truncation = ALL_RECORDED

    @property
    def sentences(self) -> list[str]:
        """What every output of a model that learned from these labels must say."""
        return [self._on_outcome(), *self.truncation.sentences, *self._on_never_leads(), *self._on_contacts()]

    def _on_outcome(self) -> str:
        within = "as exported" if self.horizon_days is None else f"within {self.horizon_days} days"
        pressed = f"; {CONVERTED_ON_ACCEPTANCE}" if self.outcome == "Lead Converted" else ""
        return f"The outcome is {self.outcome} {within}{pressed}."

    def _on_never_leads(self) -> Iterator[str]:
        if total := sum(self.never_leads.values()):
            named = ", ".join(f"{name.replace('_', ' ')} {_percent(part)}" for name, part in self.never_leads.items())
            yield f"{_percent(total)} of {self.leads:,} leads never were leads and are left out ({named})."

    def _on_contacts(self) -> Iterator[str]:
        if not self.contacts_are_recorded:
            yield "Contacts are not recorded, or before few conversions, so a lead that nobody tried counts as a no."
            yield "Under the present way of working: it says what happens as sales works its leads now."
            return
        yield "Under the present way of working: it learned from the leads that sales tried, as sales tries them now."
        yield from self._on_never_tried()

    def _on_never_tried(self) -> Iterator[str]:
        if self.negatives_never_tried is not None:
            share = _percent(self.negatives_never_tried)
            if self.never_contacted == "unknown":
                yield f"{share} of the looks without a conversion were at leads that nobody tried: unknown, not a no."
            else:
                yield (
                    f"{share} of the noes are leads that nobody tried: it learns whom sales has the habit of calling; "
                    '[outcome] never_contacted = "unknown" leaves them out.'
                )
        if (self.won_never_tried or 0) > UNRECORDED:
            yield (
                f"{_percent(self.won_never_tried or 0)} of the conversions have no contact on record before: where "
                "calls go unrecorded, leads called in vain count as never tried, and the rate comes out too high."
            )

    def as_json(self) -> dict[str, object]:
        """The figures, for `train --json` and the report."""
        since = {"outcomes": self.truncation.outcomes, "contacts": self.truncation.contacts}
        return {
            "outcome": self.outcome,
            "horizon_days": self.horizon_days,
            "leads": self.leads,
            "looks": self.snapshots,
            "known": self.known,
            "never_leads": self.never_leads,
            "contacts_are_recorded": self.contacts_are_recorded,
            "never_contacted": self.never_contacted if self.contacts_are_recorded else "no",
            "negatives_never_tried": self.negatives_never_tried,
            "won_never_tried": self.won_never_tried,
            "recorded_since": {name: began.date.isoformat() if began else None for name, began in since.items()},
        }


def label_summary(leads: pd.DataFrame, agreement: Agreement, known_until_us: int) -> LabelSummary:
    """What the labels of these leads rest on and leave out.

    leads: as they were known at that moment, see `features.lifecycle.milestones.known_by`.
    """
    snapshots = snapshot_schedule(leads, agreement, known_until_us)
    are_recorded = contacts_are_recorded(leads)
    never, won = _never_tried(snapshots, leads, agreement, known_until_us) if are_recorded else (None, None)
    return LabelSummary(
        agreement.outcome.event,
        agreement.outcome.horizon_days,
        len(leads),
        len(snapshots),
        int(outcomes(snapshots, leads, agreement, known_until_us).notna().sum()),
        _never_leads(leads),
        are_recorded,
        agreement.outcome.never_contacted,
        never,
        won,
        truncation(leads, agreement, known_until_us),
    )


def _never_tried(
    snapshots: pd.DataFrame, leads: pd.DataFrame, agreement: Agreement, known_until_us: int
) -> tuple[float | None, float | None]:
    """The share of never tried leads among snapshots without a conversion, and among snapshots with one."""
    if agreement.outcome.undated:
        return None, None
    # Asked as if silence were a no: otherwise there would be no such negatives.
    counted = agreement.outcome.model_copy(update={"never_contacted": "no"})
    became = outcomes(snapshots, leads, agreement.model_copy(update={"outcome": counted}), known_until_us)
    opened = leads.set_index("lead_id")["opened_us"].reindex(snapshots["lead_id"]).to_numpy()
    became = became.mask(opened < truncation(leads, agreement, known_until_us).since_us)
    never = is_untried(snapshots, leads, agreement)
    shares = (never[(became == which).fillna(False).astype(bool)] for which in (False, True))
    negatives, won = (float(share.mean()) if len(share) else None for share in shares)
    return negatives, won


def _never_leads(leads: pd.DataFrame) -> dict[str, float]:
    """By reject reason, the share of leads that were never leads; one that was merged into another is a duplicate."""
    reason = leads["reject_reason"].where(leads["merged_us"] == NOT_YET, "duplicate")
    return {str(name): count / len(leads) for name, count in reason[reason.isin(NEVER_LEADS)].value_counts().items()}


def _percent(share: float) -> str:
    return "under 1%" if 0 < share < 0.01 else f"{share:.0%}"
