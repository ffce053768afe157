"""Every value that an event gives a trait: typed, with its lead, and from when until when it was known."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.learning import lists_item
from features.arrays import NOT_YET, Ints
from features.behaviour.decayed_counters import Observations
from features.events.event_table import EventTable
from features.identity import email
from features.identity.accounts import AccountPeriods
from features.identity.claims import normal_email
from features.identity.identities import Identities
from features.identity.intervals import Period, intersection
from features.lifecycle.closures import closures
from features.touches.agreed_terms import Terms
from features.touches.relation import Relation, RelationReader
from features.touches.sales_events import sales_events
from features.traits import job_title
from features.traits.typed_values import flat_traits, snake_case, trait_value, typed_value

FIRST_TOUCH = frozenset({"source", "campaign", "opened_us"})  # the first touch stays; everything else is the latest
FLAG_TRAITS = ("customer", "profiling_opt_out", "unsubscribed", "open_opportunity")
VOUCHED = frozenset({"customer", "open_opportunity"})  # not of a lead that only a public key puts into the company
OBJECTIONS = frozenset({"profiling_opt_out", "unsubscribed"})  # a yes is followed, whoever says it
LATEST_TOUCH = frozenset({"latest_source", "latest_campaign"})  # what brought the last visit, which the CRM cannot know
OF_COMPANY, OF_LEAD = 0, 1  # a value of the lead itself is nearer than one of its company
FOR_GOOD = NOT_YET - 1  # when a conversion is taken to have happened, for its lead to stay closed

TraitValue = tuple[str, Any]  # a trait and what it is


class TraitValues(NamedTuple):
    """One row per value that a trait of a lead was given.

    trait, value:       positions in the columns and in `values`; 0 is None.
    known_us, until_us: from when until when the value was known to be this lead's.
    nearness:           OF_LEAD for a value of the lead itself, OF_COMPANY for one of its company.
    row:                of the event that gives the value, -1 where it follows from several.
    is_public:          1 for a value that gives way to any that the CRM says, since a public key says it.

    Where ann's identify call of day 3 says industry "saas" and becomes another lead's on day 9, ann has one row for it:
    known from day 3 until day 9.
    """

    lead: Ints
    known_us: Ints
    until_us: Ints
    occurred_us: Ints
    nearness: Ints
    row: Ints
    trait: Ints
    value: Ints
    is_public: Ints
    values: list[Any]


class _ValueRows:
    """Rows of some numbers, a trait and its value; equal values are stored once."""

    def __init__(self, traits: Mapping[str, int], values: dict[tuple[type, Any], int], numbers: int) -> None:
        self._traits, self._values, self._width = traits, values, numbers + 2
        self._cells = array("q")

    def add(self, given: Iterable[TraitValue], *numbers: int) -> None:
        """One row per value of a known trait; an empty value of a first touch is left out.

        The last number is whether a public key says it, which makes no difference to some values.
        """
        values = self._values
        for trait, value in given:
            position = self._traits.get(trait)
            if position is not None and (value is not None or trait not in FIRST_TOUCH):
                place = values.setdefault((type(value), value), len(values))
                is_public = numbers[-1] and not (trait in LATEST_TOUCH or (value is True and trait in OBJECTIONS))
                self._cells.extend((*numbers[:-1], is_public, position, place))

    def columns(self) -> Ints:
        return np.array(self._cells, dtype=np.int64).reshape(-1, self._width).T


def trait_values(
    table: EventTable, resolved: Identities, agreement: Agreement, observed: Observations, members: AccountPeriods,
    columns: Mapping[str, str],
) -> TraitValues:  # fmt: skip
    """Every value that the events in `table` give the traits `columns` (name to kind) of leads."""
    traits = {name: position for position, name in enumerate(columns)}
    values: dict[tuple[type, Any], int] = {(type(None), None): 0}
    by_event, by_lead = _ValueRows(traits, values, 3), _ValueRows(traits, values, 6)
    public = table.is_public().tolist()
    for event, given, when in _values_of_events(table, agreement):
        by_event.add(given, event, table.occurred[event] if when is None else when, public[event])
    for event, given, when, is_public in _retained_values(table, columns):
        by_event.add(given, event, when, is_public)
    for position, known, when, given in _values_of_leads(table, resolved, agreement, observed, members):
        by_lead.add(given, position, *known, when, OF_LEAD, False)
    for position, known, when, given, is_public in _values_of_companies(table, agreement, members):
        by_lead.add(given, position, *known, when, OF_COMPANY, is_public)
    row, occurred, publicly, trait, value = by_event.columns()
    at = resolved.attribute(row)
    lead, known_us, until_us, occurred_us, nearness, is_public_of, traits_of, value_of = by_lead.columns()
    return TraitValues(
        np.append(at.lead, lead), np.append(at.known_us, known_us), np.append(at.until_us, until_us),
        np.append(occurred[at.place], occurred_us), np.append(np.full(len(at.place), OF_LEAD), nearness),
        np.append(row[at.place], np.full(len(lead), -1)), np.append(trait[at.place], traits_of),
        np.append(value[at.place], value_of), np.append(publicly[at.place], is_public_of), [v for _, v in values],
    )  # fmt: skip


def _values_of_events(
    table: EventTable, agreement: Agreement
) -> Iterator[tuple[int, Iterable[TraitValue], int | None]]:
    """One entry per event: its row, the values that it gives, and when those were true (None: when it happened)."""
    is_group = (table.type.codes() == table.type.code("group")).tolist()
    for row, traits in table.traits:
        given = flat_traits(traits)
        yield row, _agreed_values(given, agreement), None
        if not is_group[row]:
            yield row, _values_of_person(given, agreement), None
    for row, source, campaign in table.touches:
        named = agreement.campaign_names.get(campaign or "", campaign)
        yield row, ((name, source) for name in ("source", "latest_source")), None
        yield row, ((name, named) for name in ("campaign", "latest_campaign") if named), None
    yield from ((row, (("unsubscribed", True),), None) for row, name, _ in table.mails if name == "Email Unsubscribed")
    yield from ((row, (("profiling_opt_out", objected),), None) for row, objected in table.objections)
    for row, name, _ in table.crm:
        yield row, _values_of_sales(name), None
        if name == agreement.outcome.event:
            yield row, (("closed", True),), FOR_GOOD


def _retained_values(
    table: EventTable, columns: Mapping[str, str]
) -> Iterator[tuple[int, Iterable[TraitValue], int, bool]]:
    """The values of events that were deleted for their age, when they were true, and whether a public key said so."""
    for row, properties in table.retained_totals:
        for part, is_public in (("traits", False), ("public_traits", True)):
            for trait, (value, us) in (properties.get(part) or {}).items():
                yield row, ((trait, typed_value(value, columns.get(trait, "category"))),), int(us), is_public


def _agreed_values(given: Mapping[str, Any], agreement: Agreement) -> Iterator[TraitValue]:
    """The values of the agreement's traits, and of the flags that rules need, for a person or a company."""
    for name, trait in agreement.traits.items():
        if name in given:
            yield name, _campaign_name(name, trait_value(given[name], trait, agreement), agreement)
        elif trait.item and trait.column and given.get(snake_case(trait.column)):
            yield name, lists_item(given[snake_case(trait.column)], trait.item)
    for flag in FLAG_TRAITS:
        if flag in given and flag not in agreement.traits:
            value = typed_value(given[flag], "boolean")
            # Who objected has not taken that back with an empty field.
            if value is not None or flag != "profiling_opt_out":
                yield flag, value


def _campaign_name(name: str, value: Any, agreement: Agreement) -> Any:
    return agreement.campaign_names.get(value, value) if name == "campaign" else value


def _values_of_person(given: Mapping[str, Any], agreement: Agreement) -> Iterator[TraitValue]:
    """The values that follow from a person's own traits: newest source and campaign, seniority, department, e-mail."""
    for name in ("source", "campaign"):
        if value := typed_value(given.get(name), "category"):
            yield f"latest_{name}", _campaign_name(name, value, agreement)
    if given.get("job_title"):
        title = str(given["job_title"])
        yield from (("seniority", job_title.seniority(title)), ("department", job_title.department(title)))
    if address := normal_email(given.get("email")):
        domain = email.email_domain(address)
        yield from (("email_domain", domain), ("mail_kind", email.mail_kind(domain)))


def _values_of_sales(name: str) -> Iterator[TraitValue]:
    if name.startswith("Opportunity "):
        yield "open_opportunity", name == "Opportunity Created"
    if name == "Opportunity Won":
        yield "customer", True


def _values_of_leads(
    table: EventTable, resolved: Identities, agreement: Agreement, observed: Observations, members: AccountPeriods
) -> Iterator[tuple[int, Period, int, list[TraitValue]]]:
    """Values that follow from more than one event: (lead, period in which they were known, occurred_us, values)."""
    for lead, us in enumerate(resolved.first_known_us.tolist()):
        if us < NOT_YET:
            yield lead, (us, NOT_YET), us, [("opened_us", float(us))]
    for lead, account, *known in zip(*(column.tolist() for column in members[:4]), strict=True):
        yield lead, (known[0], known[1]), known[0], [("account", members.account_ids[account])]
    for lead, every in closures(table, resolved, agreement, observed).items():
        for one in every:
            flags: list[TraitValue] = [("closed", one.is_closed)]
            # A lost opportunity is no reject, and takes none back.
            flags += [] if one.is_closed and not one.is_rejected else [("rejected", one.is_rejected)]
            yield lead, one.known, one.occurred_us, flags
    yield from _values_of_relations(table, resolved, agreement)


def _values_of_relations(
    table: EventTable, resolved: Identities, agreement: Agreement
) -> Iterator[tuple[int, Period, int, list[TraitValue]]]:
    """Whether each lead is with sales, from each moment at which that became known, and until when if time ends it."""
    reader = RelationReader(table, Terms.of(agreement), agreement.outcome.event, agreement)
    for lead, events in sales_events(table, resolved).items():
        before: list[TraitValue] = []
        for known_us, relation in reader.known_relations(events):
            given = list(_values_of_relation(relation, reader.terms)) if relation.is_begun or before else before
            if given != before:
                yield lead, (known_us, NOT_YET), known_us, given
            before = given


def _values_of_relation(relation: Relation, terms: Terms) -> Iterator[TraitValue]:
    """The flag and its end; None for an end that only an event brings. Whoever converted stays with sales."""
    until_us, opportunity_us = relation.until_us(terms), relation.opportunity_until_us(terms)
    ends = 0 < until_us < NOT_YET and not relation.is_converted
    yield "with_sales", relation.is_converted or until_us > 0
    yield "with_sales_until", float(until_us) if ends else None
    yield "opportunity_until", float(opportunity_us) if opportunity_us else None


def _values_of_companies(
    table: EventTable, agreement: Agreement, members: AccountPeriods
) -> Iterator[tuple[int, Period, int, list[TraitValue], bool]]:
    """The values of a lead's company: (lead, period in which the lead was known to be in it, order, values, is public).

    They hold for all leads of the company, whoever sent them.
    """
    position = {account: i for i, account in enumerate(members.account_ids)}
    by_trait: dict[tuple[int, str, bool], list[tuple[int, int, str, Any]]] = {}
    public = table.is_public().tolist()
    is_group = (table.type.codes() == table.type.code("group")).tolist()
    for row, traits in table.traits:
        if is_group[row] and (account := position.get(table.group_id[row] or "")) is not None:
            for trait, value in _agreed_values(flat_traits(traits), agreement):
                word = (table.recorded[row], table.occurred[row], table.message_id[row], value)
                by_trait.setdefault((account, trait, public[row]), []).append(word)
    if not by_trait:
        return
    by_account: dict[int, list[int]] = {}
    for stay, account in enumerate(members.account.tolist()):
        by_account.setdefault(account, []).append(stay)
    for (account, trait, is_public), words in by_trait.items():
        for order, (known_us, value) in enumerate(_group_values(words)):
            for stay in by_account.get(account, ()):
                lead, stays_us = int(members.lead[stay]), int(members.known_us[stay])
                if trait in VOUCHED:  # nobody is made a customer by saying that it belongs to one
                    stays_us = max(stays_us, members.vouched_us.get((lead, account), stays_us))
                known = intersection((known_us, NOT_YET), (stays_us, int(members.until_us[stay])))
                if known[0] < known[1]:
                    yield lead, known, order, [(trait, value)], is_public


def _group_values(words: list[tuple[int, int, str, Any]]) -> Iterator[tuple[int, Any]]:
    """One entry per change of a company's value: from when it was known, and the value of its newest event.

    words: (recorded_us, occurred_us, message_id, value) of each event.
    """
    newest: tuple[int, str] = (-1, "")
    turns: list[tuple[int, Any]] = []
    for recorded_us, occurred_us, message_id, value in sorted(words, key=lambda word: word[:3]):
        if (occurred_us, message_id) < newest:
            continue
        newest = (occurred_us, message_id)
        if turns and turns[-1][0] == recorded_us:
            turns.pop()
        if not turns or turns[-1][1] != value:
            turns.append((recorded_us, value))
    yield from turns
