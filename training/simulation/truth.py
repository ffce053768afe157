"""The true probability of every snapshot of the simulated market, and a summary of the market by it."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.arrays import DAY_US, Floats, Ints
from features.lifecycle.closures import KEPT_OPEN
from features.snapshots.schedule import snapshot_times
from training.metrics.binned_counts import binned_counts
from training.metrics.metrics import metric_values
from training.simulation.calling import HIDDEN_REASON, Effect
from training.simulation.dynamics import HORIZON_DAYS, NEVER, Law, chances, true_chances
from training.simulation.futures import SPOTS, Beliefs, Looks, futures
from training.simulation.histories import Histories, habit_rate

MOST_ROWS = 3_000  # of the looks at arrival, at the end and between, whose truth is found along forward paths
PATHS, PATHS_WITHOUT_TABLE = 60, 120


def truth(histories: Histories) -> pd.DataFrame:
    """One row per lead and moment, sorted by both: each snapshot, and the market's end for each lead that is open then.

    A lead that sales called has no snapshots until the end, where its truth follows from what it did, when sales first
    called, and that it has no opportunity: with one it is still with sales. That sales has not rejected it yet is taken
    for no sign. Who turns out to be no lead at all is none.

    lead: its row. moment_us: relative to the end. as_things_are: P(converts within the horizon), worked as now, given
    what was recorded before. if_tried_now: the same if sales first called now; null for a lead that it called before.
    outcome: True, False, <NA> while the horizon is open or where sales found no lead.

    was_called: whether sales called it before. Whether it still has it follows from all that sales recorded since, by
    `features.touches.relation`.

    Both are exact by a table where calls are nothing and none came, and so is if_tried_now in every market, as long as
    the law stays and nothing is hidden. Else they are means over forward paths from the look; these are walked for
    MOST_ROWS looks of each kind, drawn by chance, and null for the rest. Null, too, where the law changes within the
    horizon, and at the end for a lead whose purchase was not recorded yet.
    """
    leads = histories.leads
    snapshots = _snapshots(leads)
    lead, moment = (snapshots[name].to_numpy() for name in ("lead", "moment_us"))
    as_things_are, if_tried_now = _chances(histories, snapshots)
    snapshots["as_things_are"], snapshots["if_tried_now"] = as_things_are, if_tried_now
    snapshots.loc[leads["touched_us"].to_numpy()[lead] < moment, "if_tried_now"] = np.nan
    bought = leads["bought_us"].to_numpy()[lead]
    snapshots.loc[bought <= moment, ["as_things_are", "if_tried_now"]] = np.nan
    won = pd.array(bought - HORIZON_DAYS * DAY_US <= moment, dtype="boolean")
    won[~leads["is_lead"].to_numpy()[lead] | (moment + HORIZON_DAYS * DAY_US > 0)] = pd.NA
    snapshots["outcome"] = won
    return snapshots


def _chances(histories: Histories, snapshots: pd.DataFrame) -> tuple[Floats, Floats]:
    """Both truths by the law that holds for all of the horizon; NaN where it changes within, or was not asked for."""
    lead, moment_us = (snapshots[name].to_numpy() for name in ("lead", "moment_us"))
    exact = _exact(histories, lead, moment_us)
    as_things_are, if_tried_now, is_asked = np.full(len(lead), np.nan), exact, ~np.isnan(exact)
    if _is_tabled(histories) and histories.world.market == "call_is_nothing":
        is_asked &= snapshots["was_called"].to_numpy(bool)
        as_things_are = np.where(is_asked, np.nan, exact)
    paths = PATHS if _is_tabled(histories) else PATHS_WITHOUT_TABLE
    asked = _asked(snapshots, is_asked)
    said, tried = _along_paths(histories, lead[asked], moment_us[asked], paths)
    if _is_tabled(histories):
        # The same paths say what the table knows: what they say of it too much, they say too much of the other, too.
        as_things_are[asked] = np.clip(said * exact[asked] / tried, 0.0, 1.0)
        return as_things_are, if_tried_now
    as_things_are[asked] = said
    if_tried_now = np.full(len(lead), np.nan)
    if_tried_now[asked] = tried
    return as_things_are, if_tried_now


def _is_tabled(histories: Histories) -> bool:
    """Whether a table holds for every day: it knows neither seasons nor turned meanings nor hidden reasons."""
    law, policy = histories.rules.law, histories.rules.calling.policy
    return law.season == 0.0 and law.turned_from_us == NEVER and policy != HIDDEN_REASON


def _exact(histories: Histories, lead: Ints, moment_us: Ints) -> Floats:
    """P(converts within the horizon if first called now) by the table; NaN where the law changes within."""
    leads, law, effect = histories.leads, histories.rules.law, histories.rules.effect
    fit, opened = leads["fit"].to_numpy(), leads["opened_us"].to_numpy()
    # A lead's days begin at its own hour, so that the new law holds for all leads one day later.
    before = moment_us + (HORIZON_DAYS + 1) * DAY_US < law.raised_from_us
    after = moment_us - DAY_US >= law.raised_from_us
    found = np.full(len(moment_us), np.nan)
    for held, here in ((law._replace(raised=0.0), before), (law, after)):
        if here.any() and not _is_tabled(histories):
            found[here] = 0.0  # known along paths
        elif here.any():
            table, times = horizon_table(held, effect), effect.before
            rows = lead[here], moment_us[here]
            found[here] = true_chances(table, times, held, histories.records, fit, opened, *rows)
    return found


def _asked(snapshots: pd.DataFrame, is_known: npt.NDArray[np.bool_]) -> Ints:
    """The rows whose forward paths are walked: MOST_ROWS at most at arrival, at the end, and between."""
    draws, chosen = np.random.default_rng(len(snapshots)), []
    is_end, is_arrival = (snapshots[name].to_numpy(bool) for name in ("is_end", "is_arrival"))
    for kind in (is_end, is_arrival & ~is_end, ~is_end & ~is_arrival):
        rows = np.flatnonzero(kind & is_known)
        chosen.append(draws.permutation(rows)[:MOST_ROWS])
    return np.sort(np.concatenate(chosen))


def _along_paths(histories: Histories, lead: Ints, moment_us: Ints, paths: int) -> tuple[Floats, Floats]:
    leads, rules = histories.leads, histories.rules
    by_lead = {name: leads[name].to_numpy() for name in ("opened_us", "fit", "arrival")}
    looks = Looks(
        lead, moment_us, **by_lead, habit=habit_rate(leads), called_us=leads["touched_us"].to_numpy(), paths=paths
    )
    beliefs = Beliefs(np.zeros(1), np.ones(1))
    if rules.calling.policy == HIDDEN_REASON:
        hidden, share = np.polynomial.hermite_e.hermegauss(SPOTS)
        beliefs = Beliefs(hidden, share / share.sum())
    draws = np.random.default_rng(len(lead))
    found = futures(looks, histories.records, rules, beliefs, draws)
    return found[:, 0], found[:, 1]


def horizon_table(law: Law, effect: Effect) -> Floats:
    """P(buys within the horizon if first called now) by `law`, as `chances` lays it out.

    To be read only: callers share it.
    """
    by_kind = (law.fast_adds, law.slow_adds, law.browsing, law.buying)
    raised = law.base + law.raised
    return _table_of_law(*(tuple(values.tolist()) for values in by_kind), raised=raised, effect=effect)


# It follows from the law alone and takes seconds, so that every market by the same law shares one.
@lru_cache(maxsize=4)
def _table_of_law(*by_kind: tuple[float, ...], raised: float, effect: Effect) -> Floats:
    fast_adds, slow_adds, browsing, buying = map(np.array, by_kind)
    law = Law(fast_adds, slow_adds, browsing, buying, raised)
    return chances(law, HORIZON_DAYS, effect.days, effect.during, effect.after)


def _snapshots(leads: pd.DataFrame) -> pd.DataFrame:
    opened = leads["opened_us"].to_numpy()
    until = np.minimum(leads[["touched_us", "bought_known_us"]].min(axis=1).to_numpy(), 0)
    lead, moment = snapshot_times(list(leads["lead_id"]), opened, until)
    snapshots = pd.DataFrame({"lead": lead, "moment_us": moment, "is_arrival": moment == opened[lead] + 1})
    is_closed = (leads["bought_known_us"] < 0) | ((leads["rejected_us"] < 0) & ~leads["reason"].isin(KEPT_OPEN))
    ends = pd.DataFrame({"lead": np.flatnonzero(~is_closed), "moment_us": 0, "is_arrival": False})
    both = pd.concat([snapshots.assign(is_end=False), ends.assign(is_end=True)], ignore_index=True)
    both["was_called"] = leads["touched_us"].to_numpy()[both["lead"]] < both["moment_us"]
    return both.take(np.lexsort([both["moment_us"], both["lead"]])).reset_index(drop=True)


def summary(histories: Histories, known_truth: pd.DataFrame, events: int) -> dict[str, Any]:
    """Figures of the market.

    converted_at_arrival, base_rate: the shares of arrivals and of all snapshots after which a lead converted within the
    horizon, of those that have closed. share_contacted, tried_before: of the leads, and of
    those that converted, whom sales called before. mean_as_things_are, mean_if_tried_now: the truth of the looks that
    have one. oracle_auc: the truth against what came of the looks; oracle_auc_expected: against what would come of them
    on average, free of this market's luck.
    """
    leads = histories.leads
    looks = known_truth[~known_truth["is_end"]]
    closed = looks[looks["outcome"].notna()]
    rate = float(closed["outcome"].mean()) if len(closed) else None
    at_arrival = closed.loc[closed["is_arrival"], "outcome"]
    matured = closed[closed["as_things_are"].notna()]
    probability = matured["as_things_are"].to_numpy(np.float64)
    came, expected = _figures(probability, matured["outcome"].to_numpy(np.float64)), _figures(probability, probability)
    bought = leads[leads["bought_known_us"] < 0]
    return {
        "leads": len(leads),
        "events": events,
        "events_per_lead": round(events / max(len(leads), 1), 1),
        "market": histories.world.market,
        "calls": histories.world.calls,
        "snapshots": len(closed),
        "conversions": len(bought),
        "share_contacted": float((leads["touched_us"] < 0).mean()) if len(leads) else None,
        "tried_before": float((bought["touched_us"] < bought["bought_us"]).mean()) if len(bought) else None,
        "converted_at_arrival": float(at_arrival.mean()) if len(at_arrival) else None,
        "base_rate": rate,
        "mean_as_things_are": expected["base_rate"],
        "mean_if_tried_now": _mean(matured["if_tried_now"]),
        "oracle_auc": came["roc_auc"],
        "oracle_auc_expected": expected["roc_auc"],
        "oracle_log_loss": came["log_loss"],
        "horizon_days": HORIZON_DAYS,
    }


def _mean(values: pd.Series[float]) -> float | None:
    return float(values.mean()) if values.notna().any() else None


def _figures(probability: Floats, outcome: Floats) -> dict[str, float | None]:
    counted, _ = binned_counts(probability, outcome)
    return metric_values(counted) | {"base_rate": float(outcome.mean()) if len(outcome) else None}
