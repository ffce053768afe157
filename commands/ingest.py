"""`leadlight ingest`: reads files of events, leads, histories and customers into the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer

from commands import console
from commands.options import AgreementFile, Files, Json, agreement_to_learn_by, home, now, print_answer
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

    with console.progress_line("reading") as progress:
        if kind is FileKind.CUSTOMERS:
            done = file_import.ingest_customers(home(), files, agreement_to_learn_by(agreement), now(), progress)
        else:
            lag = parsed_lag(recorded_lag)
            done = file_import.ingest(home(), files, agreement_to_learn_by(agreement), now(), progress, lag)
    lines = [line for file in done for line in _ingested_lines(file.as_json())]
    print_answer({"files": [file.as_json() for file in done]}, [*lines, "next: leadlight train --promote"], as_json)


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
