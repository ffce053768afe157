"""Status words: what a CRM's word for the status of a lead says of our work on it, as feedback.

The words of each CRM as it comes are data: `crm.toml`, beside this file; an agreement adds and changes some.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.statuses import NOTHING, is_meaning

UNDATED = "field"  # the property of a status that an export shows: since when it stood so, nobody wrote down


def status_feedback(properties: Mapping[str, Any], agreement: Agreement) -> dict[str, Any] | None:
    """The properties of the feedback that a change of status is; None where it is none.

    A status that the agreement's [export] names as lost or open means that, and one that an export shows without its
    date says nothing of when anybody worked. {"crm": "hubspot", "status": "CONNECTED", "owner": "41"} is
    {"kind": "contacted", "by": "41", "side": "sales"}.
    """
    meaning = None if UNDATED in properties else status_meaning(properties, agreement)
    if meaning is None or meaning == NOTHING:
        return None
    kind, _, reason = meaning.partition(" ")
    by = properties.get("by") or properties.get("owner")
    return {"kind": kind, "side": "sales"} | ({"by": by} if by else {}) | ({"reason": reason} if reason else {})


def status_meaning(properties: Mapping[str, Any], agreement: Agreement) -> str | None:
    """What a status says, NOTHING where it says nothing of our work; None for a word that nobody explained."""
    status = _plain(properties.get("status"))
    if not status:
        return NOTHING
    agreed: dict[str, str] = {_plain(word): meaning for word, meaning in agreement.statuses.items()}
    if status in agreed:
        return agreed[status]
    export = agreement.export
    if export and export.names_statuses and status in map(_plain, (*export.lost, *export.open, export.positive)):
        return NOTHING
    return _presets().get(_plain(properties.get("crm")), {}).get(status)


def _plain(word: object) -> str:
    """A word without case and signs: HubSpot's API writes IN_PROGRESS where its pages show "In progress"."""
    return "".join(sign for sign in str(word or "").casefold() if sign.isalnum())


@cache
def _presets() -> dict[str, dict[str, str]]:
    written = tomllib.loads((Path(__file__).parent / "crm.toml").read_text(encoding="utf-8"))
    presets = {
        _plain(crm): {_plain(word): meaning for word, meaning in words.items()} for crm, words in written.items()
    }
    assert all(is_meaning(meaning) for words in presets.values() for meaning in words.values())
    return presets
