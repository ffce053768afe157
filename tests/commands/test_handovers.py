"""`leadlight handovers`: who owes whom a call, and passing on, in words for people and as one document."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from command_line import Shell
from handmade_events import identify
from offered_handovers import AGREEMENT, ANN, BEN, EVA, handover_of

from commands.options import home, now
from features.agreement.versions import save_version
from features.home.database import migrate, writing
from features.ledger.ledger import Ledger
from serving.handovers.store import write


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    opened, at = home(), now() - timedelta(days=30)
    migrate(opened)
    save_version(opened, AGREEMENT, at)
    told = [identify(lead, 1, email=f"{lead}@buyer.example") for lead in ("u1", "u2")]
    list(Ledger(opened).append(told, source="crm", received_at=at))
    with writing(opened) as connection:
        write(
            connection,
            [
                (None, handover_of(owner=owner, at=at + timedelta(minutes=place), lead_id=lead))
                for place, (lead, owner) in enumerate((("u1", ANN), ("u2", BEN)))  # the newest offer is listed first
            ],
        )
    return Shell(capfd)


def test_the_list_says_whose_and_what_is_overdue(shell: Shell) -> None:
    printed = shell("handovers")
    assert printed.status == 0
    shown = [line.split() for line in printed.out.splitlines()]
    assert [(words[0][:3], *words[1:3], words[5]) for words in shown] == [
        ("ho_", "offered", owner[:24], "late") for owner in (BEN, ANN)
    ]
    listed = shell("handovers", "list", "--owner", ANN, "--json").json
    assert [(row["lead_id"], row["overdue"]) for row in listed["data"]] == [("u1", True)]
    assert listed["data"][0]["contact"]["email"] == "u1@buyer.example"
    assert shell("handovers", "list", "--state", "lost").out.startswith("no handover fits")
    assert "did you mean" in shell("handovers", "lst").err or shell("handovers", "list", "--kind", "hot").status == 1


def test_who_leaves_passes_all_on_and_who_is_away_what_he_has_not_tried(shell: Shell) -> None:
    assert f"u1 is {EVA}'s now" in shell("handovers", "reassign", "--from", ANN, "--to", EVA).out
    assert "nobody of [people]" in shell("handovers", "reassign", "--from", EVA, "--to", "zoe@x.example").err
    until = (now() + timedelta(days=9)).date().isoformat()
    passed = shell("handovers", "away", EVA, "--until", until, "--json").json["data"]
    assert [row["owner"] == EVA for row in passed] == [False]
    assert "nothing had to be passed on" in shell("handovers", "away", EVA, "--back").out
    assert "which is over" in shell("handovers", "away", EVA, "--until", "2020-01-01").err


def test_one_is_given_back_by_its_owner_alone(shell: Shell) -> None:
    (row,) = shell("handovers", "list", "--owner", BEN, "--json").json["data"]
    assert "has this handover, not" in shell("handovers", "give-back", row["handover_id"], "--by", ANN).err
    assert "u2 is" in shell("handovers", "give-back", row["handover_id"], "--by", BEN).out
    assert "there is no handover" in shell("handovers", "give-back", "ho_none", "--by", BEN).err


def test_a_lead_that_somebody_has_is_not_sent_again(shell: Shell) -> None:
    assert "has this lead already" in shell("handovers", "send", "u1", "--by", "mia@ourcompany.example").err
    assert "there is no lead" in shell("handovers", "send", "u9", "--by", "mia@ourcompany.example").err
    assert "nobody waits" in shell("handovers", "take", "--by", ANN).err
