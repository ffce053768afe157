"""Files into the ledger: events as they are, and a CRM's export and field history as the events they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from features.agreement.agreement import Agreement
from features.agreement.versions import AgreementVersion
from features.home.database import reading
from features.home.deployments import deployment_in_force
from features.home.progress import Progress
from features.home.settings import Home
from features.identity.components import shared_addresses, shared_addresses_sentence
from features.identity.lookup import first_event_at, leads_by_identifier
from features.imports.customers import Customers
from features.imports.field_history import FieldHistory
from features.imports.files import EventFile, HistoryFile, LeadFile, events_in, source_kinds
from features.imports.lead_export import CrmExport, ExportError
from features.ledger.ledger import Appended, Ledger
from features.store.materialize import materialized
from training.model.model import Model


@dataclass(frozen=True)
class Ingested:
    """One per file: how many of its events were accepted, duplicates or refused, and notes for a person."""

    file: str
    appended: Appended
    sentences: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"file": self.file, **self.appended.__dict__, "notes": list(self.sentences)}


def ingest(
    home: Home,
    files: list[Path],
    agreed: AgreementVersion,
    now: datetime,
    progress: Progress = lambda _: None,
    recorded_lag: timedelta = timedelta(0),
) -> list[Ingested]:
    """Append the files' events to the ledger and bring leads and features up to date; a second run adds nothing.

    recorded_lag: for a file that does not say when its events were received, how long after they happened.

    The columns of a file say what it holds, and the order of the files does not matter: a CRM's history counts for the
    leads of its export. A run that breaks off has appended whole batches, which the next run counts as duplicates.
    Raises FileError and ExportError with one sentence.
    """
    # Before anything is imported, so that a wrong name is refused at once.
    sources = [part for path in files for part in source_kinds(path)]
    file_import = _FileImport(Ledger.open(home), agreed, now, progress, recorded_lag)
    done = list(file_import.all_of(sources))
    refresh_features(home, agreed, progress)
    places = [path.name for path in files]
    return sorted(done, key=lambda file: places.index(file.file))


def ingest_customers(
    home: Home, files: list[Path], agreed: AgreementVersion, now: datetime, progress: Progress = lambda _: None
) -> list[Ingested]:
    """Append that the accounts and leads of the files are customers; a second run adds nothing.

    Raises FileError and ColumnError with one sentence.
    """
    file_import = _FileImport(Ledger.open(home), agreed, now, progress, timedelta(0))
    done = [file_import.customers(path) for path in files]
    refresh_features(home, agreed, progress)
    return done


def refresh_features(home: Home, agreed: AgreementVersion, progress: Progress) -> None:
    """Bring leads and features up to date: by the agreement, and by the one that the served model learned from."""
    materialized(home, agreed.agreement, progress)
    served = served_agreement(home, agreed.agreement)
    if served.feature_digest != agreed.agreement.feature_digest:
        materialized(home, served, progress)


def served_agreement(home: Home, agreement: Agreement) -> Agreement:
    """The agreement that the served model learned from; `agreement` while no model is served. Raises ModelDamaged."""
    newest = deployment_in_force(home, agreement.name)
    return Agreement.parse(Model.read(newest.folder(home), newest.digest).agreement_text) if newest else agreement


@dataclass(frozen=True)
class _FileImport:
    ledger: Ledger
    kept: AgreementVersion
    now: datetime
    progress: Progress
    lag: timedelta

    def all_of(self, sources: Sequence[EventFile | LeadFile | HistoryFile]) -> Iterator[Ingested]:
        """One entry per file, imported in an order in which no property of an event and no lead is lost."""
        histories = self._histories([part for part in sources if isinstance(part, HistoryFile)])
        # The first of two events with one id stays: an event's own table has the properties that `tracks` lacks.
        yield from map(self._events, sorted((part for part in sources if isinstance(part, EventFile)), key=_is_later))
        for part in sources:
            if isinstance(part, LeadFile):
                yield self._leads(part, histories.get(part.crm.name) if part.crm else None)
        for history in histories.values():
            yield from self._history(history)

    def customers(self, path: Path) -> Ingested:
        """The import of one file of customers."""
        customers = Customers(path, self.kept.agreement, self.now, partial(leads_by_identifier, self.ledger.home))
        total = self._appended(customers.events(), path.name, source="customers")
        return Ingested(path.name, total, (*customers.sentences, *_erased_note(total)))

    def _events(self, part: EventFile) -> Ingested:
        total = self._appended(events_in(part.path), part.path.name, source="file", lag=self.lag)
        return Ingested(part.path.name, total, tuple(_event_notes(part, total)))

    def _leads(self, part: LeadFile, history: FieldHistory | None) -> Ingested:
        self.progress(f"looking at {part.path.name}")
        export, before = CrmExport.of(part.path, self.kept.agreement, self.now, part.crm, history), self._shared()
        total = self._appended(export.stream(part.path), part.path.name, source="crm")
        return Ingested(
            part.path.name,
            total,
            (*export.sentences, *_erased_note(total), *self._of_addresses(part.path.name, before)),
        )

    def _shared(self) -> dict[str, int]:
        with reading(self.ledger.home) as connection:
            return shared_addresses(connection)

    def _of_addresses(self, name: str, before: Mapping[str, int]) -> Iterator[str]:
        news = {address: leads for address, leads in self._shared().items() if leads > before.get(address, 0)}
        if news:
            yield f"{name}: e-mail addresses that identify nobody: {shared_addresses_sentence(news)}"

    def _histories(self, changes: Sequence[HistoryFile]) -> dict[str, FieldHistory]:
        if changes and self.kept.agreement.outcome.undated:
            problem = "without dates nothing has a past; draft it again, from an export that says when leads came"
            name = self.kept.agreement.file
            raise ExportError(f"{changes[0].path.name} is a history, but {name} says undated = true: {problem}")
        named = {part.crm.name: part.crm for part in changes}
        if changes:
            self.progress(f"looking at {', '.join(part.path.name for part in changes)}")
        return {
            name: FieldHistory.of([part for part in changes if part.crm is crm], self.kept.agreement, self.now)
            for name, crm in named.items()
        }

    def _history(self, history: FieldHistory) -> Iterator[Ingested]:
        since = first_event_at(self.ledger.home, history.leads)
        if not since:
            problem = f"tells how {len(history.leads):,} leads changed, and none of them is known here"
            raise ExportError(f"{history.file} {problem}; give the export of the leads as well")
        for place, changes in enumerate(history.files):
            news = (event for chunk in changes.chunks() for event in history.events(chunk, since))
            first = history.initial_values(since) if place == 0 else ()
            total = self._appended(chain(first, news), changes.path.name, source="crm")
            is_last = place + 1 == len(history.files)
            said = history.sentences(since) if is_last else ()
            yield Ingested(changes.path.name, total, (*said, *_erased_note(total)))

    def _appended(self, events: Iterable[Mapping[str, Any]], name: str, **how: Any) -> Appended:
        total = Appended()
        for batch in self.ledger.append(events, received_at=self.now, **how):
            total += batch
            self.progress(f"{name}: {total.accepted + total.duplicates:,} events")
        return total


def _is_later(part: EventFile) -> bool:
    return part.is_rollup


def _erased_note(total: Appended) -> Iterator[str]:
    if total.erased:
        yield f"{total.erased:,} events are of leads that were erased; nothing of them was kept"


def _event_notes(part: EventFile, total: Appended) -> Iterator[str]:
    if total.refused:
        yield f"{total.refused:,} events could not be used and are kept with their reasons in failed_events"
    yield from _erased_note(total)
    if part.is_rollup and total.accepted:
        remedy = "give the tables of those events in the same call as tracks"
        yield f"{part.path.name}: {total.accepted:,} of its events came without properties; if they have any, {remedy}"
