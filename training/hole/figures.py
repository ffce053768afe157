"""The figures of the hole: of all leads handed over, and by source, campaign and owner; each with an interval."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.hole.handed_leads import HandedLeads
from training.hole.intervals import mean_interval, median_interval, share_interval
from training.hole.lead_rows import NAMES
from training.metrics.bootstrap import Interval

NO_NAME = "(none named)"
OTHERS = "(all others)"
MOST_GROUPS = 30  # of a dimension that are named; the others are one
LABELS = {
    "handed_over": "leads handed over",
    "never_tried": "never tried",
    "money_never_tried": "spent on leads never tried",
    "hours_to_first_try": "hours to the first try, median",
    "tried_within_30_minutes": "tried within 30 minutes",
    "tried_within_24_hours": "tried within 24 hours",
    "tried_same_day": "tried on the same day",
    "tries_before_giving_up": "tries before giving up, mean",
    "rejected_unqualified": "rejected as unqualified",
    "rejected_then_converted": "rejected, converted later",
    "given_up_then_converted": "given up, converted later",
}
UNITS = {
    "handed_over": "leads",
    "money_never_tried": "money",
    "hours_to_first_try": "hours",
    "tries_before_giving_up": "tries",
}  # all others are shares


@dataclass(frozen=True)
class Figure:
    """One figure. value is None where the file cannot tell it, or where no lead is there to count; `missing` says why.

    count, of: of a share, so many leads of so many that the files tell of; of another figure, `of` leads stand behind.
    in_file: False where the files cannot tell it; then `missing` says which column would.
    """

    name: str
    value: float | None
    interval: Interval | None = None
    count: int | None = None
    of: int = 0
    missing: str | None = None
    in_file: bool = True

    @property
    def label(self) -> str:
        return LABELS[self.name]

    @property
    def unit(self) -> str:
        """What the value counts: "leads", "money", "hours", "tries" or "share" (0 to 1)."""
        return UNITS.get(self.name, "share")


@dataclass(frozen=True)
class FigureGroup:
    """The figures of the leads of one source, campaign or owner."""

    dimension: str
    level: str
    figures: tuple[Figure, ...]


def figures(handed: HandedLeads, cost: float | None) -> tuple[Figure, ...]:
    """The figures of all leads handed over. cost: of one lead, in the money of whoever asks; None without any."""
    return tuple(_figures(handed.leads, missing_sentences(handed), cost))


def figure_groups(handed: HandedLeads, cost: float | None) -> tuple[FigureGroup, ...]:
    """The same by source, campaign and owner: of each dimension that a column tells, the largest groups first.

    The groups of a dimension add up to all leads: those without a name are a group, and all others beyond MOST_GROUPS.
    """
    missing, groups = missing_sentences(handed), []
    for dimension in NAMES:
        if dimension in handed.facts.roles and len(handed.leads):
            for level, leads in _levels(handed.leads, dimension):
                groups.append(FigureGroup(dimension, level, tuple(_figures(leads, missing, cost))))
    return tuple(groups)


def _levels(leads: pd.DataFrame, dimension: str) -> Iterator[tuple[str, pd.DataFrame]]:
    named = leads[dimension].fillna(NO_NAME).astype(str)
    counts = named[named != NO_NAME].value_counts()
    shown = [str(level) for level in sorted(counts.index, key=lambda level: (-counts[level], level))]
    if len(shown) > MOST_GROUPS:
        named = named.where(named.isin([NO_NAME, *shown[:MOST_GROUPS]]), OTHERS)
        shown = [*shown[:MOST_GROUPS], OTHERS]
    by_level = {str(level): own for level, own in leads.groupby(named.to_numpy(), sort=False)}
    yield from ((level, by_level[level]) for level in [*shown, NO_NAME] if level in by_level)


def _figures(leads: pd.DataFrame, missing: Mapping[str, str], cost: float | None) -> Iterator[Figure]:
    had_time = leads[leads["had_time"]]
    never = ~had_time["is_tried"]
    yield Figure("handed_over", float(len(leads)), of=len(leads))
    yield (untried := _share("never_tried", never, missing))
    if cost is not None:
        yield _money(untried, cost)
    yield from _speed(had_time, missing)
    tries = leads["tries"].to_numpy(dtype=float)
    yield _of_values("tries_before_giving_up", tries[~np.isnan(tries)], missing)
    yield _share("rejected_unqualified", leads["is_rejected"], missing)
    yield _share("rejected_then_converted", leads["rejected_then_won"], missing)
    yield _share("given_up_then_converted", leads["given_up_then_won"], missing)


def _speed(leads: pd.DataFrame, missing: Mapping[str, str]) -> Iterator[Figure]:
    """How soon leads were tried. Of all leads: those that nobody tried were not tried in time either."""
    hours, is_never = leads["hours"], ~leads["is_tried"].fillna(True)
    yield _of_values("hours_to_first_try", hours.dropna().to_numpy(dtype=float), missing)
    is_told = hours.notna() | is_never
    for name, most in (("tried_within_30_minutes", 0.5), ("tried_within_24_hours", 24.0)):
        yield _share(name, (hours <= most).astype("boolean").where(is_told), missing)
    if "tried_same_day" not in missing:
        yield _share("tried_same_day", leads["is_same_day"].mask(is_never, False), missing)


def _share(name: str, hits: pd.Series, missing: Mapping[str, str]) -> Figure:
    told = hits.dropna()
    count, of = int(told.sum()), len(told)
    if name in missing or not of:
        return _untold(name, missing)
    return Figure(name, count / of, share_interval(count, of), count, of)


def _untold(name: str, missing: Mapping[str, str]) -> Figure:
    return Figure(name, None, missing=missing.get(name, _NOBODY[name]), in_file=name not in missing)


def _of_values(name: str, values: Floats, missing: Mapping[str, str]) -> Figure:
    if name in missing or not len(values):
        return _untold(name, missing)
    if name == "hours_to_first_try":
        return Figure(name, float(np.median(values)), median_interval(values), of=len(values))
    return Figure(name, float(np.mean(values)), mean_interval(values), of=len(values))


def _money(untried: Figure, cost: float) -> Figure:
    """What the leads cost that nobody tried, and the interval of their share in the same money."""
    name = "money_never_tried"
    if untried.value is None or untried.count is None:
        return Figure(name, None, missing=untried.missing, in_file=untried.in_file)
    spent = untried.interval and (cost * untried.of * untried.interval[0], cost * untried.of * untried.interval[1])
    return Figure(name, cost * untried.count, spent, untried.count, untried.of)


_NOBODY = {
    "never_tried": "no lead has had a day for it",
    "hours_to_first_try": "no lead was tried after its handover",
    "tried_within_30_minutes": "no lead has had a day for it",
    "tried_within_24_hours": "no lead has had a day for it",
    "tried_same_day": "no lead has had a day for it",
    "tries_before_giving_up": "no lead was given up",
    "rejected_unqualified": "no lead has a status or reason that is understood",
    "rejected_then_converted": "no lead was rejected at a known moment",
    "given_up_then_converted": "no lead was given up at a known moment",
}
_FIRST_TRY = (
    'a column with the date and time of the first contact (--column first_try="TITLE"), or the history of the status'
)
_ENDS = "the history of the status, or two columns: when leads were given up (ended) and when they converted (won)"


def missing_sentences(handed: HandedLeads) -> dict[str, str]:
    """By figure that the files cannot tell, which column would tell it; "tried_same_day" where hours are known."""
    roles, leads = handed.facts.roles, handed.leads
    lacks: dict[str, str] = {}
    if not leads["is_tried"].notna().any():
        lacks["never_tried"] = f"{_FIRST_TRY}; or how often it was tried (tries), or the status that sales works by"
    speed = ("hours_to_first_try", "tried_within_30_minutes", "tried_within_24_hours")
    if not leads["hours"].notna().any():
        lacks |= dict.fromkeys(speed, _on_hours(handed))
    if leads["hours"].notna().any() or not leads["is_same_day"].any():
        lacks["tried_same_day"] = "hours are told"
    if not handed.facts.has_tries:
        lacks["tries_before_giving_up"] = (
            'a column that counts the tries of each lead, such as "Number of times contacted"'
        )
    elif not roles & {"status", "reason", "ended"}:
        lacks["tries_before_giving_up"] = "the status that sales works by, or the reason why it gave leads up"
    if "rejected" not in handed.meanings.values():
        lacks |= dict.fromkeys(("rejected_unqualified", "rejected_then_converted"), _on_rejects(roles))
    for name, ends in (("rejected_then_converted", "rejected"), ("given_up_then_converted", "given_up")):
        if not leads[f"{ends}_then_won"].notna().any() and not _tells_ends(handed):
            lacks.setdefault(name, _ENDS)
    return lacks


def _on_rejects(roles: frozenset[str]) -> str:
    if roles & {"status", "reason"}:
        return 'a status or reason that means rejected as unqualified (--status "STATUS=rejected" names one)'
    return "the status that sales works by, or the reason why it rejected leads"


def _tells_ends(handed: HandedLeads) -> bool:
    return "won" in handed.facts.roles and handed.facts.tells_when_ended


def _on_hours(handed: HandedLeads) -> str:
    if handed.leads["handed_at"].isna().all():
        return 'a column with the date and time at which leads came (--column created="TITLE"), or were handed over'
    if handed.leads["first_try_at"].notna().any():
        return "dates with a time of day: these say only the day"
    return _FIRST_TRY


def figures_frame(overall: Sequence[Figure], groups: Sequence[FigureGroup]) -> pd.DataFrame:
    """One row per figure of all leads ("all", "") and of each group: dimension, level, figure, value, low, high, ...

    count, of, missing and in_file as `Figure` has them; low and high are the ends of the interval of 95 %.
    """
    every = [FigureGroup("all", "", tuple(overall)), *groups]
    rows = [
        (group.dimension, group.level, one.name, one.value, *(one.interval or (None, None)), one.count, one.of,
         one.missing, one.in_file)
        for group in every
        for one in group.figures
    ]  # fmt: skip
    columns = ["dimension", "level", "figure", "value", "low", "high", "count", "of", "missing", "in_file"]
    typed = {"value": "float64", "low": "float64", "high": "float64", "count": "Int64", "of": "int64"}
    return pd.DataFrame(rows, columns=columns).astype(typed)
