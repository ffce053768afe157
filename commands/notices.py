"""`leadlight notices`: lists the messages about handovers, and sends again what could not be delivered."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from commands.options import Json, home, now, print_answer
from features.home.database import migrate, reading, writing
from features.home.errors import LeadlightError

app = typer.Typer(help="Messages about handovers: what was sent, what was not, and why.", no_args_is_help=True)


@app.command("list")
def list_notices(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Show messages: to whom, of which handover, whether they went, and why not. What they say is not shown."""
    from features.home.clock import from_microseconds
    from serving.notices.outbox import newest, state_of

    opened = home()
    migrate(opened)
    with reading(opened) as connection:
        rows = newest(connection, limit)
    found: list[dict[str, Any]] = [
        {
            "id": str(row["notice_id"]),
            "created_at": from_microseconds(row["created_us"]).isoformat(timespec="seconds"),
            "kind": row["kind"],
            "recipient": row["recipient"],
            "handover_id": row["handover_id"],
            "state": state_of(row),
            "attempts": row["attempts"],
            "why": row["failed"],
        }
        for row in rows
    ]
    line = "{id:>6}  {created_at:.16}  {kind:<18} {recipient:<32} {state}"
    lines = [line.format_map(one) + (f": {one['why']}" if one["why"] else "") for one in found]
    print_answer({"data": found}, lines or ["no message was written"], as_json)


@app.command()
def retry(
    ids: Annotated[list[str] | None, typer.Argument(help="Only these; default all.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Make messages that could not be delivered due at once; the service sends them, else this command does."""
    from serving.notices.delivery import deliver
    from serving.notices.outbox import retry

    opened, wanted = home(), [_id(text) for text in ids or ()]
    migrate(opened)
    with writing(opened) as connection:
        due = retry(connection, now(), wanted)
    sent = deliver(opened, now()) if due else 0
    print_answer({"due": due, "sent": sent}, [f"{due:,} were due again, {sent:,} sent by this command"], as_json)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise LeadlightError(f"{text!r} is no id; `leadlight notices list` shows the ids", code="bad_id")
    return int(text)
