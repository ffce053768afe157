"""Protected and personal facts stay away from models, by whatever name they come."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from handmade_events import LATER, SMALL

from features.agreement.agreement import Agreement
from training.gates.protected_feature import ProtectedFeature, check_features
from training.pipeline import trained_candidate

AGREED = Agreement.parse(
    SMALL.text.replace("[traits]", '[excluded]\nkin = { why = "protected", column = "Family of lead" }\n[traits]')
)


def features(**columns: list[object]) -> pd.DataFrame:
    """What a model would see of three snapshots."""
    return pd.DataFrame({"industry": ["software", "retail", None], "employees": [1.0, 2.0, 3.0]} | columns)


def test_plain_features_pass() -> None:
    check_features(features(), AGREED)
    check_features(features(industry=["M", "L", "S"]), AGREED)  # sizes of shirts: an m alone is no gender
    check_features(features(industry=[None, None, None]), AGREED)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (["Male", "female", None], "female and male, which is a gender"),
        (["Mr", "Ms", "unknown"], "mr and ms, which is a gender"),
        (["retail", "ann@buyer.example", "x"], "e-mail addresses"),
    ],
)
def test_a_protected_fact_is_known_by_its_values(values: list[object], said: str) -> None:
    with pytest.raises(ProtectedFeature, match=said) as stopped:
        check_features(features(industry=values), AGREED)
    assert 'industry = "protected"' in str(stopped.value)


@pytest.mark.parametrize("name", ["gender", "kin", "family_of_lead"])
def test_a_protected_fact_is_known_by_its_name(name: str) -> None:
    trait = AGREED.traits["industry"].model_copy(update={"name": name})
    smuggled = AGREED.model_copy(update={"traits": {**AGREED.traits, name: trait}})
    with pytest.raises(ProtectedFeature, match=f"'{name}' is protected or personal"):
        check_features(features(**{name: ["a", "b", "c"]}), smuggled)


def test_training_stops_before_it_learns() -> None:
    from features.agreement.versions import AgreementVersion

    labelled = features(industry=["male", "female", "male"]).assign(outcome=True, lead_id="a", snapshot_us=1)
    with pytest.raises(ProtectedFeature, match="training stopped"):
        trained_candidate(labelled, None, AgreementVersion(AGREED, 1), LATER - timedelta(days=1))  # type: ignore[arg-type]
