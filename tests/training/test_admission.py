"""A challenger answers only if every gate holds; each kind of bad one is refused by the gate that was made for it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from handmade_events import LATER, SMALL, Told, at, identify, page, track
from structlog.testing import capture_logs

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.arrays import DAY_US
from features.home.database import engine
from features.home.deployments import deployments
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.materialize import materialized
from training.admission import (
    GateDoesNotHold,
    NeedsReason,
    NothingToAdopt,
    PromotionRequest,
    adopt_champion_alias,
    promote_if_gates_hold,
)
from training.candidate import Candidate, run_gates
from training.evaluate.evaluate import evaluate
from training.fit.fit import fitted_model
from training.gates.against_champion import HeldAgainst, Rivals
from training.gates.champion import (
    Champion,
    UnseenSnapshots,
    compare_with_champion,
    drawn_leads_digest,
    unseen_rows,
)
from training.gates.gate import Gate, GateResults, failed_gates
from training.gates.no_segment_worse import NO_SEGMENT_WORSE
from training.gates.not_worse_than_champion import NOT_WORSE_THAN_CHAMPION
from training.model.calibrator import Calibrator
from training.model.model import Model
from training.pipeline import train
from training.registry.mlflow_registry import CHALLENGER_ALIAS, CHAMPION_ALIAS, ModelRegistry
from training.registry.promotion import promote, rollback
from training.report.model_card import model_card
from training.wording.learned import LearnedUntil, learned_sentence

pytestmark = pytest.mark.slow

DAYS = 300.0
# Marketing is sure that webinars raise interest; in this market they lower it.
AGREED = Agreement.parse(SMALL.text.replace('label = "webinars"', 'label = "webinars", direction = "up"'))
UNCONSTRAINED = Agreement.parse(SMALL.text.replace(', direction = "up"', ""))


def market(leads: int, seed: int = 5) -> list[Told]:
    """Pricing pages and size raise the chance to convert, webinars lower it; sales tries everybody."""
    draws = np.random.default_rng(seed)
    told: list[Told] = []
    for number in range(leads):
        who, came = f"lead-{number:04}", draws.uniform(0, DAYS)
        size, pages, webinars = float(draws.choice([20, 2000])), draws.poisson(1.0), draws.poisson(0.5)
        source = str(draws.choice(["ads", "search"]))
        told.append(identify(who, came, employees=size, source=source, industry=str(draws.choice(["a", "b"]))))
        told += [page(who, came + draws.exponential(2)) for _ in range(pages)]
        told += [
            track(who, "Webinar Attended", came + draws.exponential(2), minutes_attended=30) for _ in range(webinars)
        ]
        told.append(track(who, "Call Attempted", came + 20, by="ann"))
        odds = np.exp(-3.0 + 1.2 * pages - 2.0 * webinars + 4.5 * (size > 100))
        if draws.random() < odds / (1 + odds):
            told.append(track(who, "Lead Converted", came + 21 + draws.exponential(4)))
    return told


TOLD = market(450)


@dataclass(frozen=True)
class Found:
    """A home with that market, and an honest candidate."""

    home: Home
    honest: Candidate
    repository: Any
    done: dict[tuple[int, str], tuple[Model, Candidate]] = field(default_factory=dict)

    @property
    def tested(self) -> pd.DataFrame:
        return self.honest.labelled[self.honest.split.test]

    def with_model(self, model: Model, labelled: pd.DataFrame | None = None) -> Candidate:
        """The candidate, had it been this model, with every gate run; once for one model against one champion."""
        if labelled is not None:
            return self._gated(model, labelled)
        serving = deployments(self.home)
        key = (id(model), serving[0].digest if serving else "")
        if key not in self.done:
            self.done[key] = (model, self._gated(model))  # the model as well, or another could get its id
        return self.done[key][1]

    def _gated(self, model: Model, labelled: pd.DataFrame | None = None) -> Candidate:
        rows = self.honest.labelled if labelled is None else labelled
        tested = rows[self.honest.split.test]
        shown = evaluate(model.probability(tested), tested["outcome"], tested["lead_id"].to_numpy(), seed=7)
        judged = replace(model, facts=self.honest.model.facts)
        served = replace(model, facts=self.honest.served.facts)
        made = replace(self.honest, model=judged, served=served, labelled=rows, test=shown)
        done = with_gates(made, self.repository)
        done.__dict__["plots"] = {}  # drawing them takes longer than all the rest
        return done

    def fitted(self, labelled: pd.DataFrame, agreement: Agreement = AGREED) -> Model:
        parts = self.honest.split
        made = fitted_model(labelled[parts.train], agreement, seed=7)
        return replace(made, agreement_text=AGREED.text)


@pytest.fixture(scope="module", autouse=True)
def registry_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))
        yield


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    home = Home(tmp_path_factory.mktemp("challengers") / "home", Settings())
    list(Ledger.open(home).append(TOLD, source="web", received_at=LATER))
    kept = save_version(home, AGREED, LATER)
    honest = train(home, kept, at(DAYS + 60), seed=7)
    honest.__dict__["plots"] = {}
    yield Found(home, honest, materialized(home, AGREED).repository)
    engine(home.database_url).dispose()


@pytest.fixture(scope="module")
def versions(found: Found, noisy: Model) -> dict[str, str]:
    """Registered by name: the honest model, the champion of this home, and the noisy one."""
    first = found.honest.register()[1]
    promote(found.home, ModelRegistry("small"), first, "a test", LATER)
    return {"honest": first, "noisy": found.with_model(noisy).register()[1]}


@pytest.fixture
def champion(found: Found, versions: dict[str, str]) -> str:
    """The honest version answers, whatever a test before did."""
    if deployments(found.home)[0].model_version != versions["honest"]:
        promote(found.home, ModelRegistry("small"), versions["honest"], "a test", LATER)
    return versions["honest"]


@pytest.fixture(scope="module")
def noisy(found: Found) -> Model:
    """Fitted on outcomes of which 80 of 100 are those of another lead."""
    rows = found.honest.labelled.copy()
    draws = np.random.default_rng(1)
    is_noise = draws.random(len(rows)) < 0.8
    rows.loc[is_noise, "outcome"] = draws.permutation(rows.loc[is_noise, "outcome"].to_numpy())
    return found.fitted(rows)


def with_gates(candidate: Candidate, repository: Any) -> Candidate:
    return replace(candidate, gated=run_gates(candidate, repository))


def gates_against(challenger: Model, champion: Champion, unseen: UnseenSnapshots) -> tuple[Gate, Gate, Gate]:
    """Of a champion that is the best so far."""
    comparison = compare_with_champion(challenger, champion, unseen)
    return HeldAgainst(comparison, comparison).gates


def of(gates: Sequence[Gate], name: str) -> Gate:
    return next(gate for gate in gates if gate.name == name)


# each refused by its gate


def test_an_honest_first_model_passes_every_gate_and_each_says_why(found: Found) -> None:
    gates = found.honest.gates
    assert failed_gates(gates) == [], [gate.why for gate in gates]
    assert {of(gates, name).why for name in (NOT_WORSE_THAN_CHAMPION, NO_SEGMENT_WORSE)} == {
        "There is no champion yet."
    }
    assert all(gate.why.endswith(".") for gate in gates)


def test_a_champion_is_compared_by_its_judged_model(found: Found, champion: str) -> None:
    """What is served has learned from the rows that the two are compared on."""
    standing_now = Rivals.of(found.home, "small").champion
    assert standing_now
    assert standing_now.model == found.honest.model
    assert Model.read(standing_now.folder, standing_now.digest) == found.honest.served != found.honest.model


def test_a_model_is_no_worse_than_itself(found: Found, champion: str) -> None:
    gate = of(found.with_model(found.honest.model).gates, NOT_WORSE_THAN_CHAMPION)
    assert (gate.passed, gate.value) == (True, 0.0)
    assert "that neither learned from" in gate.why


def test_a_worse_challenger_is_refused(found: Found, noisy: Model, champion: str) -> None:
    gates = found.with_model(noisy).gates
    assert NOT_WORSE_THAN_CHAMPION in failed_gates(gates)
    assert "so it is shown to be worse" in of(gates, NOT_WORSE_THAN_CHAMPION).why


def test_an_uncalibrated_challenger_is_refused(found: Found, champion: str) -> None:
    off = replace(found.honest.model, calibrator=Calibrator(1.0, found.honest.model.calibrator.intercept + 2.0))
    gate = of(found.with_model(off).gates, "calibrated")
    assert not gate.passed
    assert (gate.value or 0) > (gate.limit or 1)


def test_a_leaking_challenger_is_refused_by_the_leak_gate_alone_until_a_person_signs(
    found: Found, champion: str
) -> None:
    rows = found.honest.labelled.copy()
    wrong = np.random.default_rng(2).random(len(rows)) < 0.02
    rows["is_partner"] = (rows["outcome"].to_numpy(bool) ^ wrong).astype(float)
    leaking = found.with_model(found.fitted(rows), rows)
    assert failed_gates(leaking.gates) == ["no_leak"]
    assert "is partner" in of(leaking.gates, "no_leak").why
    line = 'is_partner = { kind = "boolean", why = "it is asked on the form" }'
    signed = Agreement.parse(AGREED.text.replace('is_partner = "boolean"', line))
    again = with_gates(
        replace(leaking, agreement_version=replace(leaking.agreement_version, agreement=signed)), found.repository
    )
    gate = of(again.gates, "no_leak")
    assert gate.passed
    assert "Signed in the agreement, and taken out for this: is_partner" in gate.why


def test_a_direction_breaking_challenger_is_refused_by_the_direction_gate(found: Found, champion: str) -> None:
    free = found.with_model(found.fitted(found.honest.labelled, UNCONSTRAINED))
    gate = of(free.gates, "directions_kept")
    assert not gate.passed
    assert "One more of webinars lowered" in gate.why
    assert of(found.honest.gates, "directions_kept").passed


# compared with the champion


def test_a_challenger_is_compared_on_what_neither_learned_from_or_the_champion_may_only_gain(found: Found) -> None:
    model, agreement = found.honest.model, AGREED
    snapshots = UnseenSnapshots(found.home, agreement, found.tested)
    later = replace(model, facts=model.facts | {"labels_until_us": int(found.tested["snapshot_us"].max()) + 1})
    unknown = replace(model, facts={"asks": AGREED.outcome.asks})
    for theirs in (later, unknown):
        whole, _, _ = gates_against(model, standing(theirs), snapshots)
        assert whole.passed
        assert f"may have learned from {len(found.tested):,}, which can only flatter it" in whole.why


def standing(model: Model) -> Champion:
    """A champion that needs no files."""
    made = Champion("9", "sha256:9", Path("nowhere"))
    made.__dict__["model"] = model
    return made


def test_too_few_conversions_do_not_pass_by_luck(found: Found, noisy: Model) -> None:
    few = found.tested[~found.tested["outcome"] | (found.tested["lead_id"] == found.tested["lead_id"].iloc[0])]
    whole, _, _ = gates_against(found.honest.model, standing(noisy), UnseenSnapshots(found.home, AGREED, few))
    assert not whole.passed
    assert "20 are needed" in whole.why


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("within_days = 60", "60 days, as things are"),
        ('within_days = 30\nasks = "if sales tries now"', "30 days, if sales tries now"),
    ],
)
def test_a_champion_of_another_outcome_is_none_to_beat(found: Found, noisy: Model, line: str, named: str) -> None:
    other = Agreement.parse(AGREED.text.replace("within_days = 30", line))
    theirs = standing(replace(found.honest.model, agreement_text=other.text))
    gates = gates_against(noisy, theirs, UnseenSnapshots(found.home, AGREED, found.tested))
    assert failed_gates(gates) == []
    assert f"predicts another outcome (Lead Converted, {named})" in gates[0].why


def test_a_champion_that_learned_while_untried_leads_were_left_out_protects_nothing(found: Found, noisy: Model) -> None:
    """Its labels had kept wins and dropped losses: to wait for a proof against it would keep a wrong model serving."""
    before = {name: fact for name, fact in found.honest.model.facts.items() if name != "asks"}
    theirs = standing(replace(found.honest.model, facts=before))
    gates = gates_against(noisy, theirs, UnseenSnapshots(found.home, AGREED, found.tested))
    assert failed_gates(gates) == []
    assert "what it says is too high" in gates[0].why


def test_a_champion_whose_files_are_damaged_cannot_be_compared_with(found: Found, tmp_path: Path) -> None:
    whole, _, _ = gates_against(
        found.honest.model, Champion("9", "sha256:9", tmp_path), UnseenSnapshots(found.home, AGREED, found.tested)
    )
    assert not whole.passed
    assert "promote the model again" in whole.why


def test_a_group_for_which_a_challenger_is_clearly_worse_holds_it_back(found: Found) -> None:
    """On many leads: better as a whole, and far off for those that came from ads."""
    rows = pd.concat([found.tested.assign(lead_id=found.tested["lead_id"] + f" {i}") for i in range(8)])
    theirs, ours = Known(0.5, 0.5), Known(0.1, 0.5)
    whole, _, parts = gates_against(
        ours.model(rows), standing(theirs.model(rows)), UnseenSnapshots(found.home, AGREED, rows)
    )
    assert not parts.passed
    assert "“ads”" in parts.why
    assert whole.name == NOT_WORSE_THAN_CHAMPION


@dataclass(frozen=True)
class Known:
    """A model that, for ads and for everybody else, gives this probability to what really happened."""

    ads: float
    sure: float

    def model(self, rows: pd.DataFrame) -> Model:
        said = Model((), facts={"asks": AGREED.outcome.asks}, agreement_text=AGREED.text)
        right = np.where(rows["source"] == "ads", self.ads, self.sure)
        said.__dict__["probability"] = lambda _: np.where(rows["outcome"], right, 1 - right)
        return said


def test_what_a_model_learned_from_is_never_counted_as_unseen(found: Found) -> None:
    labelled, parts = found.honest.labelled, found.honest.split
    model = found.honest.model
    assert not (unseen_rows(model, labelled) & (parts.train | parts.calibration)).any()
    assert unseen_rows(model, labelled)[parts.test].all()
    last = int(labelled["snapshot_us"][parts.train].max())
    assert model.facts["labels_until_us"] == last + 30 * DAY_US
    assert model.facts["learned_leads"] == drawn_leads_digest(labelled, parts) is None  # they were not drawn
    assert not unseen_rows(replace(model, facts={}), labelled).any()


def test_what_is_served_has_learned_every_labelled_row_and_the_report_says_both_dates(found: Found) -> None:
    labelled, facts = found.honest.labelled, found.honest.facts
    assert found.honest.served.facts["learned_until_us"] == labelled["snapshot_us"].max()
    assert facts.learned
    assert facts.learned.rows == len(labelled)
    assert facts.judged_until
    assert facts.learned_until
    assert facts.judged_until < facts.learned_until
    said = learned_sentence(LearnedUntil(facts.judged_until, facts.learned_until, facts.learned.rows))
    assert said in model_card(facts, found.honest.gates)


# promoted, or not


def test_a_version_is_refused_by_the_gates_it_was_registered_with(found: Found, versions: Any, champion: str) -> None:
    with pytest.raises(GateDoesNotHold, match=NOT_WORSE_THAN_CHAMPION):
        promote_if_gates_hold(found.home, ModelRegistry("small"), PromotionRequest(versions["noisy"]), LATER)
    assert deployments(found.home)[0].model_version == champion


def test_a_version_without_gates_is_refused(found: Found, champion: str) -> None:
    _, bare = ModelRegistry("small").register(found.honest.model, {}, {}, {}, {})
    with pytest.raises(GateDoesNotHold, match="registered without its gates"):
        promote_if_gates_hold(found.home, ModelRegistry("small"), PromotionRequest(bare), LATER)


def test_a_champion_that_came_since_is_compared_with_anew(found: Found, noisy: Model, champion: str) -> None:
    first = found.with_model(noisy)
    passed = tuple(replace(gate, passed=True) for gate in first.gates)
    hopeful = replace(first, gated=GateResults(passed, "sha256:of a champion before"))
    hopeful.__dict__["plots"] = {}
    version = hopeful.register()[1]
    with pytest.raises(GateDoesNotHold, match=f"{NOT_WORSE_THAN_CHAMPION}.* not hold: On "):
        promote_if_gates_hold(found.home, ModelRegistry("small"), PromotionRequest(version), LATER)


def test_a_version_of_another_home_is_refused_however_good(found: Found, champion: str) -> None:
    """Homes may share a registry and a name; MLflow's alias must not bring in a stranger either."""
    registry, theirs = ModelRegistry("small"), AGREED.text.replace("within_days = 30", "within_days = 60")
    stranger = found.with_model(replace(found.honest.model, agreement_text=theirs))
    good = tuple(replace(gate, passed=True) for gate in stranger.gates)
    hopeful = replace(stranger, gated=GateResults(good, deployments(found.home)[0].digest))
    hopeful.__dict__["plots"] = {}
    version = hopeful.register()[1]
    with pytest.raises(GateDoesNotHold, match="learned_by_this_agreement does not hold: No agreement that this home"):
        promote_if_gates_hold(found.home, registry, PromotionRequest(version), LATER)
    move(version)
    with pytest.raises(GateDoesNotHold, match="learned_by_this_agreement"):
        adopt_champion_alias(found.home, registry, PromotionRequest(""), LATER)
    assert deployments(found.home)[0].model_version == champion
    move(champion)


def test_what_answers_already_may_be_promoted_again(found: Found, champion: str) -> None:
    promoted = promote_if_gates_hold(found.home, ModelRegistry("small"), PromotionRequest(champion), LATER)
    assert failed_gates(promoted.gates) == []


def test_a_reason_that_begins_like_a_rollback_is_told_apart(found: Found, champion: str) -> None:
    promote_if_gates_hold(
        found.home, ModelRegistry("small"), PromotionRequest(champion, "rolled back from the trial home"), LATER
    )
    assert deployments(found.home)[0].why == '"rolled back from the trial home"'


def test_force_needs_a_reason_which_is_kept_where_people_look(found: Found, versions: Any, champion: str) -> None:
    registry, version = ModelRegistry("small"), versions["noisy"]
    for why in (None, "  "):
        with pytest.raises(NeedsReason, match="--why"):
            promote_if_gates_hold(found.home, registry, PromotionRequest(version, why, is_forced=True), LATER)
    assert deployments(found.home)[0].model_version == champion
    with capture_logs() as logged:
        promote_if_gates_hold(
            found.home, registry, PromotionRequest(version, "the fair is tomorrow", is_forced=True), LATER
        )
    row = deployments(found.home)[0]
    assert row.model_version == version
    assert "the fair is tomorrow" in row.why
    assert NOT_WORSE_THAN_CHAMPION in row.why
    assert {"event": "promotion_forced", "why": "the fair is tomorrow"}.items() <= logged[0].items()
    tags = registry.client.get_model_version("small", version).tags
    assert (tags["forced_why"], NOT_WORSE_THAN_CHAMPION in tags["forced_past"]) == ("the fair is tomorrow", True)


# MLflow's alias


def move(version: str) -> None:
    ModelRegistry("small").client.set_registered_model_alias("small", CHAMPION_ALIAS, version)


def test_sync_follows_an_alias_that_was_moved_in_mlflow(found: Found, champion: str) -> None:
    registry, good = ModelRegistry("small"), found.with_model(found.honest.model).register()[1]
    assert not adopt_champion_alias(found.home, registry, PromotionRequest(""), LATER).is_new
    move(good)
    assert adopt_champion_alias(found.home, registry, PromotionRequest(""), LATER).version == good
    assert deployments(found.home)[0].why == "adopted from MLflow's alias"


def test_sync_asks_the_gates_too(found: Found, versions: Any, champion: str) -> None:
    bare = ModelRegistry("small").register(found.honest.model, {}, {}, {}, {})[1]
    move(bare)
    with pytest.raises(GateDoesNotHold):
        adopt_champion_alias(found.home, ModelRegistry("small"), PromotionRequest(""), LATER)
    assert deployments(found.home)[0].model_version == champion
    move(champion)


def test_sync_does_not_undo_a_rollback_that_mlflow_has_not_heard_of(found: Found, champion: str) -> None:
    registry = ModelRegistry("small")
    later = found.with_model(found.honest.model).register()[1]
    promote(found.home, registry, later, "a test", LATER)
    assert rollback(found.home, registry, LATER).model_version != later
    move(later)
    with pytest.raises(NothingToAdopt, match="rolled back here"):
        adopt_champion_alias(found.home, registry, PromotionRequest(""), LATER)


# the registry


def test_the_registry_holds_what_a_person_asks_of_a_version(
    found: Found, versions: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    client, version = ModelRegistry("small").client, versions["honest"]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    held = client.get_model_version("small", version)
    assert held.description.startswith("# small\n")
    assert "DOES NOT HOLD" not in held.description
    parameters = client.get_run(held.run_id).data.params
    assert parameters["agreement"] == AGREED.digest
    assert " to " in parameters["span_train"]
    signature = mlflow.models.get_model_info(f"models:/small/{version}").signature
    assert {"traits", "events"} <= set(signature.inputs.input_names())  # a lead as the API takes it
    assert signature.outputs.input_names() == ["probability"]
    newest = found.with_model(found.honest.model).register()[1]
    assert str(client.get_model_version_by_alias("small", CHALLENGER_ALIAS).version) == newest


def test_a_promoted_version_is_no_challenger_any_more(found: Found, champion: str) -> None:
    registry, version = ModelRegistry("small"), found.with_model(found.honest.model).register()[1]
    assert registry.versions()[0]["challenger"]
    promote_if_gates_hold(found.home, registry, PromotionRequest(version), LATER)
    newest = registry.versions()[0]
    assert (newest["version"], newest["champion"], newest["challenger"]) == (version, True, False)
    assert newest["gates_passed"] is True


def test_everything_works_where_nothing_may_be_unpickled(
    found: Found, champion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    version = found.with_model(found.honest.model).register()[1]
    promote_if_gates_hold(found.home, ModelRegistry("small"), PromotionRequest(version), LATER)
    assert os.environ["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"] == "false"


def test_a_verdict_is_read_back_as_it_was_written() -> None:
    verdict = GateResults((Gate("calibrated", False, 0.031, 0.02, "Its error is above."),), "sha256:1")
    assert GateResults.read(verdict.json()) == verdict
