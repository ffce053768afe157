"""GET /v1/agreement: what was agreed and by whom, for programs and for people."""

from __future__ import annotations

import pytest
from api_in_process import STRANGER, call, problem, served
from home_of_two_leads import NOW, small_home

from features.agreement.kept_signatures import sign_kept
from serving.api.schemas import AgreementAnswer


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    home = small_home(tmp_path_factory.mktemp("agreed"))
    sign_kept(home, "Ann <script>", "marketing", NOW)
    return served(home)[1]


def test_the_agreement_is_answered_with_its_digests_and_who_signed_it(app):
    answered = call(app, "GET", "/v1/agreement")
    assert answered.status_code == 200
    agreed = AgreementAnswer.model_validate(answered.json())
    assert (agreed.version, agreed.live, agreed.signatures_missing) == (2, False, ["sales"])
    assert agreed.why_not_live == "not signed by sales; run: leadlight agreement sign --by NAME --side sales"
    (one,) = agreed.signatures
    assert (one.by, one.is_of_this_text, one.digest) == ("Ann <script>", True, agreed.digests.signed)
    assert "[policy]" in agreed.text


def test_a_browser_gets_it_as_a_page_that_runs_and_loads_nothing(app):
    answered = call(app, "GET", "/v1/agreement", headers={"Accept": "text/html,application/xhtml+xml"})
    assert answered.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answered.headers["content-security-policy"]
    assert "Ann &lt;script&gt;" in answered.text
    assert "<script" not in answered.text


def test_a_stranger_learns_nothing_of_it(app):
    assert problem(call(app, "GET", "/v1/agreement", client=STRANGER), 401, "key_needed")
    assert problem(call(app, "GET", "/v1/agreement?version=1"), 422, "unknown_parameter")
