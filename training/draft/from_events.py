"""Drafts an agreement from events: behaviours from event names and page paths, traits from identify calls."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.checks import CRM_EVENTS, RESERVED, SALES_EVENTS
from features.agreement.conditions import FACTS, Kind
from features.agreement.messages import did_you_mean
from features.agreement.scale import DRAFTED
from features.home.errors import LeadlightError
from features.imports.columns import cell_text
from features.imports.files import EventFile, source_kinds
from training.draft.agreement_text import (
    asks_line,
    asks_note,
    default_section,
    draft_heading,
    free_name,
    plain_label,
    policy_text,
    sections_text,
    toml_text,
)
from training.draft.column_decisions import (
    ColumnDecision,
    asked_reason,
    decimal_sign,
    number_flags,
    protected_reason,
    unclear_numbers,
    useless_decision,
)
from training.draft.column_roles import OutcomeError
from training.draft.contact_columns import contact_section
from training.draft.event_counts import EventCounts, EventLeads
from training.draft.from_export import Draft
from training.draft.horizon import ConversionDelay, conversion_delay
from training.labels.summary import CONVERTED_ON_ACCEPTANCE
from training.leakage.column_profiles import ColumnProfile
from training.leakage.ids import id_auc, id_sentence
from training.leakage.suspects import PARTLY_LATE, quarantine_reasons
from training.leakage.wording import reason_in_title

OUTCOMES = ("Lead Converted", "Opportunity Won", "Opportunity Created")  # the first that occurs, where none is named
_MOST = {"events": 20, "pages": 10}  # behaviours: more would be told apart by nobody
_EPOCH = date(1970, 1, 1).toordinal()
_RARE = 0.01  # share of the views that pages of one part of the site must have
_OF_MAILS = frozenset({"Email Delivered", "Email Bounced", "Email Marked as Spam", "Page Left", "History Kept"})
_OF_PAGES = frozenset({"Page Loaded", "Page Unloaded"})  # of clients that note these by themselves
# Part 2 speaks of these, whether they have come yet or not: who asks for us goes straight over, an applicant never.
_IN_RULES = ("demo_request", "contact_sales", "support_form", "application")
_KEYS = frozenset({"email", "crm", "crm_lead_id", "account", "id", "user_id", "anonymous_id"})
_FLAGS = frozenset({"customer", "open_opportunity", "profiling_opt_out", "unsubscribed"})
_TAKEN = RESERVED | (frozenset(FACTS) - {"source", "campaign", "seniority", "department"})


def event_draft(files: Sequence[Path | str] | Path | str, outcome: str | None = None) -> Draft:
    """Draft an agreement from files of events: a warehouse's tables, or jsonl, csv or Parquet of Segment's calls.

    outcome: the event that means converted; else the first of OUTCOMES that occurs.

    Raises FileError or OutcomeError, each with what to type instead.
    """
    paths = [Path(file) for file in ([files] if isinstance(files, (str, Path)) else files)]
    full, bare = _event_files(paths)
    counts = EventCounts.of(full, bare, (outcome,) if outcome else OUTCOMES)
    name = ", ".join(path.name for path in paths)
    label, won = _outcome(counts, outcome, name)
    delay = _conversion_delay(counts, won)
    decisions = tuple(_decisions(counts, won))
    tried_before = counts.tried_before(won)
    text = sections_text(_parts(counts, _EventDraftBasis(name, label, len(won), tried_before, delay, decisions)))
    notes = (
        *_on_outcome(label, won, counts),
        asks_note(tried_before),
        *_on_ids(counts, won),
        *_on_behaviours(counts, label),
        *delay.notes,
    )
    return Draft(text, decisions, notes, counts.events, None)


@dataclass(frozen=True)
class _EventDraftBasis:
    """What the draft is written from besides the counts.

    won: how many leads converted. tried_before: which share of them sales had tried before; None where it is unknown.
    """

    file: str
    outcome: str
    won: int
    tried_before: float | None
    delay: ConversionDelay
    decisions: Sequence[ColumnDecision]


def _event_files(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files whose events have their properties, and those that only roll them up."""
    held = [part for path in paths for part in source_kinds(path)]
    if other := next((part for part in held if not isinstance(part, EventFile)), None):
        remedy = "draft from the export of a CRM with --from salesforce, --from hubspot, or --outcome COLUMN"
        raise LeadlightError(f"{other.path.name} holds no events but leads; {remedy}", code="no_events")
    events = [part for part in held if isinstance(part, EventFile)]
    return [part.path for part in events if not part.is_rollup], [part.path for part in events if part.is_rollup]


def _outcome(counts: EventCounts, asked: str | None, file: str) -> tuple[str, Mapping[str, float]]:
    """The name of the outcome, and the leads that had it with the first day of it."""
    name = asked or next((name for name in OUTCOMES if counts.happened[name]), None)
    if name and counts.happened[name]:
        return name, counts.happened[name]
    names = sorted(counts.tracks, key=lambda name: (-counts.tracks[name], name))
    if asked:
        what = f'no event is "{asked}"; {did_you_mean(asked, names) if names else "there is no track call"}'
    else:
        shown = ", ".join(f'"{name}"' for name in names[:8]) or "none"
        what = f"no event is {' or '.join(OUTCOMES[:2])}; say which one means converted: --outcome NAME; it has {shown}"
    raise OutcomeError(f"{file}: {what}")


def _conversion_delay(counts: EventCounts, won: Mapping[str, float]) -> ConversionDelay:
    came = _EPOCH + np.array(list(counts.came.values()))
    converted = _EPOCH + np.array([won.get(lead, np.nan) for lead in counts.came])
    return conversion_delay(came, converted, "their first event") if len(won) else ConversionDelay()


def _decisions(counts: EventCounts, won: Mapping[str, float]) -> Iterator[ColumnDecision]:
    """One on each trait that identify calls bring."""
    leads = EventLeads.of(counts, won)
    for name in dict.fromkeys(name for said in counts.traits for name in said if name not in _KEYS | _FLAGS):
        profile = _profile(name, [said.get(name) for said in counts.traits])
        yield useless_decision(profile) or _trait_decision(profile, leads)


def _profile(name: str, values: Sequence[object]) -> ColumnProfile:
    profile = ColumnProfile.of_texts(name, map(cell_text, values))
    # JSON's numbers are numbers, whatever a text in their place would mean.
    return replace(profile, typed=any(isinstance(value, int | float) for value in values))


def _trait_decision(profile: ColumnProfile, leads: EventLeads) -> ColumnDecision:
    use: Literal["trait", "excluded", "dropped"] = "trait"
    why = protected_reason(profile) or reason_in_title(profile.column) or asked_reason(profile)
    why = why or unclear_numbers(profile)
    signals, filling = leads.signals(profile), leads.fill_time(profile.column)
    why = why or "; ".join(quarantine_reasons(signals, filling))
    if why:
        use = "excluded"
    elif not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", profile.column) or profile.column in _TAKEN:
        use, why = "dropped", "no trait can have this name"
    kind: Kind = "text" if profile.column == "job_title" else profile.kind  # it becomes a rank and a department
    late = (filling.sentence,) if filling and filling.late_share >= PARTLY_LATE else ()
    # What a file writes for missing is no part of an agreement on events.
    codes = tuple(flag for flag in number_flags(profile) if "[export]" not in flag)
    flags = (*late, *codes) if use == "trait" else ()
    empty_share = leads.empty_share(profile)
    return ColumnDecision(profile.column, use, kind, why, flags, signals, empty_share, decimal_sign(profile))


def _on_outcome(label: str, won: Mapping[str, float], counts: EventCounts) -> Iterator[str]:
    yield f"{label}: the outcome, as {len(won):,} of {len(counts.came):,} leads had it"
    if label == "Lead Converted":
        yield f'{label}: {CONVERTED_ON_ACCEPTANCE}; to take that, say --outcome "Opportunity Won"'


def _on_ids(counts: EventCounts, won: Mapping[str, float]) -> Iterator[str]:
    leads = list(counts.came)
    tells = id_auc(leads, np.array([lead in won for lead in leads]), list(counts.came.values()))
    if tells is not None:
        yield id_sentence("userId", tells)


def _on_behaviours(counts: EventCounts, label: str) -> Iterator[str]:
    known = Agreement.default().behaviours
    for name, count in ((n, c) for n, c in counts.matched.most_common() if known[n].event != label):
        yield f"{name}: a behaviour of the default agreement, {count:,} events"
    for name, count in [*_new_events(counts, label), *_new_pages(counts)]:
        yield f"{name}: a behaviour, {count:,} events"
    if ignored := _ignored(counts, label):
        yield f"{', '.join(ignored)}: too rare to draft; add those that matter to [behaviours]"


def _other_track_calls(counts: EventCounts, label: str) -> Counter[str]:
    """The track calls that are no behaviour of the default agreement and may be one of this."""
    events = {line.event for line in Agreement.default().behaviours.values() if counts.matched[line.name]}
    known = SALES_EVENTS | CRM_EVENTS | _OF_MAILS | _OF_PAGES | events | {label, ""}
    return Counter({name: count for name, count in counts.tracks.items() if name not in known})


def _new_events(counts: EventCounts, label: str) -> list[tuple[str, int]]:
    return _other_track_calls(counts, label).most_common(_MOST["events"])


def _ignored(counts: EventCounts, label: str) -> list[str]:
    return [name for name, _ in _other_track_calls(counts, label).most_common()[_MOST["events"] :]][:20]


def _new_pages(counts: EventCounts) -> list[tuple[str, int]]:
    """Parts of the site, without the home page and those whose names are ids."""
    views = counts.pages.total() + sum(count for name, count in counts.matched.items() if name.endswith("_page"))
    parts = [(part, count) for part, count in counts.pages.most_common() if count >= _RARE * views]
    return [pair for pair in parts if re.fullmatch(r"/[A-Za-z][A-Za-z_-]{1,40}", pair[0])][: _MOST["pages"]]


def _parts(counts: EventCounts, basis: _EventDraftBasis) -> Iterator[str]:
    leads = f"{len(counts.came):,} leads, {basis.won / max(len(counts.came), 1):.1%} converted"
    yield from draft_heading(f"{DRAFTED} --from segment` from {basis.file}: {counts.events:,} events of {leads}.")
    yield _outcome_text(counts, basis)
    yield default_section("interest")
    lines = dict(_behaviours(counts, basis))
    yield "\n".join(["[behaviours]  # what leads do that counts; page time is added", *lines.values()])
    traits = "[traits]  # what the model learns from: number, category, text, boolean or date"
    yield "\n".join([traits, *_traits(basis)])
    excluded = "[excluded]  # the model never sees these; to use one, move its line to [traits]"
    yield contact_section(basis.decisions, {decision.column: decision.column for decision in basis.decisions})
    yield "\n".join([excluded, *_excluded(basis)])
    kinds = {decision.column: decision.kind for decision in basis.decisions if decision.use == "trait"}
    lifetime = basis.won / max(len(counts.came), 1)
    yield policy_text(kinds, lines, lifetime if basis.delay.open_rate is None else basis.delay.open_rate)


def _outcome_text(counts: EventCounts, basis: _EventDraftBasis) -> str:
    return (
        '[outcome]  # what "converted" means\n'
        f"event       = {toml_text(basis.outcome)}\n"
        f"within_days = {basis.delay.horizon_days}  # only after this long does a lead count as a no\n"
        f"{asks_line(basis.tried_before)}"
    )


def _behaviours(counts: EventCounts, basis: _EventDraftBasis) -> Iterator[tuple[str, str]]:
    """Each behaviour's name and line: the default's that occur, then the other names and pages."""
    default = default_section("behaviours")
    taken = set(FACTS) | RESERVED | {decision.column for decision in basis.decisions}
    for name, behaviour in Agreement.default().behaviours.items():
        if behaviour.event != basis.outcome and (counts.matched[name] or name in _IN_RULES):
            [line] = re.findall(rf"^{name}\s*=.*$", default, re.M)
            taken.add(name)
            yield name, line
    for event, _ in _new_events(counts, basis.outcome):
        name = _free(event, taken)
        yield name, f"{name} = {{ event = {toml_text(event)}, label = {toml_text(plain_label(event).lower())} }}"
    for part, _ in _new_pages(counts):
        name = _free(f"{part} page", taken)
        where = f"where = {{ path = {toml_text(f'{part}*')} }}"
        label_of = toml_text(f"{part.strip('/').replace('-', ' ').replace('_', ' ').lower()} pages")
        yield name, f'{name} = {{ event = "page", {where}, label = {label_of} }}'


def _free(title: str, taken: set[str]) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")
    name = free_name(plain if plain[:1].isalpha() else f"event_{plain}".rstrip("_"), taken)
    taken.add(name)
    return name


def _traits(basis: _EventDraftBasis) -> Iterator[str]:
    kept = [decision for decision in basis.decisions if decision.use == "trait"]
    for decision in kept:
        kind = toml_text(decision.kind)
        line = f"{{ kind = {kind}, decimal = {toml_text(decision.decimal)} }}" if decision.decimal else kind
        yield f"{decision.column} = {line}"


def _excluded(basis: _EventDraftBasis) -> Iterator[str]:
    for decision in basis.decisions:
        if decision.use == "excluded":
            yield f"{decision.column} = {{ why = {toml_text(decision.reason)}, kind = {toml_text(decision.kind)} }}"
    for decision in basis.decisions:
        if decision.use == "dropped":
            yield f"# dropped: {decision.column}: {decision.reason}"
