"""The history of a lead's score: what it was at each decision that is kept, as it was served then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from features.home.clock import from_microseconds, rfc3339
from serving.decisions.served_then import ServedThen
from serving.scoring.points import grade, logit, score


def score_history(served: ServedThen, rows: Sequence[Any]) -> list[dict[str, Any]]:
    """The score of each row of the log of decisions, in their order.

    The probability is the one that was kept then. Score and grade follow from it by the agreement of that decision;
    they are None where there was no probability, or where that agreement is not kept.
    """
    return [_moment(served, row) for row in rows]


def _moment(served: ServedThen, row: Any) -> dict[str, Any]:
    kept = served.agreed_under(row.policy_digest, row.decided_us)
    whole = letter = None
    if kept is not None and row.probability is not None:
        whole = score(row.probability, kept.agreement.policy.score_50)
        letter = grade(whole, kept.agreement.policy.grades)
    return {
        "at": rfc3339(from_microseconds(row.decided_us)),
        "decision_id": row.decision_id,
        "logit": None if row.probability is None else logit(row.probability),
        "probability": row.probability,
        "score": whole,
        "grade": letter,
        "threshold": row.threshold,
        "points": row.points,
        "decision": row.decision,
        "code": row.code,
        "model_version": served.model_version(row.model_digest),
        "agreement_version": kept.version if kept else None,
        "caused_by": {"kind": row.cause_kind, "ref": row.cause_ref},
    }
