"""Mail in the simulated market: the monthly news, and the machines that open and click whatever is delivered."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.arrays import DAY_US, Ints
from training.simulation.catalogue import CRAWLER, PEOPLES_AGENTS, PROXY, SCANNER, EventKind
from training.simulation.event_rows import SECOND_US, USER, event_rows
from training.simulation.histories import MINUTE_US, Histories
from training.simulation.visits import MAIL_LINKS, STEPS_A_DAY, unsubscribed_us

EVERY_US = 30 * DAY_US
PROXY_SHARE = 0.30  # of leads, whose mail program opens everything
SCANNED_SHARE = 0.08  # of companies, whose mail scanner clicks every link within seconds
OPENED_SHARE = 0.18  # of news that a person opens: no sign of anything
FOLLOWED_SHARE = 0.3  # of scanned mails whose page a machine looks at, too


def mails(histories: Histories, visited: list[pd.DataFrame], draws: np.random.Generator) -> list[pd.DataFrame]:
    """The monthly news to each lead until it unsubscribes or closes, and what machines do with all mail.

    visited: the rows of `visits`, whose deliveries meet the same machines. Nothing of this moves the truth.
    """
    news = _news(histories, draws)
    delivered = pd.concat([news, *(part for part in visited if part["code"].iloc[:1].eq(EventKind.DELIVERED).any())])
    leads = histories.leads
    is_proxied = draws.random(len(leads)) < PROXY_SHARE
    account = leads["account"].to_numpy()
    is_scanned = (draws.random(len(leads) + 1) < SCANNED_SHARE)[account] & (account >= 0)
    proxied = delivered[is_proxied[delivered["lead"]]]
    scanned = delivered[is_scanned[delivered["lead"]]]
    read = news[draws.random(len(news)) < OPENED_SHARE]
    by_people = draws.integers(10 * MINUTE_US, 1_800 * MINUTE_US, len(read))
    by_machine = draws.integers(5 * SECOND_US, 90 * SECOND_US, len(proxied))
    return [
        news,
        _opened(read, by_people, draws.integers(PEOPLES_AGENTS, size=len(read))),
        _opened(proxied, by_machine, np.full(len(proxied), PROXY)),
        *_scanned(scanned, draws),
    ]


def _news(histories: Histories, draws: np.random.Generator) -> pd.DataFrame:
    leads = histories.leads
    until = np.minimum(np.minimum(leads["closed_us"].to_numpy(np.int64), 0), unsubscribed_us(histories.records))
    first = leads["opened_us"].to_numpy(np.int64) + (draws.random(len(leads)) * EVERY_US).astype(np.int64)
    count = np.maximum(-((first - until) // EVERY_US), 0)
    lead = np.repeat(np.arange(len(leads)), count)
    place = np.arange(len(lead)) - np.repeat(np.cumsum(count) - count, count)
    at_us = first[lead] + place * EVERY_US
    return event_rows(
        EventKind.DELIVERED,
        lead=lead,
        at_us=at_us,
        known_us=at_us + draws.integers(SECOND_US, 5 * SECOND_US, len(at_us)),
        item=0,
        number=MAIL_LINKS,
        ref=len(histories.records.kind) * STEPS_A_DAY + np.arange(len(lead)),
    )


def _opened(delivered: pd.DataFrame, wait_us: Ints, agent: Ints) -> pd.DataFrame:
    at_us = delivered["at_us"].to_numpy() + wait_us
    same = {name: delivered[name].to_numpy() for name in ("lead", "item", "ref")}
    return event_rows(EventKind.OPENED, at_us=at_us, known_us=at_us + SECOND_US, number=MAIL_LINKS, agent=agent, **same)


def _scanned(delivered: pd.DataFrame, draws: np.random.Generator) -> list[pd.DataFrame]:
    """Every link within seconds, and now and then the page behind it."""
    parts = []
    same = {name: delivered[name].to_numpy() for name in ("lead", "item", "ref")}
    for link in range(1, MAIL_LINKS + 1):
        at_us = delivered["at_us"].to_numpy() + draws.integers(SECOND_US, 5 * SECOND_US, len(delivered))
        parts.append(
            event_rows(EventKind.CLICKED, at_us=at_us, known_us=at_us + SECOND_US, number=link, agent=SCANNER, **same)
        )
    followed = delivered[draws.random(len(delivered)) < FOLLOWED_SHARE]
    at_us = followed["at_us"].to_numpy() + 6 * SECOND_US
    page = {"lead": followed["lead"].to_numpy(), "ref": followed["ref"].to_numpy(), "item": 7}
    pages = event_rows(EventKind.PAGE, at_us=at_us, known_us=at_us + SECOND_US, agent=CRAWLER, carries=USER, **page)
    return [*parts, pages]
