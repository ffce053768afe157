"""Commands that answer: scores, the service, and its keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from commands.learning import agreed, questions
from commands.terms import AgreementFile, Json, answer, at, home, now
from features.errors import LeadlightError
from serving import console


def score(
    file: Annotated[Path | None, typer.Argument(help="Rows to score, as the agreement's export has them.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write to .parquet, .csv, .jsonl or .xlsx.")] = None,
    lead: Annotated[list[str] | None, typer.Option(help="Only this lead; may be repeated.")] = None,
    as_of: Annotated[str | None, typer.Option(help="As it was known then; default now.")] = None,
    reasons: Annotated[str, typer.Option(help='How many reasons, or "all".')] = "3",
    agreement: AgreementFile = None,
    as_json: Json = False,
) -> None:
    """Score every lead of the home, some of them, or the rows of a file; prints the hottest with their reasons."""
    from serving.bulk import file_scores, home_scores, open_leads, write_scores

    moment, most = at(as_of, now()), _most(reasons)
    if agreement:
        agreed(agreement)
    with console.progress("scoring") as said:
        beside, chunks = (
            file_scores(home(), file, moment, most) if file else (None, home_scores(home(), moment, most, lead))
        )
        scored: list[dict[str, Any]] = []
        for chunk in chunks:
            scored += chunk
            said(f"{len(scored):,} leads scored")
    if out:
        write_scores(scored, out, beside)
    document = {"scored": len(scored), "out": str(out)} if out else {"data": scored}
    done = [f"{len(scored):,} leads scored" + (f", written to {out}" if out else "")]
    shown = scored if lead else open_leads(scored)
    answer(document, [*done, "", *console.hottest(shown, questions(home()))], as_json)


def _most(reasons: str) -> int | None:
    if reasons == "all":
        return None
    if not reasons.isdecimal():
        raise LeadlightError(f'--reasons is {reasons!r}; give a whole number, or "all"')
    return int(reasons)


def serve(
    host: Annotated[str, typer.Option(help="Other machines reach it only where a key exists.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 3000,
    workers: Annotated[int, typer.Option(min=1)] = 1,
    agreement: AgreementFile = None,
) -> None:
    """Run the BentoML service: the API on /v1, BentoML's own on /scores, health, metrics and OpenAPI."""
    from serving.server import serve as become

    if agreement:
        agreed(agreement)
    become(home(), host, port, workers)


def keys_create(
    scope: Annotated[list[str], typer.Option(help="What it may do; may be repeated.", show_default=False)],
    label: Annotated[str, typer.Option(help="Whose it is.")] = "",
    as_json: Json = False,
) -> None:
    """Make an API key; it is shown once, here, and only its SHA-256 is kept."""
    from serving.keys import Keys

    made = Keys(home()).create(scope, now(), label)
    document = {"key": made.key, "id": made.key_id, "scopes": sorted(made.scopes)}
    answer(document, [made.key, f"keep it now, it is not shown again; its id is {made.key_id}"], as_json)


def keys_list(as_json: Json = False) -> None:
    """The keys that were made, without their secrets."""
    from serving.keys import Keys

    found = Keys(home()).listed()
    listed = [
        {"id": key.key_id, "scopes": sorted(key.scopes), "label": key.label}
        | {"created_at": key.created_at, "revoked_at": key.revoked_at}
        for key in found
    ]
    lines = [
        f"{key.key_id} {'revoked' if key.revoked_at else 'active '} {' '.join(sorted(key.scopes))} {key.label}"
        for key in found
    ]
    answer(listed, lines or ["no key was made yet"], as_json)


def keys_revoke(key_id: Annotated[str, typer.Argument(show_default=False)], as_json: Json = False) -> None:
    """Close a key for good; running services refuse it within seconds."""
    from serving.keys import Keys

    Keys(home()).revoke(key_id, now())
    answer({"id": key_id, "revoked": True}, [f"{key_id} opens nothing any more"], as_json)
