"""From what a lead does to the message that somebody reads: once, on both databases, and nothing of the trial."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from decided_homes import ANN, BEN, DAY, FIT, MINUTE, DecidedHome, asks, lead, live_agreement
from pydantic import SecretStr
from sqlalchemy import select
from told_home import Sent

from features.agreement.agreement import Agreement
from features.agreement.versions import save_version
from features.home import tables
from features.home.database import engine, reading
from features.home.settings import Home
from serving.notices import delivery
from serving.notices.delivery import deliver
from serving.notices.outbox import undelivered
from serving.rounds.sweep import night, sweep

BOSS = "lead@ourcompany.example"
SECOND = MINUTE / 60
TOLD = live_agreement(escalate_to=f'["{BOSS}"]')
MAIL = {"mail": SecretStr("json://127.0.0.1:9/mail"), "public_url": "https://leads.ours.example"}


@pytest.fixture(params=["sqlite", "postgresql"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DecidedHome]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    made = DecidedHome.of(tmp_path / "home", TOLD, url)
    made.home = Home(made.home.path, made.home.settings.model_copy(update=MAIL))
    yield made
    engine(made.home.database_url).dispose()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Sent:
    made = Sent()
    monkeypatch.setattr(delivery, "send", made)
    return made


def kinds(home: DecidedHome) -> list[Any]:
    with reading(home.home) as connection:
        rows = connection.execute(select(tables.notices).order_by(tables.notices.c.notice_id))
        return [(row.kind, row.recipient) for row in rows if row.due_us < 2**60]


def test_who_asks_is_told_a_rep_at_once_and_late_the_managers_and_in_the_morning_all(
    home: DecidedHome, sent: Sent
) -> None:
    home.hear(lead("u1", name="Maria Lind", **FIT), asks("u1"))
    sent.down = {"mail"}
    deliver(home.home, home.now + SECOND)
    with reading(home.home) as connection:
        assert [(one.waiting, one.given_up) for one in undelivered(connection)] == [(1, 0)]
    sent.down = set()
    deliver(home.home, home.now + MINUTE)
    ((owner, message),) = sent.messages
    assert owner in (ANN, BEN)
    assert message.title == "Asked for us: Maria Lind"
    assert message.text.startswith("Maria Lind, VP Sales. Asked for us just now (demo requests)\nWhy: ")
    assert len(message.text.splitlines()) == 5
    home.now += 31 * MINUTE
    sweep(home.home, home.now)
    deliver(home.home, home.now + SECOND)
    late = {name: one.title for name, one in sent.messages[1:] if "day:" not in one.title}
    assert late == {owner: "Overdue: Maria Lind", BOSS: "Asked for us and waits: Maria Lind"}
    home.now += DAY
    sweep(home.home, home.now)
    sweep(home.home, home.now)
    deliver(home.home, home.now + SECOND)
    titles = [one.title for one in sent.to(BOSS)]
    assert sum(title.startswith("The team's day") for title in titles) == 2  # of Monday and of Tuesday


def test_a_changed_agreement_is_told_once_and_new_people_are_no_change(home: DecidedHome, sent: Sent) -> None:
    text = TOLD.text
    save_version(
        home.home, Agreement.parse(text.replace(f'["{BOSS}"]', f'["{BOSS}", "x@ourcompany.example"]')), home.now
    )
    sweep(home.home, home.now)
    assert not [one for one in kinds(home) if one[0] == "agreement_changed"]
    save_version(home.home, Agreement.parse(text.replace("min_points = 6", "min_points = 5")), home.now)
    for _ in range(2):
        night(home.home, home.now)
    told = [recipient for kind, recipient in kinds(home) if kind == "agreement_changed"]
    assert sorted(told) == sorted([ANN, BEN, BOSS, "marketing@ourcompany.example", "sales@ourcompany.example"])
    deliver(home.home, home.now + SECOND)
    assert "changed since it was signed" in sent.to(BOSS)[0].text


def test_in_the_trial_nothing_is_written_for_anybody(tmp_path: Path) -> None:
    made = DecidedHome.of(tmp_path / "home", live_agreement(live="false"), is_built=False)
    made.hear(lead("u1", **FIT), asks("u1"))
    sweep(made.home, made.now)
    assert made.handovers()
    assert kinds(made) == []
    engine(made.home.database_url).dispose()
