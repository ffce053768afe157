"""`leadlight ingest`: reads files of events, leads, histories and customers into the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from commands import console
from commands.options import AgreementFile, Files, Json, agreement_to_learn_by, home, now, print_answer
from features.agreement.agreement import Agreement
from features.agreement.conditions import duration
from features.home.errors import LeadlightError


class FileKind(StrEnum):
    """What a file holds that is neither events nor leads."""

    CUSTOMERS = "customers"


def ingest(
    files: Files,
    agreement: AgreementFile = None,
    recorded_lag: Annotated[
        str, typer.Option(help='How long after it happened an event was known, where its file does not say: "2 days".')
    ] = "0 days",
    kind: Annotated[
        FileKind | None, typer.Option("--as", help="What else the files tell: who is a customer already.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Read events, a warehouse's tables, or a CRM's export and history into the ledger; twice adds nothing."""
    from serving.intake import file_import

    returned = _returned_sheets(files) if kind is None else []
    files = [file for file in files if file not in returned]
    done: list[dict[str, Any]] = []
    with console.progress_line("reading") as progress:
        agreed = agreement_to_learn_by(agreement)
        if kind is FileKind.CUSTOMERS:
            read = file_import.ingest_customers(home(), files, agreed, now(), progress)
        else:
            lag = parsed_lag(recorded_lag)
            read = file_import.ingest(home(), files, agreed, now(), progress, lag) if files else []
        done += [file.as_json() for file in read] + _fed_back(returned, agreed.agreement)
    lines = [line for file in done for line in _ingested_lines(file)]
    print_answer({"files": done}, [*lines, *(["next: leadlight train --promote"] if files else [])], as_json)


def _returned_sheets(files: Sequence[Path]) -> list[Path]:
    """Those of the files that are a delta file with what people wrote beside its leads."""
    from serving.notices.returned_sheet import is_returned_sheet

    return [file for file in files if is_returned_sheet(file)]


def _fed_back(sheets: Sequence[Path], agreement: Agreement) -> list[dict[str, Any]]:
    """What became of each sheet that came back. Raises SheetRefused before anything of one is written."""
    from serving.notices.returned_sheet import read_sheet

    return [read_sheet(home(), agreement, sheet, now()).as_json() for sheet in sheets]


def parsed_lag(text: str) -> timedelta:
    """The length of time that --recorded-lag names. Raises LeadlightError for a text that is none."""
    try:
        return duration(text)
    except ValueError:
        raise LeadlightError(f'--recorded-lag is {text!r}; write for example "2 days" or "30 minutes"') from None


def _ingested_lines(file: Mapping[str, Any]) -> Iterator[str]:
    counts = f"{file['accepted']:,} new events, {file['duplicates']:,} known already, {file['refused']:,} kept aside"
    yield f"{file['file']}: {counts}"
    yield from file["notes"]
