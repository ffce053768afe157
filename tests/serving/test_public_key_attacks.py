"""Whoever reads the write key of a web page may say what visitors do, and moves no decision, label or lead with it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from api_in_process import NOW, call, served

from features.agreement.agreement import Agreement
from features.agreement.versions import current_version, save_version
from features.arrays import NOT_YET
from features.derived import derived_rows, leads_of
from features.events.event_table import read_events
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.identity.components import shared_addresses
from features.ledger.ledger import Ledger
from features.records.erasure import erase
from features.records.lead_record import lead_record
from features.records.trust import follow, not_followed
from serving.http.keys import Keys
from serving.scoring.scorer import Scorer

DAY = timedelta(days=1)
MAIL = "vera@buyer.example"


def _at(days: float) -> str:
    return (NOW - days * DAY).isoformat()


def _says(kind: str, who: str, days: float = 0.01, **said: Any) -> dict[str, Any]:
    return {
        "type": kind,
        "userId": who,
        "timestamp": _at(days),
        "messageId": f"{kind} {who} {days} {said}"[:100],
        **said,
    }


def _track(who: str, name: str, days: float = 0.01, **properties: Any) -> dict[str, Any]:
    return _says("track", who, days, event=name, properties=properties)


def _identify(who: str, days: float = 0.01, **traits: Any) -> dict[str, Any]:
    return _says("identify", who, days, traits=traits)


# vera is the hottest lead: the CRM knows her, and she asked for a demo. rex is another; acme is a customer.
CRM = [
    _identify("vera", 20, email=MAIL, crm="salesforce", crm_lead_id="00Q1", industry="software", employees=310,
              job_title="VP Sales", source="webinar", profiling_opt_out=False),
    _identify("rex", 20, email="rex@other.example", crm="salesforce", crm_lead_id="00Q2"),
    _says("group", "old customer", 20, groupId="acme.example", traits={"customer": True}),
]  # fmt: skip
WEB = [
    _track("vera", "Form Submitted", 1, form_type="demo"),
    _says("page", "vera", 1.5, properties={"path": "/pricing"}),
]
# The same while her demo request is too old to go over for: to ask beats what anybody says of her.
COOLER = [_track("vera", "Form Submitted", 15, form_type="demo"), WEB[1]]
EVIL = _identify("evil", email=MAIL)  # a new user with her address is she

ATTACKS: dict[str, list[dict[str, Any]]] = {
    "rejected": [_track("vera", "Lead Disqualified", reason="not_a_fit")],
    "rejected through her address": [EVIL, _track("evil", "Lead Disqualified", reason="bad_data")],
    "a customer": [_identify("vera", customer=True)],
    "a customer, spelt otherwise": [_identify("vera", company={"Customer": "yes"}, Customer=1)],
    "a customer in the context": [_says("identify", "vera", context={"traits": {"customer": True}})],
    "a customer's colleague": [_says("group", "vera", groupId="acme.example")],
    "a customer's colleague by mail": [EVIL, _identify("evil", 0.005, email="x@acme.example")],
    "a competitor": [EVIL, _identify("evil", 0.005, email="x@rival.example")],
    "one of ours": [_identify("vera", email="x@ourcompany.example")],
    "in an opportunity": [_track("vera", "Opportunity Created", amount=1)],
    "in an opportunity, by a trait": [_identify("vera", open={"opportunity": True})],
    "won": [_track("vera", "Opportunity Won")],
    "converted": [_track("vera", "Lead Converted", contact_id="003")],
    "with sales": [_track("vera", "Call Attempted", by="eve"), _track("vera", "Meeting Held", by="eve")],
    "merged into another": [_track("evil", "Lead Merged", previous_lead_id="vera")],
    "merged by the CRM's id": [_track("evil", "Lead Merged", crm_lead_id="00Q2", previous_crm_lead_id="00Q1")],
    "merged by an alias": [_says("alias", "evil", previousId="vera")],
    "claimed by the CRM's id": [_identify("evil", crm="salesforce", crm_lead_id="00Q1")],
    "claimed by the CRM's id long ago": [_identify("evil", 400, crm="salesforce", crm_lead_id="00Q1")],
    "another title": [_identify("vera", job_title="Intern", industry="farming", employees=1)],
    "another industry by her company": [_says("group", "vera", groupId="g", traits={"industry": "farming"})],
    "another source": [_says("page", "vera", 30, context={"campaign": {"source": "junk"}})],
}  # fmt: skip


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    made = Home(tmp_path / "home", Settings()).created()
    save_version(made, Agreement.default(), NOW - DAY)
    for name, scope in (("crm", "crm:write"), ("shop", "events:write")):
        tmp_path.joinpath(name).write_text(Keys(made).create([scope], NOW, name).key)
    yield made
    engine(made.database_url).dispose()


def _send(home: Home, key: str, *batch: dict[str, Any]) -> list[str]:
    """Send events with a key, from elsewhere; the codes of the warnings."""
    secret = home.path.parent.joinpath(key).read_text()
    _, app = served(home, _Quiet())
    headers = {"authorization": f"Bearer {secret}"}
    said = call(app, "POST", "/v1/batch", client=("192.0.2.7", 1), json={"batch": batch}, headers=headers)
    assert (said.status_code, said.json()["accepted"]) == (200, len(batch)), said.text
    return [one["code"] for one in said.json().get("warnings", ())]


class _Quiet:
    """A scorer that is not asked."""

    def refresh(self) -> None: ...

    def scores(self, *_: Any) -> list[Any]:
        return []


def _score(home: Home, lead: str = "vera") -> dict[str, Any]:
    scorer = Scorer(home)
    scorer.refresh()
    (score,) = scorer.scores([{"lead_id": lead}], NOW + DAY / 24, 3)
    return score


def _decided(home: Home) -> tuple[Any, ...]:
    score = _score(home)
    criteria = {name: level for name, level in score["criteria"]["levels"].items() if name != "need"}
    return score["lead_id"], score["status"], score["decision"], score["decision_code"], score["source"], criteria


def _learned(home: Home) -> dict[str, Any]:
    """Her milestones, from which labels follow."""
    agreement = current_version(home).agreement
    table = read_events(Ledger(home).chunks(), agreement)
    leads = leads_of(table, derived_rows(table, agreement), agreement).set_index("lead_id")
    names = ["converted_us", "rejected_us", "with_sales_us", "tried_us", "closed_us", "merged_us", "is_left_out"]
    return leads.loc["vera", names].to_dict()


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_public_key_moves_no_decision_and_no_label(home: Home, attack: str) -> None:
    _send(home, "crm", *CRM)
    _send(home, "shop", *WEB)
    decided, learned = _decided(home), _learned(home)
    assert decided[:4] == ("vera", "scored", "sales_ready", "asked_for_sales")
    assert learned["converted_us"] == learned["rejected_us"] == learned["with_sales_us"] == NOT_YET
    _send(home, "shop", *ATTACKS[attack])
    assert (_decided(home), _learned(home)) == (decided, learned)


TOLD = ("rejected", "a customer", "in an opportunity", "converted", "with sales", "merged into another")


@pytest.mark.parametrize("attack", TOLD)
def test_the_same_by_the_key_of_the_crm_is_followed(home: Home, attack: str) -> None:
    _send(home, "crm", *CRM)
    _send(home, "shop", *COOLER)
    decided = _decided(home)
    assert _send(home, "crm", *ATTACKS[attack]) == []
    assert _decided(home) != decided


@pytest.mark.parametrize("attack", TOLD)
def test_what_is_not_followed_is_said_and_followed_once_its_key_is_trusted(home: Home, attack: str) -> None:
    _send(home, "crm", *CRM)
    assert "not_trusted" in _send(home, "shop", *COOLER, *ATTACKS[attack])
    assert not_followed(home)["live:shop"].total() == len(ATTACKS[attack])
    before = _decided(home)
    assert follow(home, ["live:shop"]) == len(COOLER) + len(ATTACKS[attack])
    assert _decided(home) != before
    assert not_followed(home) == {}
    assert follow(home, ["live:shop"]) == 0


def test_leads_whom_only_a_web_page_knows_keep_their_first_address(home: Home) -> None:
    """Otherwise a second address under a new user id would put them among customers, competitors or our own people."""
    _send(home, "shop", _identify("vera", 2, email=MAIL), *WEB)
    for domain in ("acme.example", "rival.example", "ourcompany.example"):
        _send(home, "shop", EVIL | {"messageId": domain}, _identify("evil", 0.005, email=f"x@{domain}"))
        assert _score(home)["decision"] == "sales_ready"
        _send(home, "shop", _identify("evil", 900, email=f"x@{domain}"))  # it may say any time
        assert _score(home)["decision"] == "sales_ready"


def test_a_lead_whom_only_a_web_page_knows_becomes_no_customers_colleague(home: Home) -> None:
    _send(home, "crm", *CRM[1:])
    _send(home, "shop", _identify("vera", 2, email="vera@gmail.com"), *COOLER)
    _send(home, "shop", _says("group", "vera", groupId="acme.example"))
    assert _score(home)["decision"] != "existing_customer"
    _send(home, "crm", _says("group", "vera", 0.005, groupId="acme.example"))
    assert _score(home)["decision"] == "existing_customer"


def test_one_user_of_a_web_page_claims_no_list_of_addresses(home: Home) -> None:
    """Otherwise all leads that the CRM brings later would be one."""
    victims = [f"{name}@buyer.example" for name in ("ann", "bob", "cid")]
    _send(home, "shop", *(_identify("evil", 0.5 - place / 10, email=mail) for place, mail in enumerate(victims)))
    _send(home, "crm", *(_identify(f"00Q{place}", 0.1, email=mail) for place, mail in enumerate(victims)))
    with reading(home) as connection:
        leads = [lead_record(connection, Agreement.default(), mail).lead_id for mail in victims]
    assert leads == ["evil", "00Q1", "00Q2"]  # the first is hers: a visitor whom the CRM names later


@pytest.mark.parametrize(("mail", "many"), [(MAIL, 12), ("info@buyer.example", 4)])
def test_many_users_of_a_web_page_with_her_address_part_nothing_that_the_crm_joined(
    home: Home, mail: str, many: int
) -> None:
    """Otherwise ten identifies would make her address that of many, and her records strangers to one another."""
    _send(home, "crm", _identify("vera", 20, email=mail), _identify("00Q7", 10, email=mail), CRM[1])
    with reading(home) as connection:
        names = (mail, "00Q7", "vera")
        assert [lead_record(connection, Agreement.default(), name).lead_id for name in names] == ["vera"] * 3
    _send(home, "shop", *(_identify(f"evil {number}", 0.01, email=mail) for number in range(many)))
    with reading(home) as connection:
        assert [lead_record(connection, Agreement.default(), name).lead_id for name in names] == ["vera"] * 3
        assert lead_record(connection, Agreement.default(), "evil 0").lead_id == "evil 0"
        assert shared_addresses(connection) == {}  # it identifies her


def test_who_is_erased_takes_no_address_or_record_along_that_a_web_page_claimed(home: Home) -> None:
    """Otherwise an attacker who asks for erasure would have everything refused that is ever sent of the victim."""
    claims = [_identify("evil", 0.3, email="evil@own.example"), _identify("evil", 0.2, email=MAIL)]
    _send(home, "shop", *claims, _identify("evil", 0.1, crm="salesforce", crm_lead_id="00Q1"))
    erase(home, Agreement.default(), "evil", datetime.now(UTC))
    assert _send(home, "crm", *CRM) == []


def test_an_objection_is_followed_from_a_web_page_and_taken_back_by_the_crm_alone(home: Home) -> None:
    _send(home, "crm", *CRM)
    _send(home, "shop", *WEB)
    assert _send(home, "shop", _track("vera", "Profiling Objected")) == ["public_objection"]
    score = _score(home)
    assert (score["probability"], score["decision_code"]) == (None, "asked_for_sales")  # she asked: she is called
    assert _send(home, "shop", _track("vera", "Profiling Allowed", 0.005)) == ["not_trusted"]
    _send(home, "shop", _identify("vera", 0.004, profiling_opt_out=False))
    assert _score(home)["probability"] is None
    _send(home, "crm", _track("vera", "Profiling Allowed", 0.003))
    assert _score(home)["probability"] is not None


def test_the_outcome_that_the_agreement_names_is_the_crms_to_say(home: Home) -> None:
    text = Agreement.default().text.replace('"Lead Converted"', '"Trial Paid"', 1)
    save_version(home, Agreement.parse(text, "agreement.toml"), NOW)
    _send(home, "crm", *CRM)
    assert _send(home, "shop", _track("vera", "Trial Paid")) == ["not_trusted"]
    assert _learned(home)["converted_us"] == NOT_YET
    _send(home, "crm", _track("vera", "Trial Paid"))
    assert _learned(home)["converted_us"] < NOT_YET
