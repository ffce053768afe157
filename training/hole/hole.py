"""The black hole in a CRM's history: reads its exports, and counts what became of the leads that sales was given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from features.home.errors import LeadlightError
from features.imports.cells import CellReader
from features.imports.crm import Crm
from features.imports.files import EventFile, HistoryFile, LeadFile, source_kinds, table_in
from training.hole.activities import add_activities, is_activity_table
from training.hole.figures import Figure, FigureGroup, figure_groups, figures
from training.hole.handed_leads import HandedLeads, handed_leads
from training.hole.hole_columns import ROLES, HoleColumns, hole_columns
from training.hole.lead_rows import LeadRows, lead_rows, one_row_per_lead
from training.hole.sales_history import RecordedWork
from training.hole.status_meanings import IN_WORDS, MEANINGS, StatusMeanings
from training.leakage.wording import quoted_values


class HoleError(LeadlightError):
    """What was given is nothing to count the hole in."""

    code = "no_leads"


@dataclass(frozen=True)
class HoleRequest:
    """What a person says of the files. columns: by role a title; statuses: by status its meaning; crm: whose they are.

    cost_per_lead: in the money of whoever asks. time_zone: of dates that name none. agreed: [statuses] of an agreement.
    """

    columns: Mapping[str, str] = field(default_factory=dict)
    statuses: Mapping[str, str] = field(default_factory=dict)
    crm: Crm | None = None
    cost_per_lead: float | None = None
    time_zone: str = "UTC"
    agreed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class LeadTable:
    """One table of leads, or of what was done with them: its name, its rows, and whose it is."""

    name: str
    rows: pd.DataFrame
    crm: Crm | None

    @property
    def holds_activities(self) -> bool:
        """Whether its rows are calls and mails, and no leads."""
        return is_activity_table([str(title) for title in self.rows.columns])


@dataclass(frozen=True)
class Hole:
    """What was counted, at `made_at`. files: their names; rows: of the tables of leads; columns: by file and role.

    as_of: the newest moment in the files. drafted: lines on which column was taken for which; notes: sentences on what
    else a reader should know.
    """

    made_at: datetime
    files: tuple[str, ...]
    rows: int
    as_of: datetime | None
    columns: Mapping[str, Mapping[str, tuple[str, ...]]]
    drafted: tuple[str, ...]
    notes: tuple[str, ...]
    figures: tuple[Figure, ...]
    groups: tuple[FigureGroup, ...]
    handed: HandedLeads
    cost_per_lead: float | None = None

    def figure(self, name: str) -> Figure:
        """The figure of this name, of all leads."""
        return next(figure for figure in self.figures if figure.name == name)


def hole_in_files(files: Sequence[Path], request: HoleRequest, now: datetime) -> Hole:
    """The hole in files: one or more exports of leads, joined by their ids, and the history of their fields.

    Raises HoleError, FileError, ColumnError, HoleColumnsError, StatusError or DatesError, each with what to do.
    """
    held = [part for path in files for part in source_kinds(path)]
    if events := next((part for part in held if isinstance(part, EventFile)), None):
        remedy = "give an export of leads from the CRM, with created, first contact, status, reason and won dates"
        raise HoleError(f"{events.path.name} holds events; {remedy}", code="not_a_table")
    tables = [part for part in held if isinstance(part, LeadFile)]
    names = Counter(part.path.name for part in tables)
    exports = [_export(part, request.crm, names[part.path.name] > 1) for part in tables]
    histories = [part for part in held if isinstance(part, HistoryFile)]
    if all(one.holds_activities for one in exports):
        raise HoleError(f"{files[0].name} holds only how leads changed; give the export of the leads as well")
    return counted_hole(exports, histories, request, now)


def _export(part: LeadFile, crm: Crm | None, with_folder: bool) -> LeadTable:
    rows, name = table_in(part.path), str(part.path) if with_folder else part.path.name
    titles = [str(title) for title in rows.columns]
    if is_activity_table(titles):
        return LeadTable(name, rows, None)
    if crm and not part.crm and not crm.is_export(titles):
        lacks = " or no ".join(crm.missing_fields(titles))
        problem = f"is no export of {crm.label}'s leads: it has no {lacks}"
        raise HoleError(f"{part.path.name} {problem}; export it with all columns, or leave out --from")
    return LeadTable(name, rows, crm or part.crm)


def counted_hole(
    tables: Sequence[LeadTable], histories: Sequence[HistoryFile], request: HoleRequest, now: datetime
) -> Hole:
    """The hole in tables of leads or of activities and a CRM's history. Raises as `hole_in_files` does."""
    meanings, zone = StatusMeanings.said_by(request.statuses, request.agreed), _zone(request.time_zone)
    _check_cost(request.cost_per_lead)
    read = _read(tables, histories, request, (now, zone))
    handed = handed_leads(_joined(read.found), read.history, meanings, zone)
    return Hole(
        now,
        tuple(dict.fromkeys((*read.columns, *read.recorded))),
        sum(one.rows for one in read.found),
        handed.as_of,
        _columns_by_file(read.columns, read.history, ", ".join(read.recorded)),
        tuple(_drafted(read.columns, read.history, ", ".join(read.recorded))),
        (*_on_ids(read.columns, read.found, read.history), *_notes(tables, read.readers, handed)),
        figures(handed, request.cost_per_lead),
        figure_groups(handed, request.cost_per_lead),
        handed,
        request.cost_per_lead,
    )


@dataclass(frozen=True)
class _Read:
    """What was read: by file of leads its columns and its leads, and what the files `recorded` tell of their past."""

    columns: Mapping[str, HoleColumns]
    found: Sequence[LeadRows]
    history: RecordedWork
    recorded: Sequence[str]
    readers: Sequence[CellReader]


def _read(
    tables: Sequence[LeadTable],
    histories: Sequence[HistoryFile],
    request: HoleRequest,
    read_at: tuple[datetime, ZoneInfo],
) -> _Read:
    now, zone = read_at
    activities = [one for one in tables if one.holds_activities]
    exports = [one for one in tables if not one.holds_activities]
    columns = _columns_of_each(exports, _named_of_each(exports, request.columns))
    readers = {one.name: CellReader(one.name, zone, now, keeps_late=False) for one in tables}
    found, rows_before = [], 0
    for one in exports:
        found.append(lead_rows(one.rows, columns[one.name], one.crm, readers[one.name], rows_before + 1))
        rows_before += len(one.rows)
    recorded = [*(part.path.name for part in histories), *(one.name for one in activities)]
    reader = CellReader(", ".join(recorded), zone, now)
    history = RecordedWork.of(histories, reader)
    for one in activities:
        add_activities(history, one.rows, readers[one.name])
    return _Read(columns, found, history, recorded, [*readers.values(), reader])


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise HoleError(f'"{name}" is no time zone; write for example "Europe/Berlin"', code="bad_time_zone") from error


def _check_cost(cost: float | None) -> None:
    if cost is not None and not 0 <= cost < float("inf"):
        raise HoleError(f"a lead cannot cost {cost:g}; give what one lead costs, such as 120", code="bad_cost")


def _named_of_each(exports: Sequence[LeadTable], columns: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """By file, the columns that a person named and that it has. The first file answers for what none has."""
    named: dict[str, dict[str, str]] = {one.name: {} for one in exports}
    for role, title in columns.items():
        having = [one for one in exports if title == "none" or title in one.rows.columns] or exports[:1]
        for one in having:
            named[one.name][role] = title
    return named


def _columns_of_each(exports: Sequence[LeadTable], named: Mapping[str, Mapping[str, str]]) -> dict[str, HoleColumns]:
    """By file its columns. Raises HoleError where one of several files does not say which lead a row is of."""
    columns: dict[str, HoleColumns] = {}
    for one in exports:
        found = hole_columns(one.rows, one.crm, named[one.name], one.name)
        if len(exports) > 1 and not found.of("id"):
            ids = [title for other in columns.values() for title in other.of("id") if title in one.rows.columns]
            if not ids:
                problem = f"{one.name} does not say which lead a row is of, and the files are joined by that"
                raise HoleError(f'{problem}; name its column with --column id="TITLE"', code="no_id")
            found = hole_columns(one.rows, one.crm, {**named[one.name], "id": ids[0]}, one.name)
        columns[one.name] = found
    named_roles = {role for roles in named.values() for role in roles}
    is_told = any(found.of("created") or found.unclear for found in columns.values())
    if not is_told and not {"created", "first_try"} & named_roles:
        columns |= {name: found.first_contact_as_arrival for name, found in columns.items() if found.of("first_try")}
    return columns


def _joined(found: Sequence[LeadRows]) -> LeadRows:
    """The leads of several tables as one table; what a later one says of a lead counts."""
    if len(found) == 1:
        return found[0]
    leads = one_row_per_lead(pd.concat([one.leads for one in found]))
    hours, roles = (frozenset().union(*parts) for parts in ([f.has_hours for f in found], [f.roles for f in found]))
    return LeadRows(leads, hours, roles, sum(one.rows for one in found))


def _drafted(columns: Mapping[str, HoleColumns], history: RecordedWork, file: str) -> Iterator[str]:
    for name, found in columns.items():
        yield from (f"{name}: {line}" if len(columns) > 1 else line for line in found.sentences)
    if history.changes:
        told = "; ".join(f"{title} tells {ROLES[role]}" for role, title in history.roles.items())
        yield f"{file}: {history.changes:,} changes of {len(history.by_lead):,} leads" + (f"; {told}" if told else "")


def _columns_by_file(
    columns: Mapping[str, HoleColumns], history: RecordedWork, file: str
) -> dict[str, Mapping[str, tuple[str, ...]]]:
    """By file and role the columns; of a history the fields."""
    recorded = {role: (f"{title} (history)",) for role, title in history.roles.items()}
    return {name: one.columns for name, one in columns.items()} | ({file: recorded} if recorded else {})


def _on_ids(columns: Mapping[str, HoleColumns], found: Sequence[LeadRows], history: RecordedWork) -> Iterator[str]:
    """Sentences on rows and changes that name no lead."""
    for (name, own), one in zip(columns.items(), found, strict=True):
        if not own.of("id"):
            yield f'{name}: no column says which lead a row is of, so each row is one; --column id="TITLE" names it'
        elif one.without_id:
            yield f"{name}: {_leads_were(one.without_id, 'row')} left out, for {own.of('id')[0]} is empty there"
    known = set().union(*(one.leads.index for one in found))
    if unknown := sum(lead not in known for lead in history.by_lead):
        yield f"{_leads_were(unknown)} left out: the history has them, and no export of leads"


def _leads_were(count: int, noun: str = "lead") -> str:
    return f"1 {noun} was" if count == 1 else f"{count:,} {noun}s were"


def _notes(exports: Sequence[LeadTable], readers: Sequence[CellReader], handed: HandedLeads) -> Iterator[str]:
    for one in exports:
        yield from one.rows.attrs.get("notes", [])
    for reader in readers:
        yield from reader.sentences()
    yield _on_handover(handed)
    yield from _on_statuses(handed)
    yield from _on_tries(handed)


def _on_handover(handed: HandedLeads) -> str:
    if "handed_over" not in handed.facts.roles:
        option = '--column handed_over="TITLE" names one'
        return f"no column says when a lead was handed over to sales, so each counts from when it came; {option}"
    return f"{_leads_were(handed.not_handed_over)} never handed over: not counted"


def _on_statuses(handed: HandedLeads) -> Iterator[str]:
    by_meaning: dict[str, list[str]] = {}
    for text, meaning in sorted(handed.meanings.items(), key=lambda said: MEANINGS.index(said[1])):
        by_meaning.setdefault(IN_WORDS[meaning], []).append(text)
    for words, texts in by_meaning.items():
        more = ", ..." if len(texts) > _SHOWN else ""
        yield f"{quoted_values(texts[:_SHOWN], _SHOWN)}{more}: {words}"
    if handed.unknown:
        texts = [text for text, _ in handed.unknown.most_common(_SHOWN)]
        remedy = f'--status "{texts[0]}=tried" says it (or waiting, given_up, rejected, won, no_answer, other)'
        yield f"{quoted_values(texts, _SHOWN)}: no known word, so it counts for nothing; {remedy}"


def _on_tries(handed: HandedLeads) -> Iterator[str]:
    leads = handed.leads
    if young := int((~leads["had_time"]).sum()):
        yield f"{_leads_were(young)} handed over on the last day of the files: left out of never tried and of speed"
    if leads["is_tried"].notna().any() and (untold := int(leads["is_tried"].isna().sum())):
        stand = "1 lead stands" if untold == 1 else f"{untold:,} leads stand"
        yield f"{stand} in a status that is not understood: neither tried nor untried"
    if not handed.facts.roles & {"first_try", "last_try", "tries"} and leads["is_tried"].notna().any():
        yield "no column is of tries, so a lead counts as tried once its status says that sales works or ended it"
    before = leads["is_tried"].fillna(False) & leads["first_try_at"].isna()
    if leads["first_try_at"].notna().any() and before.any():
        were = f"{_leads_were(int(before.sum()))} tried or converted"
        yield f"{were}, but no try since the handover has a date: left out of speed"
    untried = leads["is_rejected"].fillna(False) & ~leads["is_tried"].fillna(True)
    if untried.any():
        yield f"of the leads never tried, sales rejected {int(untried.sum()):,} without a try"


_SHOWN = 12
