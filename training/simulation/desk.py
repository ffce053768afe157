"""The events of the simulated market's CRM and sales desk, and the calls that make leads and strangers known."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import DAY_US, Ints
from features.lifecycle.closures import REJECT_REASONS
from training.simulation.calling import OPPORTUNITY_DAYS, OPPORTUNITY_IF_BOUGHT, OPPORTUNITY_IF_NOT
from training.simulation.catalogue import CRAWLER, PAGES, PEOPLES_AGENTS, EventKind
from training.simulation.dynamics import NEVER
from training.simulation.event_rows import ANONYMOUS, BOTH, SECOND_US, event_rows
from training.simulation.histories import MINUTE_US, MONTHS_18_US

REPS = 12
FURTHER_TOUCHES = 3
HOUR_US = 60 * MINUTE_US


def introductions(leads: pd.DataFrame, draws: np.random.Generator) -> list[pd.DataFrame]:
    """The event rows that introduce each lead: an identify call, its company's group call, and for some an alias."""
    lead, opened = np.arange(len(leads)), leads["opened_us"].to_numpy()
    employed = np.flatnonzero(leads["account"] >= 0)
    aliased = np.flatnonzero(draws.random(len(leads)) < 0.03)
    return [
        event_rows(EventKind.IDENTIFIED, lead=lead, at_us=opened - SECOND_US // 3, known_us=opened, carries=BOTH),
        event_rows(EventKind.GROUPED, lead=employed, at_us=opened[employed], known_us=opened[employed] + SECOND_US),
        event_rows(EventKind.ALIASED, lead=aliased, at_us=opened[aliased], known_us=opened[aliased] + 2 * SECOND_US),
    ]


def strangers(leads: int, draws: np.random.Generator) -> list[pd.DataFrame]:
    """The event rows of visitors who never say who they are, and of crawlers."""
    count = leads // 4
    at_us = -(draws.random(count) * MONTHS_18_US).astype(np.int64) - MINUTE_US
    agent = draws.integers(PEOPLES_AGENTS + 1, size=count)
    agent = np.where(agent == PEOPLES_AGENTS, CRAWLER, agent)
    item = draws.integers(len(PAGES), size=count)
    who = {"lead": -1 - np.arange(count), "agent": agent, "carries": ANONYMOUS, "ref": -1 - np.arange(count)}
    return [event_rows(EventKind.PAGE, at_us=at_us, known_us=at_us + SECOND_US, item=item, **who)]


def desk(leads: pd.DataFrame, draws: np.random.Generator) -> list[pd.DataFrame]:
    """The event rows of touches, opportunities, conversions and rejects. Nothing of this moves the truth."""
    lead = np.flatnonzero(leads["touched_us"] < 0)
    count = len(lead)
    at_us = leads["touched_us"].to_numpy()[lead]
    by = draws.integers(1, REPS + 1, count)
    first = draws.random(count) < 0.6
    parts = _called(_touches(lead, at_us, by, first), draws) + _mailed(_touches(lead, at_us, by, ~first), draws)
    for _ in range(FURTHER_TOUCHES):
        at_us = at_us + draws.integers(DAY_US, 6 * DAY_US, count)
        parts += _called(_touches(lead, at_us, by, draws.random(count) < 0.35), draws)
        parts += _mailed(_touches(lead, at_us, by, draws.random(count) < 0.35), draws)
        met = _touches(lead, at_us + HOUR_US, by, draws.random(count) < 0.12)
        parts.append(event_rows(EventKind.MEETING_HELD, **met))
    parts.append(_opportunities(leads, lead, draws))
    open_until = leads["closed_us"].to_numpy()
    return [part[part["at_us"] < open_until[part["lead"]]] for part in parts] + _ends(leads, draws)


def _touches(lead: Ints, at_us: Ints, by: Ints, chosen: npt.NDArray[np.bool_]) -> dict[str, Any]:
    # `ref` is the mail's, unique among the reps' mails because a lead has one touch at a moment.
    return {"lead": lead[chosen], "at_us": at_us[chosen], "item": by[chosen], "ref": np.flatnonzero(chosen)}


def _called(touches: dict[str, Any], draws: np.random.Generator) -> list[pd.DataFrame]:
    answered = draws.random(len(touches["lead"])) < 0.35
    talks = {name: values[answered] for name, values in touches.items()}
    talks["at_us"] = talks["at_us"] + MINUTE_US
    return [
        event_rows(EventKind.CALL_ATTEMPTED, **touches),
        event_rows(EventKind.CALL_ANSWERED, number=draws.integers(2, 16, int(answered.sum())), **talks),
    ]


def _mailed(touches: dict[str, Any], draws: np.random.Generator) -> list[pd.DataFrame]:
    """A rep's own mail, and that it was read: activity that sales itself causes."""
    opened = draws.random(len(touches["lead"])) < 0.55
    reads = {name: values[opened] for name, values in touches.items()}
    reads["at_us"] = reads["at_us"] + draws.integers(5 * MINUTE_US, 20 * HOUR_US, int(opened.sum()))
    clicked = draws.random(int(opened.sum())) < 0.4
    clicks = {name: values[clicked] for name, values in reads.items()}
    clicks["at_us"] = clicks["at_us"] + 15 * SECOND_US
    return [
        event_rows(EventKind.MAIL_SENT, **touches),
        event_rows(EventKind.MAIL_OPENED, **reads),
        event_rows(EventKind.MAIL_CLICKED, **clicks),
    ]


def _opportunities(leads: pd.DataFrame, lead: Ints, draws: np.random.Generator) -> pd.DataFrame:
    touched, bought = leads["touched_us"].to_numpy()[lead], leads["bought_us"].to_numpy()[lead]
    share = draws.random(len(lead))
    ahead = np.where(bought < NEVER, bought, touched + OPPORTUNITY_DAYS * DAY_US) - touched
    at_us = touched + (ahead * draws.random(len(lead))).astype(np.int64) + SECOND_US
    chosen = np.where(bought < NEVER, share < OPPORTUNITY_IF_BOUGHT, share < OPPORTUNITY_IF_NOT)
    amount = draws.integers(5, 80, len(lead)) * 1_000
    return event_rows(EventKind.OPPORTUNITY, lead=lead[chosen], at_us=at_us[chosen], number=amount[chosen])


def _ends(leads: pd.DataFrame, draws: np.random.Generator) -> list[pd.DataFrame]:
    bought = np.flatnonzero(leads["bought_us"] < NEVER)
    rejected = np.flatnonzero(leads["rejected_us"] < NEVER)
    at_us, known_us = (leads[name].to_numpy()[bought] for name in ("bought_us", "bought_known_us"))
    rejected_us = leads["rejected_us"].to_numpy()[rejected]
    reason = np.array([REJECT_REASONS.index(reason) for reason in leads["reason"].to_numpy()[rejected]], dtype=np.int64)
    by = draws.integers(1, REPS + 1, len(rejected))
    return [
        event_rows(EventKind.CONVERTED, lead=bought, at_us=at_us, known_us=known_us),
        event_rows(EventKind.DISQUALIFIED, lead=rejected, at_us=rejected_us, item=reason, number=by),
    ]
