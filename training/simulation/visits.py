"""The active days of the simulated market as recorded events: pages, downloads, webinars, forms, mails."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import DAY_US, Floats, Ints
from training.simulation.catalogue import MAILS, PEOPLES_AGENTS, STEPS, TOUCHES, EventKind, VisitStep
from training.simulation.dynamics import ActiveDays
from training.simulation.event_rows import ANONYMOUS, BOTH, NOTHING, SECOND_US, USER, event_rows
from training.simulation.histories import Histories
from training.simulation.interest import DAY_KIND_PLACES, DAY_KINDS, UNSUBSCRIBED, DayKind

LONGEST_STEP_SECONDS = 700.0  # four steps end within the hour that a day's activity has
LATE_SHARE = 0.02  # of visits whose records come hours after: a phone without a network
LEFT_SHARE = 0.8  # of pages whose leaving is recorded
UNNAMED_SHARE = 0.12  # of visits of a known lead that carry only its anonymous id
IN_THE_BROWSER = {EventKind.PAGE, EventKind.DOWNLOADED, EventKind.REGISTERED, EventKind.SUBMITTED}
MAIL_LINKS = 3
STEPS_A_DAY = 4  # at most, so that `ref` is unique


@dataclass(frozen=True)
class KindDays:
    """The active days of one kind, one row each; `begins_us`, `seconds` and `pick` have a column per step.

    record: the row of the records. lag_us: how much later than at once it is recorded. pick: which of a step's items,
    0 to 1. touch: what brought the visit, NOTHING where nothing new did.
    """

    record: Ints
    lead: Ints
    begins_us: Ints
    seconds: Floats
    lag_us: Ints
    pick: Floats
    agent: Ints
    touch: Ints
    is_known: npt.NDArray[np.bool_]
    browser_carries: Ints


def visits(histories: Histories, draws: np.random.Generator) -> list[pd.DataFrame]:
    """The event rows of all active days, in one part per step and kind of day."""
    shown = _kinds_shown(histories.records)
    agents = draws.integers(PEOPLES_AGENTS, size=len(histories.leads))
    parts = []
    for place, kind in enumerate([*DAY_KINDS, *UNSUBSCRIBED.values()]):
        days = _days(histories, np.flatnonzero(shown == place), kind, agents, draws)
        first_page = next((i for i, name in enumerate(kind.steps) if STEPS[name].kind == EventKind.PAGE), NOTHING)
        for place_of_step, name in enumerate(kind.steps):
            touch = days.touch if place_of_step == first_page else np.full(len(days.record), NOTHING)
            parts += _events(days, place_of_step, STEPS[name], touch, draws)
    return parts


def unsubscribed_us(records: ActiveDays) -> Ints:
    """When each lead unsubscribed first; past the end where it did not."""
    found = np.full(len(records.starts) - 1, 1, dtype=np.int64)
    is_last = records.kind == DAY_KIND_PLACES["unsubscribe"]
    np.minimum.at(found, lead_of(records)[is_last], records.at_us[is_last])
    return found


def lead_of(records: ActiveDays) -> Ints:
    """The lead of each record."""
    return np.repeat(np.arange(len(records.starts) - 1, dtype=np.int64), np.diff(records.starts))


def _kinds_shown(records: ActiveDays) -> Ints:
    """The kind by which each day shows: after an unsubscribe, one without mail that adds the same."""
    shown = records.kind.copy()
    without_mail = records.at_us > unsubscribed_us(records)[lead_of(records)]
    for place, name in enumerate(UNSUBSCRIBED):
        shown[without_mail & (records.kind == DAY_KIND_PLACES[name])] = len(DAY_KINDS) + place
    return shown


def _days(histories: Histories, record: Ints, kind: DayKind, agents: Ints, draws: np.random.Generator) -> KindDays:
    lead, day = lead_of(histories.records)[record], histories.records.day[record]
    count, steps = len(record), len(kind.steps)
    means = np.array([STEPS[name].seconds for name in kind.steps])
    seconds = np.clip(means * draws.lognormal(0.0, 0.35, (count, steps)), 2.0, LONGEST_STEP_SECONDS)
    ends = (np.cumsum(seconds + 2.0, axis=1) * SECOND_US).astype(np.int64)
    # The visit that makes a lead known ends just before: its form is what identifies it.
    arrives = histories.leads["opened_us"].to_numpy()[lead] - ends[:, -1] - 4 * SECOND_US
    start = np.where(day == -1, arrives, histories.records.at_us[record])
    lag = np.where(draws.random(count) < LATE_SHARE, draws.integers(7_200, 72_000, count) * SECOND_US, 0)
    pick = draws.random((count, steps))
    return KindDays(
        record=record,
        lead=lead,
        begins_us=start[:, None] + np.hstack([np.zeros((count, 1), dtype=np.int64), ends[:, :-1]]),
        seconds=seconds,
        lag_us=np.where(day == -1, 0, lag + kind.late_days * DAY_US),
        pick=np.repeat(pick[:, :1], steps, axis=1) if "email_click" in kind.steps else pick,  # one mail all through
        agent=agents[lead],
        touch=_touch(histories, record, kind, pick[:, 0]),
        is_known=day >= 0,
        browser_carries=np.where((day < 0) | (draws.random(count) < UNNAMED_SHARE), ANONYMOUS, BOTH),
    )


def _touch(histories: Histories, record: Ints, kind: DayKind, pick: Floats) -> Ints:
    """What brought each visit: the lead's source for its very first, the mail for one that began in a mail."""
    if "email_click" in kind.steps:
        sent = STEPS["email_click"].items
        mails = np.array([TOUCHES.index(("email", MAILS[item][0])) for item in sent])
        return np.asarray(mails[(pick * len(sent)).astype(int)])
    lead = lead_of(histories.records)[record]
    is_first = (histories.records.starts[lead] == record) & (histories.records.day[record] < 0)
    return np.where(is_first, histories.leads["touch"].to_numpy(np.int64)[lead], NOTHING)


def _events(days: KindDays, place: int, step: VisitStep, touch: Ints, draws: np.random.Generator) -> list[pd.DataFrame]:
    """The rows of one step of `days`: the step itself, and what follows from it at once."""
    at_us = days.begins_us[:, place]
    known_us = at_us + draws.integers(SECOND_US // 10, 2 * SECOND_US, len(at_us))
    in_browser = step.kind in IN_THE_BROWSER
    shared = {
        "lead": days.lead,
        "item": np.array(step.items)[(days.pick[:, place] * len(step.items)).astype(int)],
        "ref": days.record * STEPS_A_DAY + (place if in_browser else 0),
        "agent": days.agent if in_browser or step.kind in (EventKind.OPENED, EventKind.CLICKED) else NOTHING,
        "carries": days.browser_carries if in_browser else np.where(days.is_known, USER, ANONYMOUS),
    }
    number = _number(step, days.seconds[:, place], draws)
    happened_us = at_us - days.lag_us
    parts = [event_rows(step.kind, at_us=happened_us, known_us=known_us, number=number, touch=touch, **shared)]
    if step.kind == EventKind.PAGE:
        parts.append(_page_left_rows(days, place, shared, draws.random(len(at_us)) < LEFT_SHARE))
    if step.kind == EventKind.ANSWERED:
        next_us = {"at_us": happened_us + SECOND_US, "known_us": known_us + SECOND_US}
        parts.append(event_rows(EventKind.TIMEFRAME, **next_us, **shared))
    return parts


def _page_left_rows(
    days: KindDays, place: int, shared: dict[str, Any], is_recorded: npt.NDArray[np.bool_]
) -> pd.DataFrame:
    """That a page was left, and how long it was read."""
    seconds = days.seconds[is_recorded, place]
    left_us = days.begins_us[is_recorded, place] + (seconds * SECOND_US).astype(np.int64)
    return event_rows(
        EventKind.PAGE_LEFT,
        at_us=left_us - days.lag_us[is_recorded],
        known_us=left_us + SECOND_US // 2,
        number=(seconds * 1_000).astype(np.int64),
        **{name: shared[name][is_recorded] for name in ("lead", "ref", "carries")},
    )


def _number(step: VisitStep, seconds: Floats, draws: np.random.Generator) -> Ints:
    """What the code of a step counts: minutes attended, links in a mail, which link."""
    if step.kind == EventKind.ATTENDED:
        return draws.integers(20, 61, len(seconds))
    if step.kind == EventKind.CLICKED:
        return draws.integers(1, MAIL_LINKS + 1, len(seconds))
    return np.full(len(seconds), MAIL_LINKS)
