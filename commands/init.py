"""`leadlight init`: drafts an agreement from a CRM export or from events."""

from __future__ import annotations

import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from commands import console
from commands.options import Files, Json, print_answer
from features.home.errors import LeadlightError
from features.home.whole_files import write_whole


class Origin(StrEnum):
    """A system whose files have columns that are known beforehand."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"
    SEGMENT = "segment"


def init(
    files: Files,
    outcome: Annotated[
        str | None, typer.Option(help="The column, or with --from segment the event, that says what became of a lead.")
    ] = None,
    positive: Annotated[str | None, typer.Option(help="The value that means converted.")] = None,
    id: Annotated[str | None, typer.Option(help="The column that names a lead.")] = None,
    created_at: Annotated[str | None, typer.Option(help="The column that says when a lead came.")] = None,
    origin: Annotated[
        Origin | None, typer.Option("--from", help="Whose files they are: their columns need not be named.")
    ] = None,
    out: Annotated[Path, typer.Option(help="The agreement to write.")] = Path("agreement.toml"),
    force: Annotated[bool, typer.Option(help="Write over an agreement that is there.")] = False,
    as_json: Json = False,
) -> None:
    """Draft an agreement from a CRM export or from events, and say of each field whether the model may see it."""
    from features.imports.files import CRMS
    from training.draft.from_events import event_draft
    from training.draft.from_export import export_draft

    if out.exists() and not force:
        raise LeadlightError(f"{out} is there already; move it away, name another with --out, or add --force")
    if origin is Origin.SEGMENT and (positive or id or created_at):
        named = "--positive, --id and --created-at name columns of an export"
        raise LeadlightError(f"{named}, and events have none of them")
    with console.progress_line("looking at every column"):
        if origin is Origin.SEGMENT:
            draft = event_draft(files, outcome)
        else:
            draft = export_draft(files, outcome, positive, id, created_at, CRMS[origin] if origin else None)
    write_whole(out, draft.text)
    then = f"wrote {out}; read it, then: leadlight ingest {shlex.join(map(str, [*files, '--agreement', out]))}"
    columns = [{"column": v.column, "use": v.use, "flags": list(v.flags), "reason": v.reason} for v in draft.decisions]
    print_answer({"agreement": str(out), "columns": columns}, [*draft.sentences, then], as_json)
