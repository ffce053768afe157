"""Drafts an agreement from a CRM export: what each column is, and which columns give the outcome away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import Floats
from features.home.dates import DatesError
from features.home.errors import LeadlightError
from features.imports.columns import column_named
from features.imports.crm import ANY_VALUE, Crm
from features.imports.files import EventFile, HistoryFile, LeadFile, sample_in, source_kinds, titles_in
from features.imports.lead_export import ROW_NUMBER
from training.draft.agreement_text import DraftBasis, agreement_text, asks_note, toml_text, trait_names
from training.draft.column_decisions import LEGEND, ColumnDecision, ExaminedColumn, column_decision, useless_decision
from training.draft.column_roles import (
    ColumnRoles,
    OutcomeError,
    RequestedRoles,
    column_roles,
    identified,
    positive_value,
)
from training.draft.date_titles import says_came
from training.draft.horizon import ConversionDelay, conversion_delay, day_numbers
from training.draft.lead_ids import one_row_per_lead
from training.draft.listed_items import listed_items, on_items
from training.draft.missing_answers import missing_answers_note
from training.draft.outcome_statuses import says_outcome
from training.draft.time_zone import drafted_zone
from training.labels.summary import CONVERTED_ON_ACCEPTANCE
from training.leakage.column_profiles import ColumnProfile, column_profiles, missing_markers
from training.leakage.ids import id_auc, id_sentence
from training.leakage.signals import Triage

SIGN = 'To use an excluded column, move its line to [traits] and sign it there: signed_by = "NAME, DATE"'
MOST_ROWS = 50_000  # enough to know kinds and signs of leaks; the import reads them all


@dataclass(frozen=True)
class Draft:
    """A drafted agreement and how it came about.

    text: the agreement's TOML. decisions: one a column that is no role, in the file's order.
    auc: of the kept fields together, cross-fitted; None where there are too few outcomes to say.
    """

    text: str
    decisions: tuple[ColumnDecision, ...]
    notes: tuple[str, ...]
    rows: int
    auc: float | None

    @property
    def sentences(self) -> list[str]:
        """What `init` prints: notes, then one plain sentence a column, the suspects first."""
        order = ("excluded", "trait", "dropped")
        ranked = sorted(self.decisions, key=lambda decision: (order.index(decision.use), not decision.flags))
        legend = [LEGEND] if self.auc is not None else []
        return [*self.notes, *legend, *(decision.sentence for decision in ranked), *self._summary()]

    def _summary(self) -> list[str]:
        counts = Counter(decision.use for decision in self.decisions)
        kept = "1 column" if counts["trait"] == 1 else f"{counts['trait']} columns"
        counted = f"{kept} kept, {counts['excluded']} excluded, {counts['dropped']} dropped"
        told = "" if self.auc is None else f"; the kept ones together tell {self.auc * 100:.0f} of 100 pairs apart"
        return [f"{counted}{told}. {SIGN}"]


def export_draft(
    files: Sequence[Path | str] | Path | str,
    outcome: str | None = None,
    positive: str | None = None,
    id: str | None = None,
    created_at: str | None = None,
    crm: Crm | None = None,
) -> Draft:
    """Draft an agreement from one or more files of one CRM export; a history among them is left to the import.

    outcome: the column that says what became of a lead, a value or the date it converted. positive: the value that
    means converted, where that is not plain. id, created_at: columns, guessed where not given. crm: whose export it
    is: then nothing need be said, and what its sales causes is excluded by name.

    Raises FileError, ColumnError, OutcomeError or DatesError, each with what to type instead.
    """
    paths, notes = _exports([Path(file) for file in ([files] if isinstance(files, (str, Path)) else files)])
    name = ", ".join(path.name for path in paths)
    asked = RequestedRoles(outcome or "", positive, id, created_at)
    requested = _with_crm_roles(asked, crm, titles_in(paths[0]), paths[0].name)
    rows, total, more = _sample(paths, requested.outcome)
    markers = missing_markers(rows)
    rows, requested = _as_leads(rows, requested, name)
    total = len(rows) if total <= MOST_ROWS else total
    found = column_profiles(rows)
    assigned = column_roles(found, requested, name)
    delay = _conversion_delay(found, assigned)
    more += [*_on_default(requested, outcome, crm), *_on_ids(found, assigned)]
    decisions, auc = _decisions(found, assigned, crm)
    items = _items(found, decisions)
    more += [on_items(column, listed) for column, listed in items.items()]
    zone = drafted_zone(found[assigned.created_at].values if assigned.created_at else ())
    basis = DraftBasis(name, total, assigned, decisions, markers, delay.horizon_days, crm, delay.open_rate, items, zone)
    text = agreement_text(basis)
    said = (*notes, *more, asks_note(None), *assigned.notes, *delay.notes, *_on_answers(text, found, decisions, crm))
    return Draft(text, decisions, said, total, auc)


def _on_answers(
    text: str, profiles: Mapping[str, ColumnProfile], decisions: Sequence[ColumnDecision], crm: Crm | None
) -> list[str]:
    names = trait_names(decisions, crm)
    columns = {names[one.column]: profiles[one.column] for one in decisions if one.use == "trait"}
    note = missing_answers_note(Agreement.parse(text), columns)
    return [note] if note else []


def _exports(paths: Sequence[Path]) -> tuple[list[Path], list[str]]:
    """The files that are tables of leads, and a sentence on each history."""
    held = [part for path in paths for part in source_kinds(path)]
    if events := next((part for part in held if isinstance(part, EventFile)), None):
        remedy = "init drafts from a table of leads: add --from segment, or import events with leadlight ingest"
        raise LeadlightError(f"{events.path.name} holds events; {remedy}", code="not_a_table")
    exports = [part.path for part in held if isinstance(part, LeadFile)]
    if not exports:
        problem = f"{paths[0].name} holds only how leads changed"
        raise LeadlightError(f"{problem}; give the export of the leads as well", code="not_a_table")
    histories = [part.path.name for part in held if isinstance(part, HistoryFile)]
    return exports, [f"{name}: a history, which counts once it is ingested with the export" for name in histories]


def _with_crm_roles(requested: RequestedRoles, crm: Crm | None, titles: Sequence[str], file: str) -> RequestedRoles:
    """The requested roles, completed by what is known of the CRM."""
    if crm is None and not requested.outcome:
        named = "or name the CRM with --from salesforce or --from hubspot"
        remedy = f"say it with --outcome COLUMN{_perhaps(titles)}, {named}"
        raise OutcomeError(f"{file}: it is not said which column tells what became of a lead; {remedy}")
    if crm is None:
        return requested
    if not crm.is_export(titles):
        problem = f"is no export of {crm.label}'s leads: it has no {' or no '.join(crm.missing_fields(titles))}"
        raise OutcomeError(f"{file} {problem}; export it with all columns, or leave out --from")
    known = next((title, value) for name, value in crm.outcome if (title := crm.title(name, titles)))
    outcome, positive = (requested.outcome, requested.positive) if requested.outcome else (known[0], requested.positive)
    if not requested.outcome and known[1] not in (ANY_VALUE, "true"):
        positive = positive or known[1]
    return replace(
        requested,
        outcome=outcome,
        positive=positive,
        id=requested.id or crm.title(crm.id, titles),
        created_at=requested.created_at or crm.title(crm.created_at, titles),
        outcome_at=None if requested.outcome else crm.title(crm.converted_at, titles),
        status=crm.title(crm.status, titles),
        is_known=True,
    )


def _perhaps(titles: Sequence[str]) -> str:
    """The columns that by their titles may tell what became of a lead, to choose from."""
    found = [title for title in titles if says_outcome(title)][:4]
    return f" (perhaps {' or '.join(map(toml_text, found))})" if found else ""


def _sample(paths: Sequence[Path], outcome: str) -> tuple[pd.DataFrame, int, list[str]]:
    parts = [sample_in(path, max(MOST_ROWS // len(paths), 1)) for path in paths]
    for path, (part, _) in zip(paths, parts, strict=True):
        column_named(outcome, [str(title) for title in part.columns], path.name)
    rows, total = pd.concat([part for part, _ in parts], ignore_index=True), sum(count for _, count in parts)
    notes = [note for part, _ in parts for note in part.attrs.get("notes", [])]
    if total > len(rows):
        notes.append(f"Judged by {len(rows):,} of {total:,} rows, drawn evenly; the import reads them all")
    return rows, total, notes


def _as_leads(rows: pd.DataFrame, requested: RequestedRoles, file: str) -> tuple[pd.DataFrame, RequestedRoles]:
    """The rows with one for each lead, and the roles with the column of the id."""
    found = column_profiles(rows)
    id, notes = identified(found, requested, file)
    known = replace(requested, id=id, id_notes=notes)
    if id == ROW_NUMBER or found[id].distinct == len(rows):
        return rows, known
    outcome = column_named(requested.outcome, list(found), file)
    positive = positive_value(found[outcome], requested.positive, file)
    came = [column for column in found if says_came(column) and column not in (id, outcome)]
    return one_row_per_lead(rows, id, outcome, positive, came), known


def _on_default(requested: RequestedRoles, outcome: str | None, crm: Crm | None) -> list[str]:
    """A warning of what a CRM's usual outcome column really says."""
    if crm is None or outcome:
        return []
    if crm.name == "salesforce":
        remedy = "if yours do, send won opportunities as events and name that in [outcome]"
        return [f"{requested.outcome}: {CONVERTED_ON_ACCEPTANCE}; {remedy}"]
    return [f"{requested.outcome}: a won deal or a rep sets it; it tells what your reps take for a customer"]


def _on_ids(profiles: Mapping[str, ColumnProfile], assigned: ColumnRoles) -> list[str]:
    """Ids that tell converted leads from the others, by their form or number."""
    came = None if assigned.created_at is None else day_numbers(profiles[assigned.created_at]).tolist()
    named = [title for title, one in profiles.items() if title == assigned.id or one.is_identifier]
    over = np.flatnonzero(assigned.known)
    at = None if came is None else [came[row] for row in over]
    told = {title: id_auc([profiles[title].values[row] for row in over], assigned.won[over], at) for title in named}
    return [id_sentence(title, tells) for title, tells in told.items() if tells is not None]


def _conversion_delay(profiles: Mapping[str, ColumnProfile], assigned: ColumnRoles) -> ConversionDelay:
    if assigned.created_at is None or assigned.outcome_at is None:
        return ConversionDelay()
    came, ended = (day_numbers(profiles[title]) for title in (assigned.created_at, assigned.outcome_at))
    converted = np.where(assigned.won, ended, np.nan)
    lost = np.full(len(came), np.nan)
    if assigned.lost_at:
        lost = np.where(assigned.known & ~assigned.won, day_numbers(profiles[assigned.lost_at]), np.nan)
    return conversion_delay(came, converted, assigned.created_at, lost)


def _decisions(
    profiles: Mapping[str, ColumnProfile], assigned: ColumnRoles, crm: Crm | None
) -> tuple[tuple[ColumnDecision, ...], float | None]:
    """A decision on each column in the file's order, and the AUC of the kept ones."""
    others = [profile for title, profile in profiles.items() if title not in assigned.columns]
    useless = {profile.column: said for profile in others if (said := useless_decision(profile))}
    triage = Triage.of([profile for profile in others if profile.column not in useless], assigned.won, assigned.known)
    why = crm.why if crm else lambda _: None
    examined = {
        column: ExaminedColumn(
            profiles[column],
            signals,
            _later_share(profiles[column], profiles, assigned),
            why(column),
            _are_birthdays(profiles[column], profiles, assigned),
        )
        for column, signals in triage.all_signals().items()
    }
    judged = {column: column_decision(one) for column, one in examined.items()}
    # What a field adds shows only beside the others that are left: ask again with those that seemed honest.
    missed = triage.added_auc(list(judged), _kept_columns(judged))
    again = {
        c: column_decision(replace(s, signals=replace(s.signals, added_auc=missed.get(c)))) for c, s in examined.items()
    }
    kept = _kept_columns(again)
    auc = triage.auc(kept) if kept and triage.has_enough_outcomes else None
    both = useless | again
    return tuple(both[profile.column] for profile in others), auc


def _items(profiles: Mapping[str, ColumnProfile], decisions: Sequence[ColumnDecision]) -> dict[str, tuple[str, ...]]:
    """By kept column of lists, its items."""
    kept = (decision.column for decision in decisions if decision.use == "trait")
    return {column: items for column in kept if (items := listed_items(profiles[column]))}


def _kept_columns(judged: Mapping[str, ColumnDecision]) -> list[str]:
    return [column for column, decision in judged.items() if decision.use == "trait"]


def _later_share(profile: ColumnProfile, profiles: Mapping[str, ColumnProfile], assigned: ColumnRoles) -> float | None:
    """How many of a column's dates lie more than a day after the lead came; None where nobody can tell."""
    known = _days_after(profile, profiles, assigned)
    return float(np.mean(known > 1)) if len(known) else None


def _are_birthdays(profile: ColumnProfile, profiles: Mapping[str, ColumnProfile], assigned: ColumnRoles) -> bool:
    """Whether nearly all of a column's dates lie as long before the lead came as grown people are old."""
    years = -_days_after(profile, profiles, assigned) / 365.25
    return len(years) >= 20 and float(np.mean((years > 15) & (years < 100))) >= 0.95 and float(np.ptp(years)) > 15


def _days_after(profile: ColumnProfile, profiles: Mapping[str, ColumnProfile], assigned: ColumnRoles) -> Floats:
    """By how many days a column's dates lie after the lead came; empty where it holds none, or nobody can tell."""
    if profile.kind != "date" or assigned.created_at is None:
        return np.array([])
    try:
        later = day_numbers(profile) - day_numbers(profiles[assigned.created_at])
    except DatesError:
        return np.array([])
    return later[~np.isnan(later)]
