"""Files into the ledger: events as they are, a CRM export as the events it stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from features.agreement import Agreement
from features.agreement_versions import Kept
from features.derivation import derived
from features.exports import CrmExport
from features.files import events_in, is_event_file
from features.ledger import Appended, Ledger
from features.settings import Home
from serving.scorer import Scorer

Said = Callable[[str], None]


@dataclass(frozen=True)
class Ingested:
    """What became of one file's events, and sentences that a person should know of."""

    file: str
    appended: Appended
    sentences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"file": self.file, **self.appended.__dict__, "notes": list(self.sentences)}


def ingest(
    home: Home,
    files: list[Path],
    kept: Kept,
    now: datetime,
    said: Said = lambda _: None,
    recorded_lag: timedelta = timedelta(0),
) -> list[Ingested]:
    """Append the files' events to the ledger and bring leads and features up to date; twice adds nothing.

    recorded_lag: how long after it happened an event was known whose file does not say when it was received.

    Every file is read to its end, or nothing more of it is appended than whole batches that the next run counts as
    duplicates. Raises FileError and ExportError with one sentence.
    """
    kinds = [is_event_file(path) for path in files]  # a wrong name is said before the first long import
    ledger = Ledger.open(home)
    done = []
    for path, has_events in zip(files, kinds, strict=True):
        if has_events:
            pending = ledger.append(events_in(path), source="file", received_at=now, lag=recorded_lag)
            total = _counted(pending, path.name, said)
            done.append(Ingested(path.name, total, _of_refused(total)))
        else:
            done.append(_ingest_export(ledger, path, kept.agreement, now, said))
    refresh(home, kept, said)
    return done


def refresh(home: Home, kept: Kept, said: Said) -> None:
    """Bring leads and features up to date: by the agreement, and by the one that the served model learned from."""
    derived(home, kept.agreement, said)
    served = Scorer(home).scoring.features_by
    if served.feature_digest != kept.agreement.feature_digest:
        derived(home, served, said)


def _ingest_export(ledger: Ledger, path: Path, agreement: Agreement, now: datetime, said: Said) -> Ingested:
    said(f"looking at {path.name}")
    export = CrmExport.of(path, agreement, now)
    total = _counted(ledger.append(export.stream(path), source="crm", received_at=now), path.name, said)
    return Ingested(path.name, total, tuple(export.sentences))


def _counted(batches: Iterator[Appended], name: str, said: Said) -> Appended:
    total = Appended()
    for batch in batches:
        total += batch
        said(f"{name}: {total.accepted + total.duplicates:,} events")
    return total


def _of_refused(total: Appended) -> tuple[str, ...]:
    if not total.refused:
        return ()
    return (f"{total.refused:,} events could not be used and are kept with their reasons in failed_events",)
