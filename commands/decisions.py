"""`leadlight queues`, `changes` and `decisions replay`: whose turn it is, why a score changed, and the log anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from commands import console
from commands.options import Json, home, moment_at, now, print_answer
from features.agreement.versions import version_in_force
from features.home.errors import LeadlightError

app = typer.Typer(help="Decisions that are kept: compute them again from the ledger.", no_args_is_help=True)


def queues(as_json: Json = False) -> None:
    """Show how many leads are in which queue, since when, how many are late, and whether the sums are right."""
    from features.home.database import consistent_read, database_exists
    from serving.decisions.queues import queues as counted

    opened = home()
    if not database_exists(opened):
        raise LeadlightError(f"{opened.path} holds no leads yet; begin with: leadlight ingest FILE", code="no_home")
    with consistent_read(opened) as connection:
        found = counted(connection, now())
    print_answer(found, list(_queue_lines(found)), as_json)


def _queue_lines(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["queues"]:
        yield "no lead is decided yet; run: leadlight sweep"
        return
    yield f"{'queue':<18} {'decision':<18} {'leads':>9} {'late':>7}  longest since"
    for row in found["queues"]:
        since = row["oldest_since"][:10]
        yield f"{row['queue'] or '(closed)':<18} {row['decision']:<18} {row['count']:>9,} {row['overdue']:>7,}  {since}"
    yield ""
    sums = f"{found['open']:,} open + {found['closed']:,} closed"
    sums += f" + {found['undecided']:,} not decided yet" if found["undecided"] else ""
    if found["adds_up"]:
        yield f"{sums} = {found['all']:,} leads: it adds up"
    else:
        yield f"{sums} are not the {found['all']:,} leads of the ledger: run leadlight sweep --night, then look again"


def changes(
    lead: Annotated[str, typer.Argument(help="A lead id, an e-mail address or an id of your CRM.", show_default=False)],
    begin: Annotated[
        str | None, typer.Option("--from", help="Since when; by default the last stored decision.", show_default=False)
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Up to when; by default now.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Say why a lead's score changed between two moments, step by step."""
    from features.home.clock import microseconds
    from serving.decisions.changes import changes as changed

    opened, at = home(), now()
    version_in_force(opened)
    moments = (microseconds(moment_at(begin, at)) if begin else None, microseconds(moment_at(end, at)))
    found = changed(opened, lead, microseconds(at), moments)
    print_answer(found, list(_change_lines(found)), as_json)


def _change_lines(found: Mapping[str, Any]) -> Iterator[str]:
    if not found["steps"]:
        yield f"{found['lead_id']}: {found['text']}"
        return
    for name in ("from", "to"):
        one = found[name]
        yield f"{name:<5} {one['at'][:16].replace('T', ' ')}  score {one['score']:>2}, {one['probability']:.1%} likely"
    yield ""
    yield from (f"{step['step']:<12} {step['points']:>+6.1f}  {step['text']}" for step in found["steps"])
    yield f"{'together':<12} {sum(step['points'] for step in found['steps']):>+6.1f}  points; 10 double the odds"
    yield ""
    yield found["text"]


@app.command()
def replay(
    lead: Annotated[str | None, typer.Option(help="Only of this lead.", show_default=False)] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Compute decisions again, each from what was known then, and say which are not the same."""
    from serving.decisions.replay import replay as replayed

    with console.progress_line("replaying") as progress:
        done = replayed(home(), lead, limit, progress).as_json()
    print_answer(done, list(_replay_lines(done)), as_json)
    if done["different"]:
        raise typer.Exit(1)


def _replay_lines(done: Mapping[str, Any]) -> Iterator[str]:
    yield f"{done['replayed']:,} decisions computed again: {done['same']:,} the same, {done['different']:,} not"
    yield f"probabilities at most {done['furthest_probability']:.1e} apart"
    yield from (f"left out: {count:,} ({why.replace('_', ' ')})" for why, count in done["left_out"].items())
    for one in done["examples"]:
        was, found = (f"{row['decision']} ({row['code']})" for row in (one["kept"], one["replayed"]))
        yield f"{one['decision_id']} of {one['lead_id']}: was {was}, and is {found}"
