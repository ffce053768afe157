"""`leadlight failed-events`: lists events that could not be used, and tries them again."""

from __future__ import annotations

from typing import Annotated

import typer

from commands import console
from commands.options import Json, home, now, print_answer
from features.home.errors import LeadlightError
from features.home.settings import Home

app = typer.Typer(help="Events that could not be used, with the reason.", no_args_is_help=True)


@app.command("list")
def list_failed_events(
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the newest first.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="The next_cursor of the page before.", show_default=False)] = None,
    code: Annotated[str | None, typer.Option(help="Only with this reason.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Show failed events: what is wrong with each, and with --json what came."""
    from features.ledger.failed_events import count_failed, failed_events
    from serving.api.failed_events import failed_event_json, failed_events_page

    before_id = None if cursor is None else _id(cursor)
    failed = failed_events(home(), before_id=before_id, limit=limit + 1, code=code)
    document = failed_events_page([failed_event_json(event) for event in failed], limit)
    line = "{id:>6}  {received_at:.19}  {source:<16} {message}"
    lines = [line.format_map(event) for event in document["data"]]
    counts = [f"{count:,} {reason}" for reason, count in count_failed(home()).items()]
    more = [f"there are more: --cursor {document['next_cursor']}"] if document["has_more"] else []
    print_answer(document, [*(lines or ["no event failed"]), *more, ", ".join(counts)], as_json)


@app.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(help="Only these; default all.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Try failed events again, after a correction of the agreement, of limits or of the data behind them."""
    from features.ledger.failed_events import Replayed, replay

    opened, total = home(), Replayed()
    wanted = None if not ids else [_id(text) for text in ids]
    with console.progress_line("trying failed events again") as progress:
        while (done := replay(opened, now, ids=wanted, after_id=total.last_id)).tried:
            total += done
            progress(f"{total.tried:,} tried")
        if total.accepted:
            _publish(opened)
    counts = {"accepted": total.accepted, "duplicates": total.duplicates, "failed": total.failed}
    became = f"{total.accepted:,} accepted, {total.duplicates:,} known already, {total.failed:,} failed again"
    print_answer({"tried": total.tried, **counts}, [f"{total.tried:,} tried: {became}"], as_json)


def _publish(opened: Home) -> None:
    from features.store.publisher import Publisher  # seconds of imports that are not needed where nothing was accepted

    Publisher(opened).publish()


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise LeadlightError(f"{text!r} is no id; `leadlight failed-events list` shows the ids", code="bad_id")
    return int(text)
