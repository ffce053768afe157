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
        (["Male", "female", None], "holds genders"),
        (["Mr", "Ms", "unknown"], "holds genders"),
        (["Herr", "Frau", "Divers"], "holds genders"),
        (["ledig", "verheiratet", "geschieden"], "holds marital statuses"),
        (["+49 30 123456", "+49 30 123457", "030/1234 58"], "holds phone numbers"),
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


@pytest.mark.parametrize("name", ["geschlecht", "estado_civil", "date_de_naissance", "nationaliteit"])
def test_a_protected_fact_is_known_in_other_languages(name: str) -> None:
    trait = AGREED.traits["industry"].model_copy(update={"name": name})
    smuggled = AGREED.model_copy(update={"traits": {**AGREED.traits, name: trait}})
    with pytest.raises(ProtectedFeature, match=f"'{name}' is protected or personal"):
        check_features(features(**{name: ["a", "b", "c"]}), smuggled)


@pytest.mark.parametrize(("name", "column"), [("vorname", None), ("given", "Prénom"), ("telefoon", "Telefoonnummer")])
def test_who_somebody_is_is_known_by_its_name_or_column(name: str, column: str | None) -> None:
    trait = AGREED.traits["industry"].model_copy(update={"name": name, "column": column})
    smuggled = AGREED.model_copy(update={"traits": {**AGREED.traits, name: trait}})
    with pytest.raises(ProtectedFeature, match=f"'{name}' is personal"):
        check_features(features(**{name: ["a", "b", "c"]}), smuggled)


def test_what_only_reads_as_names_may_be_signed() -> None:
    trait = AGREED.traits["industry"].model_copy(update={"name": "adviser"})
    agreed = AGREED.model_copy(update={"traits": {**AGREED.traits, "adviser": trait}})
    rows = features(adviser=["Anna Weber", "Max Horn", "Clara Jung"])
    with pytest.raises(ProtectedFeature, match="holds names of people"):
        check_features(rows, agreed)
    signed = trait.model_copy(update={"signed_by": "Ann, 2026-11-01"})
    check_features(rows, AGREED.model_copy(update={"traits": {**AGREED.traits, "adviser": signed}}))


def test_training_stops_before_it_learns() -> None:
    from features.agreement.versions import AgreementVersion

    labelled = features(industry=["male", "female", "male"]).assign(outcome=True, lead_id="a", snapshot_us=1)
    with pytest.raises(ProtectedFeature, match="training stopped"):
        trained_candidate(labelled, None, AgreementVersion(AGREED, 1), LATER - timedelta(days=1))  # type: ignore[arg-type]
