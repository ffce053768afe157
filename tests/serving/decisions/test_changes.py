"""Why a score changed: six steps that sum to the difference; the history of a score is what was served then."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from api_in_process import call, opened
from decided_homes import DAY, FIT, DecidedHome, asks, lead, live_agreement, visits
from drawn_snapshots import looks
from handmade_events import SMALL, at, identify, page, says, track

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion, save_version
from features.arrays import DAY_US
from features.home.clock import from_microseconds, microseconds
from features.home.database import engine, reading
from features.home.deployments import deploy, deployments
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.records.lead_record import UnknownLead
from features.store.states_before import states_before
from serving.decisions.changes import STEPS, NothingToCompare, changes
from serving.decisions.history import score_history
from serving.decisions.lists import decisions_of
from serving.decisions.served_then import ModelGone, ServedThen
from serving.scoring.lead_row import LeadRow
from serving.scoring.points import logit
from serving.scoring.score import Scoring
from training.fit.fit import fitted_model
from training.model.model import Model

OTHER = Agreement.parse(SMALL.text.replace('path = "/pricing*"', 'path = "/p*"'))
STRICTER = Agreement.parse(OTHER.text + "[policy]\nscore_50 = 0.03\n")
LEADS, PAIRS = ("ann", "bob", "eve"), 12
SOON = timedelta(microseconds=9)  # after what was decided in that moment
NUMBERS = ("probability", "score", "grade", "threshold")
PROMOTED = {"1": 8, "2": 45}  # the day on which each version was promoted


def moment(day: float) -> int:
    return microseconds(at(day))


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Three leads of 80 random days, two models and three versions of the agreement."""
    folder = tmp_path_factory.mktemp("changes")
    made = Home(folder / "home", Settings()).created()
    for day, agreement in ((0, SMALL), (30, OTHER), (60, STRICTER)):
        save_version(made, agreement, at(day))
    _deploy(made, folder, "1", SMALL, 1)
    _deploy(made, folder, "2", OTHER, 2)
    for event in random_life(random.Random(5)):
        list(Ledger(made).append([event], source="file", received_at=at(90)))
    yield made
    engine(made.database_url).dispose()


def _deploy(home: Home, folder: Path, version: str, agreement: Agreement, seed: int) -> None:
    files = folder / version
    files.mkdir()
    digest = replace(fitted_model(looks(120, seed), SMALL, seed=7), agreement_text=agreement.text).write(files)
    deploy(home, files, name="small", version=version, digest=digest, view_suffix="_s", why="a test",
           now=at(PROMOTED[version]))  # fmt: skip


def random_life(draw: random.Random) -> Iterator[dict[str, Any]]:
    """Visits, some recorded late and some of a machine; traits that change; browsers and leads that become one."""
    for who in LEADS:
        yield identify(who, 1, known=1, industry="software", visitor=f"visitor-{who}")
        for _ in range(16):
            day = draw.uniform(1, 80)
            late = day + draw.choice([0.0, 0.0, 0.01, 12.0])
            yield draw.choice([
                page(who, day, known=late), page(who, day, "/products", known=late),
                track(who, "Webinar Attended", day, known=late, minutes_attended=30),
                says("page", day, known=late, properties={"path": "/pricing"}, userId=who,
                     context={"userAgent": draw.choice(["Googlebot/2.1", "Mozilla/5.0"])}),
                page(f"visitor-{draw.choice(['x', 'y'])}", day, known=late),
                identify(who, day, known=late, employees=draw.randint(1, 900)),
                identify(who, day, known=late, industry=draw.choice(["mining", "retail"])),
            ])  # fmt: skip
    yield identify("ann", 40, known=40, visitor="visitor-x")
    yield says("alias", 55, known=55, userId="bob", previousId="visitor-y")
    yield track("bob", "Lead Merged", 65, known=65, previous_lead_id="eve")


def pairs(count: int, seed: int) -> Iterator[tuple[str, int, int]]:
    draw = random.Random(seed)
    for _ in range(count):
        begin, end = sorted((draw.uniform(2, 95), draw.uniform(2, 95)))
        yield draw.choice(LEADS), moment(begin), moment(end)


def served_then(home: Home, who: str, at_us: int) -> float:
    """The log-odds of a lead by what answered and was known then, computed apart."""
    day = (at_us - moment(0)) / DAY_US
    version = max((one for one, since in PROMOTED.items() if since <= day), default=None)
    agreement = STRICTER if day >= 60 else OTHER if day >= 30 else SMALL
    row = next((one for one in deployments(home) if one.model_version == version), None)
    model = Model.read(row.folder(home), row.digest) if row else None
    scoring = Scoring(AgreementVersion(agreement, 1), model, version, row.digest if row else None)
    (state,) = states_before(home, scoring.features_by, [who], at_us + 1)
    (numbers,) = scoring.numbers([LeadRow.of(state, "ledger")], from_microseconds(at_us))
    assert numbers.probability is not None
    return logit(numbers.probability)


def test_the_steps_are_in_one_order_and_sum_to_the_difference_of_two_scores_that_were_served(home: Home) -> None:
    for who, begin, end in pairs(PAIRS, 3):
        found = changes(home, who, moment(95), (begin, end))
        assert tuple(step["step"] for step in found["steps"]) == STEPS
        difference = found["to"]["logit"] - found["from"]["logit"]
        assert sum(step["contribution"] for step in found["steps"]) == pytest.approx(difference, abs=1e-9)
        assert found["from"]["logit"] == pytest.approx(served_then(home, found["lead_id"], begin), abs=1e-9)
        assert found["to"]["logit"] == pytest.approx(served_then(home, found["lead_id"], end), abs=1e-9)


def steps(home: Home, who: str, begin: float, end: float) -> dict[str, tuple[float, str]]:
    found = changes(home, who, moment(95), (moment(begin), moment(end)))
    return {step["step"]: (step["contribution"], step["text"]) for step in found["steps"]}


def test_each_step_holds_what_is_its_own(one_lead: Home) -> None:
    found = steps(one_lead, "ann", 10, 20)
    assert found["time"][1] == "time passing: 10 days"
    assert found["corrections"][1] == "pricing pages once known only later"
    assert found["activity"][1] == "pricing pages twice"
    assert found["traits"][1] == "industry mining, before software, employees 310"
    assert (found["model"], found["agreement"]) == ((0.0, "the same model"), (0.0, "the same agreement"))
    assert found["corrections"][0] > 0 < found["activity"][0]


def test_nothing_is_another_steps(one_lead: Home) -> None:
    """Where nothing happened, time alone moves a score."""
    found = steps(one_lead, "ann", 16.5, 16.9)
    assert [name for name, (contribution, _) in found.items() if contribution] in ([], ["time"])
    assert found["activity"][1] == "nothing new that counts"


def test_another_model_and_another_agreement_are_steps_with_their_versions(home: Home) -> None:
    found = steps(home, "ann", 25, 94)
    assert found["model"][0] != 0.0
    assert found["model"][1] == "another model: version 2 in place of version 1"
    assert found["agreement"][1] == "another agreement: version 3 in place of version 1"


def test_an_agreement_whose_points_answer_moves_the_score_by_itself(tmp_path: Path) -> None:
    made = Home(tmp_path / "points", Settings()).created()
    text = Agreement.default().text
    save_version(made, Agreement.parse(text), at(0))
    save_version(made, Agreement.parse(text.replace("score_50   = 0.06", "score_50   = 0.03")), at(10))
    list(Ledger(made).append([identify("ann", 5, job_title="VP Sales")], source="file", received_at=at(90)))
    found = steps(made, "ann", 6, 20)
    assert found["agreement"][1] == "another agreement: version 2 in place of version 1"
    assert found["agreement"][0] == pytest.approx(logit(0.03) - logit(0.06), abs=0.2)
    assert all(found[name][0] == 0.0 for name in STEPS[:-1])
    engine(made.database_url).dispose()


def test_a_moment_without_a_score_is_refused_with_one_that_has_it(one_lead: Home) -> None:
    refused = {
        "became known on 2026-01-06": (moment(1), moment(20)),
        "give a from that is before to": (moment(20), moment(10)),
        "no decision on this lead is kept": (None, moment(20)),
    }
    for sentence, asked in refused.items():
        with pytest.raises(NothingToCompare, match=sentence):
            changes(one_lead, "ann", moment(95), asked)
    with pytest.raises(UnknownLead):
        changes(one_lead, "nobody", moment(95))


def test_a_lead_that_objects_has_no_scores_of_before_either(one_lead: Home) -> None:
    list(Ledger(one_lead).append([track("ann", "Profiling Objected", 30)], source="file", received_at=at(90)))
    found = changes(one_lead, "ann", moment(95), (moment(10), moment(20)))
    assert (found["from"]["logit"], found["to"]["score"], found["steps"]) == (None, None, [])


def test_a_model_whose_files_are_gone_is_named(home: Home) -> None:
    row = deployments(home)[-1]
    away = row.folder(home).rename(row.folder(home).with_name("away"))
    with pytest.raises(ModelGone, match=r"version 1, promoted 2026-01-09.*ask from 2026-02-15 on"):
        changes(home, "ann", moment(95), (moment(25), moment(50)))
    away.rename(row.folder(home))


@pytest.fixture
def one_lead(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "one", Settings()).created()
    save_version(made, SMALL, at(0))
    _deploy(made, tmp_path, "1", SMALL, 1)
    told = [
        identify("ann", 5, industry="software"),
        page("ann", 9, known=15),
        page("ann", 12), page("ann", 13),
        identify("ann", 16, employees=310, industry="mining"),
    ]  # fmt: skip
    list(Ledger(made).append(told, source="file", received_at=at(90)))
    yield made
    engine(made.database_url).dispose()


def test_the_history_of_a_lead_is_what_was_served_at_those_moments(tmp_path: Path) -> None:
    world = DecidedHome.of(tmp_path / "home", live_agreement())
    served = []
    for told in (lead("ann", industry="software"), lead("ann", **FIT), visits("ann", "/pricing"), asks("ann")):
        world.hear(told)
        (score,) = world.parts["scorer"].scores([{"lead_id": "ann"}], world.now + SOON)
        served.append(score)
        world.now += DAY
    with reading(world.home) as connection:
        rows = decisions_of(connection, "ann", 50)
    history = score_history(ServedThen(world.home), rows)
    assert len(history) >= 2
    by_second = {score["as_of"][:19]: score for score in served}  # of one event may follow two decisions
    for one in history:
        score = by_second[one["at"][:19]]
        assert {name: one[name] for name in NUMBERS} == {name: score[name] for name in NUMBERS}
    shown = {(one["at"], one["decision"]) for one in history}
    assert {(score["decided_at"], score["decision"]) for score in served} <= shown
    newest = changes(world.home, "ann", microseconds(world.now))["from"]
    assert (newest["decision_id"], newest["score"]) == (history[0]["decision_id"], history[0]["score"])
    assert newest["probability"] == pytest.approx(history[0]["probability"], abs=1e-9)


def test_both_are_asked_for_over_http(one_lead: Home) -> None:
    _, app = opened(one_lead, now=lambda: at(95))
    asked = "/v1/leads/ann/changes?from=2026-01-11T00:00:00Z&to=2026-01-21T00:00:00Z"
    found = call(app, "GET", asked).json()
    assert found["from"]["model"]["version"] == found["to"]["model"]["version"] == "1"
    assert sum(step["contribution"] for step in found["steps"]) == pytest.approx(found["difference"], abs=1e-9)
    assert call(app, "GET", "/v1/leads/ann/history").json() == {"data": [], "next_cursor": None, "has_more": False}
    refused = {
        "/v1/leads/ann/changes": (422, "no_decision"),
        "/v1/leads/ann/changes?from=2026-01-02": (422, "unknown_then"),
        "/v1/leads/ann/changes?from=yesterday": (422, "bad_from"),
        "/v1/leads/ann/changes?from=2027-01-01": (422, "bad_from"),
        "/v1/leads/nobody/changes": (404, "unknown_lead"),
        "/v1/leads/nobody/history": (404, "unknown_lead"),
    }
    for path, (status, code) in refused.items():
        answer = call(app, "GET", path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path
