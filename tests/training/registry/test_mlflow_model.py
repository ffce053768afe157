"""A version is a model of MLflow's too: loaded and served by MLflow, it says what our API says of the same lead."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import mlflow.pyfunc
import numpy as np
import pandas as pd
import psutil
import pytest
from api_in_process import call, served
from drawn_snapshots import looks
from handmade_events import LATER, SMALL
from mlflow.exceptions import MlflowException
from repository import ROOT
from service_process import OFFLINE, PATIENCE_S
from throwaway_servers import free_port

from features.agreement.versions import save_version
from features.home.database import engine
from features.home.settings import Home, Settings
from serving.scoring.points import logit
from training.fit.fit import fitted_model
from training.model.calibrator import Calibrator
from training.model.manifest import MANIFEST, ModelDamaged
from training.registry.mlflow_model import SIGNATURE_FILE, mlflow_signature
from training.registry.mlflow_registry import ModelRegistry
from training.registry.promotion import promote

pytestmark = pytest.mark.slow


def visit(days_ago: float, n: int) -> dict[str, Any]:
    moment = (LATER - timedelta(days=days_ago)).isoformat()
    return {"type": "page", "timestamp": moment, "messageId": f"m{n}", "properties": {"path": "/pricing"}}


LEADS: list[dict[str, Any]] = [
    {"traits": {"industry": "software", "employees": 310}, "events": [visit(2, 1), visit(9, 2)]},
    {"traits": {"industry": "mining", "is_partner": True}, "client_reference_id": "a"},
    {"events": [visit(40, 1)]},
]


@dataclass(frozen=True)
class Registered:
    """A version in MLflow that a home serves, and where MLflow keeps it."""

    home: Home
    folder: Path
    version: str

    @property
    def uri(self) -> str:
        return f"models:/{SMALL.name}/{self.version}"

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.folder / 'mlruns' / 'mlflow.db'}"

    def load(self) -> Any:
        return mlflow.pyfunc.load_model(self.uri)


@pytest.fixture(scope="module")
def registered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registered]:
    folder = tmp_path_factory.mktemp("registered")
    home = Home(folder / "home", Settings()).created()
    save_version(home, SMALL, LATER)
    fitted = replace(fitted_model(looks(300, 1), SMALL, seed=7), blend=0.5, calibrator=Calibrator(0.9, -0.1))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
        registry = ModelRegistry(SMALL.name)
        _, version = registry.register(fitted, {}, {}, {SIGNATURE_FILE: mlflow_signature(fitted)}, {})
        promote(home, registry, version, "a test", LATER)
        found = Registered(home, folder, version)
        patch.setenv("MLFLOW_TRACKING_URI", found.tracking_uri)
        mlflow.set_tracking_uri(found.tracking_uri)
        yield found
        mlflow.set_tracking_uri(None)
    engine(home.database_url).dispose()


@pytest.fixture(scope="module")
def answered(registered: Registered) -> list[dict[str, Any]]:
    """What our API answers of LEADS; its `as_of` says for which moment."""
    _, app = served(registered.home)
    answer = call(app, "POST", "/v1/scores", json={"leads": LEADS})
    assert answer.status_code == 200, answer.text
    scores: list[dict[str, Any]] = answer.json()["data"]
    return scores


def test_a_loaded_version_says_what_the_api_says(registered: Registered, answered: list[dict[str, Any]]) -> None:
    said = registered.load().predict(pd.DataFrame(LEADS), params={"as_of": answered[0]["as_of"]})
    assert list(said.columns) == ["probability"]
    assert said["probability"].tolist() == pytest.approx([a["probability"] for a in answered], abs=1e-9)
    assert said["probability"].nunique() == len(LEADS)


def test_contributions_and_baseline_are_those_of_the_api_and_sum_to_the_logit(registered: Registered) -> None:
    said = registered.load().predict(pd.DataFrame(LEADS), params={"contributions": True, "as_of": LATER.isoformat()})
    for row in said.to_dict("records"):
        assert row["baseline"] + sum(row["contributions"].values()) == pytest.approx(
            logit(row["probability"]), abs=1e-9
        )
    assert said["contributions"][0]["pricing_page"] > 0
    assert "industry" in said["contributions"][1]


def test_cells_may_be_what_parquet_makes_of_them(registered: Registered, tmp_path: Path) -> None:
    frame, params = pd.DataFrame(LEADS[:2]), {"as_of": LATER.isoformat()}
    frame.to_parquet(tmp_path / "leads.parquet")
    read = pd.read_parquet(tmp_path / "leads.parquet")
    assert isinstance(read["events"][0], np.ndarray)  # and traits that only one lead has are None in the other
    loaded = registered.load()
    assert loaded.predict(read, params=params).equals(loaded.predict(frame, params=params))


def test_a_lead_without_a_fact_has_no_made_up_probability(registered: Registered) -> None:
    said = registered.load().predict(pd.DataFrame([{"traits": {}}, LEADS[1]]))
    assert said["probability"][0] is None
    assert said["probability"][1] > 0


@pytest.mark.parametrize(
    ("frame", "wrong"),
    [
        ([{"lead_id": "L-1"}], "neither a column traits nor one of events"),
        ([{"traits": None, "events": None}], "row 0 has neither traits nor events"),
        ([{"traits": {}}, {"traits": "software"}], "row 1: traits is str"),
        ([{"events": {"type": "page"}}], "row 0: events is no list of events"),
        ([{"events": [{"type": "shout"}]}], "shout"),
    ],
)
def test_a_frame_that_cannot_be_read_says_which_row_and_why(registered: Registered, frame: Any, wrong: str) -> None:
    with pytest.raises(MlflowException, match=wrong):
        registered.load().predict(pd.DataFrame(frame))


def test_a_moment_that_cannot_be_read_is_refused(registered: Registered) -> None:
    with pytest.raises(MlflowException, match="as_of is 'soon'; give a moment"):
        registered.load().predict(pd.DataFrame(LEADS), params={"as_of": "soon"})


def test_the_description_of_a_version_is_one_of_its_files_and_the_same_each_time(registered: Registered) -> None:
    with ModelRegistry(SMALL.name).files(registered.version) as (files, _):
        assert SIGNATURE_FILE in (files / MANIFEST).read_text()
        text = (files / SIGNATURE_FILE).read_text()
    fitted = replace(fitted_model(looks(300, 1), SMALL, seed=7), blend=0.5)
    assert text == mlflow_signature(fitted)


def test_a_damaged_version_is_not_loaded(registered: Registered, tmp_path: Path) -> None:
    from mlflow.artifacts import download_artifacts

    folder = Path(download_artifacts(registered.uri, dst_path=str(tmp_path)))
    file = folder / "model.json"
    file.write_text(file.read_text().replace("1", "2", 1))
    with pytest.raises(ModelDamaged, match=r"model\.json does not have the SHA-256"):
        mlflow.pyfunc.load_model(str(folder))


def test_mlflow_serves_a_version_and_it_says_what_the_api_says(
    registered: Registered, answered: list[dict[str, Any]]
) -> None:
    wanted = pytest.approx([a["probability"] for a in answered], abs=1e-9)
    params = {"as_of": answered[0]["as_of"], "contributions": True}
    with mlflow_server(registered) as ask:
        for form in ("dataframe_records", "inputs"):
            said = ask({form: LEADS, "params": params})
            assert [row["probability"] for row in said["predictions"]] == wanted
        assert set(said["predictions"][0]) == {"probability", "baseline", "contributions"}
        split = {"columns": ["traits"], "data": [[LEADS[1]["traits"]], [{}]]}
        assert [row["probability"] for row in ask({"dataframe_split": split, "params": params})["predictions"]] == [
            wanted.expected[1], None,
        ]  # fmt: skip
        assert "row 0: traits is str" in ask({"dataframe_records": [{"traits": "software"}]})["message"]


@contextmanager
def mlflow_server(registered: Registered) -> Iterator[Callable[[Any], Any]]:
    """`mlflow models serve` of the version in processes of its own, and how to ask it."""
    port = free_port()
    command = [str(Path(sys.executable).parent / "mlflow"), "models", "serve", "-m", registered.uri]
    command += ["--port", str(port), "--env-manager", "local"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | OFFLINE | {"PATH": path, "PYTHONPATH": str(ROOT)}
    log = registered.folder / "mlflow.log"
    with log.open("wb") as written:
        process = subprocess.Popen(command, env=env, cwd=registered.folder, stdout=written, stderr=written)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}/ping", process, log)
        yield lambda body: httpx.post(f"http://127.0.0.1:{port}/invocations", json=body, timeout=60).json()
    finally:
        end_all(process)


def wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends and process.poll() is None:
        try:
            httpx.get(url).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.2)
        else:
            return
    end_all(process)
    pytest.fail(log.read_text())


def end_all(process: subprocess.Popen[bytes]) -> None:
    """End the command and the server that it started."""
    if process.poll() is None:
        started = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
        for each in started:
            each.terminate()
        psutil.wait_procs(started[:-1], 30)
        process.wait(30)
