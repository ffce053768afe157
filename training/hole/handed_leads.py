"""Leads that were handed over to sales, one row each: tried or not, after how long, how often, and how it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pandas as pd

from training.hole.lead_facts import FileFacts, WorkedLead
from training.hole.lead_rows import NAMES, LeadRows, moments_of
from training.hole.sales_history import LeadPast, RecordedWork
from training.hole.status_meanings import Meaning, StatusMeanings, number_of_tries

HAD_TIME = timedelta(days=1)  # a younger lead could not have been tried within 24 hours yet
_NO_PAST = LeadPast()
_TRUTHS = ("is_tried", "is_same_day", "is_rejected", "is_given_up", "rejected_then_won", "given_up_then_won")


@dataclass(frozen=True)
class HandedLeads:
    """leads: one row per lead that was handed over, indexed by its id.

    handed_at, first_try_at: moments (UTC). had_time: whether it was handed over a day or more before the newest moment
    of the files. is_tried, is_same_day, is_rejected, is_given_up, rejected_then_won, given_up_then_won: each empty
    where the files do not tell. hours: from the handover to the first try, NaN where only days are known.
    tries: made before it was given up. source, campaign, owner.

    facts: what the files tell at all. meanings: by status and reason, what it was taken for; unknown: those that no
    word explains, with how many leads have them. not_handed_over: leads that sales never got.
    """

    leads: pd.DataFrame
    facts: FileFacts
    as_of: datetime | None
    not_handed_over: int
    meanings: Mapping[str, Meaning]
    unknown: Counter[str]


def handed_leads(found: LeadRows, history: RecordedWork, meanings: StatusMeanings, zone: ZoneInfo) -> HandedLeads:
    """The leads that were handed over: where the files have moments of it those with one, else all of them.

    Raises StatusError where a person explained a status that no lead has.
    """
    texts = _statuses_and_reasons(found.leads, history)
    meanings.check_named(texts)
    facts = _file_facts(found, history, meanings, texts)
    leads = [
        WorkedLead(row, history.by_lead.get(str(lead), _NO_PAST), facts)
        for lead, row in zip(found.leads.index, _records(found.leads), strict=True)
    ]
    as_of = _newest(found.leads, history)
    rows = pd.DataFrame([_row(lead, as_of, zone) for lead in leads], index=found.leads.index, columns=_COLUMNS)
    is_handed = rows["handed_at"].notna() if "handed_over" in facts.roles else pd.Series(True, index=rows.index)
    return HandedLeads(
        _typed(rows[is_handed]),
        facts,
        as_of,
        int((~is_handed).sum()),
        {text: said for text in texts if (said := meanings.of(text))},
        Counter({text: count for text, count in texts.items() if meanings.of(text) is None}),
    )


def _records(leads: pd.DataFrame) -> list[dict[str, object]]:
    """By role what each row says; pandas makes no record of a row without columns."""
    records = [{str(role): said for role, said in row.items()} for row in leads.to_dict("records")]
    return records or [{} for _ in range(len(leads))]


def _file_facts(found: LeadRows, history: RecordedWork, meanings: StatusMeanings, texts: Counter[str]) -> FileFacts:
    roles = found.roles | frozenset(history.roles)
    roles |= {"handed_over"} if any(past.handed_over for past in history.by_lead.values()) else frozenset()
    roles |= {"won"} if any(past.won for past in history.by_lead.values()) else frozenset()
    by_number = any(number_of_tries(text) for text in texts if meanings.of(text) == "tried")
    has_tries = by_number or "tries" in roles or "last_try" in history.roles
    tells_when_ended = "ended" in roles or any(past.statuses for past in history.by_lead.values())
    has_waiting = any(meanings.of(text) == "waiting" for text in texts)
    return FileFacts(
        roles, found.has_hours, history.has_hours, meanings, has_tries, by_number, tells_when_ended, has_waiting
    )


def _statuses_and_reasons(leads: pd.DataFrame, history: RecordedWork) -> Counter[str]:
    """By status and reason of a row or a history, how many leads have had it."""
    texts: Counter[str] = Counter()
    for role in {"status", "reason"} & set(leads.columns):
        texts.update(text for text in leads[role] if isinstance(text, str))
    for lead, past in history.by_lead.items():
        if lead in leads.index:
            here = {leads.at[lead, role] for role in {"status", "reason"} & set(leads.columns)}
            texts.update(sorted({text for _, text in (*past.statuses, *past.reasons) if text} - here))
    return texts


def _newest(leads: pd.DataFrame, history: RecordedWork) -> datetime | None:
    """The newest moment at which anything happened; that of a last try may be one that is only planned."""
    dated = [leads[role].max() for role in ("created", "handed_over", "first_try", "ended", "closed", "won")
             if role in leads and leads[role].notna().any()]  # fmt: skip
    recorded = [
        at for past in history.by_lead.values() for at in (past.won, *(at for at, _ in past.statuses[-1:])) if at
    ]
    return max([moment.to_pydatetime() for moment in dated] + recorded, default=None)


_COLUMNS = [
    "handed_at", "first_try_at", "had_time", "is_tried", "hours", "is_same_day", "tries", "is_rejected", "is_given_up",
    "rejected_then_won", "given_up_then_won", *NAMES,
]  # fmt: skip


def _row(lead: WorkedLead, as_of: datetime | None, zone: ZoneInfo) -> dict[str, object]:
    handed, ends = lead.handed_over, [*lead.ends()]
    rejects = [at for at, how in ends if how == "rejected"]
    given_up = [at for at, how in ends if how != "rejected"]
    tells_end = lead.is_explained or bool(ends)
    return {
        "handed_at": handed and handed.at,
        "had_time": handed is None or as_of is None or handed.at <= as_of - HAD_TIME,
        "is_tried": lead.is_tried,
        **_first_try(lead, zone),
        "tries": lead.tries_made(min((at for at in given_up if at), default=None)) if given_up else None,
        "is_rejected": bool(rejects) if tells_end else None,
        "is_given_up": bool(given_up) if tells_end else None,
        "rejected_then_won": _then_won(lead, rejects),
        "given_up_then_won": _then_won(lead, given_up),
        **{name: lead.text(name) for name in NAMES},
    }


def _first_try(lead: WorkedLead, zone: ZoneInfo) -> dict[str, object]:
    """The first try since the handover, and after how many hours, where both have a time of day."""
    handed = lead.handed_over
    if handed is None:
        return {}
    day = handed.at.astimezone(zone).date()
    for tried in lead.tries:
        has_hours = handed.has_hours and tried.has_hours
        if tried.at >= handed.at if has_hours else tried.at.astimezone(zone).date() >= day:
            hours = (tried.at - handed.at).total_seconds() / 3600 if has_hours else None
            same_day = tried.at.astimezone(zone).date() == day
            return {"first_try_at": tried.at, "hours": hours, "is_same_day": same_day}
    return {"is_same_day": False if lead.is_tried is False else None}


def _then_won(lead: WorkedLead, ends: list[datetime | None]) -> bool | None:
    """Whether it converted after the first of some ends; None without one, and where a row can only show the last."""
    dated = [at for at in ends if at]
    tells = "won" in lead.file.roles and (lead.past.statuses or "ended" in lead.file.roles)
    if not dated or not tells:
        return None
    return lead.won_at is not None and lead.won_at > min(dated)


def _typed(rows: pd.DataFrame) -> pd.DataFrame:
    typed = rows.assign(**{name: rows[name].astype("boolean") for name in _TRUTHS})
    typed = typed.assign(**{name: pd.to_numeric(rows[name]).astype(float) for name in ("hours", "tries")})
    for name in ("handed_at", "first_try_at"):
        typed[name] = moments_of([None if pd.isna(at) else at for at in rows[name]]).to_numpy()
        typed[name] = typed[name].dt.tz_localize("UTC") if typed[name].dt.tz is None else typed[name]
    return typed.assign(had_time=rows["had_time"].astype(bool))
