"""From a ledger to what is served: trained, registered, promoted, taken back; and served without what trained it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from handmade_events import LATER, SMALL, World, alike, at, identify, market, us
from migrated_databases import migrated_back, migrations_as_ever
from sqlalchemy import delete

from features.agreement.versions import AgreementVersion, save_version
from features.home import tables
from features.home.clock import microseconds
from features.home.database import engine, writing
from features.home.deployments import anchor_of, deployments, model_folder
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from features.store.feast_views import view_suffix
from features.store.materialize import materialized
from leadlight import NotebookHome
from serving.scoring.points import logit
from serving.scoring.scorer import Scorer
from training.candidate import REPORT_FILE, Candidate
from training.model.calibrator import Calibrator
from training.model.model import FACTS, Model, ModelDamaged
from training.monitoring.reference import REFERENCE_FILE
from training.pipeline import TooFewOutcomes, labelled_snapshots, train
from training.registry.mlflow_model import SIGNATURE_FILE
from training.registry.mlflow_registry import CARD_FILE, GATES_FILE, ModelRegistry, NoSuchModel
from training.registry.promotion import NothingToRollBack, promote, rollback, rollback_in_home, standing_promotions

pytestmark = pytest.mark.slow

DAYS = 420.0
TOLD = market(350, days=DAYS)


@dataclass(frozen=True)
class Trained:
    """A home with a market in it, and what was learned from it."""

    home: Home
    kept: AgreementVersion
    candidate: Candidate


@pytest.fixture(scope="module", autouse=True)
def registry_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("here"))  # where mlruns/ will be
        yield


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trained]:
    home = Home(tmp_path_factory.mktemp("trained") / "home", Settings())
    list(Ledger.open(home).append(TOLD, source="web", received_at=LATER))
    kept = save_version(home, SMALL, LATER)
    yield Trained(home, kept, train(home, kept, at(DAYS), seed=7))
    engine(home.database_url).dispose()


@pytest.fixture(scope="module")
def versions(trained: Trained) -> list[str]:
    """Three registered versions: the candidate, and two that differ in their calibrator alone."""
    registry = ModelRegistry(SMALL.name)
    found = [trained.candidate.register()[1]]
    for intercept in (0.1, 0.2):
        model = replace(trained.candidate.model, calibrator=Calibrator(1.0, intercept))
        found.append(registry.register(model, {"roc_auc": 0.7}, {}, {}, {})[1])
    return found


@pytest.fixture
def home(trained: Trained, tmp_path: Path) -> Iterator[Home]:
    """A home of its own with the same agreement and a few leads: nothing is served there yet."""
    home = Home(tmp_path / "home", Settings())
    list(Ledger.open(home).append(TOLD[:60], source="web", received_at=LATER))
    save_version(home, SMALL, LATER)
    yield home
    engine(home.database_url).dispose()


def serve(home: Home, version: str) -> None:
    promote(home, ModelRegistry(SMALL.name), version, "a test", LATER)


def answering(home: Home) -> str | None:
    """The version that answers, by a score that is asked for now."""
    (score,) = Scorer(home).scores([{"traits": {"industry": "software"}}], LATER)
    return score["model"]["version"] if score["model"] else None


# what was learned


def test_training_looks_at_leads_as_they_were_known_and_keeps_the_spans_apart(trained: Trained) -> None:
    labelled, parted = trained.candidate.labelled, trained.candidate.split
    world = World.of(TOLD)
    for place in (0, len(labelled) // 2, len(labelled) - 1):
        look = labelled.iloc[place]
        said = {str(n): v for n, v in look.drop(["lead_id", "snapshot_us", "is_arrival", "outcome"]).items()}
        assert alike(said, world.features(look["lead_id"], look["snapshot_us"]), within=0)
    spans = [labelled["snapshot_us"][part] for part in (parted.train | parted.calibration, parted.test)]
    assert spans[1].min() - spans[0].max() >= us(SMALL.outcome.within_days or 0) - us(0)
    assert labelled["snapshot_us"].max() <= us(DAYS) - (us(30) - us(0))  # an open horizon has no outcome


def test_the_candidate_learned_something_and_says_how_it_was_tested(trained: Trained) -> None:
    summary = trained.candidate.summary()
    assert summary["metrics"]["roc_auc"] > 0.55
    assert [gate["name"] for gate in summary["gates"]] == [
        "better_than_average", "can_rank", "calibrated", "labels_kept_alike", "contributions_exact", "no_leak",
        "directions_kept", "not_worse_than_champion", "not_worse_than_anchor", "no_segment_worse",
    ]  # fmt: skip
    assert next(gate for gate in summary["gates"] if gate["name"] == "contributions_exact")["passed"]
    assert set(summary["rows"]) == {"train", "calibration", "test", "served"}
    assert (summary["split"], bool(summary["how"]), summary["promoted"]) == ("time", True, False)
    json.dumps(summary, allow_nan=False)


def test_training_again_gives_the_same_model(trained: Trained) -> None:
    again = train(trained.home, trained.kept, at(DAYS), seed=7).model
    assert replace(again, facts={}) == replace(trained.candidate.model, facts={})


def test_with_one_kind_of_outcome_there_is_nothing_to_learn(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", Settings())
    list(Ledger.open(home).append([identify("ann", 1), identify("bob", 2)], source="web", received_at=LATER))
    found = materialized(home, SMALL)
    with pytest.raises(TooFewOutcomes, match="known outcomes are no"):
        labelled_snapshots(found, SMALL, at(90))
    with pytest.raises(TooFewOutcomes, match="no outcome is known yet"):
        labelled_snapshots(found, SMALL, at(3))
    engine(home.database_url).dispose()


# registered, promoted, taken back


def test_a_version_holds_text_and_json_that_were_checked(versions: list[str], trained: Trained) -> None:
    with ModelRegistry(SMALL.name).files(versions[0]) as (files, digest):
        names = {file.name for file in files.iterdir() if file.is_file()}
        ours = {"trees.txt", "model.json", "agreement.toml", "manifest.json"}
        assert names == ours | {REPORT_FILE, GATES_FILE, CARD_FILE, SIGNATURE_FILE, REFERENCE_FILE}
        assert Model.read(files, digest) == trained.candidate.served
        assert Model.read_judged(files, digest) == trained.candidate.model


def test_no_artifact_of_a_run_is_a_pickle(versions: list[str]) -> None:
    kinds = {file.suffix for file in Path("mlruns").rglob("*") if file.is_file() and "artifacts" in file.parts}
    assert kinds <= {".txt", ".json", ".toml", ".svg", ".md", ""}  # "": MLmodel, which is text


def test_versions_are_listed_newest_first_with_their_figures(versions: list[str], home: Home) -> None:
    serve(home, versions[1])
    listed = ModelRegistry(SMALL.name).versions()
    assert [version["version"] for version in listed] == versions[::-1]
    assert [version["champion"] for version in listed] == [False, True, False]
    assert 0 < listed[-1]["metrics"]["roc_auc"] < 1


def test_a_version_that_is_not_there_is_named_beside_those_that_are(versions: list[str], home: Home) -> None:
    with pytest.raises(NoSuchModel, match=f"has no version 99; it has {', '.join(versions[::-1])}"):
        serve(home, "99")
    assert deployments(home) == []


def test_a_tie_leaves_the_anchor_where_it_is_and_a_better_one_moves_it(versions: list[str], home: Home) -> None:
    registry = ModelRegistry(SMALL.name)

    def anchor() -> str:
        return anchor_of(home, deployments(home)[0]).model_version

    for version, is_best, expected in (
        (versions[0], True, versions[0]),
        (versions[1], False, versions[0]),
        (versions[2], False, versions[0]),  # a tie with a tie
        (versions[1], True, versions[1]),
        (versions[0], False, versions[1]),
    ):
        promote(home, registry, version, "a test", LATER, is_best)
        assert anchor() == expected
    rollback(home, registry, LATER)  # to what was the best itself
    assert (deployments(home)[0].model_version, anchor()) == (versions[1], versions[1])
    rollback(home, registry, LATER)
    assert (deployments(home)[0].model_version, anchor()) == (versions[2], versions[0])


def test_a_deployment_from_before_there_were_anchors_is_its_own(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    serve(home, versions[1])
    with writing(home) as connection:
        connection.execute(delete(tables.anchors))
    assert anchor_of(home, deployments(home)[0]).model_version == versions[1]
    with migrations_as_ever():
        migrated_back(home, "0007")
    assert anchor_of(home, deployments(home)[0]).model_version == versions[1]
    with migrations_as_ever():
        serve(home, versions[2])
    assert anchor_of(home, deployments(home)[0]).model_version == versions[1]


def test_promoting_makes_it_the_champion_and_what_answers(versions: list[str], home: Home) -> None:
    assert answering(home) is None  # the criteria's prior
    serve(home, versions[0])
    (row,) = deployments(home)
    assert (row.model_version, row.view_suffix, row.why) == (versions[0], view_suffix(SMALL), "a test")
    assert Model.read(row.folder(home), row.digest).facts["basis"] in ("few", "full")
    assert ModelRegistry(SMALL.name).champion() == answering(home) == versions[0]


def test_rolling_back_serves_what_was_served_before(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    serve(home, versions[1])
    assert rollback(home, ModelRegistry(SMALL.name), LATER).model_version == versions[0]
    assert ModelRegistry(SMALL.name).champion() == answering(home) == versions[0]
    assert deployments(home)[0].why == f"rolled back from {versions[1]}"


def test_rolling_back_twice_never_serves_again_what_was_taken_back(versions: list[str], home: Home) -> None:
    for version in versions:
        serve(home, version)
    taken = [rollback(home, ModelRegistry(SMALL.name), LATER).model_version for _ in range(2)]
    assert taken == [versions[1], versions[0]]
    with pytest.raises(NothingToRollBack):
        rollback(home, ModelRegistry(SMALL.name), LATER)
    serve(home, versions[2])
    assert rollback(home, ModelRegistry(SMALL.name), LATER).model_version == versions[0]


def test_the_first_model_cannot_be_rolled_back(versions: list[str], home: Home) -> None:
    with pytest.raises(NothingToRollBack, match="leadlight promote VERSION"):
        rollback(home, ModelRegistry(SMALL.name), LATER)
    serve(home, versions[0])
    serve(home, versions[0])
    with pytest.raises(NothingToRollBack, match="no other model before"):
        rollback(home, ModelRegistry(SMALL.name), LATER)


def damage(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def test_a_damaged_model_is_refused_and_the_last_good_one_goes_on(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    scorer = Scorer(home)
    scorer.refresh()
    serve(home, versions[1])
    damage(deployments(home)[0].folder(home) / FACTS)
    with pytest.raises(ModelDamaged):
        scorer.refresh()
    (score,) = scorer.scores([{"traits": {"industry": "retail"}}], LATER)
    assert score["model"]["version"] == versions[0]
    with pytest.raises(ModelDamaged):
        Scorer(home).refresh()


def test_promoting_again_mends_a_damaged_model(versions: list[str], home: Home) -> None:
    """What the error tells people to do."""
    serve(home, versions[0])
    row = deployments(home)[0]
    damage(row.folder(home) / FACTS)
    serve(home, versions[0])
    assert Model.read(model_folder(home, row.digest), row.digest)
    assert answering(home) == versions[0]


def test_a_damaged_version_is_never_promoted(versions: list[str], home: Home) -> None:
    file = next(Path("mlruns").rglob(FACTS))
    good = file.read_bytes()
    damage(file)
    try:
        digest = ModelRegistry(SMALL.name).client.get_run(file.parts[-4]).data.params["digest"]
        version = {found["digest"]: found["version"] for found in ModelRegistry(SMALL.name).versions()}[digest]
        with pytest.raises(ModelDamaged):
            serve(home, version)
    finally:
        file.write_bytes(good)
    assert deployments(home) == []


# served


def test_stored_and_inline_leads_of_one_history_score_alike(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    lead = TOLD[0]["userId"]
    own = [told for told in TOLD[:60] if told["userId"] == lead]
    stored, inline = Scorer(home).scores([{"lead_id": lead}, {"events": own}], LATER, None)
    assert stored["status"] == inline["status"] == "scored"
    assert stored["lead_id"] == lead
    assert stored["probability"] == pytest.approx(inline["probability"], abs=1e-9)


def test_every_score_is_its_explanation(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    leads = sorted({told["userId"] for told in TOLD[:60]})
    for score in Scorer(home).scores([{"lead_id": lead} for lead in leads], LATER, None):
        total = score["baseline"] + sum(reason["contribution"] for reason in score["reasons"])
        assert abs(total - logit(score["probability"])) <= 1e-9
        points = score["base_points"] + sum(reason["points"] for reason in score["reasons"])
        assert points == pytest.approx(score["base_points"] + score["fit_points"] + score["engagement_points"])
        assert score["score"] == int(np.clip(np.floor(points + 0.5), 1, 99))


def test_leads_nobody_knows_have_no_score(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    for asked in ([], [{"lead_id": "nobody"}], [{"email": "nobody@firm.example"}, {"lead_id": "nobody"}]):
        found = Scorer(home).scores(asked, LATER)
        assert [score["status"] for score in found] == ["unknown_lead"] * len(asked)


SCORE = """
import json, sys
from datetime import datetime, UTC
from pathlib import Path
from features.home.settings import Home, Settings
from serving.scoring.scorer import Scorer
asked = [{"lead_id": sys.argv[2]}, {"traits": {"industry": "software"}}]
scored = Scorer(Home(Path(sys.argv[1]), Settings())).scores(asked, datetime(2030, 1, 1, tzinfo=UTC))
loaded = {name.partition(".")[0] for name in sys.modules}
print(json.dumps([[s["status"] for s in scored], sorted(loaded & {"mlflow", "shap", "matplotlib", "altair", "dill"})]))
"""


def test_serving_needs_neither_mlflow_nor_shap(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    command = [sys.executable, "-c", SCORE, str(home.path), TOLD[0]["userId"]]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=home.path)
    status, loaded = json.loads(done.stdout)
    assert status == ["scored", "scored"]
    assert set(loaded) <= {"dill"}, loaded  # dill: Feast imports it for the on-demand views that we do not have
    assert not (home.path / "mlruns").exists()


def test_a_score_names_model_and_agreement(versions: list[str], home: Home) -> None:
    serve(home, versions[0])
    score: dict[str, Any] = Scorer(home).scores([{"traits": {"industry": "software"}}], LATER)[0]
    assert score["model"] == {"name": "small", "version": versions[0], "digest": deployments(home)[0].digest}
    assert score["agreement"] == {"name": "small", "version": 1, "digest": SMALL.digest}


def test_rollbacks_at_once_go_back_as_often_as_they_were_asked(versions: list[str], home: Home) -> None:
    for version in versions:
        serve(home, version)
    with ThreadPoolExecutor(2) as people:
        back = [people.submit(rollback_in_home, home, SMALL.name, LATER) for _ in range(2)]
        assert {one.result().model_version for one in back} == set(versions[:2])
    assert [row.model_version for row in standing_promotions(deployments(home))] == versions[:1]


def test_a_first_promotion_that_is_called_a_rollback_breaks_nothing(versions: list[str], home: Home) -> None:
    promote(home, ModelRegistry(SMALL.name), versions[0], "rolled back from elsewhere", LATER)
    serve(home, versions[1])
    assert [row.model_version for row in standing_promotions(deployments(home))] == versions[1:2]
    with pytest.raises(NothingToRollBack):
        rollback_in_home(home, SMALL.name, LATER)


def test_a_notebook_learns_up_to_the_newest_event_and_no_silence_after_it(trained: Trained) -> None:
    until = datetime.fromisoformat(NotebookHome(trained.home).snapshots().attrs["known_until"])
    assert microseconds(until) == Ledger.open(trained.home).newest_happened_us() + 1
