"""The TOML text of a drafted agreement: the export's columns as decided, and the default policy."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import tomlkit

from features.agreement.agreement import DEFAULT, Agreement
from features.agreement.checks import RESERVED
from features.agreement.column_titles import says, title_words, without_record
from features.agreement.conditions import FACTS
from features.agreement.scale import DRAFTED, with_score_50
from features.imports.crm import ANY_VALUE, Crm
from features.imports.lead_export import ROW_NUMBER
from training.draft.column_decisions import ColumnDecision
from training.draft.column_roles import ColumnRoles
from training.draft.contact_columns import contact_section
from training.draft.outcome_statuses import OutcomeStatuses
from training.draft.time_zone import UNKNOWN_ZONE, DraftedZone

_POINTS = re.compile(r"(\w+)\.(\d|ask)\s*=")  # a line of [criteria]
_OF_BEHAVIOURS = re.compile(r"(not_a_lead|sales_ready|goes_to)\s*=")
_DERIVED = frozenset(FACTS) - {"source", "campaign", "seniority", "department", "unsubscribed"}


@dataclass(frozen=True)
class DraftBasis:
    """All that a draft of an export is written from.

    horizon_days, open_rate: of the leads' conversion delay, used only where the export has dates. crm: whose export it
    is, where that is known. items: by column of lists, the items that become traits of their own.
    """

    file: str
    rows: int
    roles: ColumnRoles
    decisions: Sequence[ColumnDecision]
    missing: Sequence[str]
    horizon_days: int = 90
    crm: Crm | None = None
    open_rate: float | None = None
    items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: DraftedZone = UNKNOWN_ZONE


def agreement_text(basis: DraftBasis) -> str:
    """The agreement as TOML with comments; it loads with `Agreement.parse`."""
    names = trait_names(basis.decisions, basis.crm)
    parts = [*_head(basis), _outcome(basis), _export(basis), default_section("interest"), default_section("behaviours")]
    parts += [_traits(basis, names), contact_section(basis.decisions, names), _excluded(basis, names)]
    parts += [_part_2(basis, names)]
    return sections_text(parts)


def sections_text(parts: Iterable[str]) -> str:
    """Sections as one text."""
    return "\n".join(part.strip("\n") + "\n" for part in parts if part)


def trait_names(decisions: Iterable[ColumnDecision], crm: Crm | None = None) -> dict[str, str]:
    """A snake_case name for each column that is kept or excluded; never the name of a behaviour or of a fact."""
    taken = set(Agreement.default().behaviours) | RESERVED | _DERIVED | {"email", "closed"}
    names: dict[str, str] = {}
    for decision in decisions:
        if decision.use != "dropped":
            names[decision.column] = free_name(_name(decision, crm), taken)
            taken.add(names[decision.column])
    return names


def _name(decision: ColumnDecision, crm: Crm | None) -> str:
    if crm and (known := next((n for n, f in crm.traits.items() if crm.key(f) == crm.key(decision.column)), None)):
        return known
    plain = title_words(without_record(decision.column)).removeprefix("hs ")
    is_title = decision.kind == "text" and says(decision.column, ("job_title",))
    name = _trait_titles().get(plain, "job_title" if is_title else plain.replace(" ", "_"))
    is_text = decision.kind in ("category", "text")
    if name in ("source", "campaign") and not is_text:  # these name where a lead came from, never a number
        name = f"{name}_{decision.kind}"
    return name if name[:1].isalpha() else f"field_{name}".rstrip("_")


@cache
def _trait_titles() -> dict[str, str]:
    """By title, the name that the default agreement and the lists of leads have for what it holds."""
    text = Path(__file__).with_name("trait_titles.toml").read_text(encoding="utf-8")
    return {title: name for name, titles in tomllib.loads(text).items() for title in titles}


def free_name(name: str, taken: set[str]) -> str:
    """The name, or one like it that is not taken."""
    name = name[:56].rstrip("_")
    names = (name, f"{name}_given", *(f"{name}_{place}" for place in range(2, 10_000)))
    return next(free for free in names if free not in taken)


def _head(basis: DraftBasis) -> Iterator[str]:
    known = int(basis.roles.known.sum())
    are_over = f"of the {known:,} that are over " if known < len(basis.roles.won) else ""
    share = f"{are_over}{int(basis.roles.won.sum()) / max(known, 1):.1%} converted"
    yield from draft_heading(f"{DRAFTED}` from {basis.file}: {basis.rows:,} leads, {share}.", basis.zone)


def draft_heading(drafted_from: str, zone: DraftedZone = UNKNOWN_ZONE) -> Iterator[str]:
    """The first lines of a draft: what it was drafted from, what to do with it, and who signs it."""
    yield (
        f"{drafted_from}\n"
        "# Read it with marketing and sales, change what is wrong, and have both sign it.\n"
        "# Part 1 is what the model learns from: after a change, retrain. Part 2 is what we do about it: it works\n"
        "# at once. Part 3 is who and where. The signature is under parts 1 and 2: leadlight agreement sign."
    )
    yield (
        'name        = "default"   # also the model\'s name: one agreement for each product or region\n'
        "agreed_by   = []          # who signed, from marketing and from sales, and when\n"
        f"time_zone   = {toml_text(zone.name)}   # {zone.comment}\n"
        'our_domains = []          # our own people are not leads: ["ourcompany.com"]'
    )


def _outcome(basis: DraftBasis) -> str:
    waits = f"within_days = {basis.horizon_days}  # only after this long does a lead count as a no"
    if basis.roles.undated:
        lacks = "no dates of outcomes" if basis.roles.created_at else "no dates"
        waits = f"undated     = true  # {lacks} in the export: outcomes count as it tells them, without a horizon"
    return (
        '[outcome]  # what "converted" means\n'
        'event       = "Lead Converted"  # what the import calls it when a lead of the export converted\n'
        f"{waits}\n"
        f"{asks_line(None)}"
    )


def asks_line(tried_before: float | None) -> str:
    """The line of [outcome] that says which question a probability answers.

    tried_before: the share of converted leads that sales had tried before; None where that is not on record.
    """
    return f'asks        = "as things are"  # as sales works its leads now; {_on_tries(tried_before)}'


def asks_note(tried_before: float | None) -> str:
    """The same as a sentence of `init`."""
    return f'asks: "as things are", the chance to convert as sales works its leads now; {_on_tries(tried_before)}'


def _on_tries(tried_before: float | None) -> str:
    if tried_before is None:
        return "whom sales tried is not on record"
    return f"{tried_before:.0%} of conversions had a contact by sales before"


def _export(basis: DraftBasis) -> str:
    roles = basis.roles
    notes = {"positive": "any date there means converted"} if roles.positive == ANY_VALUE else {}
    notes |= {"id": "no column identifies a lead: its place in the file does"} if roles.id == ROW_NUMBER else {}
    lines = ["[export]  # which columns of a CRM export say who, when, and what became of it"]
    for key in ("id", "created_at", "outcome", "positive", "outcome_at", "lost_at"):
        if value := getattr(roles, key):
            lines.append(f"{key} = {toml_text(value)}{_comment(notes.get(key))}")
    lines += _statuses(roles.statuses)
    missing = ", ".join(toml_text(marker) for marker in basis.missing)
    return "\n".join([*lines, f"missing = [{missing}]  # what its cells write for missing, besides nothing"])


def _statuses(found: OutcomeStatuses) -> Iterator[str]:
    if found.column:
        yield f"status = {toml_text(found.column)}  # lost and open are values of this column"
    notes = {
        "lost": "these count as a no",
        "open": "nobody knows yet what becomes of these; move one where it is wrong",
    }
    for key in ("lost", "open"):
        if values := getattr(found, key):
            yield f"{key} = [{', '.join(map(toml_text, values))}]{_comment(notes[key])}"


def _traits(basis: DraftBasis, names: Mapping[str, str]) -> str:
    lines = ["[traits]  # what the model learns from: number, category, text, boolean or date"]
    if not basis.roles.undated:
        lines.append('# known = "at_creation": it was so when the lead came; "at_export": known only since the export')
    for decision in basis.decisions:
        if decision.use == "trait" and (items := basis.items.get(decision.column)):
            lines += _listed(decision, names, items, _known(decision, basis))
        elif decision.use == "trait":
            look = f"look: {'; '.join(decision.flags)}" if decision.flags else None
            lines.append(f"{names[decision.column]} = {_line(decision, **_known(decision, basis))}{_comment(look)}")
    return "\n".join(lines)


def _known(decision: ColumnDecision, basis: DraftBasis) -> dict[str, str]:
    return {} if basis.roles.undated else {"known": "at_export" if decision.may_be_late else "at_creation"}


def _listed(
    decision: ColumnDecision, names: Mapping[str, str], items: Sequence[str], known: Mapping[str, str]
) -> Iterator[str]:
    """One line per item of a column of lists: whether a lead's cell lists it."""
    taken = {*names.values(), *Agreement.default().behaviours, *RESERVED, *_DERIVED}
    for item in items:
        name = free_name(f"{names[decision.column]}_{title_words(item).replace(' ', '_') or 'item'}", taken)
        taken.add(name)
        label = f"{plain_label(decision.column)}: {item}"
        keys = {**known, "kind": "boolean", "column": decision.column, "item": item, "label": label}
        yield f"{name} = {{ {', '.join(f'{key} = {toml_text(value)}' for key, value in keys.items())} }}"


def _excluded(basis: DraftBasis, names: Mapping[str, str]) -> str:
    lines = ["[excluded]  # the model never sees these, and why; to use one, move its line to [traits], with signed_by"]
    lines += [
        f"{names[decision.column]} = {_line(decision, why=decision.reason)}"
        for decision in basis.decisions
        if decision.use == "excluded"
    ]
    gone = [decision for decision in basis.decisions if decision.use == "dropped"]
    return "\n".join([*lines, *(_comment(f"dropped: {v.column}: {v.reason}").strip() for v in gone)])


def _line(decision: ColumnDecision, **more: str) -> str:
    sign = {"decimal": decision.decimal} if decision.decimal else {}
    keys = more | {"kind": decision.kind} | sign
    keys |= {"column": decision.column, "label": plain_label(decision.column)}
    return f"{{ {', '.join(f'{key} = {toml_text(value)}' for key, value in keys.items())} }}"


def plain_label(title: str) -> str:
    """A title as it reads inside a sentence: "TotalVisits" is "total visits", acronyms stay."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", " ".join(without_record(title).replace("_", " ").split()))
    return re.sub(r"\b[A-Z][a-z]+\b|^[A-Z]\b", lambda word: word[0].lower(), parted)


def toml_text(text: str) -> str:
    return f"'{text}'" if '"' in text and text.isprintable() and "'" not in text else tomlkit.string(text).as_string()


def _comment(text: str | None) -> str:
    """A comment at the end of a line; what files write into cells must not end it."""
    return f"  # {''.join(sign if sign.isprintable() else ' ' for sign in text)}" if text else ""


def default_section(name: str) -> str:
    """The text of one section of the default agreement, with its comments."""
    found = re.search(rf"^\[{name}\].*?(?=^\[|^# ?Part|\Z)", DEFAULT.read_text(encoding="utf-8"), re.M | re.S)
    return found[0] if found else ""


def _part_2(basis: DraftBasis, names: Mapping[str, str]) -> str:
    whole = (v for v in basis.decisions if v.use == "trait" and v.column not in basis.items)
    kinds = {names[decision.column]: decision.kind for decision in whole}
    average = basis.roles.won[basis.roles.known].mean() if basis.open_rate is None else basis.open_rate
    return policy_text(kinds, Agreement.default().behaviours, float(average))


def policy_text(kinds: Mapping[str, str], behaviours: Container[str], average: float) -> str:
    """The default policy, without the criteria that nothing could fulfil.

    kinds: of the drafted traits. behaviours: the default's that are drafted. average: the chance of the average lead;
    0 or 1 where that is not known.
    """
    default = DEFAULT.read_text(encoding="utf-8")
    lines = default[default.index("# Part 2") :].splitlines()
    possible = {match[1] for line in lines if (match := _POINTS.match(line)) and _is_possible(line, kinds, behaviours)}
    kept = [
        line
        for line in lines
        if not (match := _POINTS.match(line))
        or (match[1] in possible and (match[2] == "ask" or _is_possible(line, kinds, behaviours)))
    ]
    no_points = r"\g<1>0                         # agree on criteria first, then on their points"
    kept = [line for line in kept if not line.startswith("come_back") or _has_dates(line, kinds)]
    kept = [said for line in kept if (said := _of_behaviours(line, behaviours)) is not None]
    text = re.sub(r"^(min_points\s*= )\d+ .*", no_points, "\n".join(kept), flags=re.M)
    return with_score_50(text, average) if 0 < average < 1 else text


def _of_behaviours(line: str, behaviours: Container[str]) -> str | None:
    """A line that speaks of the default's behaviours, without those that are not drafted; None where none is left."""
    if not _OF_BEHAVIOURS.match(line):
        return line
    (value,) = tomllib.loads(line).values()
    if isinstance(value, dict):
        left: Any = {name: where for name, where in value.items() if name in behaviours}
    else:
        left = [each for each in value if all(name in behaviours for name in each)]
    if left == value:
        return line
    written = _inline(left) if isinstance(left, dict) else f"[{', '.join(map(_inline, left))}]"
    return f"{line[: line.index('=')]}= {written}" if left else None


def _inline(table: Mapping[str, str]) -> str:
    return f"{{ {', '.join(f'{name} = {toml_text(value)}' for name, value in table.items())} }}"


def _has_dates(line: str, kinds: Mapping[str, str]) -> bool:
    """Whether all dates to come back on are drafted traits."""
    return all(kinds.get(name) == "date" for name in tomllib.loads(line)["come_back"])


def _is_possible(line: str, kinds: Mapping[str, str], behaviours: Container[str]) -> bool:
    """Whether a line of points asks only for drafted behaviours and for what is said of leads."""
    [(_, points)] = next(iter(tomllib.loads(line).values())).items()
    default = Agreement.default()
    lines = points if isinstance(points, list) else [points]
    return all(
        isinstance(asked, dict)
        and all(
            name in behaviours
            or (name == "seniority" and "job_title" in kinds)
            or (name in default.traits and kinds.get(name) == default.traits[name].kind)
            for name in asked
        )
        for asked in lines
    )
