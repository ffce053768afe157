"""Lead sources: leads without a known source, and campaigns that come in several spellings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
from sqlalchemy import Connection, select

from features.agreement.agreement import Agreement
from features.home import tables
from serving.funnel.of_home import tools_of
from serving.health.event_quality import Check
from serving.health.similar_names import campaign_line, spelling_groups

SHOWN = 5
MOST_LEADS = 5_000  # whose first event is looked at


def lead_source_checks(trait_states: Path, agreement: Agreement) -> Iterator[Check]:
    """The checks of sources and campaigns, from a Parquet file of trait states."""
    if not trait_states.exists():
        return
    columns = ["lead_id", "source", "campaign", "latest_campaign"]
    states = pq.read_table(trait_states, columns=columns).to_pandas()
    yield from unknown_source_checks(states)
    yield from campaign_checks(states, agreement)


def tool_checks(connection: Connection) -> Iterator[Check]:
    """Which tools bring leads without source or campaign, by the first event of each of the newest such leads."""
    newest = tables.lead_decisions.c
    lacks = newest.source.is_(None) | newest.campaign.is_(None)
    lacking = select(newest.lead_id).where(lacks, newest.code != "merged").order_by(newest.arrived_us.desc())
    tools = Counter(tools_of(connection, list(connection.scalars(lacking.limit(MOST_LEADS)))).values())
    if tools:
        named = ", ".join(f"{tool} {leads:,}" for tool, leads in tools.most_common(SHOWN))
        yield Check("sources", True, f"without source or campaign, by what sent the first event of a lead: {named}")


def unknown_source_checks(states: pd.DataFrame) -> Iterator[Check]:
    """How many leads have no known source. states: in the order in which they became known."""
    newest = states.drop_duplicates("lead_id", keep="last")
    lacking = int(newest["source"].isna().sum())
    if lacking:
        said = f"{lacking:,} of {len(newest):,} leads came nobody knows from where"
        yield Check("sources", True, f"{said}; send context.campaign with their visits, or the trait source")


def campaign_checks(states: pd.DataFrame, agreement: Agreement) -> Iterator[Check]:
    """One check per campaign with several spellings, with the line of [campaigns] that makes them one."""
    seen: Counter[str] = Counter()
    for column in ("campaign", "latest_campaign"):
        # A lead's state is repeated with each change of another trait: a campaign counts once for each lead.
        seen.update(states[["lead_id", column]].dropna().drop_duplicates()[column].astype(str))
    for group in spelling_groups(_lines_first(seen, agreement)):
        also = list(agreement.campaigns[group[0]].also) if group[0] in agreement.campaigns else []
        line = campaign_line([group[0], *also, *group[1:]])
        said = f"{len(group)} spellings of one campaign: {', '.join(group[:SHOWN])}"
        yield Check("campaigns", False, f"{said}; write under [campaigns]: {line}")


def _lines_first(seen: Mapping[str, int], agreement: Agreement) -> dict[str, int]:
    """The counts, those of campaigns with a line of their own raised above all others: their spelling stays."""
    most = max(seen.values(), default=0) + 1
    return {name: count + (most if name in agreement.campaigns else 0) for name, count in seen.items()}
