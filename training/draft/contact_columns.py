"""The section [contact] of a draft: which columns serve to call somebody, beside what website events usually say."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from features.agreement.agreement import Agreement
from features.agreement.column_titles import NAME_PARTS, says
from features.traits.typed_values import snake_case
from training.draft.column_decisions import ColumnDecision

HEAD = "[contact]  # whom to call: shown to who may see it, never learned from, erased with the lead"


def contact_section(decisions: Sequence[ColumnDecision], names: Mapping[str, str]) -> str:
    """The section's text. names: of each column that is a trait or excluded, the name of its line."""
    usual, lines = Agreement.default().contact, [HEAD]
    for field in ("name", "title", "company", "phone"):
        spellings = [*_spellings(field, decisions, names), *getattr(usual, field)]
        # What the model may learn from is no contact data; a job title is both.
        free = [one for one in spellings if field == "title" or not set(one.split()) & _trait_names(decisions, names)]
        quoted = ", ".join(f'"{spelling}"' for spelling in dict.fromkeys(free))
        lines.append(f"{field:<7} = [{quoted}]")
    return "\n".join(lines)


def _trait_names(decisions: Iterable[ColumnDecision], names: Mapping[str, str]) -> set[str]:
    return {names[decision.column] for decision in decisions if decision.use == "trait"}


def _spellings(field: str, decisions: Sequence[ColumnDecision], names: Mapping[str, str]) -> Iterator[str]:
    if field == "name":
        yield from _names_of_people(decisions)
    elif field == "title":
        yield from (names[one.column] for one in decisions if one.column in names and says(one.column, ("job_title",)))
    else:
        yield from _traits_of(decisions, (field,))


def _names_of_people(decisions: Sequence[ColumnDecision]) -> Iterator[str]:
    """A whole name, else its parts: "Nombre" beside "Apellidos" is a first name, "Nom" beside "Prénom" a last one."""
    weak = [one for one in decisions if one.contact == "full_name" and not says(one.column, ("full_name",))]
    yield from _traits_of([one for one in decisions if one not in weak], ("full_name",))
    first, middle, last = (next(_traits_of(decisions, (part,)), None) for part in NAME_PARTS)
    plain = next(_traits_of(weak, ("full_name",)), None)
    if plain and (first or last):
        first, last, plain = first or plain, last or plain, None
    if parts := [part for part in (first, middle, last) if part]:
        yield " ".join(dict.fromkeys(parts))
    if plain:
        yield plain


def _traits_of(decisions: Iterable[ColumnDecision], facts: Collection[str]) -> Iterator[str]:
    """The trait as which the import keeps each column with one of these facts."""
    for decision in decisions:
        name = snake_case(decision.column)
        if decision.contact in facts and re.fullmatch(r"\w+", name):
            yield name
