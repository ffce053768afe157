"""The publisher: an acknowledged event is shown soon, whoever dies in between, and never half."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
import throwaway_servers
from handmade_events import LATER, SMALL, at, identify, page, says, track
from online_store_checks import arrive, same, shows_the_ledger, whole
from publishing_process import published
from redis import Redis
from repository import ROOT
from sqlalchemy import delete, func, select

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.derived import Derived
from features.home import tables
from features.home.database import engine, reading, writing
from features.home.locks import publisher_lock
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.ledger.outbox import enqueue_whole
from features.store import online as store
from features.store.builds import all_builds, build_of, builds
from features.store.ledger_fallback import ledger_states, pending_leads
from features.store.materialize import materialized, rebuild
from features.store.online import OnlineStore, StoreGone
from features.store.publisher import Publisher
from serving.scoring.scorer import Scorer

ANN = [identify("ann", 1, email="ann@firm.example", industry="software"), page("ann", 2)]
BOB = [identify("bob", 1.5, email="bob@firm.example"), page("bob", 3)]


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    yield from a_home(tmp_path, Settings(database_url=url))


def a_home(folder: Path, chosen: Settings) -> Iterator[Home]:
    home = Home(folder / "home", chosen).created()
    save_version(home, SMALL, at(0))
    Ledger.open(home)
    arrive(home, [*ANN, *BOB])
    materialized(home, SMALL)
    Publisher(home).publish()
    yield home
    engine(home.database_url).dispose()


def online(home: Home) -> OnlineStore:
    build = build_of(home, SMALL)
    assert build is not None
    return OnlineStore(build.repository(home))


def pages(home: Home, lead: str) -> float:
    (state,) = online(home).states([lead])
    assert state is not None
    return (state.behaviours["pricing_page"] or [0.0])[0]


def waiting(home: Home) -> int:
    with reading(home) as connection:
        return connection.scalar(select(func.count()).select_from(tables.online_pending)) or 0


def test_an_event_is_pending_until_it_is_shown(home: Home) -> None:
    arrive(home, [page("ann", 5)])
    assert pending_leads(home, ["ann", "bob", "nobody"]) == {"ann"}
    assert (pages(home, "ann"), waiting(home)) == (1, 1)
    assert Publisher(home).publish() == 1
    assert (pages(home, "ann"), waiting(home)) == (2, 0)
    assert pending_leads(home, ["ann"]) == set()
    assert Publisher(home).publish() == 0
    assert shows_the_ledger(home)


def test_what_a_visitor_did_is_the_leads_as_soon_as_we_know_who_it_was(home: Home) -> None:
    publisher = Publisher(home)
    arrive(home, [page("visitor-1", 4)])
    assert publisher.publish() == 0
    assert waiting(home) == 0
    arrive(home, [identify("ann", 5, visitor="visitor-1")])
    assert pending_leads(home, ["ann"]) == {"ann"}
    publisher.publish()
    assert pages(home, "ann") == 2
    arrive(home, [page("visitor-1", 6)])
    assert pending_leads(home, ["ann"]) == {"ann"}
    publisher.publish()
    assert pages(home, "ann") == 3


def test_a_merge_and_its_undoing_move_what_is_shown(home: Home) -> None:
    """Neither changes the newest event of the lead that is left with nothing, or with less."""
    publisher = Publisher(home)
    merge = track("ann", "Lead Merged", 6, previous_lead_id="bob")
    arrive(home, [merge])
    publisher.publish()
    assert (pages(home, "ann"), pages(home, "bob")) == (2, 0)
    arrive(home, [track("ann", "Lead Merge Undone", 7, merge_id=merge["messageId"])])
    publisher.publish()
    assert (pages(home, "ann"), pages(home, "bob")) == (1, 1)
    assert shows_the_ledger(home)


def test_a_lead_that_is_part_of_another_is_answered_by_that_one(home: Home) -> None:
    scorer = Scorer(home)
    arrive(home, [track("ann", "Lead Merged", 6, previous_lead_id="bob")])
    for _ in ("from the ledger", "from the online store"):
        by_id, by_mail = scorer.scores([{"lead_id": "bob"}, {"email": "bob@firm.example"}], LATER)
        assert (by_id["lead_id"], by_mail["lead_id"]) == ("ann", "ann")
        Publisher(home).publish()


def test_a_lead_is_found_by_a_name_that_just_came(home: Home) -> None:
    arrive(home, [identify("cid", 6, email="Cid@new.example")])
    scorer = Scorer(home)
    for served_from in ("ledger", "online"):
        (score,) = scorer.scores([{"email": "cid@new.example"}], LATER)
        assert (score["lead_id"], score["served_from"]) == ("cid", served_from)
        Publisher(home).publish()


def test_scores_of_an_unseen_event_come_from_the_ledger_and_then_from_the_online_store(home: Home) -> None:
    scorer = Scorer(home)
    before = scorer.scores([{"lead_id": "ann"}], LATER)[0]
    arrive(home, [page("ann", 5), track("ann", "Webinar Attended", 5.5, minutes_attended=20)])
    unseen = scorer.scores([{"lead_id": "ann"}], LATER)[0]
    Publisher(home).publish()
    shown = scorer.scores([{"lead_id": "ann"}], LATER)[0]
    assert [score["served_from"] for score in (before, unseen, shown)] == ["online", "ledger", "online"]
    assert unseen == shown | {"served_from": "ledger"}
    assert unseen["data_through"] != before["data_through"]


def test_a_colleague_moves_the_rest_of_the_account(home: Home) -> None:
    arrive(home, [page("bob", 5)])
    Publisher(home).publish()
    (ann,) = online(home).states(["ann"])
    assert ann is not None
    assert ann.account is not None
    assert (ann.account["pricing_page"] or [0])[0] == 3


def test_what_events_said_that_are_gone_is_shown_no_more(home: Home) -> None:
    """Neither of the lead nor of its account: an erasure reaches the online store at once."""
    before = online(home).states(["ann", "bob"])
    assert before[0] is not None
    assert before[0].traits["industry"] == "software"
    columns = tables.events.c
    with writing(home) as connection:
        gone = connection.execute(select(tables.events).where(columns.user_id == "ann")).all()
        connection.execute(delete(tables.events).where(columns.event_id.in_([row.event_id for row in gone])))
        enqueue_whole(connection, [row._mapping for row in gone])
    arrive(home, [identify("ann", 8)])
    Publisher(home).publish()
    ann, bob = online(home).states(["ann", "bob"])
    assert ann is not None
    assert bob is not None
    assert (ann.behaviours["pricing_page"], ann.traits["industry"], ann.account) == (None, None, None)
    assert bob.account is not None
    assert not any(bob.account.values())


def test_what_is_said_of_a_group_is_shown_of_all_of_its_leads(home: Home) -> None:
    arrive(home, [says("group", 4, userId=who, groupId="firm") for who in ("ann", "bob")])
    Publisher(home).publish()
    arrive(home, [says("group", 5, userId="bob", groupId="firm", traits={"employees": 500})])
    assert pending_leads(home, ["ann", "bob"]) == {"ann", "bob"}
    Publisher(home).publish()
    (ann,) = online(home).states(["ann"])
    assert ann is not None
    assert ann.traits["employees"] == 500
    assert shows_the_ledger(home)


def test_a_lead_that_leaves_an_account_takes_what_it_did_with_it(home: Home) -> None:
    publisher = Publisher(home)
    for told in (
        [identify("cid", 3, email="cid@firm.example"), *[page("bob", 3.1 + day / 100) for day in range(40)]],
        [says("group", 5, userId="bob", groupId="other")],
        [page("bob", 6), page("cid", 6.5)],
        [says("group", 7, userId="cid", groupId="other")],
        [says("group", 8, userId="bob", groupId="firm.example")],
    ):
        arrive(home, told)
        publisher.publish()
        assert shows_the_ledger(home)


def test_a_publisher_that_is_killed_half_way_costs_nothing(home: Home, tmp_path: Path) -> None:
    """It dies after one of two views is written: that lead is read from the ledger until another publisher comes."""
    arrive(home, [page("ann", 5, known=5)])
    command = [sys.executable, "-c", KILLED, str(home.path), home.database_url]
    killed = subprocess.run(command, check=False, cwd=ROOT)
    assert killed.returncode == -signal.SIGKILL
    assert waiting(home) > 0
    assert online(home).states(["ann"]) == [None]  # no half of a state
    assert same(ledger_states(home, SMALL, ["ann"]), [whole(home)["ann"]])
    assert Publisher(home).publish() >= 1
    assert (pages(home, "ann"), waiting(home)) == (2, 0)
    assert shows_the_ledger(home)


KILLED = """
import os, signal, sys
from pathlib import Path
from features.store.publisher import Publisher
from features.home.settings import Home, Settings
from features.store.online import OnlineStore
write = OnlineStore.write
def dying(store, view, rows):
    if view.startswith("traits"):
        os.kill(os.getpid(), signal.SIGKILL)
    return write(store, view, rows)
OnlineStore.write = dying
Publisher(Home(Path(sys.argv[1]), Settings(database_url=sys.argv[2]))).publish()
"""


def test_one_lead_that_cannot_be_derived_does_not_keep_the_others_from_being_shown(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from features.store import publisher

    derive = publisher.derive_events

    def derive_events(events: Sequence[Any], agreement: Agreement, ids: frozenset[str]) -> Derived:
        if "bob" in ids:
            raise ValueError("something that nobody thought of")
        return derive(events, agreement, ids)

    monkeypatch.setattr(publisher, "derive_events", derive_events)
    arrive(home, [page("ann", 5), page("bob", 5)])
    assert Publisher(home).publish() == 1
    assert (pages(home, "ann"), pages(home, "bob")) == (2, 1)
    assert pending_leads(home, ["ann", "bob"]) == {"bob"}
    monkeypatch.undo()
    Publisher(home).publish()
    assert pages(home, "bob") == 2


@pytest.fixture(scope="module")
def beside() -> Iterator[ProcessPoolExecutor]:
    """Three processes, each of which takes one of three tasks: a task lasts longer than it takes to hand out all."""
    with ProcessPoolExecutor(3, mp_context=get_context("spawn")) as pool:
        yield pool


@pytest.mark.slow
def test_publishers_in_several_processes_take_turns(home: Home, beside: ProcessPoolExecutor) -> None:
    done = [beside.submit(published, home.path, home.database_url, number) for number in range(3)]
    for day in range(12):
        arrive(home, [page("ann", 5 + day), page("bob", 5.5 + day)])
    for future in done:
        future.result()
    Publisher(home).publish()
    assert waiting(home) == 0
    assert pages(home, "ann") == 13 + 3 * 4
    assert shows_the_ledger(home)


def test_while_another_publishes_a_publisher_does_not_wait(home: Home) -> None:
    arrive(home, [page("ann", 5)])
    with publisher_lock(home) as is_ours:
        assert is_ours
        assert Publisher(home).publish() == 0
    assert waiting(home) == 1
    assert Publisher(home).publish() == 1


def test_a_deleted_store_is_filled_again_exactly(home: Home) -> None:
    publisher, reader = Publisher(home), online(home)
    arrive(home, [page("ann", 5), page("bob", 6)])
    publisher.publish()
    publisher.check()  # nothing is missing
    for file in reader.repository.folder.glob("online.db*"):
        file.unlink()
    with pytest.raises(StoreGone):
        reader.states(["ann"])
    publisher.check()
    publisher.publish()
    assert shows_the_ledger(home)
    arrive(home, [page("ann", 7)])
    publisher.publish()
    assert shows_the_ledger(home)


def test_a_home_without_views_gets_them(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings()).created()
    publisher = Publisher(home)
    publisher.check()  # no database yet
    assert publisher.publish() == 0
    save_version(home, SMALL, at(0))
    arrive(home, ANN)
    assert publisher.publish() == 0
    publisher.check()
    publisher.publish()
    assert pages(home, "ann") == 1
    engine(home.database_url).dispose()


def test_every_feature_part_that_is_read_is_published(home: Home) -> None:
    other = SMALL.parse(SMALL.text.replace("[1, 7, 30]", "[2, 14]"))
    materialized(home, other)
    assert len(builds(home)) == 2
    arrive(home, [page("ann", 5)])
    Publisher(home).publish()
    for build in builds(home):
        (ann,) = OnlineStore(build.repository(home)).states(["ann"])
        assert ann is not None
        assert (ann.behaviours["pricing_page"] or [0])[0] == 2


def test_who_has_not_followed_a_switch_yet_misses_no_event(home: Home) -> None:
    """A serving process looks at its home each second."""
    scorer = Scorer(home)
    scorer.refresh()
    rebuild(home, SMALL)
    arrive(home, [page("ann", 5)])
    Publisher(home).publish()
    (score,) = scorer.scores([{"lead_id": "ann"}], LATER)
    assert (score["served_from"], score["data_through"]) == ("online", "2026-01-06T00:00:00Z")


def test_what_comes_while_a_build_is_made_is_shown_by_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was published to the build before and is pending no more when the new one is switched to."""
    from features.store import materialize

    fill = materialize.backfill

    def filled(*arguments: object) -> None:
        fill(*arguments)  # type: ignore[arg-type]
        arrive(home, [page("ann", 5)])
        Publisher(home).publish()

    monkeypatch.setattr(materialize, "backfill", filled)
    rebuild(home, SMALL)
    Publisher(home).publish()
    assert pages(home, "ann") == 2
    assert shows_the_ledger(home)


@pytest.fixture
def server() -> Iterator[ExitStack]:
    if shutil.which("redis-server") is None:
        pytest.skip("Redis is not installed here: apt-get install redis-server")
    with ExitStack() as stack:
        yield stack


def test_a_wiped_redis_is_filled_again_exactly(tmp_path: Path, server: ExitStack) -> None:
    url = server.enter_context(throwaway_servers.redis())
    for home in a_home(tmp_path, Settings(online_store="redis", redis_url=url)):
        publisher = Publisher(home)
        arrive(home, [page("ann", 5), page("bob", 6)])
        publisher.publish()
        client(url).flushall()
        publisher.check()
        publisher.publish()
        assert shows_the_ledger(home)


def test_a_redis_that_went_back_in_time_is_filled_again(tmp_path: Path, server: ExitStack) -> None:
    """One that restarts from an old snapshot has every lead, as it was."""
    url = server.enter_context(throwaway_servers.redis())
    for home in a_home(tmp_path, Settings(online_store="redis", redis_url=url)):
        redis, publisher = client(url), Publisher(home)
        before = {key: redis.dump(key) for key in redis.scan_iter()}
        arrive(home, [page("ann", 5)])
        publisher.publish()
        redis.flushall()
        for key, value in before.items():
            redis.restore(key, 0, value)
        publisher.check()
        publisher.publish()
        assert pages(home, "ann") == 2
        assert shows_the_ledger(home)


def test_while_redis_is_stopped_the_ledger_answers_and_intake_goes_on(
    tmp_path: Path, server: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "SHUT_S", 0.0)  # else it is not asked again for a second
    url = server.enter_context(throwaway_servers.redis())
    for home in a_home(tmp_path, Settings(online_store="redis", redis_url=url)):
        scorer, publisher = Scorer(home), Publisher(home)
        assert scorer.scores([{"lead_id": "ann"}], LATER)[0]["served_from"] == "online"
        server.close()
        arrive(home, [page("ann", 5)])
        assert publisher.publish() == 0
        publisher.check()
        found = scorer.scores([{"lead_id": "ann"}, {"email": "bob@firm.example"}, {"lead_id": "nobody"}], LATER)
        assert [score["served_from"] for score in found] == ["ledger", "ledger", None]
        assert waiting(home) > 0
        with throwaway_servers.redis(int(url.rpartition(":")[2])):
            publisher.check()
            publisher.publish()
            assert shows_the_ledger(home)


def test_homes_on_one_redis_share_no_key(tmp_path: Path, redis_url: str) -> None:
    chosen = Settings(online_store="redis", redis_url=redis_url)
    for one in a_home(tmp_path / "one", chosen):
        for other in a_home(tmp_path / "other", chosen):
            arrive(one, [page("ann", 5)])
            Publisher(one).publish()
            assert (pages(one, "ann"), pages(other, "ann")) == (2, 1)


def client(url: str) -> Redis:
    host, _, port = url.partition(":")
    return Redis(host, int(port))


def test_readers_never_miss_a_lead_while_views_are_switched(home: Home) -> None:
    """Each reads as a serving process does, which looks every second; builds come and go meanwhile."""
    stop: list[bool] = []

    def reads() -> int:
        scorer, seen = Scorer(home), 0
        while not stop:
            scorer.refresh()
            (score,) = scorer.scores([{"lead_id": "ann"}], LATER)
            assert score["status"] == "scored"
            seen += 1
        return seen

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(reads) for _ in range(2)]
        for day in range(3):
            arrive(home, [page("ann", 5 + day)])
            rebuild(home, SMALL)
            Publisher(home).publish()
        stop.append(True)
        assert all(reader.result() for reader in readers)
    assert len(all_builds(home)) == 2  # the one that is read, and the one before
    folders = [folder.name for folder in online(home).repository.folder.parent.iterdir()]
    assert sorted(folders) == sorted(build.generation for build in all_builds(home))
