"""Whether a scheduled training has anything new to learn from."""

from __future__ import annotations

from datetime import datetime

from features.agreement import Agreement
from features.clocks import microseconds
from features.derivation import derived
from features.lifecycle import known_by
from features.settings import Home
from features.snapshots import snapshot_moments
from features.trainings import Matured, Training, keep_training, last_training
from training.outcomes import outcomes


def matured(home: Home, agreement: Agreement, known_until: datetime) -> Matured:
    """The outcomes that are known by a moment; no feature is read for it."""
    known_until_us = microseconds(known_until)
    leads = known_by(derived(home, agreement).leads, known_until_us)
    looked_at = snapshot_moments(leads, agreement, known_until_us)
    became = outcomes(looked_at, leads, agreement, known_until_us)
    newest_us = looked_at["snapshot_us"][became.notna().to_numpy()].max()
    known = became.dropna()
    return Matured(len(known), int(known.sum()), int(newest_us) if len(known) else 0)


def nothing_new(home: Home, agreement: Agreement, now: Matured) -> str | None:
    """Why there is nothing to train for, as a sentence; None where there is.

    There is where the known outcomes are not those of the last training by the same feature part: other ones matured,
    or what became of a lead was corrected. New events alone teach nothing before their horizon has closed.
    """
    if not now.outcomes:
        return "no outcome is known yet, so there is nothing to train on"
    last = last_training(home, agreement.name, agreement.feature_digest)
    if last is None or last.matured != now:
        return None
    became = f"{now.outcomes:,} known outcomes, {now.conversions:,} of them conversions"
    return f"nothing matured since version {last.model_version} was trained: still {became}"


def done(home: Home, agreement: Agreement, version: str, is_promoted: bool, known: Matured, now: datetime) -> None:
    """Write down that a training by this agreement came to its end, promoted or held back."""
    keep_training(home, Training(agreement.name, agreement.feature_digest, version, is_promoted, known), now)
