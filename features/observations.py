"""What is known of each lead's behaviour, one row per thing learned, in the order in which it was learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from features.agreement import Agreement
from features.hygiene import not_people
from features.identity import Identities
from features.log import Log
from features.recurrence import Observations

LONGEST_GAP_MINUTES = 30.0  # a page left open over lunch is not read over lunch


def observations(log: Log, found: Identities, agreement: Agreement, with_sales_us: Mapping[int, int]) -> Observations:
    """The counted behaviour of every lead, sorted by lead, `known_us`, `occurred_us` and event.

    with_sales_us: when each lead (by position) went to sales; what it answers on the phone later is not its own doing.
    """
    sales_mails = {row for row, name, _ in log.crm if name == "sales mail"}
    skipped = np.array(sorted(set(not_people(log, found)) | sales_mails), dtype=np.int64)
    counted = _occurrences(log, found)
    counted = counted[~counted["row"].isin(skipped)]
    counted = counted[~_calls_after_handover(counted, agreement, with_sales_us)]
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


def _calls_after_handover(
    counted: pd.DataFrame, agreement: Agreement, with_sales_us: Mapping[int, int]
) -> pd.Series[bool]:
    calls = [i for i, behaviour in enumerate(agreement.behaviours.values()) if behaviour.event == "Call Answered"]
    handed_over = counted["lead"].map(with_sales_us).fillna(np.inf)
    return counted["behaviour"].isin(calls) & (counted["known_us"] >= handed_over)


def _dwells(log: Log, found: Identities, counted: pd.DataFrame) -> pd.DataFrame:
    """Minutes on a page, which are known only later: when the page is left, else at the visitor's next event.

    Where both become known, the leave corrects the gap. One row of weight 0 for each thing learned.
    """
    views = counted[counted["row"].isin(list(log.views))].copy()
    if views.empty:
        return views
    views["view_id"] = [log.views[row] for row in views["row"]]
    views = views.join(_leaves(log, found), on="view_id").join(_gaps(log, found), on="row")
    left_first = views["left_known_us"].notna() & ~(views["gap_known_us"] < views["left_known_us"])
    gap_first = views["gap_known_us"].notna() & ~left_first
    corrected = gap_first & views["left_known_us"].notna()
    learned = [
        _learned(views[left_first], "left_minutes", "left_known_us"),
        _learned(views[gap_first], "gap_minutes", "gap_known_us"),
        _learned(views[corrected].assign(more=lambda v: v["left_minutes"] - v["gap_minutes"]), "more", "left_known_us"),
    ]
    return pd.concat(learned, ignore_index=True)


def _learned(views: pd.DataFrame, minutes: str, known_us: str) -> pd.DataFrame:
    known = np.maximum(views[known_us].astype(np.float64), views["known_us"]).astype(np.int64)
    kept = views[["row", "lead", "behaviour", "occurred_us"]]
    return kept.assign(weight=0.0, minutes=views[minutes].astype(np.float64), known_us=known)


def _leaves(log: Log, found: Identities) -> pd.DataFrame:
    leaves = pd.DataFrame(log.leaves, columns=["row", "view_id", "left_minutes"])
    leaves["left_known_us"] = found.known_us[leaves["row"].to_numpy(np.int64)].astype(np.float64)
    first = leaves.sort_values("left_known_us", kind="stable").drop_duplicates("view_id")
    return first.set_index("view_id")[["left_minutes", "left_known_us"]]


def _gaps(log: Log, found: Identities) -> pd.DataFrame:
    """By row of a page view: the minutes to the lead's next event, and when that was known."""
    leaving = {row for row, _, _ in log.leaves}
    events = pd.DataFrame(
        {"row": np.arange(len(log)), "lead": found.lead, "occurred_us": log.occurred_us(), "known_us": found.known_us}
    )
    own = (events["lead"] >= 0) & ~events["row"].isin(leaving - set(log.views)) & ~events["row"].isin(_not_own(log))
    events = events[own].sort_values(["lead", "occurred_us", "row"], kind="stable")
    following = events.groupby("lead")[["occurred_us", "known_us"]].shift(-1)
    minutes = (following["occurred_us"] - events["occurred_us"]) / 60e6
    gaps = pd.DataFrame(
        {"gap_minutes": minutes.to_numpy(), "gap_known_us": following["known_us"].to_numpy()}, index=events["row"]
    )
    return gaps[(gaps["gap_minutes"] > 0) & (gaps["gap_minutes"] <= LONGEST_GAP_MINUTES)]


def _not_own(log: Log) -> list[int]:
    """Rows that the visitor did not do: mail deliveries, what sales and the CRM report."""
    return [row for row, _, _ in log.crm] + [row for row, name, _ in log.mails if name == "Email Delivered"]
