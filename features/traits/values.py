"""Every value that an event says a trait has: typed, with its source, known from and until when."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from features.agreement.agreement import Agreement
from features.agreement.checks import SALES_TOUCHES
from features.arrays import DAY_US, NOT_YET, Ints
from features.behaviour.decayed_counters import Observations
from features.events.event_table import EventTable
from features.home.dates import moment
from features.identity import email
from features.identity.accounts import AccountPeriods
from features.identity.claims import normal_email
from features.identity.identities import Identities
from features.identity.intervals import Period, intersection
from features.lifecycle.closures import LOST, REJECTED, verdicts
from features.traits import job_title

SAME_AS = {"title": "job_title", "company_industry": "industry", "company_employees": "employees",
           "company_employee_count": "employees", "address_country": "country"}  # fmt: skip
YES_OR_NO = dict.fromkeys(("true", "yes", "1", "1.0", "y", "on"), True) | dict.fromkeys(
    ("false", "no", "0", "0.0", "n", "off"), False
)


def flat(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Traits by snake_case name; what stands in `company` and `address` gets that as a prefix, then its own name."""
    said: dict[str, Any] = {}
    for key, value in traits.items():
        name = snake_case(key)
        if isinstance(value, Mapping):
            said |= {f"{name}_{snake_case(inner)}": item for inner, item in value.items()}
        else:
            said[name] = value
    return said | {plain: said[name] for name, plain in SAME_AS.items() if name in said and plain not in said}


@lru_cache(maxsize=4_096)
def snake_case(name: str) -> str:
    """`employeeCount` and `Employee count` are `employee_count`."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name).strip())
    return re.sub(r"\W+", "_", parted).strip("_").lower()


def typed(value: Any, kind: str) -> Any:
    """`value` as its kind keeps it: float, text, bool, days since 1970 for a date; None where it is not of the kind."""
    if value is None or value == "" or value != value:
        return None
    if kind == "number":
        return _number(value)
    if kind == "boolean":
        return YES_OR_NO.get(str(value).strip().lower())
    if kind == "date":
        found = moment(value)
        return None if found is None else found.timestamp() * 1e6 / DAY_US
    return str(value).strip() or None


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).replace(",", "").replace("\u00a0", "").strip())
    except ValueError:
        return None
    return number + 0.0 if abs(number) < 1e300 else None  # a minus zero is a zero


FIRST = frozenset({"source", "campaign", "opened_us"})  # the first touch stays; everything else is the latest
SAID_FLAGS = ("customer", "profiling_opt_out", "unsubscribed", "open_opportunity")
COMPANYS, OWN = 0, 1  # what is said of a lead itself is nearer to it than what is said of its company
FOR_GOOD = NOT_YET - 1  # when a conversion is taken to have happened, for its lead to stay closed

Value = tuple[str, Any]  # a trait and what it is


class Sayings(NamedTuple):
    """One row per value said of a lead. trait: position in the columns. value: position in `values`, 0 for None.

    row: of the event, -1 where no single one says it. nearness: COMPANYS or OWN. known_us, until_us: while it was known
    to be said of this lead.
    """

    lead: Ints
    known_us: Ints
    until_us: Ints
    occurred_us: Ints
    nearness: Ints
    row: Ints
    trait: Ints
    value: Ints
    values: list[Any]


class _Rows:
    """Rows of some numbers, then a trait and its value, each distinct value held once."""

    def __init__(self, traits: Mapping[str, int], values: dict[tuple[type, Any], int], numbers: int) -> None:
        self._traits, self._values, self._width = traits, values, numbers + 2
        self._cells = array("q")

    def add(self, said: Iterable[Value], *numbers: int) -> None:
        """One row for each trait that there is; an empty field is no first touch."""
        values = self._values
        for trait, value in said:
            position = self._traits.get(trait)
            if position is not None and (value is not None or trait not in FIRST):
                place = values.setdefault((type(value), value), len(values))
                self._cells.extend((*numbers, position, place))

    def columns(self) -> Ints:
        return np.array(self._cells, dtype=np.int64).reshape(-1, self._width).T


def sayings(
    log: EventTable, found: Identities, agreement: Agreement, observed: Observations, members: AccountPeriods,
    columns: Mapping[str, str],
) -> Sayings:  # fmt: skip
    """Everything that `log` says of the traits `columns` (name to kind) of leads."""
    traits = {name: position for position, name in enumerate(columns)}
    values: dict[tuple[type, Any], int] = {(type(None), None): 0}
    by_event, by_lead = _Rows(traits, values, 2), _Rows(traits, values, 5)
    for event, said, when in _of_events(log, agreement, columns):
        by_event.add(said, event, log.occurred[event] if when is None else when)
    for position, known, when, said in _of_leads(log, found, agreement, observed, members):
        by_lead.add(said, position, *known, when, OWN)
    for position, known, when, said in _of_companies(log, agreement, members):
        by_lead.add(said, position, *known, when, COMPANYS)
    row, occurred, trait, value = by_event.columns()
    at = found.attribute(row)
    lead, known_us, until_us, occurred_us, nearness, traits_of, value_of = by_lead.columns()
    return Sayings(
        np.append(at.lead, lead), np.append(at.known_us, known_us), np.append(at.until_us, until_us),
        np.append(occurred[at.place], occurred_us), np.append(np.full(len(at.place), OWN), nearness),
        np.append(row[at.place], np.full(len(lead), -1)), np.append(trait[at.place], traits_of),
        np.append(value[at.place], value_of), [value for _, value in values],
    )  # fmt: skip


def _of_events(
    log: EventTable, agreement: Agreement, columns: Mapping[str, str]
) -> Iterator[tuple[int, Iterable[Value], int | None]]:
    """(event, what it says, when that was true: None for when it happened)."""
    is_group = (log.type.codes() == log.type.code("group")).tolist()
    for row, traits in log.traits:
        said = flat(traits)
        yield row, _agreed(said, agreement), None
        if not is_group[row]:
            yield row, _of_person(said, agreement), None
    for row, source, campaign in log.touches:
        named = agreement.campaign_names.get(campaign or "", campaign)
        yield row, ((name, source) for name in ("source", "latest_source")), None
        yield row, ((name, named) for name in ("campaign", "latest_campaign") if named), None
    yield from ((row, (("unsubscribed", True),), None) for row, name, _ in log.mails if name == "Email Unsubscribed")
    yield from ((row, (("profiling_opt_out", objected),), None) for row, objected in log.objections)
    for row, name, _ in log.crm:
        yield row, _of_sales(name, agreement.outcome.event), None
        if name == agreement.outcome.event:
            yield row, (("closed", True),), FOR_GOOD
    for row, properties in log.retained_totals:
        for trait, (value, us) in (properties.get("traits") or {}).items():
            yield row, ((trait, typed(value, columns.get(trait, "category"))),), int(us)


def _agreed(said: Mapping[str, Any], agreement: Agreement) -> Iterator[Value]:
    """What a person or a company is, by the traits of the agreement and the flags that rules need."""
    for name, trait in agreement.traits.items():
        if name in said:
            yield name, _spelled(name, typed(said[name], trait.kind), agreement)
    for flag in SAID_FLAGS:
        if flag in said and flag not in agreement.traits:
            value = typed(said[flag], "boolean")
            # Who objected has not taken that back with an empty field.
            if value is not None or flag != "profiling_opt_out":
                yield flag, value


def _spelled(name: str, value: Any, agreement: Agreement) -> Any:
    return agreement.campaign_names.get(value, value) if name == "campaign" else value


def _of_person(said: Mapping[str, Any], agreement: Agreement) -> Iterator[Value]:
    """What follows from the words of a person's own traits."""
    for name in ("source", "campaign"):
        if value := typed(said.get(name), "category"):
            yield f"latest_{name}", _spelled(name, value, agreement)
    if said.get("job_title"):
        title = str(said["job_title"])
        yield from (("seniority", job_title.seniority(title)), ("department", job_title.department(title)))
    if address := normal_email(said.get("email")):
        domain = email.email_domain(address)
        yield from (("email_domain", domain), ("mail_kind", email.mail_kind(domain)))


def _of_sales(name: str, outcome: str) -> Iterator[Value]:
    if name in SALES_TOUCHES or name == outcome:
        yield "with_sales", True
    if name in (REJECTED, LOST):
        yield "with_sales", False
    if name.startswith("Opportunity "):
        yield "open_opportunity", name == "Opportunity Created"
    if name == "Opportunity Won":
        yield "customer", True


def _of_leads(
    log: EventTable, found: Identities, agreement: Agreement, observed: Observations, members: AccountPeriods
) -> Iterator[tuple[int, Period, int, list[Value]]]:
    """(lead, while that was known, when it happened, what follows for the lead)."""
    for lead, us in enumerate(found.first_known_us.tolist()):
        if us < NOT_YET:
            yield lead, (us, NOT_YET), us, [("opened_us", float(us))]
    for lead, account, *known in zip(*(column.tolist() for column in members[:4]), strict=True):
        yield lead, (known[0], known[1]), known[0], [("account", members.account_ids[account])]
    for lead, told in verdicts(log, found, agreement, observed).items():
        for one in told:
            flags: list[Value] = [("closed", one.is_closed)]
            # A lost opportunity is no reject, and takes none back.
            flags += [] if one.is_closed and not one.is_rejected else [("rejected", one.is_rejected)]
            yield lead, one.known, one.occurred_us, flags


def _of_companies(
    log: EventTable, agreement: Agreement, members: AccountPeriods
) -> Iterator[tuple[int, Period, int, list[Value]]]:
    """(lead, while it was known to be in the group, in which order, what was said of the group by whomever)."""
    position = {account: i for i, account in enumerate(members.account_ids)}
    told: dict[tuple[int, str], list[tuple[int, int, str, Any]]] = {}
    is_group = (log.type.codes() == log.type.code("group")).tolist()
    for row, traits in log.traits:
        if is_group[row] and (account := position.get(log.group_id[row] or "")) is not None:
            for trait, value in _agreed(flat(traits), agreement):
                word = (log.recorded[row], log.occurred[row], log.message_id[row], value)
                told.setdefault((account, trait), []).append(word)
    if not told:
        return
    by_account: dict[int, list[int]] = {}
    for stay, account in enumerate(members.account.tolist()):
        by_account.setdefault(account, []).append(stay)
    for (account, trait), words in told.items():
        for order, (known_us, value) in enumerate(_turns(words)):
            for stay in by_account.get(account, ()):
                known = intersection((known_us, NOT_YET), (int(members.known_us[stay]), int(members.until_us[stay])))
                if known[0] < known[1]:
                    yield int(members.lead[stay]), known, order, [(trait, value)]


def _turns(words: list[tuple[int, int, str, Any]]) -> Iterator[tuple[int, Any]]:
    """From when on which value was known of a group: that of its newest word."""
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
