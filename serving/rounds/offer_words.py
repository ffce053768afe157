"""Words of an offer: why this lead goes over now, and what it did last, as of the moment of the offer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from features.agreement.agreement import Agreement
from features.home.clock import from_microseconds
from features.home.dates import moment
from serving.scoring.lead_now import Decided, LeadNow

MOST_ACTIVITIES = 5
MOST_REASONS = 3
AGAINST = "against it: "


def why_now(
    agreement: Agreement, lead: LeadNow, decided: Decided, as_of: datetime, reasons: Sequence[str]
) -> str | None:
    """What a rep reads first: that it asked and when, who sent it, or the strongest of its reasons.

    "asked for us 20 minutes ago (demo requests)".
    """
    strongest = next((text for text in reasons if not text.startswith(AGAINST)), None)
    if decided.hands_over == "inbound":
        return _asked(agreement, lead, decided, as_of)
    newest = lead.history.feedback[-1].by if lead.history and lead.history.feedback else None
    begun = {"qualified": "qualified by {}", "sent_by_marketing": "sent by {}"}.get(str(decided.hands_over))
    if begun:
        said = begun.format(newest or "a colleague")
        return f"{said}: {strongest}" if strongest else said
    back = "is back" if decided.hands_over == "returned" else None
    return ": ".join(filter(None, (back, strongest))) or None


def _asked(agreement: Agreement, lead: LeadNow, decided: Decided, as_of: datetime) -> str:
    asked_us = lead.history.asked_us if lead.history else None
    behaviours = decided.facts.get("behaviours") or {}
    labels = [agreement.behaviours[name].label or name for name in behaviours if name in agreement.behaviours]
    when = f" {ago(as_of - from_microseconds(asked_us))}" if asked_us is not None else ""
    return f"asked for us{when}" + (f" ({', '.join(labels)})" if labels else "")


def ago(past: timedelta) -> str:
    """How long ago, as people say it: "just now", "20 minutes ago", "3 hours ago", "5 days ago"."""
    minutes = int(past / timedelta(minutes=1))
    if minutes < 2:
        return "just now"
    if minutes < 120:
        return f"{minutes} minutes ago"
    return f"{minutes // 60} hours ago" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days ago"


def reasons_to_call(reasons: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The three strongest of what speaks for a lead; only where these are fewer, what speaks against it, said so.

    ("on pricing pages 8 times (17 min)", "director", "against it: employees 8")
    """
    raises = [str(reason["text"]) for reason in reasons if reason["direction"] == "raises"]
    lowers = [f"{AGAINST}{reason['text']}" for reason in reasons if reason["direction"] == "lowers"]
    return tuple([*raises, *lowers][:MOST_REASONS])


def last_activity(reasons: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """What the lead did last, the newest first, each in the words of its reason."""
    did = [(moment(last_at), str(reason["text"])) for reason in reasons if (last_at := _last_at(reason))]
    newest_first = sorted(((at, text) for at, text in did if at), reverse=True)
    return tuple(text for _, text in newest_first[:MOST_ACTIVITIES])


def _last_at(reason: Mapping[str, Any]) -> Any:
    return (reason.get("evidence") or {}).get("last_at") if reason.get("kind") == "behaviour" else None
