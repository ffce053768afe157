"""The explanation is the score, the files are what was tested, and nothing in them is code."""

from __future__ import annotations

import json
import pickletools
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shap
from drawn_snapshots import looks
from handmade_events import SMALL
from hypothesis import given
from hypothesis import strategies as st

from serving.scoring.points import logit
from training.fit.fit import fitted_model
from training.gates.contributions_exact import contributions_exact
from training.gates.gate import EXACT
from training.model.calibrator import Calibrator
from training.model.columns import OTHER, ModelColumn
from training.model.manifest import MANIFEST, ModelDamaged
from training.model.model import FACTS, JUDGED, TREES, Model, holds_part

BLENDS = (0.0, 0.25, 1.0)


TRAIN, FRESH = looks(300, 1), looks(80, 3)


@pytest.fixture(scope="module")
def fitted() -> Model:
    return fitted_model(TRAIN, SMALL, seed=7)


@pytest.fixture(scope="module", params=BLENDS, ids=["linear", "blend", "trees"])
def model(request: pytest.FixtureRequest, fitted: Model) -> Model:
    return replace(fitted, blend=request.param, calibrator=Calibrator(0.8, -0.3, ((0.01, 0.0), (0.0, 0.02))))


def test_contributions_and_baseline_sum_to_the_logit(model: Model) -> None:
    matrix = model.matrix(FRESH)
    contributions, baseline = model.contributions(matrix)
    logits = np.array([logit(p) for p in model.probability(FRESH)])
    assert np.abs(contributions.sum(axis=1) + baseline - logits).max() <= 1e-9


def test_contributions_equal_shaps_own(fitted: Model) -> None:
    trees = replace(fitted, blend=1.0, calibrator=Calibrator(0.8, -0.3))
    matrix = trees.matrix(FRESH)
    ours, baseline = trees.contributions(matrix)
    theirs = shap.TreeExplainer(trees.booster)(matrix, check_additivity=False)
    assert np.abs(ours - 0.8 * theirs.values).max() <= 1e-9
    assert abs(baseline - (0.8 * float(np.ravel(theirs.base_values)[0]) - 0.3)) <= 1e-9


def test_the_gate_for_exact_contributions_sees_shap(model: Model) -> None:
    gate = contributions_exact(model, model.matrix(FRESH))
    assert gate.passed
    assert gate.value is not None
    assert gate.value <= EXACT


def test_groups_of_contributions_leave_nothing_out(model: Model) -> None:
    contributions, _ = model.contributions(model.matrix(FRESH))
    names, member = model.groups
    assert (member.sum(axis=1) == 1).all()
    assert np.allclose((contributions @ member).sum(axis=1), contributions.sum(axis=1))
    assert set(names) == set(model.kinds) == {column.group for column in model.columns}
    assert model.kinds["pricing_page"] == "behaviour"
    assert model.kinds["industry"] == "trait"


def test_no_rows_are_no_contributions(model: Model) -> None:
    nobody = FRESH.iloc[:0]
    contributions, baseline = model.contributions(model.matrix(nobody))
    assert contributions.shape == (0, len(model.columns))
    assert np.isfinite(baseline)
    assert model.probability(nobody).shape == (0,)


def test_one_lead_scores_as_it_does_among_many(model: Model) -> None:
    alone = np.concatenate([model.probability(FRESH.iloc[[i]]) for i in range(20)])
    assert alone.tolist() == model.probability(FRESH.iloc[:20]).tolist()


@given(st.integers(0, len(FRESH) - 1), st.floats(0, 5))
def test_more_of_what_raises_never_lowers(fitted: Model, place: int, more: float) -> None:
    """The agreement says that pricing pages go up."""
    one = FRESH.iloc[[place]]
    busier = one.assign(pricing_page_count_total=one["pricing_page_count_total"] + round(more),
                        pricing_page_count_hl7d=one["pricing_page_count_hl7d"] + more,
                        days_since_pricing_page=one["days_since_pricing_page"] / (1 + more))  # fmt: skip
    for blend in BLENDS:
        model = replace(fitted, blend=blend)
        assert model.probability(busier)[0] >= model.probability(one)[0] - 1e-12


def test_the_model_learned_the_direction(fitted: Model) -> None:
    contributions, _ = fitted.contributions(fitted.matrix(FRESH))
    place = [column.name for column in fitted.columns].index("industry")
    mining = (FRESH["industry"] == "mining").to_numpy()
    assert contributions[mining, place].mean() < contributions[~mining, place].mean()


def test_rare_unseen_and_missing_levels_are_three_different_things(fitted: Model) -> None:
    column = next(column for column in fitted.columns if column.name == "industry")
    assert column.levels == ("mining", "retail", "software", OTHER)
    encoded = column.encoded(
        {"industry": np.array(["retail", "a rare one", "never seen", None, "", float("nan")], dtype=object)}
    )
    assert encoded[:3].tolist() == [1.0, 3.0, 3.0]
    assert np.isnan(encoded[3:]).all()


def test_numbers_go_in_as_they_are() -> None:
    assert ModelColumn("employees", "employees", "trait").encoded({"employees": np.array([1.5, np.nan])})[0] == 1.5


def test_a_lead_of_an_unseen_industry_without_facts_has_a_probability(model: Model) -> None:
    bare = FRESH.iloc[[0]].assign(industry="moon mining", employees=np.nan, is_partner=np.nan)
    assert 0 < model.probability(bare)[0] < 1


def test_constants_and_bookkeeping_are_no_inputs(fitted: Model) -> None:
    names = {column.name for column in fitted.columns}
    assert not names & {"webinar_count_total", "lead_id", "snapshot_us", "is_arrival", "outcome"}
    assert {"pricing_page_count_total", "industry", "employees"} <= names


def test_the_same_seed_fits_the_same_model_to_the_bit(fitted: Model) -> None:
    again = fitted_model(TRAIN, SMALL, seed=7)
    assert again.trees == fitted.trees
    assert again.linear == fitted.linear
    assert again.calibrator == fitted.calibrator


def test_few_converted_leads_are_said_to_be_few(fitted: Model) -> None:
    assert fitted.facts["basis"] == "full"
    rows = TRAIN["lead_id"].isin([f"lead-{i}" for i in range(60)])
    assert fitted_model(TRAIN[rows], SMALL, seed=7).facts["basis"] == "few"


def test_contributions_that_do_not_add_up_do_not_pass(fitted: Model) -> None:
    class Wrong(Model):
        def contributions(self, matrix: np.ndarray) -> tuple[np.ndarray, float]:
            found, baseline = super().contributions(matrix)
            return found, baseline + 1e-6

    wrong = Wrong(**{name: getattr(fitted, name) for name in Model.__dataclass_fields__})
    assert not contributions_exact(wrong, wrong.matrix(FRESH)).passed


# files


@pytest.fixture(scope="module")
def written(fitted: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("model")
    return folder, fitted.write(folder, {"report.json": '{"of": "this model"}'})


def copied(written: tuple[Path, str], target: Path) -> Path:
    target.mkdir(exist_ok=True)
    for file in written[0].iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    return target


def test_what_is_read_is_what_was_written(fitted: Model, written: tuple[Path, str]) -> None:
    found = Model.read(*written)
    assert found == fitted
    assert found.probability(FRESH).tolist() == fitted.probability(FRESH).tolist()


def test_the_same_model_has_the_same_digest_and_another_has_another(
    fitted: Model, written: tuple[Path, str], tmp_path: Path
) -> None:
    assert fitted.write(tmp_path / "a", {"report.json": '{"of": "this model"}'}) == written[1]
    assert replace(fitted, blend=0.5).write(tmp_path / "b") != written[1]


def test_model_files_are_text_and_json_and_hold_no_pickle(written: tuple[Path, str]) -> None:
    names = {file.name for file in written[0].iterdir()}
    assert names == {"trees.txt", "model.json", "agreement.toml", "manifest.json", "report.json"}
    for file in written[0].iterdir():
        content = file.read_bytes()
        assert content.decode("ascii" if file.name != "agreement.toml" else "utf-8")
        assert b"\x80" not in content  # how every pickle of protocol 2 and later begins
        assert not is_pickle(content)
    assert json.loads((written[0] / FACTS).read_text())["facts"]["basis"] == "full"


def is_pickle(content: bytes) -> bool:
    try:
        return bool(list(pickletools.genops(content)))
    except ValueError:
        return False


FILES = ("trees.txt", "model.json", "agreement.toml", "manifest.json", "report.json")


@given(st.sampled_from(FILES), st.floats(0, 1, exclude_max=True), st.integers(0, 7))
def test_a_flipped_bit_in_any_file_is_found(
    written: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory, file: str, place: float, bit: int
) -> None:
    folder = copied(written, tmp_path_factory.getbasetemp() / "flipped")
    content = bytearray((folder / file).read_bytes())
    content[int(place * len(content))] ^= 1 << bit
    (folder / file).write_bytes(content)
    with pytest.raises(ModelDamaged, match=file.replace(".", r"\.")) as damaged:
        Model.read(folder, written[1])
    assert damaged.value.code == "model_damaged"
    assert "promote the model again" in str(damaged.value)


@pytest.mark.parametrize("file", FILES)
def test_a_missing_or_cut_file_is_found(written: tuple[Path, str], tmp_path: Path, file: str) -> None:
    folder = copied(written, tmp_path / "cut")
    (folder / file).write_bytes((folder / file).read_bytes()[:-1])
    with pytest.raises(ModelDamaged):
        Model.read(folder, written[1])
    (folder / file).unlink()
    with pytest.raises(ModelDamaged):
        Model.read(folder, written[1])


def test_a_folder_that_is_not_there_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelDamaged, match="cannot be read as a model"):
        Model.read(tmp_path / "nowhere")


def test_another_model_that_is_whole_is_not_the_registered_one(
    fitted: Model, written: tuple[Path, str], tmp_path: Path
) -> None:
    replace(fitted, blend=0.5).write(tmp_path)
    with pytest.raises(ModelDamaged, match="is not the registered one"):
        Model.read(tmp_path, written[1])


@pytest.mark.parametrize("change", [{"columns": [{"odd": 1}]}, {"linear": 7}, {"calibrator": {}}])
def test_a_model_of_another_version_is_refused_in_words(
    written: tuple[Path, str], tmp_path: Path, change: Mapping[str, Any]
) -> None:
    folder = copied(written, tmp_path / "older")
    facts = json.loads((folder / FACTS).read_text()) | dict(change)
    (folder / FACTS).write_text(json.dumps(facts))
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"].pop(FACTS)
    (folder / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(ModelDamaged, match="train and promote again"):
        Model.read(folder)


@pytest.fixture(scope="module")
def judged(fitted: Model) -> Model:
    return replace(fitted, blend=0.5, calibrator=Calibrator(0.8, -0.3))


@pytest.fixture(scope="module")
def two_models(fitted: Model, judged: Model, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("two_models")
    return folder, fitted.write(folder, judged.texts(JUDGED))


def test_one_folder_holds_the_served_model_and_the_judged_one_below_it(
    fitted: Model, judged: Model, two_models: tuple[Path, str]
) -> None:
    assert Model.read(*two_models) == fitted
    assert Model.read(*two_models, JUDGED) == Model.read_judged(*two_models) == judged
    assert (two_models[0] / "judged" / "trees.txt").is_file()
    assert holds_part(two_models[0], JUDGED)


def test_a_folder_of_one_model_was_judged_by_what_it_serves(fitted: Model, written: tuple[Path, str]) -> None:
    assert not holds_part(written[0], JUDGED)
    assert Model.read_judged(*written) == fitted
    with pytest.raises(ModelDamaged, match=r"judged/model\.json"):
        Model.read(*written, JUDGED)


def test_a_damaged_part_damages_the_version(two_models: tuple[Path, str], tmp_path: Path) -> None:
    folder = shutil.copytree(two_models[0], tmp_path / "copy")
    (folder / "judged" / "trees.txt").write_text("something else")
    with pytest.raises(ModelDamaged, match=r"judged/trees\.txt"):
        Model.read(folder, two_models[1])


def test_trees_are_lightgbms_own_text(fitted: Model, written: tuple[Path, str]) -> None:
    assert (written[0] / TREES).read_text().startswith("tree\nversion=")
    assert fitted.trees.count("Tree=") > 5
