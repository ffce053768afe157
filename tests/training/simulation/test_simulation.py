"""The simulated market keeps its own law: the truth is true, and nothing but the record decides it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest
from numba import njit

from features.arrays import DAY_US
from features.behaviour.bots import CRAWLER
from features.home.errors import LeadlightError
from features.imports.files import events_in
from features.lifecycle.closures import NEVER_LEADS, REJECT_REASONS
from features.traits import job_title as titles
from training.simulation import dynamics, population
from training.simulation import truth as truths
from training.simulation.catalogue import STEPS, EventKind
from training.simulation.desk import desk
from training.simulation.dynamics import HORIZON_DAYS, NEVER
from training.simulation.histories import Histories, histories
from training.simulation.interest import ADDS, DAY_KIND_PLACES, DAY_KINDS, UNSUBSCRIBED, MarketShift, law
from training.simulation.people import people
from training.simulation.simulation import Market, simulate
from training.simulation.truth import horizon_table, truth
from training.simulation.visits import lead_of
from training.simulation.world import EFFECTS, Calls, MarketKind, World

pytestmark = pytest.mark.slow

END = datetime(2026, 6, 1, 9, 30, 0, 123_457, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(leads=1_500, seed=5, ends_at=END)


@pytest.fixture(scope="module")
def lived() -> Histories:
    """More leads than a whole market would allow here: what happened to them, without the events."""
    return lives(World())


@cache
def lives(world: World, leads: int = 8_000) -> Histories:
    draws = np.random.default_rng(11)
    return histories(people(leads, draws, world), law(None, world), draws, world)


@njit
def bought(draws, law, effect, fit, fast, slow, elapsed, times):  # type: ignore[no-untyped-def]
    """How many of `times` futures hold a purchase within 90 days, begun `elapsed` into a day that was idle so far.

    Sales calls just then, which counts from the next day on.
    """
    count = 0
    for _ in range(times):
        f, s, at, by = fast, slow, -1.0, effect.before
        while at < elapsed:  # a day on which neither came before `elapsed`: drawn until it is so
            buys = draws.random() if draws.random() < dynamics.purchase(fit, f, s, by) else 2.0
            acts = draws.random() * 0.96 if draws.random() < dynamics.browsing(f, s) + dynamics.buying(f, s) else 2.0
            at = min(buys, acts)
        is_bought = False
        for day in range(91):
            if day > 0:
                by = effect.during if day <= effect.days else effect.after
                buys = draws.random() if draws.random() < dynamics.purchase(fit, f, s, by) else 2.0
                acts = 0.0 if draws.random() < dynamics.browsing(f, s) + dynamics.buying(f, s) else 2.0
            if buys <= 1.0 and day + buys < 90 + elapsed:
                is_bought = True
                break
            fast_adds, slow_adds = 0, 0
            if acts <= 1.0:
                a, b = dynamics.browsing(f, s), dynamics.buying(f, s)
                share = law.browsing if draws.random() * (a + b) < a else law.buying
                kind = np.searchsorted(np.cumsum(share), draws.random())
                fast_adds, slow_adds = law.fast_adds[kind], law.slow_adds[kind]
            f, s = dynamics.next_fast(f, fast_adds), dynamics.next_slow(s, slow_adds)
        count += is_bought
    return count


@pytest.mark.parametrize(
    ("market_kind", "fit", "fast", "slow", "elapsed"),
    [
        ("call_is_nothing", 0, 0.0, 0.0, 0.0),
        ("call_is_nothing", 5, 0.55, 1.23, 0.0),
        ("call_is_nothing", -10, 2.2, 2.83, 0.0),
        ("call_is_nothing", 20, 3.1, 4.27, 0.0),
        ("call_is_nothing", 15, -0.7, -0.33, 0.0),
        ("call_helps", 5, 0.55, 1.23, 0.0),
        ("call_helps", 10, 1.04, 2.06, 0.6),
        ("call_helps", 10, 3.4, 5.9, 0.3),
        ("needs_call", 5, 0.55, 1.23, 0.0),
        ("needs_call", 10, 1.04, 2.06, 0.6),
    ],
)
def test_the_truth_if_called_now_is_what_brute_force_finds(
    market_kind: str, fit: int, fast: float, slow: float, elapsed: float
) -> None:
    times, effect = 30_000, EFFECTS[market_kind]
    table = horizon_table(law(), effect)[fit - dynamics.FIT_LOW]
    chance = dynamics.chance_now(table, fit / 10, fast, slow, elapsed, effect.before)
    found = bought(np.random.default_rng(fit + 50), law(), effect, fit / 10, fast, slow, elapsed, times) / times
    assert abs(found - chance) < 4 * np.sqrt(chance * (1 - chance) / times)


def excess_of(known: pd.DataFrame) -> float:
    """How far what came lies above the truth, in standard errors."""
    excess = (known["outcome"].astype(float) - known["as_things_are"]).sum()
    # The looks at one lead share its fate: its sum varies at most as much as if they were all the same.
    spread = (known["as_things_are"] * (1 - known["as_things_are"])).groupby(known["lead"]).agg(["sum", "size"])
    return float(excess / np.sqrt((spread["sum"] * spread["size"]).sum() + 1e-9))


@pytest.fixture
def few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(truths, "MOST_ROWS", 1_200)


@pytest.mark.usefixtures("few_looks")
@pytest.mark.parametrize(
    ("market_kind", "calls"),
    [
        ("needs_call", "habit"),
        ("needs_call", "queue"),
        ("call_helps", "random"),
        ("call_helps", "best_first"),
        ("call_helps", "hot_event"),
        ("call_helps", "hidden_reason"),
        ("call_is_nothing", "best_first"),
    ],
)
def test_as_many_convert_as_the_truth_says_whomever_sales_calls(market_kind: MarketKind, calls: Calls) -> None:
    """At arrival and at later looks, overall and where the truth is high and low."""
    known = truth(lives(World(market_kind, calls), 3_000)).dropna(subset=["outcome", "as_things_are"])
    third = known["as_things_are"].rank(pct=True) * 3 // 1.0001
    parts = [known[known["is_arrival"]], known[~known["is_arrival"]], *(known[third == part] for part in range(3))]
    assert min(len(rows) for rows in parts) > 300
    assert max(abs(excess_of(rows)) for rows in parts) < 3.5


@pytest.mark.usefixtures("few_looks")
@pytest.mark.parametrize(
    "world",
    [
        World("call_helps", "random", seasons=0.7),
        World("call_helps", "random", turned_days=200),
        World("call_helps", "habit", times=6.0),
        World("call_is_nothing", "random", lag_days=25.0),
        World("call_is_nothing", "habit", late_channel_days=150, xor="numbers"),
    ],
    ids=["seasons", "turned", "often", "lag", "late_channel_xor"],
)
def test_the_truth_holds_in_every_variation(world: World) -> None:
    known = truth(lives(world, 3_000)).dropna(subset=["outcome", "as_things_are"])
    assert abs(excess_of(known)) < 3.5
    assert known["as_things_are"].between(0, 1).all()


def test_a_lead_that_was_called_before_has_no_truth_of_a_first_call(lived: Histories) -> None:
    known = truth(lived)
    called = lived.leads["touched_us"].to_numpy()[known["lead"]] < known["moment_us"]
    assert (called == known["was_called"]).all()
    assert known.loc[called, "if_tried_now"].isna().all()
    assert known.loc[~called & known["as_things_are"].notna(), "if_tried_now"].notna().all()
    assert known.loc[called & known["is_end"], "as_things_are"].notna().any()


def test_of_the_called_the_truth_knows_that_they_have_no_opportunity() -> None:
    """Their truth at the end against who of them buys within the horizon after it."""
    lived = lives(World("call_is_nothing", "best_first", times=2.0), 6_000)
    told = pd.concat(desk(lived.leads, np.random.default_rng(1)))
    opened = told.loc[(told["code"] == EventKind.OPPORTUNITY) & (told["at_us"] < 0), "lead"]
    known = truth(lived)
    called = known[known["is_end"] & known["was_called"]].dropna(subset="as_things_are").set_index("lead")
    left = called[~called.index.isin(opened)]
    said, came = left["as_things_are"], lived.leads["bought_us"].loc[left.index].between(1, HORIZON_DAYS * DAY_US)
    assert len(left) > 500
    assert abs((came - said).sum()) < 3 * np.sqrt((said * (1 - said)).sum())


def test_where_calls_are_nothing_both_truths_are_one_and_where_they_are_needed_they_are_not() -> None:
    nothing, needed = (truth(lives(world, 3_000)) for world in (World("call_is_nothing"), World("needs_call", "habit")))
    free = nothing[~nothing["was_called"]].dropna(subset="as_things_are")
    assert (free["as_things_are"] == free["if_tried_now"]).all()
    ends = needed[needed["is_end"] & ~needed["was_called"]].dropna(subset="as_things_are")
    assert ends["if_tried_now"].mean() > 10 * ends["as_things_are"].mean()
    assert (
        ends["if_tried_now"].corr(ends["as_things_are"], method="spearman") < 0.85
    )  # who is called, not who would buy


def test_nobody_buys_before_a_call_where_calls_are_needed() -> None:
    leads = lives(World("needs_call", "habit"), 3_000).leads
    won = leads[leads["bought_us"] < NEVER]
    assert len(won) > 100
    assert (won["touched_us"] < won["bought_us"]).all()
    assert (won["bought_us"] - won["touched_us"] < 92 * DAY_US).all()


def test_a_call_helps_for_thirty_days(lived: Histories) -> None:
    leads = lived.leads[lived.leads["touched_us"] < -120 * DAY_US]
    since = (leads["bought_us"] - leads["touched_us"])[leads["bought_us"] < NEVER] // DAY_US
    soon, later = since.between(1, 30).sum(), since.between(31, 60).sum()
    assert soon > 2 * later > 20


def test_a_hot_event_is_called_within_hours_and_a_queue_in_its_order() -> None:
    leads = lives(World("call_is_nothing", "hot_event"), 6_000).leads
    hot = leads["arrival"].isin([DAY_KIND_PLACES["demo"], DAY_KIND_PLACES["contact"]])
    assert 0.86 < (leads["touched_us"] < leads["opened_us"] + DAY_US // 8)[hot].mean() < 0.94
    queue = lives(World("call_is_nothing", "queue"), 6_000).leads
    called = queue[queue["touched_us"] < NEVER]
    assert called["touched_us"].is_monotonic_increasing
    assert (called["touched_us"] - called["opened_us"]).max() < 22 * DAY_US


def test_a_late_channel_begins_late_and_an_xor_shows_in_neither_trait() -> None:
    leads = lives(World("call_is_nothing", "habit", late_channel_days=150, xor="numbers"), 6_000).leads
    late = leads[leads["source"] == "partner"]
    assert late["opened_us"].min() > -160 * DAY_US
    assert len(late) > 300
    for name in ("seats", "tools"):
        assert abs(np.corrcoef(leads[name], leads["fit"])[0, 1]) < 0.05
    alike = (leads["seats"] > 50) == (leads["tools"] > 50)
    assert leads["fit"][alike].mean() - leads["fit"][~alike].mean() > 15


def test_a_purchase_that_is_recorded_weeks_later_has_no_truth_at_the_end() -> None:
    lived = lives(World("call_is_nothing", "random", lag_days=25.0), 6_000)
    leads = lived.leads
    lag = (leads["bought_known_us"] - leads["bought_us"])[leads["bought_us"] < NEVER] / DAY_US
    assert 22 < lag.mean() < 28
    ends = truth(lived)
    ends = ends[ends["is_end"]]
    gone = leads["bought_us"].to_numpy()[ends["lead"]] < 0
    assert gone.sum() > 10
    assert ends.loc[gone, "as_things_are"].isna().all()
    assert ends.loc[~gone, "as_things_are"].notna().all()


def test_a_market_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(LeadlightError, match='market = "helps" is none of needs_call, call_helps, call_is_nothing'):
        World("helps")  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def changed() -> Histories:
    """The same people, from 200 days before the end on three times as inclined to buy on any day."""
    draws, world = np.random.default_rng(11), World("call_is_nothing")
    return histories(people(12_000, draws), law(MarketShift(3.0, 200), world), draws, world)


@pytest.fixture(scope="module")
def truth_of_change(changed: Histories) -> pd.DataFrame:
    return truth(changed)


def test_three_times_the_daily_chance_is_about_twice_the_base_rate(truth_of_change: pd.DataFrame) -> None:
    arrivals = truth_of_change[truth_of_change["is_arrival"]].dropna(subset="as_things_are")
    is_after = arrivals["moment_us"] > -199 * DAY_US
    rate = arrivals["as_things_are"].groupby(is_after).mean()
    assert 1.8 < rate[True] / rate[False] < 2.2


def test_after_a_change_as_many_buy_as_the_new_truth_says(truth_of_change: pd.DataFrame) -> None:
    known = truth_of_change.dropna(subset=["outcome", "as_things_are"])
    since = known[known["moment_us"] > -199 * DAY_US]
    excess = (since["outcome"].astype(float) - since["as_things_are"]).groupby(since["lead"]).sum()
    assert len(excess) > 500
    assert abs(excess.sum()) < 3.5 * np.sqrt((excess**2).sum())


def test_the_truth_is_silent_where_the_law_changes_within_the_horizon(truth_of_change: pd.DataFrame) -> None:
    between = truth_of_change["moment_us"].between(-291 * DAY_US, -199 * DAY_US, inclusive="left")
    assert truth_of_change.loc[between, "as_things_are"].isna().all()
    assert truth_of_change.loc[~between, "as_things_are"].isna().mean() < 5e-4  # just bought, and not recorded yet


def test_sales_goes_by_habit_and_not_by_the_true_chance(lived: Histories) -> None:
    known = truth(lived)
    chance = known[known["is_arrival"]].set_index("lead")["if_tried_now"].rank(pct=True)
    tried = lived.leads["touched_us"].loc[chance.index] < 0
    better = (chance[tried].mean() - chance[~tried].mean()) + 0.5  # how often a tried lead is the better of two
    assert 0.45 < better < 0.6
    by_source = (lived.leads["touched_us"] < 0).groupby(lived.leads["source"]).mean()
    assert by_source["trade show"] > 2 * by_source["social"]
    assert 0.25 < (lived.leads["touched_us"] < 0).mean() < 0.31


def test_a_reject_changes_no_outcome(lived: Histories) -> None:
    leads = lived.leads
    for reason in ("not_a_fit", "no_budget"):
        hopeless = leads[leads["reason"] == reason]
        assert (hopeless["touched_us"] + 90 * DAY_US < hopeless["bought_us"]).all()
    assert (leads["bought_us"][leads["reason"].isin(NEVER_LEADS)] == NEVER).all()
    assert (leads["is_lead"] == ~leads["reason"].isin(NEVER_LEADS)).all()
    enough = leads[leads["reason"] == "no_contact_wanted"]
    assert (enough["rejected_us"] - enough["touched_us"]).gt(90 * DAY_US).all()
    assert set(leads["reason"]) == {"", *REJECT_REASONS}


def test_the_default_market_is_as_hard_as_it_promises() -> None:
    summary = simulate(ends_at=END).summary
    assert summary["leads"] == 8_000
    assert 0.05 < summary["converted_at_arrival"] < 0.08
    assert 0.03 < summary["base_rate"] < 0.05
    assert 0.2 < summary["tried_before"] < 0.4
    assert 0.78 < summary["oracle_auc"] < 0.85
    assert 0.25 < summary["share_contacted"] < 0.31


def test_another_end_moves_every_time_and_changes_nothing_else(market: Market) -> None:
    shift = timedelta(days=-400, hours=5, microseconds=77)
    moved = simulate(leads=1_500, seed=5, ends_at=END + shift)
    times = ["timestamp", "receivedAt"]
    assert (moved.events[times] - market.events[times] == shift).all(axis=None)
    pd.testing.assert_frame_equal(moved.events.drop(columns=times), market.events.drop(columns=times))
    assert (moved.truth["as_of"] - market.truth["as_of"] == shift).all()
    pd.testing.assert_frame_equal(moved.truth.drop(columns="as_of"), market.truth.drop(columns="as_of"))
    assert moved.summary == market.summary


def test_another_seed_is_another_market(market: Market) -> None:
    other = simulate(leads=1_500, seed=6, ends_at=END)
    assert len(other.events) != len(market.events)
    assert set(other.events["messageId"]).isdisjoint(market.events["messageId"])


def test_a_lead_is_known_by_an_identify_and_first_looked_at_just_after(market: Market) -> None:
    named = market.events.dropna(subset="userId").drop_duplicates("userId").set_index("userId")
    assert len(named) == 1_500
    assert (named["type"] == "identify").all()
    assert named["anonymousId"].notna().all()
    arrivals = market.truth[market.truth["is_arrival"]].set_index("lead_id")["as_of"]
    assert (arrivals == (named["receivedAt"] + timedelta(microseconds=1)).reindex(arrivals.index)).all()
    emails = [orjson.loads(traits)["email"] for traits in named["traits"]]
    assert len(set(emails)) == 1_500


def test_nobody_looks_at_a_lead_that_is_with_sales_until_the_end(market: Market) -> None:
    events, known = market.events, market.truth
    touches = events[events["event"].isin(["Call Attempted", "Email Sent", "Meeting Held"])]
    touched = touches.groupby("userId")["receivedAt"].min().reindex(known["lead_id"]).reset_index(drop=True)
    assert not (known["as_of"] > touched)[~known["is_end"]].any()
    assert ((known["as_of"] > touched) == known["was_called"]).all()
    converted = set(events.loc[events["event"] == "Lead Converted", "userId"])
    assert converted.isdisjoint(known.loc[known["is_end"], "lead_id"])
    assert (known["as_of"] == END)[known["is_end"]].all()


def test_some_events_are_recorded_late_and_some_twice(market: Market) -> None:
    events = market.events
    assert (events["receivedAt"] < END).all()
    assert (events["timestamp"] <= events["receivedAt"]).all()
    assert events["receivedAt"].is_monotonic_increasing
    first = events.drop_duplicates("messageId")
    late = first["receivedAt"] - first["timestamp"]
    assert 0.003 < (late > timedelta(hours=1)).mean() < 0.05
    assert (late > timedelta(days=2)).any()
    again = events[events.duplicated("messageId", keep=False)].drop(columns="receivedAt")
    assert (again.drop_duplicates().groupby("messageId").size() == 1).all()
    assert 0.005 < events.duplicated("messageId").mean() < 0.015


def test_what_the_record_shows_is_what_moved_the_truth(market: Market) -> None:
    """Steps counted from the events, machines left out, are the steps of the market's own days."""
    draws = [np.random.default_rng(part) for part in np.random.SeedSequence(5).spawn(5)]
    own = histories(people(1_500, draws[0], World()), law(None, World()), draws[1], World())
    counted = _counted(market.events)
    lead = lead_of(own.records)
    for behaviour, steps in BEHAVIOURS.items():
        of_kind = np.array([sum(step in steps for step in kind.steps) for kind in DAY_KINDS])
        expected = np.bincount(lead, weights=of_kind[own.records.kind], minlength=1_500)
        missing = expected - counted[behaviour]
        # After an unsubscribe interest shows without mail, and a visit may reach over the end of the market.
        free = behaviour in ("product_page", "email_click", "careers_page", "unsubscribe")
        assert np.count_nonzero(missing) <= (120 if free else 3), behaviour


BEHAVIOURS = {
    "pricing_page": {"pricing_page", "pricing_read"},
    "product_page": {"product_page"},
    "careers_page": {"careers_page"},
    "whitepaper": {"whitepaper"},
    "webinar": {"webinar"},
    "webinar_signup": {"webinar_signup"},
    "email_click": {"email_click"},
    "demo_request": {"demo_request"},
    "contact_sales": {"contact_sales"},
    "trade_show": {"trade_show"},
    "unsubscribe": {"unsubscribe"},
}
NAMES = {
    "Content Downloaded": "whitepaper",
    "Webinar Attended": "webinar",
    "Webinar Registered": "webinar_signup",
    "Badge Scanned": "trade_show",
    "Email Unsubscribed": "unsubscribe",
    "Email Link Clicked": "email_click",
}


def _counted(events: pd.DataFrame) -> dict[str, np.ndarray]:
    """By behaviour, the count of each lead, read from the events as an agreement would."""
    counted = {name: np.zeros(1_500) for name in BEHAVIOURS}
    for row in events.drop_duplicates("messageId").itertuples():
        said = orjson.loads(row.properties) if isinstance(row.properties, str) else {}
        who = row.userId if isinstance(row.userId, str) else row.anonymousId
        is_machine = isinstance(row.context, str) and CRAWLER.search(row.context)
        if is_machine or who.startswith("s-") or said.get("sent_by") == "sales":
            continue
        name = NAMES.get(row.event if isinstance(row.event, str) else "")
        path = said.get("path", "")
        if row.type == "page":
            name = next(
                (f"{page}_page" for page in ("pricing", "product", "careers") if path.startswith(f"/{page}")), None
            )
        if said.get("form_type") in ("demo", "contact"):
            name = {"demo": "demo_request", "contact": "contact_sales"}[said["form_type"]]
        if name:
            counted[name][int(who.split("-")[1]) - 1] += 1
    return counted


def test_without_mail_the_same_interest_shows_otherwise() -> None:
    for name, instead in UNSUBSCRIBED.items():
        assert instead.adds == DAY_KINDS[DAY_KIND_PLACES[name]].adds


def test_every_step_has_its_record_and_every_sign_its_step() -> None:
    assert {step for kind in (*DAY_KINDS, *UNSUBSCRIBED.values()) for step in kind.steps} == set(STEPS)
    assert set(ADDS) < set(STEPS)
    largest = max(abs(adds) for kind in DAY_KINDS for adds in kind.adds)
    assert largest <= dynamics.MOST_ADDED
    assert all(step.kind == EventKind.PAGE for name, step in STEPS.items() if name.endswith("_page"))


def test_every_job_title_reads_as_the_rank_that_it_was_drawn_for() -> None:
    for department, word in population.DEPARTMENT_WORDS.items():
        forms = {"c_level": (population.CHIEFS[department],)} | population.TITLES
        for rank, texts in forms.items():
            for text in texts:
                assert titles.seniority(text.format(word)) == rank
                assert titles.department(text.format(word)) == department


def test_the_written_files_say_what_the_frames_say(market: Market, tmp_path: Path) -> None:
    parquet, lines, known = market.write(tmp_path / "market")
    read = [orjson.loads(line) for line in lines.read_bytes().splitlines()]
    assert len(read) == len(market.events)
    for said, row in zip(read, events_in(parquet), strict=True):
        assert None not in said.values()
        assert said["messageId"] == row["messageId"]
        assert datetime.fromisoformat(said["receivedAt"]) == pd.Timestamp(row["receivedAt"])
    first = market.events.iloc[0]
    assert read[0]["properties"] == orjson.loads(first["properties"])
    assert read[0]["context"] == orjson.loads(first["context"])
    pd.testing.assert_frame_equal(pd.read_parquet(known), market.truth, check_dtype=False)


def test_a_market_of_nobody_is_refused() -> None:
    with pytest.raises(LeadlightError, match="0 leads"):
        simulate(leads=0)
