"""A home whose one lead is handed over, and a stand-in for the channels, for the tests of messages."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import handmade_handovers as hand
import orjson
from pydantic import SecretStr

from features.agreement.versions import save_version
from features.home.database import writing
from features.home.settings import Home, Settings
from serving.handovers.handover import Handover
from serving.handovers.store import write
from serving.intake.file_import import ingest
from serving.notices.channels import Message, NotDelivered
from serving.notices.occasions import Change, tell

WHO = {"email": "maria@nordwind.example", "name": "Maria Lind", "job_title": "VP Sales", "company": "Nordwind",
       "phone": "+49 30 123456"}  # fmt: skip
SETTINGS = Settings(
    mail=SecretStr("json://127.0.0.1:9/mail"),
    channels={hand.CHANNEL: SecretStr("json://127.0.0.1:9/slack")},
    public_url="https://leads.ours.example",  # type: ignore[arg-type]
)


def told_home(tmp_path: Path) -> Home:
    """A home whose one lead is L-1, of Nordwind, under the agreement of the handmade handovers."""
    made = Home(tmp_path / "home", SETTINGS).created()
    event = {"type": "identify", "userId": "L-1", "messageId": "m1", "timestamp": "2026-11-20T10:00:00Z", "traits": WHO}
    (tmp_path / "events.jsonl").write_bytes(orjson.dumps(event))
    ingest(made, [tmp_path / "events.jsonl"], save_version(made, hand.agreement(), hand.NOW), hand.NOW)
    return made


class Sent:
    """What reached each channel; of a channel in `down` nothing does."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, Message]] = []
        self.down: set[str] = set()

    def __call__(self, address: Any, message: Message, _settings: Settings) -> None:
        if address.name in self.down:
            raise NotDelivered("it does not answer", is_down=True)
        self.messages.append((address.person or address.name, message))

    def to(self, recipient: str) -> list[Message]:
        return [message for name, message in self.messages if name == recipient]


def told(home: Home, before: Handover | None, changed: Handover, act: Any, at: datetime) -> int:
    with writing(home) as connection:
        assert not write(connection, [(before, changed)])
        return tell(connection, Change(before, changed, act, at), hand.agreement())
