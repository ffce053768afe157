"""The public tables as a user brings them in: cleaned as far as their makers say, drafted, signed, ingested, looked at.

data/README.md says where each is, and which of its columns are known only after sales had spoken with the lead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import tomlkit

from benchmarks.parts.coded_sets import coded_by_cell, coded_by_group
from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.arrays import DAY_US
from features.home.clock import microseconds
from features.home.settings import Home
from features.lifecycle.milestones import known_by
from features.snapshots.point_in_time import snapshot_features
from features.snapshots.schedule import snapshot_schedule
from features.store.materialize import materialized
from serving.intake.file_import import ingest
from training.draft.from_export import export_draft
from training.labels.outcomes import NOT_FEATURES, outcomes

CAME_AT, WON_AT, WON, LEAD = "came_at", "won_at", "won", "lead"
SIGNED = "known only after contact, says the source"
HORIZON_DAYS = 1  # in time order: each outcome is known as soon as its lead came, to all sides alike


@dataclass(frozen=True)
class PublicSet:
    """One public table with one row per lead. read: its rows from the data folder, with `won` or both moments.

    after: columns known only after contact which the draft does not find by itself. kinds: what the source says a
    column is where the draft guesses otherwise. walks: its outcomes follow at once, so it can be walked through.
    codes: whole numbers that are no amounts; peers are told so, and the product has to find out.
    """

    name: str
    read: Callable[[Path], pd.DataFrame]
    in_time: bool
    after: tuple[str, ...] = ()
    kinds: Mapping[str, str] = field(default_factory=dict)
    walks: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LabelledSet:
    """A public data set as the product ingested it: one row per labelled snapshot, in time order.

    rows: as `training.pipeline.labelled_snapshots` gives them. raw: what peers see of the same rows, numbers or
    categories. gap_us: the horizon, where train has to end so long before test.
    """

    name: str
    rows: pd.DataFrame
    raw: pd.DataFrame
    agreement: Agreement
    in_time: bool
    walks: bool = False
    gap_us: int = 0

    @property
    def outcome(self) -> npt.NDArray[np.float64]:
        return self.rows["outcome"].to_numpy(np.float64)

    @property
    def leads(self) -> npt.NDArray[np.object_]:
        return self.rows["lead_id"].to_numpy(object)


def _x_education(data: Path) -> pd.DataFrame:
    rows = pd.read_csv(data / "xeducation" / "Leads.csv", dtype=str, keep_default_na=False)
    unnamed = [name for name in rows.columns if name.startswith("Unnamed")]  # every line ends in a comma
    return rows.drop(columns=unnamed).rename(columns={"Converted": WON, "Lead Number": LEAD})


def _olist(data: Path) -> pd.DataFrame:
    """Won means ever won. One win precedes its contact; like every other it counts from the contact on."""
    folder = data / "olist_funnel"
    leads = pd.read_csv(folder / "olist_marketing_qualified_leads_dataset.csv", dtype=str, keep_default_na=False)
    deals = pd.read_csv(folder / "olist_closed_deals_dataset.csv", dtype=str, keep_default_na=False)
    came_at = pd.to_datetime(leads["first_contact_date"], dayfirst=True, format="mixed")
    rows = leads.assign(weekday=came_at.dt.day_name()).rename(columns={"mql_id": LEAD})
    won = leads["mql_id"].isin(deals["mql_id"]).to_numpy()
    return _dated(rows.drop(columns="first_contact_date"), came_at, won)


def _bank(data: Path) -> pd.DataFrame:
    """Its rows are in date order from May 2008 on and name their months, so only the day is not known."""
    rows = pd.read_csv(data / "bank_marketing" / "bank-additional-full.csv", sep=";", dtype=str, keep_default_na=False)
    month = pd.to_datetime(rows["month"], format="%b").dt.month
    year = 2008 + (month.diff() < 0).cumsum()
    starts = pd.to_datetime({"year": year, "month": month, "day": 1})
    stretch = starts.ne(starts.shift()).cumsum()
    share = rows.groupby(stretch).cumcount() / rows.groupby(stretch)["y"].transform("size")
    came_at = (starts + share * pd.Timedelta(days=28)).dt.floor("s")
    return _dated(rows.drop(columns="y"), came_at, (rows["y"] == "yes").to_numpy())


def _shoppers(data: Path) -> pd.DataFrame:
    rows = pd.read_csv(data / "online_shoppers" / "online_shoppers_intention.csv", dtype=str, keep_default_na=False)
    return rows.drop(columns="Revenue").assign(**{WON: rows["Revenue"]})


def _dated(rows: pd.DataFrame, came_at: pd.Series, won: npt.NDArray[np.bool_]) -> pd.DataFrame:
    """The rows with their moments, in time order. These tables' outcomes are taken as known within the hour."""
    written = came_at.dt.strftime("%Y-%m-%d %H:%M:%S")
    won_at = (came_at + pd.Timedelta(hours=1)).dt.strftime("%Y-%m-%d %H:%M:%S").where(won, "")
    return rows.assign(**{CAME_AT: written, WON_AT: won_at}).sort_values(CAME_AT, kind="stable", ignore_index=True)


# The sources say that these are codes, and a number tells nothing of them.
CODES = dict.fromkeys(("OperatingSystems", "Browser", "Region", "TrafficType"), "category")
TABLES = (
    PublicSet("x_education", _x_education, in_time=False),
    PublicSet("olist_funnel", _olist, in_time=True),
    PublicSet("bank_marketing", _bank, in_time=True, after=("duration", "campaign"), walks=True),
    PublicSet("online_shoppers", _shoppers, in_time=False, kinds=CODES),
)
MADE = (
    PublicSet("coded_by_cell", lambda _: coded_by_cell()[0], in_time=False, codes=("office_code", "product_code")),
    PublicSet("coded_by_group", lambda _: coded_by_group()[0], in_time=False),
)  # of no table: the folder is not read


def labelled_set(table: PublicSet, data: Path, folder: Path, most: int | None = None) -> LabelledSet:
    """The table as the product sees it: drafted by `init`, signed, ingested into a new home, snapshots through Feast.

    most: take only so many of its rows, evenly.
    """
    rows = table.read(data)
    rows = rows.iloc[:: max(len(rows) // most, 1)] if most else rows
    if LEAD not in rows:
        rows = rows.assign(**{LEAD: [f"{table.name}-{place:06}" for place in rows.index]})
    file, now = folder / f"{table.name}.csv", datetime.now(UTC)
    rows.to_csv(file, index=False)
    home, agreement = Home.open(folder / f"home-{table.name}"), signed_agreement(table, file)
    ingest(home, [file], save_version(home, agreement, now), now)
    arrived = arrivals(home, agreement, now)
    raw = peer_fields(arrived, table.codes)
    return LabelledSet(table.name, arrived, raw, agreement, table.in_time, table.walks)


def peer_fields(rows: pd.DataFrame, codes: Sequence[str] = ()) -> pd.DataFrame:
    """Every field that the model may see, numbers that are `codes` as categories; constants say nothing."""
    known = rows.drop(columns=NOT_FEATURES, errors="ignore")
    known = known.loc[:, known.nunique(dropna=False) > 1].astype(dict.fromkeys(codes, str))
    return known.astype({name: "category" for name in known.columns if known[name].dtype == object})


def signed_agreement(table: PublicSet, file: Path) -> Agreement:
    """The agreement that `leadlight init` drafts for the file, corrected by what the source says."""
    drafted = export_draft(
        file, WON_AT if table.in_time else WON, id=LEAD, created_at=CAME_AT if table.in_time else None
    )
    written = tomlkit.parse(drafted.text).unwrap()
    traits, excluded = written["traits"], written.get("excluded", {})
    for name in [name for name, line in traits.items() if line["column"] in table.after]:
        excluded[name] = {"why": SIGNED, **traits.pop(name)}
    for line in traits.values():
        line["kind"] = table.kinds.get(line["column"], line["kind"])
    if table.in_time:
        written["outcome"]["within_days"] = HORIZON_DAYS
        for line in traits.values():
            line["known"] = "at_creation"
    return Agreement.parse(tomlkit.dumps(written | {"excluded": excluded}))


def arrivals(home: Home, agreement: Agreement, now: datetime) -> pd.DataFrame:
    """The labelled snapshot of each lead's arrival, as `labelled_snapshots` gives it, in time order.

    The later ones are left out: a table says nothing of a lead after it came.
    """
    found = materialized(home, agreement)
    known_until_us = microseconds(now + timedelta(days=HORIZON_DAYS))
    leads = known_by(found.leads, known_until_us)
    # Closed at once, or every lead would be looked at each week of ten years before all but one look is dropped.
    arrived = leads.assign(closed_us=leads["opened_us"] + DAY_US)
    looked_at = snapshot_schedule(arrived, agreement, known_until_us)
    looked_at = looked_at[looked_at["is_arrival"]].sort_values(["snapshot_us", "lead_id"], ignore_index=True)
    became = outcomes(looked_at, leads, agreement, known_until_us)
    looked_at = looked_at[became.notna().to_numpy()].reset_index(drop=True)  # leads from before the record have none
    looked_at["outcome"] = became.dropna().astype(bool).to_numpy()
    return snapshot_features(found.repository, agreement, looked_at)
