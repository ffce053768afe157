"""The service as operators run it: from the repo, and from a bento that was built without a network."""

from __future__ import annotations

import ast
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from home_of_two_leads import NOW, empty_home, small_home
from repository import ROOT
from service_process import Served, surroundings
from throwaway_servers import free_port

from features.home.errors import LeadlightError
from serving.http.keys import Keys
from serving.logs import without_secrets
from serving.server import environment, listening, serve

pytestmark = pytest.mark.slow

POSTGRES = "postgresql+psycopg://leadlight:secret@db/leads"
FROM_REPO = "from features.home.settings import Home; from serving.server import serve; serve(Home.open(), port={port})"


@pytest.fixture(scope="module", params=["repo", "bento"])
def service(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    env, port = surroundings(folder, small_home(folder).path), free_port()
    if request.param == "repo":
        command = [sys.executable, "-c", FROM_REPO.format(port=port)]
        env["PYTHONPATH"] = str(ROOT)
    else:
        build = [sys.executable, "-m", "bentoml", "build"]
        built = subprocess.run(build, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stderr
        assert "Tracking Payload" not in built.stdout + built.stderr
        command = [
            sys.executable,
            "-m",
            "bentoml",
            "serve",
            "leadlight:latest",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
        ]
    started = Served(command, folder, env, port)
    started.kind, started.folder = request.param, folder
    yield started
    started.stop()


def test_the_public_api_is_there_with_bentomls_own_routes(service):
    for path in ("/livez", "/readyz", "/healthz", "/metrics", "/docs.json", "/v1/openapi.json", "/v1/models"):
        answered = service.get(path)
        assert answered.status_code == 200, path
        assert answered.headers["x-request-id"]


def test_a_lead_is_scored_alike_by_the_public_and_the_native_api(service):
    public = service.get("/v1/leads/L-1/score").json()
    (native,) = service.post("/scores", json={"leads": [{"lead_id": "L-1"}]}).json()
    later = {"as_of", "expires_at", "look_again_at"}
    assert {k: v for k, v in native.items() if k not in later} == {k: v for k, v in public.items() if k not in later}
    assert public["status"] == "scored"


def test_bentomls_client_asks_for_scores(service):
    ask = f"""
import bentoml
with bentoml.SyncHTTPClient({service.url!r}) as client:
    print(client.scores(leads=[{{"lead_id": "L-1"}}, {{"lead_id": "nobody"}}], reasons=None))
    try:
        client.scores(leads=[{{"lead": "L-1"}}])
    except bentoml.exceptions.BentoMLException as error:
        print(str(error))
"""
    env = surroundings(service.folder, service.folder)
    said = subprocess.run([sys.executable, "-c", ask], env=env, capture_output=True, text=True, check=True).stdout
    scores, refused = said.strip().splitlines()
    assert [score["status"] for score in ast.literal_eval(scores)] == ["scored", "unknown_lead"]
    assert "did you mean lead_id?" in refused


@pytest.mark.parametrize(
    ("request_of", "status"),
    [
        ({"content": b'{"leads":[{"traits":{"employees":NaN}}]}'}, 422),
        ({"content": b'{"leads":[{"email":["ann@buyer.example"]}]}'}, 422),
        ({"content": b"{"}, 400),
        ({"content": b" " * (4 * 2**20 + 1)}, 413),
        ({"content": b"x", "headers": {"content-type": "application/vnd.bentoml+pickle"}}, 415),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data; boundary=x"}}, 415),
        ({"content": b"{}", "headers": {"x-forwarded-for": "127.0.0.1"}}, 401),
        ({"content": b"{}", "headers": {"authorization": "Bearer llk_no"}}, 401),
    ],
)
def test_the_native_api_refuses_in_bentomls_shape(service, request_of, status):
    answered = service.post("/scores", **request_of)
    assert answered.status_code == status
    assert list(answered.json()) == ["error"]
    assert answered.headers["x-request-id"]


def test_a_stranger_finds_health_and_figures_and_no_other_door(service):
    through_a_proxy = {"x-forwarded-for": "192.0.2.7"}
    for path in ("/livez", "/readyz", "/healthz", "/metrics", "/docs.json", "/v1/openapi.json", "/"):
        assert service.get(path, headers=through_a_proxy).status_code == 200, path
    for path in ("/scores", "/v1/models", "/v1/leads/L-1/score", "/anything"):
        assert service.get(path, headers=through_a_proxy).status_code == 401, path


def test_the_figures_name_routes_and_no_leads(service):
    service.get("/v1/leads/L-1/score")
    service.get("/v1/leads/somebody else/score")
    service.get("/guessed/L-1")
    figures = service.get("/metrics").text
    assert re.search(r'bentoml_service_request_total\{endpoint="/v1/leads/\{lead_id\}/score".*\} \d', figures)
    assert "bentoml_service_request_duration_seconds_bucket" in figures
    assert "L-1" not in figures
    assert "somebody" not in figures
    assert "guessed" not in figures


def test_the_first_page_loads_nothing_from_outside(service):
    assert "//" not in service.get("/").text.replace("http://127.0.0.1", "")


def test_broken_bodies_leave_nothing_personal_in_the_log(service):
    for body in ({"leads": "ann@buyer.example"}, {"leads": [{"email": 1, "traits": "ann@buyer.example"}]}):
        assert service.post("/scores", json=body).status_code == 422
        assert service.post("/v1/scores", json=body).status_code == 422
    assert "ann@buyer.example" not in service.log


def test_nothing_is_sent_home(service):
    assert "Tracking Payload" not in service.log


def test_a_bento_runs_the_code_it_holds(service):
    (code,) = re.findall(r'"code": "([^"]+)"', service.log)
    assert Path(code).is_relative_to(service.folder if service.kind == "bento" else ROOT)


# `leadlight serve`


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_other_machines_are_not_served_without_a_key(tmp_path, host):
    with pytest.raises(LeadlightError, match="leadlight keys create --scope scores:read"):
        serve(empty_home(tmp_path), host)


def test_a_revoked_key_is_no_key(tmp_path):
    keys = Keys(empty_home(tmp_path))
    keys.revoke(keys.create(["scores:read"], NOW).key_id, NOW)
    with pytest.raises(LeadlightError, match="no API key"):
        serve(keys.home, "0.0.0.0")


def test_a_taken_port_and_a_name_for_a_host_are_said_at_once(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(LeadlightError, match="choose another with --port"):
            serve(empty_home(tmp_path), port=other.getsockname()[1])
    with pytest.raises(LeadlightError, match="no IP address"):
        serve(empty_home(tmp_path), "leadlight.example")


def test_it_is_said_where_the_service_is_and_who_may_use_it():
    assert "http://127.0.0.1:3000 (this machine only" in listening("127.0.0.1", 3000, True)
    assert "http://[::]:80 (a key is needed" in listening("::", 80, False)


def test_each_home_has_bentomls_working_files_to_itself(tmp_path):
    made = environment(empty_home(tmp_path), 1, {"LEADLIGHT_HOME": "x", "OTHER": "kept"})
    assert made == {
        "OTHER": "kept",
        "LEADLIGHT_HOME": str(tmp_path / "nothing yet"),
        "BENTOML_HOME": str(tmp_path / "nothing yet" / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
    }


def test_a_relative_database_stays_where_it_was(tmp_path, monkeypatch):
    """The service runs in the repo's folder, whatever folder it was started from."""
    monkeypatch.chdir(tmp_path)
    for url, meant in (("sqlite:///leads.db", f"sqlite:///{tmp_path}/leads.db"), (POSTGRES, POSTGRES)):
        monkeypatch.setenv("LEADLIGHT_DATABASE_URL", url)
        assert environment(empty_home(tmp_path), 1, {})["LEADLIGHT_DATABASE_URL"] == meant


def test_workers_are_added_to_what_was_set(tmp_path):
    said = {"BENTOML_CONFIG_OVERRIDES": '{"services":{"Leadlight":{"backlog":100}}}'}
    made = environment(empty_home(tmp_path), 3, said)["BENTOML_CONFIG_OVERRIDES"]
    assert ast.literal_eval(made) == {"services": {"Leadlight": {"backlog": 100, "workers": 3}}}
    with pytest.raises(LeadlightError, match="--workers is 0"):
        environment(empty_home(tmp_path), 0, {})


# What it is made of


def test_serving_starts_without_mlflow_and_shap():
    loaded = "import sys, serving.service, serving.scoring.scorer, serving.server; print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {"bentoml", "serving.scoring.scorer"} <= set(said.split())
    assert not {"mlflow", "shap"} & {name.partition(".")[0] for name in said.split()}


def test_a_bento_installs_what_the_lock_says():
    locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    versions = {(package["name"], package["version"]) for package in locked}
    lines = [line for line in (ROOT / "serving/requirements.txt").read_text().splitlines() if line[:1] != "#"]
    pinned = [tuple(line.partition(";")[0].strip().split("==")) for line in lines]
    assert set(pinned) <= versions
    (ours,) = [package for package in locked if package["name"] == "leadlight"]
    assert {needed["name"] for needed in ours["dependencies"]} <= {name for name, _ in pinned}


def test_a_key_in_a_log_line_is_cut_to_its_prefix():
    line = {"event": "refused llk_abcdefgh12345678-_", "exception": "secret whsec_abcdefgh1234=", "n": 1}
    assert without_secrets(None, "info", line) == {"event": "refused llk_...", "exception": "secret whsec_...", "n": 1}
