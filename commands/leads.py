"""`leadlight merge`, `erase`, `export`, `explain`: merges leads, erases one, writes all of one, explains one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import console
from commands.options import Json, home, json_document, now, print_answer
from features.agreement.versions import version_in_force
from features.home.errors import LeadlightError
from features.home.whole_files import FOR_ITS_OWNER, write_whole

Name = Annotated[
    str | None, typer.Argument(help="A lead id, an e-mail address or an id of your CRM.", show_default=False)
]


def merge(
    into: Name = None,
    previous: Annotated[
        str | None, typer.Argument(help="The lead that becomes part of it.", show_default=False)
    ] = None,
    undo: Annotated[
        str | None, typer.Option(metavar="MERGE_ID", help="Take this merge back.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Make one lead part of another, or undo that; without names, list what was merged."""
    from features.records import merges

    if undo:
        done = merges.undo_merge(home(), undo, now())
        print_answer(done.as_json(), [f"{done.previous} and {done.lead_id} are two leads again"], as_json)
    elif into and previous:
        done = merges.merge(home(), version_in_force(home()).agreement, into, previous, now())
        then = f"undo it with: leadlight merge --undo {done.merge_id}"
        print_answer(done.as_json(), [f"{done.previous} is part of {done.lead_id} now; {then}"], as_json)
    elif into:
        remedy = "name the lead to merge into and then the one that becomes part of it"
        raise LeadlightError(f"{into} is one lead; {remedy}")
    else:
        version_in_force(home())
        rows = [each.as_json() for each in merges.merges(home())]
        print_answer(rows, _merge_lines(rows), as_json)


def _merge_lines(merged: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not merged:
        yield "no leads were merged"
    for row in merged:
        undone = f", undone {row['undone_at']:%Y-%m-%d}" if row["undone_at"] else ""
        both = f"{row['previous']} into {row['lead_id']} ({row['source']}){undone}"
        yield f"{row['merge_id']:<20} {row['merged_at']:%Y-%m-%d %H:%M}  {both}"


def erase(
    lead: Annotated[str, typer.Argument(help="A lead id, an e-mail address or an id of your CRM.", show_default=False)],
    as_json: Json = False,
) -> None:
    """Erase a lead with all of its names, for good; its later events are refused."""
    from features.records.erasure import erase as forget
    from features.records.housekeeping import rebuild_stale_builds

    gone = forget(home(), version_in_force(home()).agreement, lead, now())
    with console.progress_line("making new files without the lead") as progress:
        rebuild_stale_builds(home(), progress)
    done = f"{gone.events:,} events, {gone.identifiers:,} names and {gone.failed_events:,} failed events are gone"
    others = f"in {gone.mentions:,} events of others an address of the lead was replaced; {UNREACHED}"
    print_answer(gone.as_json(), [f"{done}; later events of this lead are refused", others, BACKUPS], as_json)


UNREACHED = "its name or number in free text of others cannot be found"
BACKUPS = "what you copied elsewhere is yours to erase: backups, exports, scored files"


def export(
    lead: Name = None,
    out: Annotated[Path | None, typer.Option(help="The JSON file to write; default the terminal.")] = None,
    tables: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write every table of the home as Parquet.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Everything held on one lead as one JSON document, or the home's tables as Parquet."""
    if (lead is None) == (tables is None):
        raise LeadlightError("say what to export: a lead, as in `leadlight export u_42`, or --tables DIR for all of it")
    if tables is not None:
        _export_tables(tables, as_json)
        return
    from serving.leads.lead_export import lead_export
    from serving.scoring.scorer import Scorer

    document = lead_export(home(), Scorer(home()).scores, str(lead), now())
    if out is None:
        console.print_json(json_document(document))
        return
    write_whole(out, json_document(document) + "\n", FOR_ITS_OWNER)  # it holds all there is on a person
    print_answer({"out": str(out), "events": len(document["events"])}, [f"wrote {out}"], as_json)


def explain(
    lead: Annotated[str, typer.Argument(help="A lead id, an e-mail address or an id of your CRM.", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="The page to write, explain.html.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Tell a lead in plain words what is known of it, what counted, what followed, and what it may ask."""
    from serving.pages.explanation.explanation import explanation, explanation_lines, explanation_page
    from serving.scoring.scorer import Scorer

    document = explanation(home(), Scorer(home()).scores, lead, now())
    if out is None:
        print_answer(document, explanation_lines(document), as_json)
        return
    if out.suffix not in (".html", ".htm"):
        raise LeadlightError(f"--out is {out.name}; give a file that ends in .html", code="bad_out")
    write_whole(out, explanation_page(document), FOR_ITS_OWNER)  # of one person, for that person
    print_answer({**document, "out": str(out)}, [f"wrote {out}: read it before you send it"], as_json)


def _export_tables(folder: Path, as_json: bool) -> None:
    from features.records.table_export import write_tables

    with console.progress_line("exporting") as progress:
        written = write_tables(home(), version_in_force(home()).agreement, folder, progress)
    lines = [f"{rows:>12,} {name}" for name, rows in written.items()]
    print_answer({"out": str(folder), "rows": written}, [*lines, f"written to {folder}"], as_json)
