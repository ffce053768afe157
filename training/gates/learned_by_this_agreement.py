"""The gate `learned_by_this_agreement`: the home worked with the version's outcome, behaviours and traits once."""

from __future__ import annotations

from features.agreement.agreement import Agreement
from features.agreement.versions import agreement_with_digest
from features.home.settings import Home
from training.gates.gate import Gate

FOREIGN = (
    "No agreement that this home worked with has its outcome, behaviours and traits, so it is of another home: give "
    "each agreement a name of its own, or ingest with that agreement first."
)


def learned_by_this_agreement(home: Home, agreement: Agreement) -> tuple[Gate, ...]:
    """The gate that a version of another home does not pass; no gate where the home knows its agreement.

    Homes may share a registry and a name, so a version with the right name may still be a stranger's.
    """
    is_known = agreement_with_digest(home, agreement.feature_digest.removeprefix("sha256:")) is not None
    return () if is_known else (Gate("learned_by_this_agreement", False, None, None, FOREIGN),)
