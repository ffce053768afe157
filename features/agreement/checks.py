"""Checks of what must hold between the lines of an agreement; each problem is one sentence with its remedy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches

from features.agreement.column_titles import PROTECTED_FACTS, says
from features.agreement.conditions import FACT_VALUES, FACTS, Condition, FactClause, Wording
from features.agreement.messages import AgreementError, KeyPath, did_you_mean, problem_sentence
from features.agreement.old_forms import RENAMED_RULES
from features.agreement.people import is_person
from features.agreement.sections import AgreementSections

# In the order in which they decide, whatever the order in the file.
RULES = ("no_profiling", "disqualified", "sales_ready", "existing_customer", "with_sales", "not_a_lead", "nurture")

# Columns that Leadlight's own frames have beside behaviours and traits.
RESERVED = frozenset(
    "lead_id account_id snapshot_at as_of known_at event_timestamp outcome opened_us days_open".split()
)

# What our side does to reach a lead and what became of the lead: labels or history, never features.
SALES_TOUCHES = frozenset(
    {"Call Attempted", "Voicemail Left", "Letter Sent", "Email Sent", "Meeting Booked", "Meeting Held"}
) | {"Meeting No Show", "Message Sent"}
FEEDBACK_EVENTS = frozenset({"Feedback Given", "Feedback Undone"})  # what a person said of a lead
# What we ourselves write of a handover.
HANDOVER_EVENTS = frozenset({"Handover Offered", "Handover Clock Ran Out", "Handover Reassigned", "Handover Closed"})
SALES_EVENTS = SALES_TOUCHES | FEEDBACK_EVENTS | HANDOVER_EVENTS
# Agreements of homes may have behaviours of these: they were names like any other, and are read as before.
LATER_SALES_EVENTS = frozenset({"Meeting No Show", "Message Sent"}) | FEEDBACK_EVENTS | HANDOVER_EVENTS
CRM_EVENTS = frozenset({"Lead Converted", "Lead Disqualified", "Lead Status Changed", "Lead Merged"}) | frozenset(
    {"Lead Merge Undone", "Opportunity Created", "Opportunity Won", "Opportunity Lost"}
)
# What clients and mail programs say by these names means something, whatever the agreement counts.
PAGE_AND_MAIL_EVENTS = frozenset({"Page Left", "Page Loaded", "Page Unloaded", "Email Delivered", "Email Opened"}) | {
    "Email Link Clicked", "Email Bounced", "Email Unsubscribed", "Email Replied",
}  # fmt: skip

# Facts that must not decide whom sales calls, as columns name them.
PROTECTED = re.compile(
    r"((customer|person|contact)_)?"
    r"(age|(lead_)?(gender|sex)|pronouns|salutation|birth(_?day|_?date|_year)|(date|year)_of_birth|dob|religion|race"
    r"|ethnic(ity|_group|_origin)|skin_colou?r|nationality|citizenship|disability|health|sexual_orientation"
    r"|(marital|family)(_status)?|pregnan(t|cy)|political_(opinion|party)|union_member(ship)?)"
    r"(_(group|range|band|bracket|years))?"
)

# What to do with an agreement from before `asks`; the home itself holds its text.
NAME_THE_QUESTION = (
    'write asks = "as things are" in place of never_contacted in agreement.toml and run: leadlight train --promote '
    "--agreement agreement.toml (leadlight agreement show --toml prints the one that is kept)"
)

Problem = tuple[KeyPath, object, str, str]


def is_protected(column: str) -> bool:
    """Whether a column's name says a protected fact: "gender", "Age group", "Date of Birth", "Geschlecht"."""
    return is_refused(column) or says(column, PROTECTED_FACTS)


def is_refused(column: str) -> bool:
    """Whether its name says so in English: an agreement with such a trait is not read at all.

    In other languages it is read, for homes work with such agreements; the next training stops.
    """
    return PROTECTED.fullmatch(re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")) is not None


def problems(agreement: AgreementSections, file: str) -> list[str]:
    """One sentence per problem, in the order of the file's sections."""
    checks = (
        _names,
        _clashes,
        _label_events,
        _protected,
        _decimals,
        _contact,
        _rules,
        _criteria,
        _people,
        _goes_to,
        _nurture,
        _money,
        _campaigns,
    )
    return [problem_sentence(file, *problem) for check in checks for problem in check(agreement)]


def check_learnable(agreement: AgreementSections, file: str) -> None:
    """Raise AgreementError where nothing may be learned by the agreement: it leaves out leads that sales never tried.

    Of those, the conversions show themselves and the rest do not: what is left says more than is true.
    """
    if agreement.outcome.leaves_untried_out:
        problem = "keeps the conversions of leads that nobody tried and drops the rest of them, so scores come too high"
        where = ("outcome", "never_contacted")
        raise AgreementError([problem_sentence(file, where, "unknown", problem, NAME_THE_QUESTION)])


def oversights(agreement: AgreementSections, file: str) -> list[str]:
    """What an agreement that a person hands in must not have either: names that mean nothing.

    A home may keep an agreement from before these were looked for; it stays readable, and they do nothing in it.
    """
    checks = (_come_back, _fact_values, _named_people, _later_label_events)
    return [problem_sentence(file, *problem) for check in checks for problem in check(agreement)]


def long_clocks(agreement: AgreementSections) -> Iterator[str]:
    """A sentence for each clock in minutes that is longer than a working day: hours run inside office hours."""
    hours = agreement.people.office_hours
    day = (hours.closes.hour - hours.opens.hour) * 60 + hours.closes.minute - hours.opens.minute
    for where, span in agreement.handover.spans.items():
        if span.unit == "minutes" and span.count > day:
            takes = f"runs inside office hours, so it takes {span.count / day:.1f} working days"
            remedy = 'write "1 working day" if that was meant'
            yield f"handover.{'.'.join(where)} = {span} {takes}; {remedy}"


def _come_back(agreement: AgreementSections) -> Iterator[Problem]:
    for name in agreement.nurture.come_back:
        if name in agreement.traits:
            continue
        dates = tuple(trait.name for trait in agreement.traits.values() if trait.kind == "date")
        near = get_close_matches(name, dates, n=1)
        line = f'write {name} = {{ kind = "date", learned = false }} in [traits], or remove it here'
        remedy = f'did you mean "{near[0]}"? Else {line}' if near else line
        yield ("nurture", "come_back", name), None, "names no date in [traits]", remedy


def _fact_values(agreement: AgreementSections) -> Iterator[Problem]:
    """Values that a derived fact never has: seniority = "c-level" would hold for nobody."""
    for where, condition in _conditions(agreement):
        for clause in (clause for clauses in condition.any_of for clause in clauses):
            known = () if clause.name in agreement.traits else FACT_VALUES.get(clause.name, ())
            asked = clause.any_of if known and isinstance(clause, FactClause) else ()
            for test in asked:
                if isinstance(test, Wording) and not any(map(test.allows, known)):
                    never = f"is nothing that {clause.name} can be"
                    yield (*where, clause.name), test.text, never, did_you_mean(test.text, known)


def _conditions(agreement: AgreementSections) -> Iterator[tuple[KeyPath, Condition]]:
    """Every condition of the agreement, and where it is written."""
    yield from ((("rules", name), condition) for name, condition in agreement.rules.items())
    for name, criterion in agreement.criteria.items():
        yield from ((("criteria", name, str(points)), line) for points, line in criterion.lines)
    if agreement.nurture.no_email:
        yield ("nurture", "no_email"), agreement.nurture.no_email


def _names(agreement: AgreementSections) -> Iterator[Problem]:
    for section in ("behaviours", "traits", "excluded", "criteria"):
        for name in getattr(agreement, section):
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name):
                plain = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or "a_name"
                plain = plain if plain[0].isalpha() else f"n_{plain}"
                yield (section, name), None, "is no snake_case name", f"write {plain[:63]}"
            elif name in RESERVED and section in ("behaviours", "traits"):
                yield (section, name), None, "is a column that Leadlight makes itself", f"write {name}_given"


def _clashes(agreement: AgreementSections) -> Iterator[Problem]:
    for name in agreement.behaviours:
        if name in agreement.traits:
            yield ("traits", name), None, "is a behaviour as well", f"rename one of them, for example {name}_given"
        elif name in FACTS:
            yield ("behaviours", name), None, "is a fact that Leadlight derives", f"rename it, for example {name}_done"
    for name in agreement.excluded:
        if name in agreement.traits or name in agreement.behaviours:
            yield ("excluded", name), None, "is used and excluded at once", "keep one of the two lines"


def _label_events(agreement: AgreementSections) -> Iterator[Problem]:
    yield from _behaviours_of((SALES_TOUCHES - LATER_SALES_EVENTS) | CRM_EVENTS | {agreement.outcome.event}, agreement)


def _later_label_events(agreement: AgreementSections) -> Iterator[Problem]:
    yield from _behaviours_of(LATER_SALES_EVENTS, agreement)


def _behaviours_of(events: frozenset[str], agreement: AgreementSections) -> Iterator[Problem]:
    for name, behaviour in agreement.behaviours.items():
        if behaviour.event in events:
            problem = "is an outcome or what sales itself causes, and would give the answer away"
            yield ("behaviours", name, "event"), behaviour.event, problem, "remove this behaviour"


def _protected(agreement: AgreementSections) -> Iterator[Problem]:
    for name, trait in agreement.traits.items():
        is_moved = (trait.why or "").lower().startswith("protected")
        if is_moved or is_refused(name) or is_refused(trait.column or ""):
            yield ("traits", name), trait.column or trait.kind, "is protected", "leave its line in [excluded]"


def _contact(agreement: AgreementSections) -> Iterator[Problem]:
    for name in agreement.contact.personal_traits:
        if name in agreement.traits:
            problem, remedy = "is contact data as well ([contact])", "remove this line: no model learns from it"
            yield ("traits", name), agreement.traits[name].kind, problem, remedy


def _decimals(agreement: AgreementSections) -> Iterator[Problem]:
    for section in ("traits", "excluded"):
        for name, line in getattr(agreement, section).items():
            if line.decimal and line.kind != "number":
                problem = f"is for numbers, and {name} is of kind {line.kind or 'category'}"
                yield (section, name, "decimal"), line.decimal, problem, 'leave it out, or write kind = "number"'


def _rules(agreement: AgreementSections) -> Iterator[Problem]:
    for name in agreement.rules:
        if name in RENAMED_RULES:  # with its new name beside it, or it would have been read as that
            problem = f"is the old name of {RENAMED_RULES[name]}, which is there as well"
            yield ("rules", name), None, problem, "leave one of the two lines"
        elif name not in RULES:
            yield ("rules", name), None, "is no rule", did_you_mean(name, RULES)


def _criteria(agreement: AgreementSections) -> Iterator[Problem]:
    for name, criterion in agreement.criteria.items():
        if not criterion.lines:
            remedy = f'write for example {name}.1 = {{ industry = "known" }}'
            yield ("criteria", name), None, "has no line with points", remedy
    most = sum(criterion.most for criterion in agreement.criteria.values())
    if agreement.policy.min_points > most:
        remedy = f"write {most} or less" if most else "write 0, or write [criteria]"
        problem = f"is more than the criteria can give ({most})"
        yield ("policy", "min_points"), agreement.policy.min_points, problem, remedy


def _people(agreement: AgreementSections) -> Iterator[Problem]:
    people = agreement.people
    if people.owner == "round_robin" and not people.reps:
        remedy = 'write reps = { "ann@ourcompany.example" = 5 }'
        yield ("people", "owner"), people.owner, "has nobody to assign", remedy
    if people.office_hours.opens >= people.office_hours.closes:
        closes = f"{people.office_hours.closes:%H:%M}"
        yield ("people", "office_hours", "to"), closes, "is not after the opening", "write a later time"
    for name in people.reps:
        if name in people.inside_sales:
            problem = "is a rep as well (reps), so nobody knows for which side a call was"
            yield ("people", "inside_sales", name), None, problem, "leave one of the two"


def _named_people(agreement: AgreementSections) -> Iterator[Problem]:
    """Names that can be nobody's, and clocks that would be over at once: what older agreements may still say."""
    people = agreement.people
    for section in ("reps", "inside_sales", "escalate_to"):
        for name in getattr(people, section):
            if not is_person(name):
                remedy = "write the e-mail address or the user id that your CRM has for this person"
                yield ("people", section), name, "is neither an e-mail address nor an id", remedy
    for name in people.notify:
        if "@" in name or name.startswith("mailto:"):
            remedy = 'write people into escalate_to, and a name such as "sales-slack" here'
            yield ("people", "notify"), name, "holds an address", remedy
    for where, span in agreement.handover.spans.items():
        if not span.count:
            yield ("handover", *where), str(span), "is over at once", 'write for example "1 working day"'


def _goes_to(agreement: AgreementSections) -> Iterator[Problem]:
    for name, address in agreement.people.goes_to.items():
        if name not in agreement.behaviours:
            remedy = did_you_mean(name, tuple(agreement.behaviours))
            yield ("people", "goes_to", name), None, "is no behaviour", remedy
        elif "://" in address:
            problem, remedy = "holds an address of the web", "write an e-mail address or a name"
            yield ("people", "goes_to", name), address, problem, remedy


def _nurture(agreement: AgreementSections) -> Iterator[Problem]:
    for name in agreement.nurture.come_back:
        trait = agreement.traits.get(name)
        if trait and trait.kind != "date":
            problem = f"is a trait of kind {trait.kind}"
            yield ("nurture", "come_back", name), None, problem, 'make it a "date" in [traits]'


def _money(agreement: AgreementSections) -> Iterator[Problem]:
    if agreement.policy.bar.unit != "costs":
        return
    if agreement.costs is None:
        yield ("policy", "bar"), "costs", "needs [costs]", "write contact and conversion there, or another bar"
    elif not 0 < agreement.costs.contact < agreement.costs.conversion:
        found, problem = agreement.costs.contact, "leaves no bar between nothing and a conversion"
        yield ("costs", "contact"), found, problem, "write more than 0 and less than conversion"


def _campaigns(agreement: AgreementSections) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for name, campaign in agreement.campaigns.items():
        for spelling in campaign.also:
            if spelling in agreement.campaigns:
                remedy = f"remove it here, or the line {spelling}"
                yield ("campaigns", name, "also"), spelling, "is a campaign with a line of its own", remedy
            elif owner.setdefault(spelling, name) != name:
                problem = f"is a spelling of {owner[spelling]} as well"
                yield ("campaigns", name, "also"), spelling, problem, "leave it in one of the two"
