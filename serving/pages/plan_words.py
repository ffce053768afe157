"""The plan for a lead that is not ready, in words: what comes next and when, why it waits, and inside sales' step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from features.agreement.agreement import Agreement
from serving.code_words import MEDIA
from serving.notices.short_texts import moment_text, plain, sentence
from serving.pages.card.card_facts import Reader

PHASES = {
    "review": "as many touches as agreed brought nothing: look at it",
    "slow": "slowly, for nothing came back",
}


def plan_words(plan: Mapping[str, Any] | None, agreement: Agreement, reader: Reader) -> Iterator[tuple[str, str]]:
    """(name, words) of a plan as the newest decision keeps it; nothing where nothing is planned."""
    if not plan:
        return
    if waits := plan["waits"]:
        until = f", until {_moment(waits['until'], reader)}" if waits["until"] else ""
        yield "Waits", plain(f"{waits['text']}{until}")
    if step := plan["step"]:
        yield "Next step", f"{step['step']} of {step['of']}, {MEDIA[step['medium']]}, {_moment(step['due_at'], reader)}"
        yield "Back to marketing", _moment(step["until"], reader)
    elif plan["next"]["kind"] != "none":
        yield "Send next", f"{_next(plan['next'], agreement)}, {_moment(plan['due_at'], reader)}"
    if plan["phase"] in PHASES:
        yield "Rhythm", PHASES[plan["phase"]]
    if plan["come_back_at"]:
        yield "Comes back", _moment(plan["come_back_at"], reader)


def planned_question(plan: Mapping[str, Any] | None) -> str | None:
    """The one question to ask next: none that the lead was asked before."""
    asked = plan["ask"] if plan else None
    return sentence(plain(asked["question"])) if asked else None


def _next(touch: Mapping[str, Any], agreement: Agreement) -> str:
    about = f" on {plain(touch['topic'])}" if touch["topic"] else ""
    if touch["kind"] == "content":
        known = agreement.content.get(touch["content_id"])
        return f"“{plain((known and known.title) or touch['content_id'])}”{about}"
    return "the question below" if touch["kind"] == "question" else f"what is new{about}"


def _moment(at: str | None, reader: Reader) -> str:
    return moment_text(datetime.fromisoformat(at), reader.as_of, reader.zone) if at else "at once"
