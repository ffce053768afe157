"""The agreement in words, section by section, for everybody who does not read TOML: on a page and in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from features.agreement.agreement import Agreement
from features.agreement.checks import RULES
from features.agreement.conditions import BehaviourClause, Clause, Condition, Flag, IsKnown, MinutesClause, Range
from features.agreement.criteria import most_points
from features.agreement.people import Rep
from features.agreement.policy import Criterion
from serving.code_words import reject_words

_RULES = {
    "no_profiling": "no score, and handed over only if it asks",
    "disqualified": "no lead at all",
    "sales_ready": "to sales at once, whatever the numbers say",
    "existing_customer": "to the account owner, not to new business",
    "with_sales": "already worked: its owner hears, nobody new",
    "not_a_lead": "an inquiry of another kind, which goes where that is answered",
    "nurture": "stays with marketing",
}
_FLAGS = {
    "customer": "it is a customer",
    "open_opportunity": "it has an open opportunity",
    "profiling_opt_out": "it objected to profiling",
    "unsubscribed": "it unsubscribed",
    "with_sales": "sales works it",
    "rejected": "sales rejected it",
}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_QUESTION = {
    "as things are": "the chance to convert as sales works its leads now",
    "if sales tries now": "the chance to convert if sales tries now",
}


@dataclass(frozen=True)
class AgreedSection:
    """One section of the agreement: each line has a name and what is agreed of it."""

    title: str
    lines: Sequence[tuple[str, str]]


def agreement_in_words(agreement: Agreement) -> list[AgreedSection]:
    """All that is agreed; what is not written is said as it holds without."""
    sections = (
        AgreedSection("Who goes to sales", [*_readiness(agreement)]),
        AgreedSection("Before any number, the first that holds", [*_rules(agreement)]),
        AgreedSection("Points", [*_points(agreement)]),
        AgreedSection("How sales follows up", [*_follow_up(agreement)]),
        AgreedSection("How marketing stays in touch", [*_nurture(agreement)]),
        AgreedSection("What the model learns from", [*_learning(agreement)]),
        AgreedSection("Who, when and where (needs no signature)", [*_people(agreement)]),
    )
    return [section for section in sections if section.lines]


def condition_in_words(agreement: Agreement, condition: Condition) -> str:
    """A condition as people say it: "pricing pages 3 times in 30 days, or 5 minutes on pricing pages in 30 days"."""
    parts = [" and ".join(_clause(agreement, clause) for clause in clauses) for clauses in condition.any_of]
    return ", or ".join(parts)


def _clause(agreement: Agreement, clause: Clause) -> str:
    if isinstance(clause, BehaviourClause):
        times = "once" if clause.at_least == 1 else f"{clause.at_least} times"
        return f"{agreement.behaviours[clause.name].label} {times} in {_days(clause.days)}"
    if isinstance(clause, MinutesClause):
        return f"{clause.minutes:g} minutes on {agreement.behaviours[clause.name].label} in {_days(clause.days)}"
    trait = agreement.traits.get(clause.name)
    name = trait.label if trait else clause.name.replace("_", " ")
    if len(clause.any_of) == 1 and isinstance(flag := clause.any_of[0], Flag):
        said = _FLAGS.get(clause.name, name) if trait is None else name
        return said if flag.is_true else f"not: {said}"
    return f"{name} {_listed([_test(test) for test in clause.any_of], 'or')}"


def _test(test: object) -> str:
    if isinstance(test, IsKnown):
        return "known"
    if isinstance(test, Range):
        return f"{test.low:,g}" if test.low == test.high else f"{test.low:,g} to {test.high:,g}"
    if isinstance(test, Flag):
        return "yes" if test.is_true else "no"
    return str(getattr(test, "text", test)).replace("_", " ")


def _days(days: float) -> str:
    return "a day" if days == 1 else f"{days:g} days"


def _listed(words: Sequence[str], last: str = "and") -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"


def _readiness(agreement: Agreement) -> Iterator[tuple[str, str]]:
    outcome, policy = agreement.outcome, agreement.policy
    within = "whenever it comes" if outcome.horizon_days is None else f"within {outcome.horizon_days} days"
    yield "converted means", f"{outcome.event}, {within}"
    yield "the question", _QUESTION[outcome.asks]
    if outcome.no_if_rejected:
        reasons = _listed([reject_words(reason) for reason in outcome.no_if_rejected], "or")
        yield "counts as a no", f"rejected by sales as {reasons}"
    yield "the bar", _bar(agreement)
    if policy.min_points:
        yield (
            "points",
            f"at least {policy.min_points} of {most_points(agreement)}; answers that are missing are asked for",
        )
    yield "back to nurture", f"only under {policy.back_below:.0%} of the bar, so that a lead does not go to and fro"
    grades = ", ".join(f"{letter} from {least}" for letter, least in policy.grades.items())
    yield "the score", f"50 is a chance of {policy.score_50:.1%}, and every 10 more double the odds; grades: {grades}"
    if policy.explore:
        explored = (
            f"{policy.explore.below:.1%} of those under the bar, {policy.explore.near:.1%} of those just under it"
        )
        yield "at random", f"{explored}, to learn what we miss"


def _bar(agreement: Agreement) -> str:
    bar, costs = agreement.policy.bar, agreement.costs
    if bar.unit == "costs" and costs:
        money = f"{costs.contact:,g} {costs.currency} a contact, {costs.conversion:,g} a conversion"
        return f"where a contact pays: {money}"
    value = bar.value or 0.0
    said = {
        "share": f"the best {value:.0%} of the leads",
        "probability": f"a chance of {value:.1%} or more",
        "per_week": f"the best {value:,.0f} leads a week",
    }
    return said[bar.unit]


def _rules(agreement: Agreement) -> Iterator[tuple[str, str]]:
    if agreement.our_domains:
        yield "own people", f"no lead: addresses at {_listed(agreement.our_domains, 'or')}"
    for name in (name for name in RULES if name in agreement.rules):
        condition = condition_in_words(agreement, agreement.rules[name])
        yield name.replace("_", " "), f"{_RULES[name]}; if {condition}"


def _points(agreement: Agreement) -> Iterator[tuple[str, str]]:
    for name, criterion in agreement.criteria.items():
        yield name.replace("_", " "), "; ".join(_criterion(agreement, criterion))


def _criterion(agreement: Agreement, criterion: Criterion) -> Iterator[str]:
    for points, line in criterion.lines:
        yield f"{points} {'point' if points == 1 else 'points'}: {condition_in_words(agreement, line)}"
    if criterion.ask:
        yield f'unknown: ask "{criterion.ask}"'


def _follow_up(agreement: Agreement) -> Iterator[tuple[str, str]]:
    handover = agreement.handover
    first, again = handover.first_contact, handover.reassign_after
    yield "first contact", f"within {first.inbound} of who asked for us, {first.other} of any other lead"
    yield "accepted", f"within {handover.accept_within}, and at least {handover.accept_at_least:.0%} of them"
    yield "tries", f"{handover.tries}, over several media; without an answer it goes back to nurture"
    yield "decided", f"within {handover.decide_within} of the last sign of work: won, lost, or back"
    yield "overdue", f"by {again.inbound} (who asked) or {again.other} (others): the next rep has it"
    yield "nobody tried", f"after {handover.give_back_after} it goes back to marketing, and is counted"
    yield "a rep's own lead", f"stays with the rep for {handover.rep_keeps} after the last touch"
    yield "opportunities", f"named as stale after {handover.stale_after} without activity"
    yield (
        "never a flood",
        f"after an import, a new model or a new bar at most {handover.catch_up_per_day} a day, best first",
    )


def _nurture(agreement: Agreement) -> Iterator[tuple[str, str]]:
    nurture = agreement.nurture
    if cap := agreement.touches.at_most:
        yield "from all of us", f"at most {cap}; who asked for an answer gets it anyway"
    every, slow = (_days(length.total_seconds() / 86_400) for length in (nurture.every, nurture.then_every))
    yield "rhythm", f"once in {every}; after {nurture.review_after} without a response once in {slow}"
    if nurture.no_email:
        yield "no e-mail", f"if {condition_in_words(agreement, nurture.no_email)}"
    for name, before in nurture.come_back.items():
        trait = agreement.traits.get(name)
        date_of = trait.label if trait else name.replace("_", " ")
        yield "comes back", f"{before.days} days before: {date_of}" if before.days else f"on: {date_of}"


def _learning(agreement: Agreement) -> Iterator[tuple[str, str]]:
    if agreement.behaviours:
        yield "what leads do", _listed([line.label for line in agreement.behaviours.values()])
    learned = [trait.label for trait in agreement.traits.values() if trait.name not in agreement.unlearned]
    if learned:
        yield "what we know", _listed(learned)
    for line in agreement.excluded.values():
        yield f"never: {line.name.replace('_', ' ')}", line.why
    yield "events are kept", f"{agreement.privacy.keep_events.days:,} days"


def _people(agreement: Agreement) -> Iterator[tuple[str, str]]:
    people = agreement.people
    hours = people.office_hours
    days = _listed([_WEEKDAYS[day] for day in hours.days]) if len(hours.days) < 7 else "every day"
    if hours.days == (0, 1, 2, 3, 4):
        days = "Monday to Friday"
    yield "office hours", f"{days}, {hours.opens:%H:%M} to {hours.closes:%H:%M}, {agreement.time_zone}"
    if hours.holidays:
        yield "holidays", ", ".join(map(str, hours.holidays))
    yield "owner", "your CRM assigns" if people.owner == "crm" else "Leadlight assigns, in turn"
    yield from _reps("rep", people.reps)
    yield from _reps("inside sales", people.inside_sales)
    if not people.inside_sales:
        yield "inside sales", "nobody: marketing asks for what is missing"
    for label, names in (("hears of overdue leads", people.escalate_to), ("is told", people.notify)):
        yield label, _listed(names) if names else "nobody"
    for name, where in people.goes_to.items():
        behaviour = agreement.behaviours.get(name)
        yield behaviour.label if behaviour else name, f"to {where}"


def _reps(label: str, reps: Mapping[str, Rep]) -> Iterator[tuple[str, str]]:
    for person, rep in reps.items():
        yield label, ", ".join((person, *_of_rep(rep)))


def _of_rep(rep: Rep) -> Iterable[str]:
    if rep.per_day is not None:
        yield f"{rep.per_day} new leads a day"
    if rep.time_zone:
        yield rep.time_zone
    for absence in rep.away:
        yield f"away {_span_of(absence.first, absence.last)}"


def _span_of(first: date, last: date) -> str:
    return f"{first}" if first == last else f"{first} to {last}"
