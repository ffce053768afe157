"""The report of the hole: all figures of a home's own handovers in a period, as one document."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.home.clock import rfc3339
from features.home.database import consistent_read
from features.home.settings import Home
from serving.funnel.figures import (
    acceptance,
    by_group,
    by_tries,
    criteria_figures,
    funnel,
    owners,
    segments,
    speed,
    spread,
)
from serving.funnel.first_count import first_count
from serving.funnel.marketed import campaigns, inflation, missed, without_source
from serving.funnel.of_home import came_of, handed_of, inside_sales_of, missed_of, wins_of
from serving.funnel.shares import middle

A_QUARTER = timedelta(days=91)


def report_of_home(home: Home, agreement: Agreement, as_of: datetime, since: datetime | None = None) -> dict[str, Any]:
    """The report of a home, read at one moment, with its first count as `baseline`, None where none was made."""
    with consistent_read(home) as connection:
        return hole_report(connection, agreement, as_of, since) | {"baseline": first_count(home)}


def hole_report(
    connection: Connection, agreement: Agreement, as_of: datetime, since: datetime | None = None
) -> dict[str, Any]:
    """Every figure of the handovers offered, and the leads that came, from `since` (else 91 days ago) to `as_of`.

    Shares are {value, count, of, interval}: 95 %, by Wilson. Money is in whole units of `[costs]` currency.
    """
    period = since or as_of - A_QUARTER, as_of
    wins = wins_of(connection, agreement)
    rows, came = handed_of(connection, wins, period), came_of(connection, wins, period)
    of_source, of_campaign = (Counter(getattr(one, name) for one in came) for name in ("source", "campaign"))
    months = [win.months for win in wins.values() if period[0] <= win.won_at < period[1] and win.months is not None]
    return {
        "from": rfc3339(period[0]),
        "to": rfc3339(period[1]),
        "handovers": len(rows),
        "explored": sum(row.explored for row in rows),
        "funnel": funnel(rows, len(came)),
        "by_source": by_group(rows, "source", of_source),
        "by_campaign": by_group(rows, "campaign", of_campaign),
        "speed": speed(rows),
        "acceptance": acceptance(rows, agreement.handover.accept_at_least),
        "tries": by_tries(rows),
        "criteria": criteria_figures(rows),
        "campaigns": campaigns(came, agreement),
        "segments": segments(rows),
        "missed": missed(missed_of(connection, wins, period)),
        "inflation": inflation(came),
        "per_rep": agreement.privacy.per_rep,
        "owners": owners(rows, agreement.privacy.per_rep),
        "spread": spread(rows),
        "months_to_win": middle(months),
        "currency": agreement.costs.currency if agreement.costs else None,
        "inside_sales": inside_sales_of(connection, agreement, period),
        "without_source": without_source(came),
    }
