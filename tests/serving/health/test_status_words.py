"""A CRM's word for a status that nobody explained is asked about, never guessed."""

from __future__ import annotations

from pathlib import Path

from handmade_events import SMALL, START, track

from features.agreement.agreement import Agreement
from features.home.database import engine, reading
from features.home.settings import Home, Settings
from features.ledger.ledger import Ledger
from serving.health.event_quality import Check
from serving.health.status_words import status_word_checks


def checks(tmp_path: Path, *statuses: str, agreement: Agreement = SMALL) -> list[Check]:
    home = Home(tmp_path / "home", Settings()).created()
    ledger = Ledger.open(home)
    told = [track("ann", "Lead Status Changed", i, crm="salesforce", status=said) for i, said in enumerate(statuses)]
    list(ledger.append(told, source="crm", received_at=START))
    with reading(home) as connection:
        found = list(status_word_checks(connection, agreement))
    engine(home.database_url).dispose()
    return found


def test_an_unknown_status_is_asked_about_with_what_to_write(tmp_path: Path) -> None:
    (check,) = checks(tmp_path, "New", "Parked", "Parked", "Working - Contacted")
    assert not check.ok
    assert '"Parked" (2)' in check.sentence
    assert 'write for example "Parked" = "contacted" under [statuses]' in check.sentence
    assert list(check.data) == [{"status": "Parked", "changes": 2}]


def test_what_the_agreement_says_is_known(tmp_path: Path) -> None:
    agreed = Agreement.parse(SMALL.text + '\n[statuses]\nParked = "not_now"\n')
    (check,) = checks(tmp_path, "New", "PARKED", agreement=agreed)
    assert check.ok


def test_without_a_crm_nothing_is_asked(tmp_path: Path) -> None:
    assert checks(tmp_path) == []
