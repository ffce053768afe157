"""`leadlight handovers`: who owes whom a call; passing on, giving back, being away, and sending one now."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any

import typer

from commands.options import Json, home, now, print_answer
from features.home.errors import LeadlightError

app = typer.Typer(help="Handovers: who owes whom a call, and what became of it.", invoke_without_command=True)
By = Annotated[str, typer.Option("--by", help="Who says so: an e-mail address, or an id of the CRM.")]
NONE = "no handover fits; without --state only the open ones are shown, with --state all every one"
LINE = "{handover_id:<27} {state:<9} {owner:<24.24} {lead_id:<16.16} {grade:>1} {due:<21} {why_now}"


@app.callback()
def _list_unless_named(context: typer.Context, as_json: Json = False) -> None:
    if context.invoked_subcommand is None:
        list_handovers(as_json=as_json)


@app.command("list")
def list_handovers(
    state: Annotated[str, typer.Option(help="open, or one of its states; all for any.")] = "open",
    owner: Annotated[str | None, typer.Option(help="Only of this person.", show_default=False)] = None,
    overdue: Annotated[bool, typer.Option(help="Only those whose clock ran out.")] = False,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.", show_default=False)] = None,
    lead: Annotated[str | None, typer.Option(help="Only of this lead.", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many, the newest first.")] = 50,
    as_json: Json = False,
) -> None:
    """Show handovers: whose, since when, what is due next, and why now."""
    from features.home.database import database_exists, reading
    from serving.handovers.handover import KINDS
    from serving.handovers.lists import STATES_OF_LISTS, HandoverFilter, handover_list

    _check("--state", state, (*STATES_OF_LISTS, "all"))
    _check("--kind", kind, KINDS)
    wanted = HandoverFilter(None if state == "all" else state, owner, True if overdue else None, kind, lead)
    opened, at = home(), now()
    if not database_exists(opened):
        raise LeadlightError(f"{opened.path} holds no leads yet; begin with: leadlight ingest FILE", code="no_home")
    with reading(opened) as connection:
        found = handover_list(connection, wanted, at, limit)
    document = _answers(found)
    lines = [LINE.format_map(_shown(row)).rstrip() for row in document["data"]]
    print_answer(document, lines or [NONE], as_json)


@app.command()
def reassign(
    of: Annotated[str, typer.Option("--from", help="Who leaves.")],
    to: Annotated[str | None, typer.Option(help="Who gets all; else each whose turn it is.")] = None,
    as_json: Json = False,
) -> None:
    """Pass on all open handovers of one person; their clocks go on."""
    from serving.rounds.passing_on import reassign

    _print_passed(reassign(home(), of, to, now()), as_json)


@app.command()
def away(
    person: Annotated[str, typer.Argument(help="Who is away.")],
    until: Annotated[str | None, typer.Option(help="The last day: 2026-12-31.", show_default=False)] = None,
    back: Annotated[bool, typer.Option("--back", help="He is back.")] = False,
    as_json: Json = False,
) -> None:
    """Say until when somebody is away; what he has not tried yet goes to others."""
    from serving.rounds.passing_on import be_away_until

    if (until is None) == (not back):
        raise LeadlightError("say until when: --until 2026-12-31, or --back", code="bad_until")
    _print_passed(be_away_until(home(), person, _day(until), now()), as_json)


@app.command("give-back")
def give_back(
    handover: Annotated[str, typer.Argument(help="The handover's id.")], by: By, as_json: Json = False
) -> None:
    """Give a handover back to the pool; the next one has it, and its clocks go on."""
    from serving.rounds.passing_on import give_back

    _print_passed([give_back(home(), handover, by, now())], as_json)


@app.command()
def send(lead: Annotated[str, typer.Argument(help="The lead's id.")], by: By, as_json: Json = False) -> None:
    """Hand a lead over now, whatever its numbers say; the next decision on it does so."""
    from features.home.database import writing
    from serving.handovers.sending import SENT, send_to_sales, sending

    said = sending(lead, by, SENT, f"fb_{uuid.uuid4().hex}", now())
    with writing(home()) as connection:
        lead_id = send_to_sales(connection, said, said.at)
    document = {"lead_id": lead_id, "feedback_id": said.message_id}
    print_answer(document, [f"{lead_id} goes over with its next decision"], as_json)


@app.command()
def take(by: By, as_json: Json = False) -> None:
    """Take the best lead that waits in the backlog; the next decision on it hands it over."""
    from features.agreement.versions import version_in_force
    from features.home.database import writing
    from serving.handovers.sending import TAKEN, best_waiting, check_takes, send_to_sales, sending

    opened = home()
    check_takes(version_in_force(opened).agreement, by)
    with writing(opened) as connection:
        lead_id = best_waiting(connection)
        if lead_id is None:
            raise LeadlightError("nobody waits in the backlog; nothing was written", code="nobody_waits")
        said = sending(lead_id, by, TAKEN, f"fb_{uuid.uuid4().hex}", now())
        send_to_sales(connection, said, said.at)
    document = {"lead_id": lead_id, "feedback_id": said.message_id}
    print_answer(document, [f"{lead_id} goes to {said.by} with its next decision"], as_json)


def _answers(found: Any) -> dict[str, Any]:
    from features.agreement.versions import version_in_force
    from features.home.database import reading
    from serving.handovers.answer import handover_answers

    if not found:
        return {"data": []}
    opened = home()
    agreement = version_in_force(opened).agreement
    with reading(opened) as connection:
        return {"data": handover_answers(connection, agreement, found, now())}


def _print_passed(passed: Any, as_json: bool) -> None:
    document = _answers(passed)
    lines = [f"{row['lead_id']} is {row['owner'] or 'nobody'}'s now" for row in document["data"]]
    print_answer(document, lines or ["nothing had to be passed on"], as_json)


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: "" if value is None else value for name, value in row.items()}
    due = f"{row['next_due_at']:.16}".replace("T", " ") if row["next_due_at"] else ""
    return told | {
        "due": f"{'late' if row['overdue'] else 'by':<4} {due}" if due else "",
        "owner": row["owner"] or "nobody",
    }


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise LeadlightError(f"--until is {text!r}; give a day such as 2026-12-31", code="bad_until") from None


def _check(option: str, word: str | None, known: tuple[str, ...]) -> None:
    if word is not None and word not in known:
        raise LeadlightError(f"{option} is {word!r}; there are {', '.join(known)}", code="bad_filter")
