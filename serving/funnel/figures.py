"""The figures of the hole: the funnel, speed, acceptance, tries, criteria, owners; explored handovers stay out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import partial
from operator import attrgetter
from typing import Any

from serving.funnel.handed import Handed
from serving.funnel.shares import middle, share, share_of

NO_NAME = "(none named)"
EVERYBODY = "sales"  # who has the leads, where pages name no people
SPEEDS = (("30 minutes", 0.5), ("1 hour", 1.0), ("24 hours", 24.0), ("1 week", 168.0))
MOST_TRIES = 5
LEAST_PROVEN = 5  # wins of a segment, under which nothing is proven


def funnel(rows: Sequence[Handed], leads: int) -> dict[str, Any]:
    """How far leads came: lead, MQL (offered), SAL, SQL, won, each as a count and as a share of the step before.

    leads: those that came in the period. A lead with two handovers counts once in each step.
    """
    steps = [("lead", leads), *((name, _leads(rows, is_it)) for name, is_it in _STEPS.items())]
    told = []
    for place, (name, count) in enumerate(steps):
        before = steps[place - 1][1] if place else None
        told.append({"step": name, "leads": count, "of_step_before": None if before is None else _part(count, before)})
    return {"steps": told}


_STEPS: Mapping[str, Callable[[Handed], bool]] = {
    "mql": lambda row: True,
    "sal": lambda row: row.accepted,
    "sql": lambda row: row.kept,
    "won": lambda row: row.won,
}


def _leads(rows: Iterable[Handed], is_it: Callable[[Handed], bool]) -> int:
    return len({row.lead_id for row in rows if is_it(row)})


def _part(count: int, of: int) -> dict[str, Any]:
    # Handovers of the period may be of leads that came before it: then it is no share.
    return share(count, of) if count <= of else share(0, 0) | {"count": count, "of": of}


def by_group(rows: Sequence[Handed], name: str, came: Mapping[str | None, int]) -> list[dict[str, Any]]:
    """The funnel of each source or campaign, the largest first. came: by its name, how many leads came."""
    found = _grouped(rows, lambda row: getattr(row, name))
    names = sorted(found.keys() | came.keys(), key=lambda key: (-came.get(key, 0), -len(found.get(key, ())), str(key)))
    return [
        {"name": key or NO_NAME, "leads": came.get(key, 0)}
        | {step: _leads(found.get(key, ()), is_it) for step, is_it in _STEPS.items()}
        | {"accepted": share_of(row.accepted for row in agreed_on(found.get(key, ())))}
        for key in names
    ]


def agreed_on(rows: Iterable[Handed]) -> list[Handed]:
    """The handovers that acceptance is counted of: explored ones went over at random."""
    return [row for row in rows if not row.explored]


def speed(rows: Sequence[Handed]) -> dict[str, Any]:
    """How soon handovers were tried, how many were not or late, and how many were reached."""
    return {
        "hours_to_first_try": middle(row.hours_to_try for row in rows),
        "tried_within": {
            name: share_of(row.hours_to_try is not None and row.hours_to_try <= hours for row in rows)
            for name, hours in SPEEDS
        },
        "never_tried": share_of(row.hours_to_try is None for row in rows),
        "late": share_of(row.late for row in rows),
        "contacted": share_of(row.contacted for row in rows),
    }


def acceptance(rows: Sequence[Handed], at_least: float) -> dict[str, Any]:
    """What sales accepted, against what was agreed, by grade and campaign, with the reasons of the rejects."""
    counted = agreed_on(rows)
    accepted = share_of(row.accepted for row in counted)
    is_short = accepted["value"] is not None and accepted["value"] < at_least
    return {
        "accepted": accepted,
        "agreed_at_least": at_least,
        "is_short": is_short,
        "by_grade": _accepted_by(counted, lambda row: row.grade),
        "by_campaign": _accepted_by(counted, lambda row: row.campaign),
        "reasons": _reasons(counted),
    }


def _accepted_by(rows: Sequence[Handed], of: Callable[[Handed], str | None]) -> list[dict[str, Any]]:
    return [
        {"name": key or NO_NAME, "accepted": share_of(row.accepted for row in some), "reasons": _reasons(some)}
        for key, some in _by_size(_grouped(rows, of))
    ]


def _reasons(rows: Iterable[Handed]) -> dict[str, int]:
    return dict(Counter(row.reason for row in rows if row.reason).most_common())


def by_tries(rows: Sequence[Handed]) -> dict[str, Any]:
    """What became of handovers by how early and by how often they were tried."""
    early = _grouped(rows, _how_early)
    often = _grouped(rows, lambda row: min(row.tries, MOST_TRIES))
    names = [name for name, _ in SPEEDS] + ["later", "never"]
    return {
        "by_first_try": [{"name": name, **_became(early[name])} for name in names if name in early],
        "by_tries": [
            {"name": f"{tries}{' or more' if tries == MOST_TRIES else ''}", **_became(often[tries])}
            for tries in sorted(often)
        ],
    }


def _how_early(row: Handed) -> str:
    hours = row.hours_to_try
    return "never" if hours is None else next((name for name, most in SPEEDS if hours <= most), "later")


def _became(rows: Sequence[Handed]) -> dict[str, Any]:
    return {
        "contacted": share_of(row.contacted for row in rows),
        "kept": share_of(row.kept for row in rows),
        "won": share_of(row.won for row in rows),
    }


def criteria_figures(rows: Sequence[Handed]) -> list[dict[str, Any]]:
    """Whether each criterion earns its points: how many were won with points for it, and how many without."""
    found = []
    for name in dict.fromkeys(name for row in rows for name in row.levels):
        told = [row for row in rows if name in row.levels]
        having, lacking = ([row.won for row in told if bool(row.levels[name]) is has] for has in (True, False))
        levels = _grouped(told, partial(_points_for, name))
        found.append(
            {
                "name": name,
                "won_with_points": share_of(having),
                "won_without": share_of(lacking),
                "difference": difference(share_of(having), share_of(lacking)),
                "by_points": {str(points): share_of(row.won for row in levels[points]) for points in sorted(levels)},
            }
        )
    return found


def _points_for(name: str, row: Handed) -> int:
    return row.levels[name] or 0


def difference(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any] | None:
    """How much more one share is than another, with Newcombe's 95 % interval; None where either is of nothing."""
    if one["value"] is None or other["value"] is None:
        return None
    (low, high), (least, most) = one["interval"], other["interval"]
    between = one["value"] - other["value"]
    down = ((one["value"] - low) ** 2 + (most - other["value"]) ** 2) ** 0.5
    up = ((high - one["value"]) ** 2 + (other["value"] - least) ** 2) ** 0.5
    return {"value": between, "interval": [between - down, between + up]}


def owners(rows: Sequence[Handed], per_rep: bool) -> list[dict[str, Any]]:
    """What each owner was given, reached and won; all of sales as one, where no people are named."""
    counted = agreed_on(rows)
    found = []
    for key, some in _by_size(_grouped(counted, lambda row: row.owner if per_rep else EVERYBODY)):
        amounts = [row.amount for row in some if row.amount is not None]
        won = [row for row in some if row.won]
        found.append(
            {"name": key or NO_NAME, "handovers": len(some), "accepted": share_of(row.accepted for row in some)}
            | {"hours_to_first_try": middle(row.hours_to_try for row in some)}
            | {"never_tried": share_of(row.hours_to_try is None for row in some)}
            | {"late": share_of(row.late for row in some)}
            | {"contacts": sum(row.contacted for row in some), "won": share_of(row.won for row in some)}
            | {"amount": sum(amounts) if amounts else None, "months_to_win": middle(row.months_to_win for row in won)}
        )
    return found


def spread(rows: Sequence[Handed]) -> dict[str, Any]:
    """How contacts and wins lie over owners: the part of the one who has most of them. It names nobody."""
    counted = agreed_on(rows)
    found = {}
    for name, said in (("contacts", "contacted"), ("wins", "won")):
        each = Counter(row.owner for row in counted if getattr(row, said) and row.owner)
        found[name] = {"owners": len(each), "largest": share(max(each.values(), default=0), each.total())}
    return found


def segments(rows: Sequence[Handed]) -> list[dict[str, Any]]:
    """Segments whose results are proven: those whose share of wins lies above that of all, interval and all."""
    counted = agreed_on(rows)
    base, found = share_of(row.won for row in counted)["value"], []
    for dimension in ("source", "campaign", "grade"):
        for key, some in _by_size(_grouped(counted, attrgetter(dimension))):
            won = share_of(row.won for row in some)
            is_enough = won["count"] >= LEAST_PROVEN and base is not None
            if key is not None and is_enough and won["interval"][0] > base:
                found.append({"dimension": dimension, "name": key, "won": won, "of_all": base})
    return sorted(found, key=lambda one: -one["won"]["value"])


def _grouped(rows: Iterable[Handed], of: Callable[[Handed], Any]) -> dict[Any, list[Handed]]:
    found: dict[Hashable, list[Handed]] = {}
    for row in rows:
        found.setdefault(of(row), []).append(row)
    return found


def _by_size(groups: Mapping[Any, list[Handed]]) -> list[tuple[Any, list[Handed]]]:
    return sorted(groups.items(), key=lambda group: (-len(group[1]), str(group[0])))
