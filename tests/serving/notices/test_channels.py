"""Channels: a webhook really gets the message, and what went wrong is said without an address or a person."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from features.home.settings import Settings
from serving.notices.addresses import Address, NoAddress, address_of
from serving.notices.channels import Message, NotDelivered, problem_of, send

SAID = Message("Asked for us: Ann", "line 1\nline 2 <b>", "notice_1")


class Webhook:
    """A server on this machine that keeps what it was sent and answers as a test wants."""

    def __init__(self) -> None:
        self.status, self.got = 200, list[Any]()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(outer.status)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    made = Webhook()
    yield made
    made.server.shutdown()
    made.server.server_close()


def settings(**given: Any) -> Settings:
    return Settings(allow_private_addresses=True, **given)


def hook(port: int, path: str = "s3cret") -> Address:
    return Address(SecretStr(f"json://127.0.0.1:{port}/{path}"), "sales-slack")


def test_a_webhook_gets_title_text_and_the_id_by_which_it_knows_a_second_attempt(webhook: Webhook) -> None:
    send(hook(webhook.port), SAID, settings())
    (got,) = webhook.got
    assert (got["title"], got["message"], got["id"]) == (SAID.title, SAID.text, "notice_1")


@pytest.mark.parametrize(("status", "is_down"), [(302, False), (404, False), (410, False), (500, False), (503, True)])
def test_only_an_answer_of_2xx_is_a_delivery_and_no_redirect_is_followed(
    webhook: Webhook, status: int, is_down: bool
) -> None:
    webhook.status = status
    with pytest.raises(NotDelivered, match=f"it answered {status}") as failed:
        send(hook(webhook.port), SAID, settings())
    assert len(webhook.got) == 1
    assert failed.value.is_down == is_down


def test_a_channel_that_is_not_there_is_down_and_the_reason_holds_no_secret(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NotDelivered, match="does not answer") as failed:
        send(hook(1), SAID, settings())
    assert failed.value.is_down
    said = capfd.readouterr()
    assert "s3cret" not in f"{failed.value}{said.out}{said.err}"


def test_an_address_in_our_own_network_is_refused_unless_the_settings_allow_it(webhook: Webhook) -> None:
    with pytest.raises(NotDelivered, match="private network; LEADLIGHT_ALLOW_PRIVATE_ADDRESSES"):
        send(hook(webhook.port), SAID, Settings())
    for host in ("localhost", "10.1.2.3", "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises(NotDelivered):
            send(Address(SecretStr(f"json://{host}/x"), "x"), SAID, Settings())
    assert not webhook.got


def test_a_channel_is_found_by_its_name_and_a_person_by_the_one_mail_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEADLIGHT_CHANNEL_SALES_SLACK", "slack://a/b/c")
    known = Settings(mail=SecretStr("mailtos://u:p@smtp.example"))
    assert address_of("Sales Slack", known).is_channel
    ann = address_of("ann@ours.example", known)
    assert (ann.name, ann.person, ann.is_channel) == ("mail", "ann@ours.example", False)
    with pytest.raises(NoAddress, match="set LEADLIGHT_CHANNEL_OTHER_ROOM"):
        address_of("other-room", known)
    with pytest.raises(NoAddress, match="set LEADLIGHT_MAIL"):
        address_of("ann@ours.example", Settings())
    assert "a/b/c" not in repr(known)


@pytest.mark.parametrize(
    ("url", "is_good"),
    [("mailtos://u:p@smtp.example", True), ("workflows://host/a/b", True), ("nonsense", False), ("slack://a", False)],
)
def test_an_address_that_cannot_be_read_is_said_before_anything_is_sent(url: str, is_good: bool) -> None:
    problem = problem_of(Address(SecretStr(url), "x"))
    assert (problem is None) == is_good, problem
    assert problem is None or url not in problem
