"""The columns that tell what sales did with leads: as a person names them, as the CRM has them, else by their titles.

The words of titles are data: `title_words.toml`, beside this file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from pathlib import Path

import pandas as pd

from features.agreement.column_titles import says, title_words, without_record
from features.home.dates import DatesError, DayOrder
from features.home.errors import LeadlightError
from features.imports.columns import column_named
from features.imports.crm import Crm
from features.imports.lead_export import ROW_NUMBER
from training.draft.date_titles import says_came, says_converted
from training.draft.lead_ids import lead_id
from training.draft.outcome_statuses import is_of_statuses, says_outcome
from training.draft.word_patterns import word_patterns
from training.hole.status_meanings import meaning_of
from training.leakage.column_profiles import ColumnProfile, column_profiles
from training.leakage.wording import quoted_values

ROLES = {
    "id": "which lead a row is of",
    "created": "when the lead came",
    "handed_over": "when it was handed over to sales",
    "first_try": "when sales first tried it",
    "last_try": "when sales last tried it",
    "tries": "how often sales tried it",
    "status": "the status that sales works by",
    "reason": "why sales rejected it or gave it up",
    "ended": "when sales rejected it or gave it up",
    "closed": "when it was closed, converted or not",
    "won": "when it converted",
    "converted": "whether it converted",
    "source": "its source",
    "campaign": "its campaign",
    "owner": "who of sales has it",
}
DATES = ("created", "handed_over", "first_try", "last_try", "ended", "closed", "won")
# The fields of a CRM that hold a role, the better ones first; all that are there of dates and ids of a try count.
_FIELDS: dict[str, dict[str, tuple[str, ...]]] = {
    "salesforce": {
        "id": ("Id",), "created": ("CreatedDate",), "first_try": ("FirstCallDateTime", "FirstEmailDateTime"),
        "last_try": ("LastActivityDate", "Last Activity"), "status": ("Status",), "won": ("ConvertedDate",),
        "converted": ("IsConverted",), "source": ("LeadSource",), "owner": ("Lead Owner", "Owner", "OwnerId"),
    },
    "hubspot": {
        "id": ("Record ID",), "created": ("Create Date",),
        "handed_over": ("Became a Marketing Qualified Lead Date", "Became a Sales Qualified Lead Date"),
        "first_try": ("First Outreach Date", "Date of first engagement"), "last_try": ("Last Contacted",),
        "tries": ("Number of times contacted",), "status": ("Lead Status",), "won": ("Became a Customer Date",),
        "source": ("Original Source",), "owner": ("Contact owner",),
    },
}  # fmt: skip
_ORDER = (
    "id", "converted", "closed", "won", "last_try", "first_try", "handed_over", "ended", "created", "tries", "status",
    "reason", "campaign", "source", "owner",
)  # fmt: skip
_EARLIEST = ("first_try", "handed_over")  # of several columns the earliest date counts
_BY_CRM_ALONE = ("id", "created", "closed", "won", "converted")  # in a CRM's export no other column can hold these
_WORDS = Path(__file__).with_name("title_words.toml")
_JUDGED = 20_000  # rows by which a column is judged
_MOST_STATUSES, _MOST_REASONS = 60, 400


class HoleColumnsError(LeadlightError):
    """A person named a role that there is not."""

    code = "unknown_role"


@dataclass(frozen=True)
class HoleColumns:
    """By role, its columns. named: the roles that a person gave; unclear: sentences on dates that could not be read."""

    columns: Mapping[str, tuple[str, ...]]
    named: frozenset[str] = frozenset()
    unclear: tuple[str, ...] = ()

    @property
    def first_contact_as_arrival(self) -> HoleColumns:
        """The same where the date of a first contact is when the lead came: no other date says so."""
        titles = {**self.columns, "created": self.of("first_try")[:1]}
        return replace(self, columns={role: titles[role] for role in ROLES if role in titles and role != "first_try"})

    def of(self, role: str) -> tuple[str, ...]:
        return self.columns.get(role, ())

    @property
    def sentences(self) -> list[str]:
        """One line a role that a column holds, and one for each role that none does."""
        lines = [
            f"{', '.join(self.of(role))}: {meaning}{' (named)' if role in self.named else ''}"
            for role, meaning in ROLES.items()
            if self.of(role)
        ]
        return [*lines, *self.unclear]


def hole_columns(rows: pd.DataFrame, crm: Crm | None, named: Mapping[str, str], file: str) -> HoleColumns:
    """The columns of an export of leads by role. named: by role the title of its column, "none" for no column.

    Raises HoleColumnsError for a role that is none, ColumnError for a title that is none, DatesError for a named
    column of dates that can be read in two ways.
    """
    asked = _asked(named, [str(title) for title in rows.columns], file)
    judged = rows if len(rows) <= _JUDGED else rows.sample(_JUDGED, random_state=0).sort_index()
    draft = _Draft(column_profiles(judged), crm, asked, file)
    _check_dates(draft.profiles, asked, file)
    return HoleColumns(dict(draft.found()), frozenset(asked), tuple(draft.unclear))


def _asked(named: Mapping[str, str], titles: Sequence[str], file: str) -> dict[str, tuple[str, ...]]:
    for role in named:
        if role not in ROLES:
            near = get_close_matches(role, ROLES, n=1, cutoff=0.5)
            remedy = f"did you mean {near[0]}?" if near else f"a column is one of {', '.join(ROLES)}"
            raise HoleColumnsError(f'"{role}" is nothing that a column of leads can be; {remedy}')
    return {
        role: () if title == "none" and title not in titles else (column_named(title, titles, file),)
        for role, title in named.items()
    }


def _check_dates(profiles: Mapping[str, ColumnProfile], asked: Mapping[str, tuple[str, ...]], file: str) -> None:
    """Raises HoleColumnsError for a column that was named for a date and holds none."""
    for role in DATES:
        for profile in (profiles[title] for title in asked.get(role, ())):
            if not profile.are_dates:
                found = quoted_values(list(profile.counts), 2) or "nothing"
                problem = f'column "{profile.column}" holds no dates but {found}'
                raise HoleColumnsError(f"{file}: {problem}; name the one that says {ROLES[role]}", code="no_dates")


@dataclass
class _Draft:
    """Finds the column of each role; what one role has taken, none of the later ones gets."""

    profiles: Mapping[str, ColumnProfile]
    crm: Crm | None
    asked: Mapping[str, tuple[str, ...]]
    file: str
    unclear: list[str] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def found(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The roles with their columns."""
        self.taken |= {title for titles in self.asked.values() for title in titles}
        by_role = {}
        for role in _ORDER:
            by_role[role] = self.asked[role] if role in self.asked else self._drafted(role)
            self.taken |= set(by_role[role])
        yield from ((role, by_role[role]) for role in ROLES if by_role[role])

    def _drafted(self, role: str) -> tuple[str, ...]:
        fields = _FIELDS.get(self.crm.name, {}).get(role, ()) if self.crm else ()
        titles = [title for title in self.profiles if title not in self.taken]
        known = [title for name in fields if self.crm and (title := self.crm.title(name, titles))]
        filled = [title for title in dict.fromkeys(known) if self.profiles[title].filled]
        if filled or known:
            # A column that is there and empty tells that there was nothing, such as no call.
            chosen = filled or known[:1]
            return tuple(chosen if role in _EARLIEST else chosen[:1])
        if role == "id":
            guessed, _ = lead_id(self.profiles, None, "")
            return () if guessed == ROW_NUMBER else (guessed,)
        if self.crm and role in _BY_CRM_ALONE:
            return ()
        fitting = [self.profiles[title] for title in titles if self._says(role, title)]
        fitting = [profile for profile in fitting if self._fits(role, profile)]
        return (min(fitting, key=lambda profile: _preference(role, profile)).column,) if fitting else ()

    def _says(self, role: str, title: str) -> bool:
        plain = title_words(without_record(title))
        if role in word_patterns(_WORDS):
            return bool(re.fullmatch(word_patterns(_WORDS)[role], plain))
        if role == "owner":
            return says(title, ("owner",)) or plain in ("rep", "sales rep", "sdr", "bdr", "agent", "sdr id", "sr id")
        if role == "converted":
            return says_outcome(title) or says_converted(title)
        if role == "won" and self._says("closed", title):
            return False
        return {"created": says_came, "won": says_converted, "status": is_of_statuses}[role](title)

    def _fits(self, role: str, profile: ColumnProfile) -> bool:
        """Whether the cells of a column are what the role needs."""
        if role in DATES:
            return profile.filled > 0 and profile.are_dates and profile.kind != "boolean" and self._is_clear(profile)
        if role == "tries":
            return profile.kind in ("number", "boolean") and all(value.isdigit() for value in list(profile.counts)[:50])
        if role == "converted":
            return profile.kind == "boolean" and profile.distinct == 2
        if role == "status":
            is_short = 0 < profile.distinct <= _MOST_STATUSES and profile.kind != "date"
            return is_short and any(meaning_of(status) for status in profile.counts)
        return self._is_of_names(role, profile)

    def _is_of_names(self, role: str, profile: ColumnProfile) -> bool:
        most = _MOST_REASONS if role == "reason" else max(_MOST_REASONS, len(profile.values) // 5)
        is_number = profile.kind == "number" and role != "owner"
        return 0 < profile.distinct <= most and profile.kind not in ("date", "boolean") and not is_number

    def _is_clear(self, profile: ColumnProfile) -> bool:
        try:
            DayOrder().after(profile.counts).first(profile.column, self.file)
        except DatesError as unclear:
            self.unclear.append(str(unclear))
            return False
        return True


def _preference(role: str, profile: ColumnProfile) -> tuple[object, ...]:
    """Which of several columns holds a role: a name rather than an id, one that tells of most leads, a short title."""
    known = sum(count for status, count in profile.counts.items() if meaning_of(status)) if role == "status" else 0
    plain = title_words(profile.column)
    return (
        plain.endswith(" id"),
        role == "source" and "origin" in plain,
        -known,
        -round(profile.filled / max(len(profile.values), 1), 1),
        len(plain),
    )


def field_role(crm: Crm, name: str) -> str | None:
    """The role of a field of a history, by whichever of its titles; None for one that tells nothing of sales."""
    for role in ("status", "first_try", "last_try", "tries", "handed_over"):
        if any(crm.key(title) == crm.key(name) for title in _FIELDS[crm.name].get(role, ())):
            return role
    plain, words = title_words(name), word_patterns(_WORDS)
    return next((role for role in ("first_try", "last_try", "tries", "reason") if words[role].fullmatch(plain)), None)
