"""Whether messages about handovers reach people: their addresses, the link to the card, and what was not delivered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from features.agreement.agreement import Agreement
from features.home.clock import rfc3339
from features.home.settings import Settings
from serving.health.event_quality import Check
from serving.notices.addresses import NoAddress, address_of
from serving.notices.channels import problem_of
from serving.notices.occasions import everybody
from serving.notices.outbox import Undelivered, undelivered, waiting_count

SERVED_WITHIN = timedelta(minutes=5)  # what is due for longer is sent by nobody
SHOWN = 5


def notice_checks(connection: Connection, agreement: Agreement, settings: Settings, now: datetime) -> Iterator[Check]:
    """The checks of messages; an agreement that names nobody sends none."""
    if names := everybody(agreement):
        yield from _addresses(names, settings)
        if settings.public_url is None:
            missing = "LEADLIGHT_PUBLIC_URL is not set: messages come without the link to the card; set it to the "
            yield Check("card links", False, f"{missing}address by which people reach this service")
    yield from _delivery(undelivered(connection), waiting_count(connection, now - SERVED_WITHIN))


def _addresses(names: Sequence[str], settings: Settings) -> Iterator[Check]:
    problems = {name: problem for name in names if (problem := address_problem(name, settings))}
    if not problems:
        yield Check("notice addresses", True, f"all {len(names)} people and channels have an address")
    # Where there is no mail server that is one problem, however many people have no mail by it.
    for problem in dict.fromkeys(problems.values()):
        whom = [name for name, theirs in problems.items() if theirs == problem]
        who = f"{', '.join(whom[:SHOWN])}{f' and {len(whom) - SHOWN} more' if len(whom) > SHOWN else ''}"
        sentence = problem if problem.startswith(whom[0]) else f"{who}: {problem}"
        yield Check("notice addresses", False, sentence, [{"recipient": name} for name in whom])


def address_problem(name: str, settings: Settings) -> str | None:
    """Why a person or channel could not be written to; None where nothing is known to be wrong."""
    try:
        return problem_of(address_of(name, settings))
    except NoAddress as missing:
        return str(missing)


def _delivery(failed: Sequence[Undelivered], waiting: int) -> Iterator[Check]:
    for one in failed:
        count = one.waiting + one.given_up
        messages = f"{count} message{'s' if count > 1 else ''} to {one.recipient}"
        since = f"{one.oldest_at:%Y-%m-%d %H:%M} UTC"
        then = "it is tried again" if one.waiting else "mend it, then run: leadlight notices retry"
        data = {"recipient": one.recipient, "waiting": one.waiting, "given_up": one.given_up,
                "oldest_at": rfc3339(one.oldest_at), "why": one.why}  # fmt: skip
        yield Check("notices", False, f"{messages} not delivered since {since}: {one.why}; {then}", [data])
    if waiting and not failed:
        yield Check(
            "notices", False, f"{waiting} messages wait to be sent, and nobody sends them; run: leadlight serve"
        )
