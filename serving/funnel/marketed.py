"""What marketing brought, with what it cost: each campaign's mean probability and conversions, and what was missed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean
from typing import Any

from features.agreement.agreement import Agreement
from serving.funnel.figures import NO_NAME
from serving.funnel.shares import share, share_of


@dataclass(frozen=True)
class Came:
    """One lead that came in the period, as it stands now.

    peak: the highest probability that it ever had; threshold: the bar it was last decided under. tool: what sent its
    first event, where that is known.
    """

    lead_id: str
    arrived_at: datetime
    source: str | None
    campaign: str | None
    probability: float | None
    peak: float | None
    threshold: float | None
    won: bool
    tool: str | None = None

    @property
    def was_over(self) -> bool:
        return self.peak is not None and self.threshold is not None and self.peak >= self.threshold


def campaigns(rows: Sequence[Came], agreement: Agreement) -> list[dict[str, Any]]:
    """Each campaign: its leads, their mean probability, how many converted, and what a conversion cost.

    cost_per_conversion: with the interval that the share of conversions has; without an upper end where none may have.
    """
    found: dict[str | None, list[Came]] = {}
    for row in rows:
        found.setdefault(row.campaign, []).append(row)
    told = []
    for name, some in sorted(found.items(), key=lambda group: (-len(group[1]), str(group[0]))):
        converted = share_of(row.won for row in some)
        known = [row.probability for row in some if row.probability is not None]
        line = agreement.campaigns.get(name or "")
        told.append(
            {"name": name or NO_NAME, "leads": len(some), "mean_probability": fmean(known) if known else None}
            | {"converted": converted, "cost": line.cost if line else None}
            | {"cost_per_conversion": _each(line.cost if line else None, converted)}
        )
    return told


def _each(cost: float | None, converted: Mapping[str, Any]) -> dict[str, Any] | None:
    if cost is None or not converted["count"]:
        return None
    low, high = (end * converted["of"] for end in converted["interval"])
    return {"value": cost / converted["count"], "interval": [cost / high, cost / low if low else None]}


def inflation(rows: Sequence[Came]) -> list[dict[str, Any]]:
    """Of the leads of each month, how many were over the bar at some time: where that rises, the bar means less."""
    months: dict[str, list[Came]] = {}
    for row in rows:
        months.setdefault(f"{row.arrived_at:%Y-%m}", []).append(row)
    return [{"month": month, "over": share_of(row.was_over for row in months[month])} for month in sorted(months)]


def without_source(rows: Sequence[Came]) -> dict[str, Any]:
    """Leads of which nobody knows the source or the campaign, and by the tool that sent their first event."""
    lacking = [row for row in rows if row.source is None or row.campaign is None]
    tools: dict[str, list[Came]] = {}
    for row in lacking:
        tools.setdefault(row.tool or NO_NAME, []).append(row)
    return {
        "source": share_of(row.source is None for row in rows),
        "campaign": share_of(row.campaign is None for row in rows),
        "by_tool": [
            {
                "tool": tool,
                "without_source": sum(row.source is None for row in some),
                "without_campaign": sum(row.campaign is None for row in some),
            }
            for tool, some in sorted(tools.items(), key=lambda group: (-len(group[1]), group[0]))
        ],
    }


def missed(wins: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What we missed: of those who converted, how many did so from under the bar, or after sales had rejected them.

    wins: one per lead that converted, with `was_below` and `was_rejected`.
    """
    return {
        "won_below_the_bar": share(sum(bool(win["was_below"]) for win in wins), len(wins)),
        "won_after_a_reject": share(sum(bool(win["was_rejected"]) for win in wins), len(wins)),
    }
