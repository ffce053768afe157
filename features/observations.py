"""What is known of each lead's behaviour, one row per thing learned, in the order in which it was learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.agreement import Agreement
from features.hygiene import NotAPerson, not_people
from features.identity import Identities
from features.log import Log
from features.recurrence import Ints, Observations

LONGEST_GAP_US = 30 * 60_000_000  # a page left open over lunch is not read over lunch
NOT_THEIR_DOING = ("Email Delivered", "Email Bounced")


def observations(log: Log, found: Identities, agreement: Agreement, with_sales_us: Mapping[int, int]) -> Observations:
    """The counted behaviour of every lead, sorted by lead, `known_us`, `occurred_us` and event.

    with_sales_us: when each lead (by position) went to sales; what it answers on the phone later is not its own doing.
    """
    counted = _occurrences(log, found)
    counted = counted[~counted["row"].isin([row for row, name, _ in log.crm if name == "sales mail"])]
    counted = counted[~_calls_after_handover(counted, agreement, with_sales_us)]
    counted = _people_only(counted, not_people(log, found))
    rows = pd.concat([counted, _dwells(log, found, counted)], ignore_index=True)
    # An occurrence stands before the minutes that became known of it at the same moment.
    order = ["lead", "known_us", "occurred_us", "row", "behaviour", "weight"]
    rows = rows.sort_values(order, ascending=[True] * 5 + [False], kind="stable")
    return Observations(
        lead=rows["lead"].to_numpy(np.int64),
        behaviour=rows["behaviour"].to_numpy(np.int64),
        weight=rows["weight"].to_numpy(np.float64),
        minutes=rows["minutes"].to_numpy(np.float64),
        occurred_us=rows["occurred_us"].to_numpy(np.int64),
        known_us=rows["known_us"].to_numpy(np.int64),
    )


def _occurrences(log: Log, found: Identities) -> pd.DataFrame:
    hits = np.array(log.hits, dtype=np.float64).reshape(-1, 3)
    rows = hits[:, 0].astype(np.int64)
    occurred = pd.DataFrame(
        {
            "row": rows,
            "lead": found.lead[rows],
            "behaviour": hits[:, 1].astype(np.int64),
            "weight": 1.0,
            "minutes": hits[:, 2],
            "occurred_us": log.occurred_us()[rows],
            "known_us": found.known_us[rows],
        }
    )
    return occurred[occurred["lead"] >= 0]


def _people_only(counted: pd.DataFrame, machines: Mapping[int, NotAPerson]) -> pd.DataFrame:
    """Without what was known to be a machine's at once; what turned out to be later is taken back then."""
    flagged_us = counted["row"].map({row: flag.known_us for row, flag in machines.items()}).astype(np.float64)
    counted = counted[~(flagged_us <= counted["known_us"])]
    later = flagged_us[counted.index].dropna().astype(np.int64)
    return pd.concat([counted, counted.loc[later.index].assign(weight=-1.0, known_us=later)], ignore_index=True)


def _calls_after_handover(
    counted: pd.DataFrame, agreement: Agreement, with_sales_us: Mapping[int, int]
) -> pd.Series[bool]:
    calls = [i for i, behaviour in enumerate(agreement.behaviours.values()) if behaviour.event == "Call Answered"]
    handed_over = counted["lead"].map(with_sales_us).fillna(np.inf)
    return counted["behaviour"].isin(calls) & (counted["known_us"] >= handed_over)


def _dwells(log: Log, found: Identities, counted: pd.DataFrame) -> pd.DataFrame:
    """Minutes on a page, which are known only later: when the page is left, else at the visitor's next event.

    What was learned stands until we know better: by an event in between that we heard of late, at last by the leave.
    One row of weight 0 for each thing learned, its minutes what it adds to those before.
    """
    views = counted[counted["row"].isin(list(log.views)) & (counted["weight"] > 0)]
    rows = views["row"].drop_duplicates().to_numpy(np.int64)
    left = _leaves(log, found, rows)
    gaps = _gaps(log, found, rows)
    gaps = gaps[~(gaps["known_us"] >= gaps["row"].map(left.set_index("row")["known_us"]))]
    learned = pd.concat([gaps, left]).sort_values(["row", "known_us"], kind="stable")
    # An anonymous visit is known only by its link, however soon the next event came.
    learned["known_us"] = np.maximum(learned["known_us"], found.known_us[learned["row"].to_numpy(np.int64)])
    learned = learned.drop_duplicates(["row", "known_us"], keep="last")
    learned["minutes"] = learned.groupby("row")["minutes"].diff().fillna(learned["minutes"])
    kept = views[["row", "lead", "behaviour", "occurred_us"]].assign(weight=0.0)
    return kept.merge(learned, on="row")


def _leaves(log: Log, found: Identities, rows: Ints) -> pd.DataFrame:
    """Minutes of the page views in `rows` that were left: row, minutes, known_us."""
    leaves = pd.DataFrame(log.leaves, columns=["leave", "view", "minutes"])
    leaves = leaves.astype({"leave": np.int64, "view": object, "minutes": np.float64})
    told = leaves["leave"].to_numpy()
    # Some tools count views from 1 in each browser, so a view id means something only within one lead.
    leaves = leaves.assign(lead=found.lead[told], known_us=found.known_us[told])
    first = leaves.sort_values("known_us", kind="stable").drop_duplicates(["lead", "view"])
    views = pd.DataFrame({"row": rows, "lead": found.lead[rows], "view": [log.views[row] for row in rows]})
    return views.astype({"view": object}).merge(first, on=["lead", "view"])[["row", "minutes", "known_us"]]


def _gaps(log: Log, found: Identities, rows: Ints) -> pd.DataFrame:
    """Minutes from the page views in `rows` to the next event that was known: row, minutes, known_us.

    A nearer event that became known later gives a row of its own.
    """
    lead, occurred, known, place = _own_events(log, found, rows)
    soonest = np.full(len(rows), np.iinfo(np.int64).max)  # when an event after each view was first known
    active, step, learned = np.arange(len(rows)), 0, [np.empty((3, 0), dtype=np.int64)]
    while len(active):
        step += 1
        active = active[place[active] + step < len(lead)]
        at, after = place[active], place[active] + step
        gap = occurred[after] - occurred[at]
        near = (lead[after] == lead[at]) & (gap <= LONGEST_GAP_US)
        active, after, gap = active[near], after[near], gap[near]
        new = (gap > 0) & (known[after] < soonest[active])
        learned.append(np.stack([rows[active[new]], gap[new], known[after[new]]]))
        soonest[active[new]] = known[after[new]]
        # Nothing is known before it happens, and nothing counts before the view itself is known.
        active = active[(soonest[active] > occurred[after]) & (soonest[active] > known[place[active]])]
    row, gap, known_us = np.concatenate(learned, axis=1)
    return pd.DataFrame({"row": row, "minutes": gap / 60e6, "known_us": known_us})


def _own_events(log: Log, found: Identities, rows: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """What visitors did, by lead and time: lead, occurred_us, known_us; and where each of `rows` stands there."""
    reported = {row for row, _, _ in log.crm} | {row for row, name, _ in log.mails if name in NOT_THEIR_DOING}
    reported |= {row for row, _, _ in log.leaves} - set(log.views)
    own = found.lead >= 0
    own[list(reported)] = False
    events = np.flatnonzero(own)
    order = events[np.lexsort((found.known_us[events], log.occurred_us()[events], found.lead[events]))]
    place = np.full(len(log), -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return found.lead[order], log.occurred_us()[order], found.known_us[order], place[rows]
