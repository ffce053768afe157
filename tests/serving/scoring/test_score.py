"""A score is its explanation: what a rep reads is what was computed, for stored leads, files and what-ifs alike."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest

import leadlight
from features.agreement.agreement import Agreement
from features.agreement.versions import NOT_KEPT, AgreementVersion, save_version
from features.home.deployments import deployments
from features.home.settings import Home, Settings
from serving.intake.file_import import ingest
from serving.scoring.answer import SCORE_FIELDS
from serving.scoring.bar import FirstCrossings
from serving.scoring.bulk import home_scores, open_leads, write_scores
from serving.scoring.inline_leads import NotInline
from serving.scoring.points import logit
from serving.scoring.scorer import Scorer
from serving.scoring.trial import Trial, trial
from training.model.model import ModelDamaged
from training.pipeline import train
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote
from training.simulation.simulation import Market, simulate

pytestmark = pytest.mark.slow

END = datetime(2026, 10, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def market() -> Market:
    return simulate(1_500, 3, END)


@pytest.fixture(scope="module")
def home(market: Market, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A market of 1,500 leads, learned and served."""
    folder = tmp_path_factory.mktemp("market")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder / 'mlflow.db'}")
        patch.chdir(folder)
        market.write(folder / "market")
        home = Home(folder / "home", Settings())
        kept = save_version(home, Agreement.default(), END)
        ingest(home, [folder / "market" / "events.parquet"], kept, END + timedelta(seconds=1))
        candidate = train(home, kept, END, seed=3)
        promote(home, ModelRegistry(kept.agreement.name), candidate.register()[1], "test", END)
        return home


@pytest.fixture(scope="module")
def scored(home: Home) -> list[dict]:
    return [score for chunk in home_scores(home, END, None) for score in chunk]


def test_contributions_and_baseline_sum_to_the_logit_for_every_lead(scored: list[dict]) -> None:
    assert len(scored) == 1_500
    for score in scored:
        total = score["baseline"] + sum(reason["contribution"] for reason in score["reasons"])
        assert total == pytest.approx(logit(score["probability"]), abs=1e-6)


def test_points_add_up_to_the_score_of_every_lead(scored: list[dict]) -> None:
    for score in scored:
        exact = score["base_points"] + sum(reason["points"] for reason in score["reasons"])
        assert exact == pytest.approx(score["base_points"] + score["fit_points"] + score["engagement_points"], abs=1e-9)
        assert score["score"] == min(max(round(exact), 1), 99)


def test_every_score_has_the_shape_of_the_contract(scored: list[dict]) -> None:
    assert all(tuple(score) == SCORE_FIELDS for score in scored)
    assert {score["status"] for score in scored} == {"scored"}


def test_an_interval_holds_its_probability(scored: list[dict]) -> None:
    assert all(low <= score["probability"] <= high for score in scored for low, high in [score["interval"]])


def test_no_reason_names_a_person(scored: list[dict]) -> None:
    assert not any("@" in reason["text"] for score in scored for reason in score["reasons"])


def test_leads_that_sales_tried_are_not_handed_over_again(scored: list[dict]) -> None:
    decisions = pd.Series([score["decision"] for score in scored]).value_counts()
    assert 0 < decisions["with_sales"] < 300  # an attempt of long ago is no relation
    hot = open_leads(scored)
    assert {score["decision"] for score in hot} <= {"sales_ready", "nurture", "needs_data"}
    assert [score["probability"] for score in hot] == sorted((s["probability"] for s in hot), reverse=True)


def test_only_so_many_new_leads_cross_the_bar_as_agreed(home: Home, scored: list[dict]) -> None:
    """The bar counts first crossings of new leads: of the stock of one moment fewer are over it, as those went over."""
    scoring = Scorer(home).scoring
    crossings = FirstCrossings.of_facts(scoring.model.facts)
    assert crossings.over(scoring.bar) / crossings.arrivals == pytest.approx(0.10, abs=0.02)
    in_hand = open_leads(scored)
    assert sum(score["probability"] >= score["threshold"] for score in in_hand) / len(in_hand) <= 0.12


def test_an_agreement_on_trial_decides_with_the_model_that_is_served_and_moves_nothing(
    home: Home, scored: list[dict]
) -> None:
    bar = Scorer(home).scoring.bar
    text = Agreement.default().text

    def tried(old: str, new: str) -> Trial:
        return trial(home, AgreementVersion(Agreement.parse(text.replace(old, new)), NOT_KEPT), END)

    wider = tried("{ share = 0.10 }", "{ share = 0.30 }")
    assert wider.now == {score["lead_id"]: score["decision"] for score in scored}
    ready_now, ready_then = wider.counts()["sales_ready"]
    assert ready_then > ready_now
    assert sum(wider.moves().values()) >= ready_then - ready_now
    assert (wider.bars[0], wider.is_part_2_alone, wider.has_another_model) == (bar, False, False)
    part_1 = tried('"/careers*"', '"/nowhere*"')
    assert (part_1.tried, part_1.is_part_2_alone) == (part_1.now, True)
    assert Scorer(home).scoring.bar == bar


def test_the_online_and_the_offline_door_give_one_score(home: Home, scored: list[dict]) -> None:
    asked = [{"lead_id": score["lead_id"]} for score in scored[:200]]
    online = Scorer(home).scores(asked, END, None)
    assert [s["probability"] for s in online] == pytest.approx([s["probability"] for s in scored[:200]], rel=1e-9)
    assert [s["decision"] for s in online] == [s["decision"] for s in scored[:200]]


def test_trend_is_the_change_of_the_logit_over_a_week(home: Home, scored: list[dict]) -> None:
    earlier = {s["lead_id"]: s for chunk in home_scores(home, END - timedelta(days=7), 0) for s in chunk}
    signs = {"improving": 1, "declining": -1, "steady": 0}
    compared = [
        (signs[score["trend"]], logit(score["probability"]) - logit(earlier[score["lead_id"]]["probability"]))
        for score in scored
        if score["trend"] != "not_enough_info" and score["lead_id"] in earlier
    ]
    agreeing = sum(sign == (change >= 0.25) - (change <= -0.25) for sign, change in compared)
    # What was recorded late, and traits that changed, make the week as it was known differ from the week as it was.
    assert agreeing / len(compared) > 0.97


def test_a_lead_is_found_by_its_e_mail_and_its_crm_id(home: Home) -> None:
    known = Scorer(home).scores([{"lead_id": "L-00001"}, {"email": "nobody@nowhere.example"}], END)
    assert known[0]["status"] == "scored"
    assert known[1]["status"] == "unknown_lead"
    assert known[1]["probability"] is None


def test_a_lead_without_any_fact_needs_data(home: Home) -> None:
    score = Scorer(home).scores([{"traits": {}}], END)[0]
    assert (score["decision"], score["probability"], score["score"]) == ("needs_data", None, None)


def test_an_objection_to_profiling_leaves_no_number(home: Home) -> None:
    score = Scorer(home).scores([{"traits": {"profiling_opt_out": True, "job_title": "CEO"}}], END)[0]
    assert score["status"] == "no_profiling"
    assert score["probability"] is None
    assert score["reasons"] == []


def test_one_more_pricing_view_never_lowers_the_score(home: Home) -> None:
    page = {"type": "page", "timestamp": (END - timedelta(days=1)).isoformat(), "properties": {"path": "/pricing"}}
    asked = [{"events": [page] * n, "traits": {"employees": 200}} for n in range(5)]
    for lead in asked:
        lead["events"] = [event | {"messageId": f"m{i}"} for i, event in enumerate(lead["events"])]
    said = [score["probability"] for score in Scorer(home).scores(asked, END)]
    assert said == sorted(said)


def test_a_damaged_model_file_is_refused_and_the_last_good_one_goes_on_serving(home: Home) -> None:
    scorer = Scorer(home)
    before = scorer.scores([{"lead_id": "L-00001"}], END)[0]
    newest = deployments(home)[0]
    file = newest.folder(home) / "model.json"
    good = file.read_bytes()
    try:
        file.write_bytes(good[:100] + bytes([good[100] ^ 1]) + good[101:])
        with pytest.raises(ModelDamaged, match=r"model\.json does not have the SHA-256"):
            Scorer(home).refresh()
        assert scorer.scores([{"lead_id": "L-00001"}], END)[0] == before
    finally:
        file.write_bytes(good)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "xlsx"])
def test_scores_are_written_as_the_file_name_says(ending: str, scored: list[dict], tmp_path: Path) -> None:
    path = tmp_path / f"scores.{ending}"
    write_scores(scored[:50], path)
    if ending == "jsonl":
        assert json.loads(path.read_text().splitlines()[0]) == json.loads(json.dumps(scored[0]))
        return
    readers = {"csv": pd.read_csv, "parquet": pd.read_parquet, "xlsx": pd.read_excel}
    table = readers[ending](path)
    if ending == "xlsx":  # sorted best first
        table = table.set_index("lead_id").loc[[score["lead_id"] for score in scored[:50]]].reset_index()
    assert list(table["lead_id"]) == [score["lead_id"] for score in scored[:50]]
    assert table["probability"].tolist() == pytest.approx([score["probability"] for score in scored[:50]])
    assert scored[0]["reasons"][0]["text"] in table["reasons"][0]


def test_scored_parquet_has_one_type_per_column_and_says_by_which_model_and_agreement(
    scored: list[dict], tmp_path: Path
) -> None:
    """Also where a column is all empty, or files of two days could not be read as one table."""
    whole, empty = tmp_path / "whole.parquet", tmp_path / "empty.parquet"
    write_scores(scored[:50], whole)
    write_scores([dict.fromkeys(scored[0]) | {name: scored[0][name] for name in ("reasons", "agreement")}], empty)
    schema = pq.read_schema(whole)
    assert schema.equals(pq.read_schema(empty))
    assert {str(schema.field(name).type) for name in ("as_of", "look_again_at")} == {"timestamp[us, tz=UTC]"}
    table = pd.read_parquet(whole)
    assert set(table["model_version"]) == {scored[0]["model"]["version"]}
    assert set(table["agreement_version"]) == {scored[0]["agreement"]["version"]}
    assert table["as_of"][0] == END


def test_a_frame_of_leads_is_scored_by_name_or_inline_and_keeps_its_index(home: Home, scored: list[dict]) -> None:
    named = [score["lead_id"] for score in scored[3:1:-1]]
    by_name = leadlight.score(frame_of(home, {"lead_id": named}), reasons=0)
    assert by_name["lead_id"].tolist() == named
    inline = leadlight.score(
        frame_of(home, {"traits": [{"industry": "software"}, {}], "mine": ["x", "y"]}).set_index("mine")
    )
    assert inline["decision"].to_dict() == {"x": inline["decision"]["x"], "y": "needs_data"}
    assert inline["probability"].isna().to_dict() == {"x": False, "y": True}
    with pytest.raises(NotInline, match=r"found: industry.*has no \[export\]"):
        leadlight.score(frame_of(home, {"industry": ["software"]}))
    assert leadlight.NotebookHome(home).score(pd.DataFrame({"lead_id": named}))["lead_id"].tolist() == named


def frame_of(home: Home, columns: dict) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    frame.attrs["home"] = str(home.path)
    return frame


def test_a_text_that_a_spreadsheet_would_run_is_quoted(scored: list[dict], tmp_path: Path) -> None:
    write_scores([scored[0] | {"campaign": "=cmd()"}], tmp_path / "scores.csv")
    assert pd.read_csv(tmp_path / "scores.csv")["campaign"][0] == "'=cmd()"


def test_serving_needs_neither_mlflow_nor_shap(home: Home) -> None:
    code = (
        "import sys; from datetime import UTC, datetime; from features.home.settings import Home, Settings;"
        "from serving.scoring.scorer import Scorer; from pathlib import Path;"
        f"s = Scorer(Home(Path({str(home.path)!r}), Settings())).scores([{{'lead_id': 'L-00001'}}], datetime.now(UTC));"
        "assert s[0]['status'] == 'scored'; print(sorted({'mlflow', 'shap'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_probabilities_are_near_the_truth(market: Market, scored: list[dict]) -> None:
    truth = market.truth
    end = truth[truth["is_end"]].dropna(subset="as_things_are").set_index("lead_id")["as_things_are"]
    said = pd.Series({score["lead_id"]: score["probability"] for score in scored}).reindex(end.index)
    assert math.isclose(said.mean(), end.mean(), abs_tol=0.03)
    assert said.corr(end, method="spearman") > 0.3
