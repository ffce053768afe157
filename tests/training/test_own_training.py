"""A training of one's own, as in a notebook: own columns, own parameters, an estimator; the same gates for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from handmade_events import LATER, SMALL, at, market
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

import leadlight
from features.agreement.versions import save_version
from features.home.database import engine
from features.home.errors import LeadlightError
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.scoring.registered_version import RegisteredVersion
from training.admission import PromotionRequest, promote_if_gates_hold
from training.candidate import Candidate
from training.fit.own_parameters import ParameterError, checked_parameters
from training.gates.against_champion import AGAINST_CHAMPION
from training.gates.known_when_served import KNOWN_WHEN_SERVED, NotKnownWhenServed
from training.labels.own_columns import OwnColumnError
from training.own_estimator import LEADLIGHTS_OWN, EstimatorNotServed, JudgedEstimator
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote

DAYS = 420.0
OWN = {"my_score": "number", "my_region": "category", "my_flag": "boolean"}
PARAMS = {"num_leaves": 3, "eta": 0.1, "n_estimators": 25, "max_bin": 63}


@dataclass(frozen=True)
class Notebook:
    """A home, its snapshots, and the same with columns that no event tells of."""

    home: Home
    snapshots: pd.DataFrame
    widened: pd.DataFrame


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    folder = tmp_path_factory.mktemp("notebook")
    home = Home(folder / "home", Settings())
    list(Ledger.open(home).append(market(700, days=DAYS), source="web", received_at=LATER))
    save_version(home, SMALL, LATER)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)  # where mlruns/ will be
        snapshots = leadlight.open(home.path).snapshots(at(DAYS))
        draws = np.random.default_rng(0)
        hint = snapshots["outcome"] + draws.normal(0, 1.5, len(snapshots))
        widened = snapshots.assign(
            my_score=np.where(draws.random(len(snapshots)) < 0.1, np.nan, hint),
            my_region=draws.choice(np.array(["north", "south", None], dtype=object), len(snapshots)),
            my_flag=draws.random(len(snapshots)) < 0.5,
        )
        yield Notebook(home, snapshots, widened)
    engine(home.database_url).dispose()


@pytest.fixture(scope="module")
def candidate(notebook: Notebook) -> Candidate:
    return leadlight.train(notebook.widened, params=PARAMS, columns=OWN)


@pytest.mark.slow
def test_own_columns_and_parameters_are_learned_from_and_held_against_the_gates(candidate: Candidate) -> None:
    assert "my_score" in {column.name for column in candidate.model.columns}
    assert "my_score" in [driver.name for driver in candidate.drivers()][:3]
    assert candidate.model.facts["trees"] == {"num_leaves": 3, "learning_rate": 0.1, "max_bin": 63}
    assert candidate.model.facts["rounds"] == 25
    logged = candidate.parameters()
    assert (logged["trees"], logged["trees_num_leaves"]) == (25, 3)
    assert logged["own_columns"] == "my_score, my_region, my_flag"
    gates = {gate.name: gate for gate in candidate.gates}
    assert {"calibrated", "contributions_exact", "directions_kept", "not_worse_than_champion"} <= set(gates)
    assert gates["contributions_exact"].passed
    assert not gates[KNOWN_WHEN_SERVED].passed
    assert "my_score" in gates[KNOWN_WHEN_SERVED].why


@pytest.mark.slow
def test_such_a_model_is_registered_and_not_promoted_whatever_the_reason(
    notebook: Notebook, candidate: Candidate
) -> None:
    _, version = candidate.register()
    registry = ModelRegistry(SMALL.name)
    assert KNOWN_WHEN_SERVED in next(v for v in registry.versions() if v["version"] == version)["held_back_by"]
    request = PromotionRequest(version, "I know better", is_forced=True)
    with pytest.raises(NotKnownWhenServed, match=r'my_score = "number" under \[traits\]'):
        promote_if_gates_hold(notebook.home, registry, request, LATER)
    with pytest.raises(NotKnownWhenServed):
        promote(notebook.home, registry, version, "I know better", LATER)
    with registry.files(version) as (files, _), pytest.raises(LeadlightError, match="no inline lead tells it"):
        RegisteredVersion.read(files)  # as MLflow would load it


@pytest.mark.slow
def test_an_estimator_is_judged_by_the_same_gates_and_never_registered(notebook: Notebook) -> None:
    estimator = HistGradientBoostingClassifier(max_iter=20, categorical_features="from_dtype", random_state=0)
    judged = leadlight.train(notebook.widened, columns=OWN, estimator=estimator)
    assert isinstance(judged, JudgedEstimator)
    assert judged.metrics["roc_auc"] > 0.6
    assert [gate.name for gate in judged.gates] == [
        "better_than_average", "can_rank", "calibrated", "labels_kept_alike", "no_leak", "directions_kept",
        *AGAINST_CHAMPION, LEADLIGHTS_OWN,
    ]  # fmt: skip
    assert not judged.passes
    assert not hasattr(estimator, "classes_")  # a copy was fitted
    with pytest.raises(EstimatorNotServed, match="judged and not served"):
        judged.register()


@pytest.mark.slow
def test_an_estimator_that_cannot_read_categories_says_what_to_give(notebook: Notebook) -> None:
    with pytest.raises(LeadlightError, match=r"RandomForestClassifier cannot be fitted.*give a Pipeline"):
        leadlight.train(notebook.snapshots, estimator=RandomForestClassifier())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("columns", "wrong"),
    [
        ({}, r'the frame has my_score, my_region, my_flag.*columns=\{"my_score": "number"'),
        ({**OWN, "my_scores": "number"}, "no column 'my_scores'; did you mean \"my_score\""),
        ({**OWN, "my_score": "numeric"}, "said to be 'numeric'; did you mean \"number\""),
        ({**OWN, "my_region": "number"}, "said to be a number and holds 'south'|'north'"),
        ({**OWN, "my_score": "boolean"}, "said to be a boolean and holds"),
        ({**OWN, "industry": "category"}, "industry is a feature or label of the snapshots"),
    ],
)
def test_what_an_own_column_holds_has_to_be_said_and_true(
    notebook: Notebook, columns: dict[str, Any], wrong: str
) -> None:
    with pytest.raises(OwnColumnError, match=wrong):
        leadlight.train(notebook.widened, columns=columns)


@pytest.mark.slow
def test_a_frame_that_lost_its_home_says_how_to_give_it_back(notebook: Notebook) -> None:
    merged = notebook.snapshots.merge(pd.DataFrame({"lead_id": ["lead-0001"], "x": [1.0]}), how="left", on="lead_id")
    with pytest.raises(LeadlightError, match=r"frame\.attrs\.update\(snapshots\.attrs\)"):
        leadlight.train(merged, columns={"x": "number"})


def test_parameters_are_read_by_any_of_lightgbms_names() -> None:
    assert checked_parameters({"n_estimators": 30, "eta": 0.1}) == {"num_iterations": 30, "learning_rate": 0.1}


@pytest.mark.parametrize(
    ("params", "wrong"),
    [
        ({"num_leafs": 4}, "no parameter 'num_leafs'; did you mean 'num_leaves'"),
        ({"application": "regression"}, "application is not chosen here, since the outcome is yes or no"),
        ({"eta": 0.1, "learning_rate": 0.2}, "learning_rate is given twice"),
    ],
)
def test_a_parameter_that_is_not_lightgbms_or_not_to_be_chosen_is_refused(params: Any, wrong: str) -> None:
    with pytest.raises(ParameterError, match=wrong):
        checked_parameters(params)
