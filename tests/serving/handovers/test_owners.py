"""Who gets a handover: the CRM's owner, who has the company, else whose turn it is, and nobody who is away."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from offered_handovers import AGREEMENT, ANN, BEN, DAY, EVA, HOUR, MINUTE, MONDAY, agreement_with, handover_of, then

from features.agreement.agreement import Agreement
from features.home.database import migrate, writing
from features.home.settings import Home, Settings
from features.home.tables import lead_decisions
from serving.handovers.absences import away_now, be_away, be_back
from serving.handovers.acts import DueAct
from serving.handovers.owners import LeadOwners, due_act, inside_sales_owner, owner_of, room_left

LEAD = LeadOwners("u1")


@pytest.fixture
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    is_server = getattr(request, "param", "sqlite") == "postgresql"
    made = Home(
        tmp_path / "home", Settings(database_url=request.getfixturevalue("postgres_url") if is_server else None)
    )
    migrate(made)
    return made


def owner(
    home: Home, lead: LeadOwners = LEAD, agreement: Agreement = AGREEMENT, is_inbound: bool = False
) -> str | None:
    with writing(home) as connection:
        return owner_of(connection, agreement, lead, MONDAY, is_inbound)


def has_lead(home: Home, lead_id: str, owner: str, account: str, queue: str) -> None:
    row = {"lead_id": lead_id, "decision_id": "de_1", "decided_us": 1, "since_us": 1, "decision": "x", "code": "x"}
    row |= {"owner": owner, "account": account, "queue": queue, "arrived_us": 1, "policy_digest": "x"}
    with writing(home) as connection:
        connection.execute(lead_decisions.insert().values(**row))


def test_the_crm_assigns_where_it_was_agreed_and_he_is_here(home: Home) -> None:
    lead = replace(LEAD, crm_owner="0055g")
    assert owner(home, lead) == "0055g"
    assert owner(home, lead, agreement_with(owner='"round_robin"')) in (ANN, BEN, EVA)
    with writing(home) as connection:
        be_away(connection, "0055g", date(2026, 11, 30))
    assert owner(home, lead) in (ANN, BEN, EVA)


@pytest.mark.parametrize("queue", ["opportunity_owner", "account_owner"])
def test_who_has_the_company_gets_its_leads(home: Home, queue: str) -> None:
    has_lead(home, "u2", EVA, "acme.example", queue)
    assert {owner(home, replace(LEAD, account="acme.example")) for _ in range(3)} == {EVA}
    assert owner(home, replace(LEAD, account="other.example")) == ANN


def test_the_day_that_is_least_full_is_next_and_full_days_bind_all_but_who_asked(home: Home) -> None:
    agreement = agreement_with(f'{{ "{ANN}" = 4, "{BEN}" = 2 }}')
    given = [owner(home, agreement=agreement) for _ in range(7)]
    assert given == [ANN, BEN, ANN, ANN, BEN, ANN, None]
    with writing(home) as connection:
        assert room_left(connection, agreement, MONDAY) == 0
        assert room_left(connection, agreement, MONDAY + DAY) == 6
        assert room_left(connection, agreement_with("{}"), MONDAY) is None
    assert owner(home, agreement=agreement, is_inbound=True) in (ANN, BEN)


def test_nobody_who_is_away_gets_a_lead_until_he_is_back(home: Home) -> None:
    agreement = agreement_with(f'{{ "{ANN}" = {{ per_day = 5, away = ["2026-11-01 to 2026-11-03"] }}, "{BEN}" = 5 }}')
    with writing(home) as connection:
        assert away_now(connection, agreement, [ANN, BEN], MONDAY) == {ANN}
        be_away(connection, BEN.upper(), date(2026, 11, 2))
    assert owner(home, agreement=agreement) is None
    with writing(home) as connection:
        assert away_now(connection, agreement, [ANN, BEN], MONDAY + DAY) == {ANN}
        assert be_back(connection, BEN)
        assert not be_back(connection, BEN)
    assert owner(home, agreement=agreement) == BEN


@pytest.mark.parametrize("home", ["sqlite", "postgresql"], indirect=True)
def test_two_processes_at_once_give_no_rep_more_than_his_day(home: Home) -> None:
    agreement = agreement_with(f'{{ "{ANN}" = 4, "{BEN}" = 4 }}')
    with ThreadPoolExecutor(4) as threads:
        given = list(threads.map(lambda _: owner(home, agreement=agreement), range(12)))
    assert Counter(given) == {ANN: 4, BEN: 4, None: 4}


def test_an_untried_handover_goes_once_round_the_pool(home: Home) -> None:
    handover = then(handover_of(owner=ANN), DueAct(MONDAY + DAY))
    had = [ANN]
    for _ in range(2):
        at = handover.next_due_at
        assert at is not None
        with writing(home) as connection:
            act = due_act(connection, AGREEMENT, handover, at)
        handover = then(handover, act)
        had.append(str(handover.owner))
    assert sorted(had) == [ANN, BEN, EVA]
    for _ in range(3):
        assert handover.next_due_at is not None
        with writing(home) as connection:
            handover = then(handover, due_act(connection, AGREEMENT, handover, handover.next_due_at))
        if not handover.is_open:
            break
    assert handover.code == "never_tried"


def test_who_asked_goes_round_the_pool_again_and_again(home: Home) -> None:
    handover = handover_of("inbound", owner=ANN)
    had = []
    for _ in range(20):
        assert handover.next_due_at is not None
        with writing(home) as connection:
            handover = then(handover, due_act(connection, AGREEMENT, handover, handover.next_due_at))
        had.append(handover.owner)
    assert handover.is_open
    assert {ANN, BEN, EVA} == set(had)
    assert len(handover.owners) > 4


def test_an_account_owners_own_lead_goes_to_nobody_else(home: Home) -> None:
    handover = handover_of("inbound", owner="0055g", queue="account_owner")
    with writing(home) as connection:
        act = due_act(connection, AGREEMENT, handover, MONDAY + 3 * HOUR)
    assert act.next_owner is None
    assert then(handover, act).escalated_at == MONDAY + 3 * HOUR


def test_inside_sales_has_a_turn_of_its_own(home: Home) -> None:
    agreement = agreement_with(inside_sales='{ "isa@ourcompany.example" = 1 }')
    with writing(home) as connection:
        assert inside_sales_owner(connection, agreement, MONDAY + MINUTE) == "isa@ourcompany.example"
        assert inside_sales_owner(connection, agreement, MONDAY + MINUTE) is None
        assert inside_sales_owner(connection, AGREEMENT, MONDAY) is None
