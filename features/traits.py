"""Traits as known then: what was said of a lead, merged by when it was true, stamped by when we knew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from features import people
from features.agreement import Agreement
from features.agreement_checks import SALES_TOUCHES
from features.events import moment
from features.identity import Identities, normal_email
from features.lifecycle import KEPT_OPEN
from features.log import Log
from features.recurrence import DAY_US

# Facts that rules and reasons need of every lead, whatever traits an agreement counts.
FLAGS = ("customer", "open_opportunity", "profiling_opt_out", "unsubscribed", "with_sales", "rejected", "closed")
TOUCHES = ("source", "campaign", "latest_source", "latest_campaign")
TEXTS = ("seniority", "department", "email_domain", "mail_kind", *TOUCHES)
FIRST_KNOWN = frozenset({"source", "campaign", "opened_us"})  # the first touch stays; everything else is the latest
SAME_AS = {"title": "job_title", "company_industry": "industry", "company_employees": "employees",
           "company_employee_count": "employees", "address_country": "country"}  # fmt: skip


YES_OR_NO = dict.fromkeys(("true", "yes", "1", "1.0", "y", "on"), True) | dict.fromkeys(
    ("false", "no", "0", "0.0", "n", "off"), False
)


class Statement(NamedTuple):
    """One value that one event says one trait has."""

    lead: int
    known_us: int
    occurred_us: int
    row: int
    trait: str
    value: Any


def trait_columns(agreement: Agreement) -> dict[str, str]:
    """Every column of a trait state and its kind: the agreement's traits, then the facts that rules need."""
    kinds = {name: trait.kind for name, trait in agreement.traits.items()}
    return {"opened_us": "number"} | dict.fromkeys(FLAGS, "boolean") | dict.fromkeys(TEXTS, "category") | kinds


def trait_states(log: Log, found: Identities, agreement: Agreement) -> pd.DataFrame:
    """One row per lead and moment at which something new was known: lead_id, known_us, and `trait_columns`.

    A late, older value never overwrites a newer one; a missing value is None.
    """
    columns = trait_columns(agreement)
    rows: list[dict[str, Any]] = []
    state: dict[str, Any] = {}
    since: dict[str, int] = {}
    # What was said at one moment is ordered by its id: the order of the ledger means nothing.
    statements = sorted(_statements(log, found, agreement), key=lambda said: (*said[:3], log.message_id[said.row]))
    for position, said in enumerate(statements):
        if position == 0 or statements[position - 1].lead != said.lead:
            state, since = dict.fromkeys(columns), {}
        if _merge(state, since, said):
            if rows and rows[-1]["lead"] == said.lead and rows[-1]["known_us"] == said.known_us:
                rows.pop()
            rows.append({"lead": said.lead, "known_us": said.known_us, **state})
    frame = pd.DataFrame(rows, columns=["lead", "known_us", *columns])
    frame.insert(0, "lead_id", [found.lead_ids[lead] for lead in frame.pop("lead")])
    return frame


def _merge(state: dict[str, Any], since: dict[str, int], said: Statement) -> bool:
    """Let `said` change `state`; whether it did."""
    before = since.get(said.trait)
    if said.trait in FIRST_KNOWN and said.value is None:
        return False  # an empty field is no touch
    overtaken = before is not None and (
        said.occurred_us >= before if said.trait in FIRST_KNOWN else said.occurred_us < before
    )
    if overtaken or said.trait not in state:
        return False
    since[said.trait] = said.occurred_us
    changed = bool(state[said.trait] != said.value)
    state[said.trait] = said.value
    return changed


def _statements(log: Log, found: Identities, agreement: Agreement) -> Iterator[Statement]:
    for row, trait, value in _said(log, agreement):
        lead = int(found.lead[row])
        if lead >= 0:
            yield Statement(lead, int(found.known_us[row]), log.occurred[row], row, trait, value)
    opened: dict[int, tuple[int, int]] = {}
    for row, lead in enumerate(found.lead.tolist()):
        known = int(found.known_us[row])
        if lead >= 0 and known < opened.get(lead, (known + 1, 0))[0]:
            opened[lead] = (known, row)
    for lead, (known, row) in opened.items():
        yield Statement(lead, known, known, row, "opened_us", float(known))


def _said(log: Log, agreement: Agreement) -> Iterator[tuple[int, str, Any]]:
    for row, traits in log.said:
        yield from ((row, name, value) for name, value in _typed(traits, agreement))
    for row, source, campaign in log.touches:
        yield from ((row, name, source) for name in ("source", "latest_source"))
        yield from ((row, name, campaign) for name in ("campaign", "latest_campaign") if campaign)
    for row, name, _ in log.mails:
        if name == "Email Unsubscribed":
            yield row, "unsubscribed", True
    for row, name, properties in log.crm:
        yield from ((row, flag, value) for flag, value in _crm_flags(name, properties, agreement.outcome.event))


def _crm_flags(name: str, properties: Mapping[str, Any], outcome: str) -> Iterator[tuple[str, bool]]:
    if name in SALES_TOUCHES:
        yield "with_sales", True
    if name.startswith("Opportunity "):
        yield "open_opportunity", name == "Opportunity Created"
    if name == "Opportunity Won":
        yield "customer", True
    if name == outcome:
        yield from (("with_sales", True), ("closed", True))
    if name == "Lead Disqualified":
        kept_open = str(properties.get("reason")) in KEPT_OPEN
        yield from (("with_sales", False), ("closed", not kept_open), ("rejected", not kept_open))


def _typed(traits: Mapping[str, Any], agreement: Agreement) -> Iterator[tuple[str, Any]]:
    said = flat(traits)
    for name, trait in agreement.traits.items():
        if name in said:
            yield name, typed(said[name], trait.kind)
    for flag in ("customer", "profiling_opt_out", "unsubscribed", "open_opportunity"):
        if flag in said and flag not in agreement.traits:
            yield flag, typed(said[flag], "boolean")
    for name in ("source", "campaign"):
        if value := typed(said.get(name), "category"):
            yield f"latest_{name}", value
    if said.get("job_title"):
        title = str(said["job_title"])
        yield from (("seniority", people.seniority(title)), ("department", people.department(title)))
    if email := normal_email(said.get("email")):
        domain = people.email_domain(email)
        yield from (("email_domain", domain), ("mail_kind", people.mail_kind(domain)))


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
        return _boolean(value)
    if kind == "date":
        found = moment(value)
        return None if found is None else found.timestamp() * 1e6 / DAY_US
    return str(value).strip() or None


def _number(value: Any) -> float | None:
    try:
        number = float(str(value).replace(",", "").replace("\u00a0", "").strip())
    except ValueError:
        return None
    return number if abs(number) < 1e300 else None


def _boolean(value: Any) -> bool | None:
    return YES_OR_NO.get(str(value).strip().lower())
