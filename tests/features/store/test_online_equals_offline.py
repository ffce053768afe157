"""Online equals offline: whatever arrives, in whatever batches, the online store shows what a rebuild derives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL, Told, market, page, says, us
from hypothesis import given, settings
from hypothesis import strategies as st
from online_store_checks import arrive, heard, same, shows_the_ledger, whole
from random_logs import LEADS, once, random_log

from features.home.database import engine
from features.home.settings import Home, Settings
from features.snapshots.point_in_time import feature_frame, lead_states, snapshot_features
from features.store.builds import build_of
from features.store.ledger_fallback import ledger_states
from features.store.materialize import materialized
from features.store.online import LeadState, OnlineStore
from features.store.publisher import Publisher

pytestmark = pytest.mark.slow

NUMBER = count()
COLLEAGUES = [says("group", 0.5, userId=lead, groupId="one", traits={"name": lead}) for lead in LEADS]


@pytest.fixture(scope="module", params=["sqlite", "redis"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Settings]:
    chosen = Settings()
    if request.param == "redis":
        chosen = Settings(online_store="redis", redis_url=request.getfixturevalue("redis_url"))
    return tmp_path_factory.mktemp("parity"), chosen


@settings(max_examples=40)
@given(
    told=random_log(18),
    cuts=st.lists(st.integers(0, 20), max_size=3),
    is_shown=st.lists(st.booleans(), min_size=4),
    are_colleagues=st.booleans(),
)
def test_what_is_published_is_what_a_rebuild_derives(
    place: tuple[Path, Settings], told: list[Told], cuts: list[int], is_shown: list[bool], are_colleagues: bool
) -> None:
    home = Home(place[0] / f"home {next(NUMBER)}", place[1])
    history, *batches = in_batches(once([*told, *COLLEAGUES] if are_colleagues else told), cuts)
    arrive(home, history)
    materialized(home, SMALL)
    publisher = Publisher(home)
    for batch, is_now in zip(batches, is_shown, strict=False):
        arrive(home, batch)
        if is_now:
            publisher.publish()
    publisher.publish()
    assert shows_the_ledger(home)
    engine(home.database_url).dispose()


@settings(max_examples=25)
@given(told=random_log(18), cuts=st.lists(st.integers(0, 17), max_size=2))
def test_what_is_not_shown_yet_is_derived_from_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, told: list[Told], cuts: list[int]
) -> None:
    home = Home(tmp_path_factory.mktemp("unseen") / "home", Settings())
    history, *batches = in_batches(once(told), cuts)
    arrive(home, history)
    materialized(home, SMALL)
    for batch in batches:
        arrive(home, batch)
    expected = whole(home)
    found = ledger_states(home, SMALL, list(expected))
    standing = [lead for lead, asked in zip(found, expected, strict=True) if lead.lead_id == asked]
    assert same(standing, [expected[lead.lead_id] for lead in standing])
    engine(home.database_url).dispose()


def test_an_account_is_shared_by_a_lead_and_the_one_that_it_became_part_of(tmp_path: Path) -> None:
    """Only ann's id is in the account, but ann turned out to be bob: two leads have been in it, one after another."""
    home = Home(tmp_path / "home", Settings())
    arrive(home, [])
    materialized(home, SMALL)
    arrive(home, once([page("ann", 1.0, "/pricing"), says("group", 1.0, userId="ann", groupId="one", traits={})]))
    Publisher(home).publish()
    status = {"event": "Lead Status Changed", "properties": {"crm_lead_id": "2"}}
    arrive(home, once([says("track", day, userId=lead, **status) for lead, day in (("bob", 1.5), ("ann", 2.0))]))
    expected = whole(home)
    assert expected["bob"].account is not None
    assert same(ledger_states(home, SMALL, ["bob"]), [expected["bob"]])
    Publisher(home).publish()
    assert shows_the_ledger(home)
    engine(home.database_url).dispose()


def in_batches(told: Sequence[Told], cuts: list[int]) -> list[list[Told]]:
    """The events in the order in which they became known, in some batches; the first is there before the rest."""
    ordered = sorted(told, key=lambda said: (heard(said), said["messageId"]))
    ends = sorted(min(cut, len(ordered)) for cut in cuts)
    return [ordered[start:end] for start, end in zip([0, *ends], [*ends, len(ordered)], strict=True)]


def test_the_online_row_of_a_thousand_leads_is_their_offline_row(place: tuple[Path, Settings]) -> None:
    """Through Feast, both stores, after events came live: 1,000 leads in 40 companies."""
    home = Home(place[0] / "thousand", place[1])
    told = market(1_000, days=60)
    arrive_at_once(home, told[: len(told) // 2])
    materialized(home, SMALL)
    arrive_at_once(home, told[len(told) // 2 :])
    assert Publisher(home).publish() > 400
    now_us = us(400)
    leads = [f"lead-{number:04}" for number in range(1_000)]
    online = features(OnlineStore(build_now(home).repository(home)).states(leads), now_us)
    found = materialized(home, SMALL)  # everything anew, offline
    asked = pd.DataFrame({"lead_id": leads, "snapshot_us": now_us})
    offline = snapshot_features(found.repository, SMALL, asked).drop(columns=["lead_id", "snapshot_us"])
    pd.testing.assert_frame_equal(online, offline, check_exact=False, rtol=1e-9, atol=1e-9)
    assert (online["account_pricing_page_count_total"] > 0).mean() > 0.5
    engine(home.database_url).dispose()


def arrive_at_once(home: Home, told: Sequence[Told]) -> None:
    from features.ledger.ledger import Ledger

    Ledger.open(home).record(list(told), received_at=max(map(heard, told)), source="web")


def build_now(home: Home):  # type: ignore[no-untyped-def]
    build = build_of(home, SMALL)
    assert build is not None
    return build


def features(states: Sequence[LeadState | None], as_of_us: int) -> pd.DataFrame:
    known = [state for state in states if state is not None]
    assert len(known) == len(states)
    columns = zip(*((state.behaviours, state.traits, state.account) for state in known), strict=True)
    did, said, shared = (list(column) for column in columns)
    return feature_frame(lead_states(did, said, SMALL, shared), np.full(len(known), as_of_us), SMALL)
