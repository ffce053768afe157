"""An export of each shape, from `init` to the sheet, as somebody types it who has never seen the product."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_line import Shell
from crm_exports import PERSONAL, Market, german, hubspot, pipedrive, salesforce

from features.agreement.agreement import Agreement

Export = Callable[[Market, Path], Path]
ADDRESS_OR_PHONE = re.compile(r"@|\+49 \d|\b030 \d|\d{8}")  # as the exports write them


def score_of(probability: float, scored: pd.DataFrame) -> float:
    """The score that belongs to a probability, by the scale that the sheet's own rows stand on, rounded scores."""
    log_odds = 10 * np.log2(scored["probability"] / (1 - scored["probability"]))
    return float(10 * math.log2(probability / (1 - probability)) + (scored["score"] - log_odds).median())


@pytest.fixture
def shell(capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capfd)


@pytest.mark.parametrize(
    ("export", "asked", "status", "over"),
    [
        (hubspot, ("--from", "hubspot"), "Lead Status", ["Connected", "Unqualified"]),
        (salesforce, ("--from", "salesforce"), "Status", ["Closed - Converted", "Closed - Not Converted"]),
        (german, ("--outcome", "Status", "--positive", "Gewonnen"), "Status", ["Gewonnen", "Verloren"]),
    ],
    ids=["hubspot", "salesforce", "german"],
)
def test_an_export_becomes_a_sheet_of_whom_to_call(
    shell: Shell,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    export: Export,
    asked: tuple[str, ...],
    status: str,
    over: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "home"))
    file = str(export(Market.drawn(datetime.now(UTC)), tmp_path))
    for words in (
        ("init", file, *asked),
        ("ingest", file, "--agreement", "agreement.toml"),
        ("train", "--promote"),
        ("score", file, "--out", "leads.xlsx"),
    ):
        done = shell(*words)
        assert done.status == 0, done.err
        assert "error of Leadlight itself" not in done.err
    scored = pd.read_excel(tmp_path / "leads.xlsx")
    assert len(scored) == 300
    # Nothing that tells who somebody is stands in a reason, and no model learned from it.
    for reasons in scored["reasons"]:
        assert not PERSONAL & set(re.findall(r"\w+", reasons))
        assert not ADDRESS_OR_PHONE.search(reasons)
    # Customers are not recommended, nor is who is known to be lost.
    is_over = scored[status].isin(over)
    decided = scored.groupby(is_over)["decision"].agg(set)
    assert "sales_ready" in decided[False]
    assert "sales_ready" not in decided[True]
    # Scores of 1 and 99 stand for less and for more than they say, so they do not show the scale.
    scored = scored.astype({"probability": float, "score": float})
    inside = scored[scored["score"].between(2, 98)]
    assert 47 <= score_of(scored.loc[~is_over, "probability"].mean(), inside) <= 53


def test_where_leads_convert_soon_a_model_of_few_outcomes_is_true_of_new_and_of_open_leads(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "home"))
    market = Market.drawn(datetime.now(UTC), seed=3, rows=400)
    file = str(pipedrive(market, tmp_path))
    for words in (
        ("init", file, "--outcome", "Deal - Status", "--positive", "Won"),
        ("ingest", file, "--agreement", "agreement.toml"),
        ("train", "--promote"),
    ):
        done = shell(*words)
        assert done.status == 0, done.err
    agreement = Agreement.read("agreement.toml")
    assert (agreement.export and agreement.export.lost_at) == "Deal - Lost time"
    assert agreement.outcome.within_days == 30
    assert 40 <= market.leads["won"].sum() < 100
    (tmp_path / "new").mkdir()
    is_open = ~(market.leads["won"] | market.leads["lost"]).to_numpy()
    for leads, path, asked in (
        (market, file, is_open),
        (market.just_arrived(), str(pipedrive(market.just_arrived(), tmp_path / "new")), slice(None)),
    ):
        assert shell("score", path, "--out", "scored.csv").status == 0
        said = pd.read_csv("scored.csv")["probability"].to_numpy(float)[asked]
        assert 0.8 <= said.mean() / leads.chance(30)[asked].mean() <= 1.25
