"""Offline and online store give the same row: as known at a moment for training, as known now for serving."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from handmade_events import LATER, MINUTE, SMALL, Told, World, alike, at, identify, market, page, touch, track, us
from sqlalchemy import select

from features.agreement.agreement import Agreement
from features.home import tables
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.snapshots.point_in_time import feature_frame, lead_states, snapshot_features
from features.snapshots.schedule import snapshot_schedule
from features.store.feast_views import view_suffix
from features.store.materialize import Materialized, materialized
from features.store.online import LeadState, OnlineStore
from features.what_if import what_if_states

TOLD: list[Told] = [
    identify("ann", 1, industry="software", employees=310, renewal_on="2026-06-01", is_partner=True),
    page("visitor", 0.5), page("visitor", 0.5 + 9 * MINUTE, "/"), touch("visitor", 0.6, "ads", "spring"),
    identify("ann", 4, visitor="visitor"),
    page("ann", 6, known=9, page_view_id="1"),
    track("ann", "Page Left", 6.001, known=9.5, page_view_id="1", engaged_ms=60_000),
    track("ann", "Webinar Attended", 8, minutes_attended=42),
    identify("bob", 2, is_partner="no"),  # nothing but a trait
    page("cid", 3), page("cid", 3, "/pricing/eu"),  # nothing but behaviour, two at once
    identify("dot", 20, industry=""),
    *market(25, days=40),
]  # fmt: skip
NOW = 400.0
WORLD = World.of(TOLD)


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Materialized]:
    settings = Settings()
    if request.param == "redis":
        settings = Settings(online_store="redis", redis_url=request.getfixturevalue("redis_url"))
    yield from a_home(tmp_path_factory.mktemp("store"), settings)


def a_home(folder: Path, settings: Settings) -> Iterator[Materialized]:
    home = Home(folder / "home", settings)
    append(home, TOLD)
    yield materialized(home, SMALL)
    engine(home.database_url).dispose()


def append(home: Home, told: list[Told]) -> None:
    list(Ledger.open(home).append(told, source="web", received_at=LATER))


def offline(found: Materialized, leads: list[str], as_of_us: int) -> pd.DataFrame:
    asked = pd.DataFrame({"lead_id": leads, "snapshot_us": as_of_us})
    return snapshot_features(found.repository, SMALL, asked).drop(columns=["lead_id", "snapshot_us"])


def online(found: Materialized, leads: list[str], as_of_us: int) -> pd.DataFrame:
    nothing = LeadState("nobody", {}, {}, None)
    held = [state or nothing for state in OnlineStore(found.repository).states(leads)]
    did, said, shared = zip(*((state.behaviours, state.traits, state.account) for state in held), strict=True)
    return feature_frame(lead_states(did, said, SMALL, shared), np.full(len(leads), as_of_us), SMALL)


def row(frame: pd.DataFrame, place: int) -> dict[str, object]:
    return {str(name): value for name, value in frame.iloc[place].items()}


def test_feast_gives_each_lead_as_it_was_known_at_each_moment(store: Materialized) -> None:
    leads = [*WORLD.found.lead_ids, "nobody"]
    # The moment itself is not before the moment: Feast's join includes it, ours does not.
    moments = [us(day) + more for day in (0.7, 4, 5, 9, 9.6, 21, 60) for more in (0, 1)]
    asked = pd.DataFrame([(lead, moment) for moment in moments for lead in leads], columns=["lead_id", "snapshot_us"])
    found = snapshot_features(store.repository, SMALL, asked)
    for place, (lead, moment) in enumerate(asked.itertuples(index=False)):
        assert alike(row(found.iloc[:, 2:], place), WORLD.features(lead, moment), within=0), (lead, moment)


def test_a_row_known_at_the_very_moment_is_not_joined(store: Materialized) -> None:
    known_us = us(8)  # ann's webinar
    before, after = (
        offline(store, ["ann"], as_of_us).loc[0, "webinar_count_total"] for as_of_us in (known_us, known_us + 1)
    )
    assert (before, after) == (0, 1)


def test_the_online_row_equals_the_offline_row_at_the_same_moment(store: Materialized) -> None:
    leads = [*WORLD.found.lead_ids, "nobody"]
    now, then = online(store, leads, us(NOW)), offline(store, leads, us(NOW))
    pd.testing.assert_frame_equal(now, then, check_exact=True)
    assert now["pricing_page_count_total"].sum() > 10


def test_feasts_own_online_features_are_those_that_scores_are_made_of(store: Materialized) -> None:
    """Whoever asks Feast itself, by the names of its views, gets the very rows."""
    repository = store.repository
    (ann,) = OnlineStore(repository).states(["ann"])
    assert ann is not None
    found = repository.store.get_online_features(repository.references(), [{"lead_id": "ann"}]).to_dict()
    assert {name: found[name][0] for name in repository.behaviours} == ann.behaviours
    assert {name: found[name][0] for name in repository.traits} == ann.traits


def test_a_lead_nobody_heard_of_has_no_state(store: Materialized) -> None:
    (unknown, known) = OnlineStore(store.repository).states(["nobody", "ann"])
    assert unknown is None
    assert known is not None
    assert known.known_at == at(9.5)  # the minutes that became known last
    assert OnlineStore(store.repository).states([]) == []


def test_feasts_event_time_is_when_we_knew_and_rises_per_lead(store: Materialized) -> None:
    for view in (store.repository.behaviour_view, store.repository.trait_view):
        written = pq.read_table(store.repository.source_of(view))
        assert str(written.schema.field("event_timestamp").type) == "timestamp[us, tz=UTC]"
        moments = written.select(["lead_id", "event_timestamp"]).to_pandas()
        rises = moments.groupby("lead_id")["event_timestamp"].diff().dropna() > pd.Timedelta(0)
        assert rises.all()
    ann = moments.loc[moments["lead_id"] == "ann", "event_timestamp"].tolist()
    assert ann[0] == pd.Timestamp(at(1))  # of traits, the view read last


def test_snapshots_keep_the_order_and_the_columns_they_were_asked_with(store: Materialized) -> None:
    looked_at = snapshot_schedule(store.leads, SMALL, us(30)).sample(frac=1, random_state=1)
    found = snapshot_features(store.repository, SMALL, looked_at)
    assert found[["lead_id", "snapshot_us", "is_arrival"]].to_numpy().tolist() == looked_at.to_numpy().tolist()
    place = int(np.flatnonzero(found["lead_id"] == "ann")[0])
    expected = WORLD.features("ann", int(found.loc[place, "snapshot_us"]))
    assert alike(row(found.iloc[:, 3:], place), expected, within=0)


def test_deriving_again_writes_nothing_until_an_event_comes(store: Materialized) -> None:
    repository = store.repository
    path = repository.source_of(repository.trait_view)
    before = path.stat().st_mtime_ns
    materialized(repository.home, SMALL)
    assert path.stat().st_mtime_ns == before


def test_what_comes_late_reaches_the_online_store(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    home = Home(tmp_path / "home", Settings())
    append(home, [identify("ann", 1), page("ann", 5)])
    materialized(home, SMALL)
    append(home, [page("ann", 2, known=7), identify("ann", 0.5, known=8, industry="retail")])
    found = materialized(home, SMALL)
    now = online(found, ["ann"], us(10))
    assert now.loc[0, ["pricing_page_count_total", "industry"]].tolist() == [2, "retail"]
    pd.testing.assert_frame_equal(now, offline(found, ["ann"], us(10)))
    engine(home.database_url).dispose()


def test_a_changed_feature_part_is_built_beside_the_served_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    append(home, [identify("ann", 1), page("ann", 5)])
    changed = Agreement.parse(SMALL.text.replace("[1, 7, 30]", "[2, 14]"))
    served, beside = materialized(home, SMALL), materialized(home, changed)
    assert served.repository.behaviour_view != beside.repository.behaviour_view
    assert online(served, ["ann"], us(6)).loc[0, "pricing_page_count_hl1d"] == 0.5
    (held,) = OnlineStore(beside.repository).states(["ann"])
    assert held is not None
    assert len(held.behaviours["pricing_page"] or ()) == 4 + 2 * 2 + 2
    engine(home.database_url).dispose()


def test_a_changed_policy_keeps_the_views() -> None:
    changed = Agreement.parse(SMALL.text + "\n[policy]\nmin_points = 0\nback_below = 0.5\n")
    assert view_suffix(changed) == view_suffix(SMALL)
    assert changed.digest != SMALL.digest


def test_no_feature_is_code(store: Materialized) -> None:
    """On-demand views would be rebuilt by exec and dill."""
    feast = store.repository.store
    assert len(feast.list_feature_views()) == 3
    assert not [*feast.list_on_demand_feature_views(), *feast.list_stream_feature_views()]


def test_leads_are_found_by_every_name_outsiders_have_for_them(store: Materialized) -> None:
    with reading(store.repository.home) as connection:
        rows = connection.execute(select(tables.identities)).all()
    names = {(row.kind, row.value): row.lead_id for row in rows}
    assert names["lead", "ann"] == "ann"
    assert names["email", "lead-0003@firm3.example"] == "lead-0003"


def test_who_objects_or_is_our_own_is_left_out(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    told = [
        identify("ann", 1, email="ann@ours.example"),
        identify("bob", 1, profiling_opt_out=True),
        identify("cid", 1),
    ]
    append(home, told)
    leads = materialized(home, SMALL).leads.set_index("lead_id")
    assert leads["is_left_out"].to_dict() == {"ann": True, "bob": True, "cid": False}
    engine(home.database_url).dispose()


def test_an_empty_ledger_derives_to_no_leads(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    found = materialized(home, SMALL)
    assert found.leads.empty
    assert OnlineStore(found.repository).states(["ann"]) == [None]
    engine(home.database_url).dispose()


def test_an_agreement_may_count_no_behaviour(tmp_path: Path) -> None:
    bare = Agreement.parse('name = "bare"\n[outcome]\nevent = "Won"\n[traits]\nindustry = "category"\n')
    home = Home(tmp_path / "home", Settings())
    append(home, [identify("ann", 1, industry="retail")])
    found = materialized(home, bare)
    asked = pd.DataFrame({"lead_id": ["ann"], "snapshot_us": [us(2)]})
    assert snapshot_features(found.repository, bare, asked).loc[0, "industry"] == "retail"
    engine(home.database_url).dispose()


def test_a_ledger_in_postgresql_derives_to_the_same_features(tmp_path: Path, postgres_url: str) -> None:
    home = Home(tmp_path / "home", Settings(database_url=postgres_url))
    append(home, list(reversed(TOLD)))
    found = offline(materialized(home, SMALL), ["ann", "bob", "cid"], us(NOW))
    for place, lead in enumerate(["ann", "bob", "cid"]):
        assert alike(row(found, place), WORLD.features(lead, us(NOW)))


WHAT_IF = [
    {"traits": {"industry": "software", "email": "same@firm.example"}, "events": []},
    {"traits": {"industry": "retail", "email": "same@firm.example"}, "events": []},
    {"events": [{"type": "page", "timestamp": at(8).isoformat(), "properties": {"path": "/pricing"}}]},
    {},
]


def test_a_what_if_lead_is_what_it_says_and_nobody_else() -> None:
    """Two rows of a file may well have the same address."""
    behaviours, traits = what_if_states(WHAT_IF, SMALL, at(10))
    assert [said["industry"] for said in traits] == ["software", "retail", None, None]
    assert [said["email_domain"] for said in traits] == ["firm.example", "firm.example", None, None]
    frame = feature_frame(lead_states(behaviours, traits, SMALL), np.full(4, us(10)), SMALL)
    assert frame["pricing_page_count_total"].tolist() == [0, 0, 1, 0]
    assert frame.loc[2, "days_since_pricing_page"] == 2


def test_a_what_if_with_a_ledgers_events_has_the_ledgers_features() -> None:
    told = [identify("ann", 1, industry="retail"), page("ann", 2), page("ann", 2 + 5 * MINUTE, "/"), page("ann", 6)]
    behaviours, traits = what_if_states([{"events": told}], SMALL, at(10))
    frame = feature_frame(lead_states(behaviours, traits, SMALL), np.array([us(10)]), SMALL)
    assert alike(row(frame, 0), World.of(told).features("ann", us(10)))


def test_commands_that_derive_at_once_wait_for_one_another(tmp_path: Path) -> None:
    """`leadlight score` in one terminal while `leadlight ingest` ends in another must not mix their files."""
    home = Home(tmp_path / "home", Settings())
    append(home, TOLD)
    with ThreadPoolExecutor(4) as pool:
        leads = [len(found.leads) for found in pool.map(lambda _: materialized(home, SMALL), range(4))]
    assert leads == [len(WORLD.found.lead_ids)] * 4
    found = offline(materialized(home, SMALL), ["ann"], us(NOW))
    assert alike(row(found, 0), WORLD.features("ann", us(NOW)), within=0)
    engine(home.database_url).dispose()
