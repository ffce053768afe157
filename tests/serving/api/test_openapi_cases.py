"""Whatever the description of the API allows, and what it does not: no route answers with an error of the service."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import requests
from api_in_process import LOOPBACK, NOW, STRANGER, call, served
from home_of_two_leads import small_home
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, openapi

from features.home.database import engine
from serving.api.openapi import document
from serving.http.keys import SCOPES, Keys

EXAMPLES = 12  # of each route: with the callers below, a short look that finds what falls over at once
DESCRIBED = document("0")
ROUTES = {
    f"{method.upper()} {path}": (path, method, described["responses"])
    for path, methods in DESCRIBED["paths"].items()
    for method, described in methods.items()
}
CALLERS = ("this machine", "nobody", "unknown", *SCOPES)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Any, dict[str, str]]]:
    """What serves a home of two leads, its application, and by caller the key that it sends."""
    home = small_home(tmp_path_factory.mktemp("described"))
    keys = {scope: Keys(home).create([scope], NOW, scope).key for scope in SCOPES} | {"unknown": "llk_unknown"}
    live, app = served(home)
    yield live, app, keys
    engine(home.database_url).dispose()


def _answer(app: Any, case: Case, caller: str, keys: dict[str, str]) -> httpx.Response:
    """The answer to a case, sent as it is by a caller; `requests` writes it as schemathesis means it."""
    key = {"authorization": f"Bearer {keys[caller]}"} if caller in keys else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        asked = requests.Request(**case.as_transport_kwargs(base_url="http://127.0.0.1:3000")).prepare()
    body = asked.body.encode() if isinstance(asked.body, str) else asked.body
    headers = [(name, value) for name, value in asked.headers.items() if name.lower() not in ("host", "authorization")]
    client = LOOPBACK if caller == "this machine" else STRANGER
    return call(app, str(asked.method), asked.path_url, client, headers=dict(headers) | key, content=body)


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_no_described_route_falls_over(service: tuple[Any, Any, dict[str, str]], route: str) -> None:
    live, app, keys = service
    path, method, responses = ROUTES[route]
    operation = openapi.from_dict(DESCRIBED)[path][method.upper()]
    cases = st.one_of(*(operation.as_strategy(mode) for mode in GenerationMode))

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck), phases=[Phase.generate])
    @given(cases, st.sampled_from(CALLERS))
    def asked(case: Case, caller: str) -> None:
        live.refresh_keys()  # as a service does each second
        answered = _answer(app, case, caller, keys)
        assert answered.status_code < 500, (caller, case.as_curl_command(), answered.text)
        assert str(answered.status_code) in responses, (caller, case.as_curl_command(), answered.text)

    asked()
