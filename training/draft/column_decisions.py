"""The decision on each column of an export: kept as a trait, excluded until a person signs it, or dropped; and why."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from features.agreement.checks import is_protected
from features.agreement.column_titles import NAME_PARTS, PERSONAL_FACTS, says, title_words, without_record
from features.agreement.conditions import Kind
from features.home.numbers import DecimalSign
from training.draft.unread_cells import unread_notes
from training.leakage.column_profiles import MOST_LEVELS, ColumnProfile
from training.leakage.signals import (
    EMPTINESS_GIVES_AWAY,
    EMPTINESS_IS_ALL,
    EMPTINESS_TELLS,
    IS_MISSED,
    TELLS_ALONE,
    TELLS_MUCH,
    LeakSignals,
    follows_row_order,
    share_text,
)
from training.leakage.wording import (
    COMPUTED,
    COMPUTED_OF_LEADS,
    COUNTS,
    PERSONAL,
    is_question,
    quoted_values,
    reason_in_title,
    rep_values,
)

IS_MUCH, IS_STRONG = 0.70, 0.04  # AUC alone, and lost without it, from which a person should ask what a field is
_COMPANY_ID = re.compile(
    r"(deal )?(company|account|organi[sz]ation) (id|number|domain( name)?)|web ?(site|page)( url)?|homepage"
)
_OFTEN_EMPTY = 0.2
CALLED_BY = frozenset((*NAME_PARTS, "full_name", "company", "phone"))  # facts that serve to call somebody
LATER = 0.01  # share of rows in which a date lies after the lead came


_ASKED_LATER = "perhaps it was asked once things went well"
_ASKED_OF_LOST = "perhaps it was filled in once things went badly"
_GROWS = "a count as of the export, which grows on after the outcome"
_COMPUTED = "it looks computed: when?"
LEGEND = (
    '"alone 92" means: of one converted lead and one other, this column alone picks the converted one 92 times in 100; '
    "50 is guessing"
)


@dataclass(frozen=True)
class ColumnDecision:
    """The decision on one column.

    flags: what a person should look at in a column that is kept as a trait. contact: what a dropped column says that
    serves to call somebody: "first_name", "company", "phone".
    """

    column: str
    use: Literal["trait", "excluded", "dropped"]
    kind: Kind
    reason: str
    flags: tuple[str, ...]
    signals: LeakSignals
    empty_share: float
    decimal: DecimalSign | None = None  # of its numbers, where they are written with one
    contact: str | None = None

    @property
    def auc(self) -> float | None:
        """The AUC of the column alone."""
        return self.signals.alone

    @property
    def added_auc(self) -> float | None:
        """The AUC that the kept columns lose without this one, or would gain with it."""
        return self.signals.added_auc

    @property
    def may_be_late(self) -> bool:
        """Whether a kept field may have been filled in, or have grown, after the lead came."""
        return any(flag.endswith((_ASKED_LATER, _ASKED_OF_LOST, _GROWS, _COMPUTED)) for flag in self.flags)

    @property
    def sentence(self) -> str:
        """The decision in words: "Lead Status: excluded, known only after contact: sales sets it (alone 92)"."""
        if self.use == "dropped":
            return f"{self.column}: dropped, {self.reason}{'; it is in [contact]' if self.contact else ''}"
        alone = "" if self.auc is None else f" (alone {self.auc * 100:.0f})"
        if self.use == "excluded":
            gained = (self.added_auc or 0) * 100
            gain = f"; it would lift the rest by {gained:.0f}" if gained >= 0.5 else ""
            return f"{self.column}: excluded, {self.reason}{alone}{gain}"
        look = f"; but look: {'; '.join(self.flags)}" if self.flags else ""
        sign = " with a decimal comma" if self.decimal == "," else ""
        return f"{self.column}: kept as {self.kind}{sign}{alone}{look}"


@dataclass(frozen=True)
class ExaminedColumn:
    """One column with all that a decision on it rests on.

    later_share: how many of its dates lie after the lead came, if known. why: what is known of such a field beforehand.
    are_birthdays: whether its dates lie as long before the lead came as people are old.
    """

    profile: ColumnProfile
    signals: LeakSignals
    later_share: float | None = None
    why: str | None = None
    are_birthdays: bool = False


def useless_decision(profile: ColumnProfile) -> ColumnDecision | None:
    """The decision to drop a column that is useless whatever the outcome; None where it may be of use."""
    reason = _useless(profile)
    if reason is None:
        return None
    contact = profile.personal_fact if profile.filled and profile.personal_fact in CALLED_BY else None
    signals, share = LeakSignals(), profile.empty_share
    return ColumnDecision(profile.column, "dropped", profile.kind, reason, (), signals, share, contact=contact)


def _useless(profile: ColumnProfile) -> str | None:
    if not profile.filled:
        return "it is empty"
    if profile.is_constant:
        return f"it is always {quoted_values(list(profile.counts))}"
    if reason := _personal(profile):
        return reason
    # Where most are empty, that it is filled at all may tell more than what it says.
    is_of_all = profile.is_identifier and profile.empty_share < 0.5
    unread = next(unread_notes(profile), None)
    return (unread or "it differs for almost every lead, so it only says who it is") if is_of_all else None


def _personal(profile: ColumnProfile) -> str | None:
    """Why a column says who somebody is, by its title and its values, however often these repeat; None: it does not."""
    fact = profile.personal_fact
    if fact == "email" or profile.personal == "e-mail addresses":
        return "it identifies a person, and only matches the lead to its visits"
    if says(profile.column, ("postal_code",)) and profile.kind != "boolean":
        too_many = f"{profile.distinct:,} postal codes, which say where somebody lives and repeat too rarely"
        return too_many if profile.distinct > MOST_LEVELS else None
    if fact == "company":
        return "it names a company, which serves to call and not to learn from"
    if fact in PERSONAL_FACTS or profile.personal == "phone numbers":
        return "it identifies a person"
    title, is_of_many = title_words(without_record(profile.column)), profile.distinct >= 0.3 * profile.filled
    if is_of_many and (_COMPANY_ID.fullmatch(title_words(profile.column)) or _COMPANY_ID.fullmatch(title)):
        return "it tells which company it is, and nothing of what it is like"
    return "it identifies a person" if is_of_many and PERSONAL.match(title) else None


def protected_reason(profile: ColumnProfile) -> str | None:
    """Why a column must not decide whom sales calls, by its title or by its values; None: it may."""
    if is_protected(profile.column):
        return "protected"
    return f"protected: its values are {profile.protected}" if profile.protected else None


def unclear_numbers(profile: ColumnProfile) -> str | None:
    """Why numbers are not read, where nothing tells what their dots and commas mean; None where they are clear."""
    unclear = profile.has_unclear_numbers
    return f"its numbers can be read in two ways: it {profile.spelling.problem()}" if unclear else None


def decimal_sign(profile: ColumnProfile) -> DecimalSign | None:
    """The decimal sign for the agreement to keep; None where no number is written with one."""
    return profile.decimal if profile.kind == "number" and profile.spelling.has_sign else None


def asked_reason(profile: ColumnProfile) -> str | None:
    """Why a person is asked about a column that may say who somebody is; None: nothing in it looks so."""
    is_known = profile.is_job_title or says(profile.column, ("thing",))
    if profile.personal == "names of people" and not is_known:
        return "perhaps personal: its values read as names of people"
    if profile.is_free_text and not profile.is_job_title:
        return "perhaps personal: free text, in which people are described"
    is_postal = says(profile.column, ("postal_code",))
    return "perhaps personal: a postal code says where somebody lives" if is_postal else None


def column_decision(examined: ExaminedColumn) -> ColumnDecision:
    """The decision on a column that may be of use."""
    profile, empty_share = examined.profile, round(examined.profile.empty_share, 4)
    reason = protected_reason(profile) or "; ".join(_suspicions(examined))
    use: Literal["trait", "excluded"] = "excluded" if reason else "trait"
    flags = () if reason else tuple(_flags(examined))
    return ColumnDecision(
        profile.column, use, profile.kind, reason, flags, examined.signals, empty_share, decimal_sign(profile)
    )


def _suspicions(examined: ExaminedColumn) -> Iterator[str]:
    """Why the column may give the answer away; the plainest reason first."""
    profile, signals = examined.profile, examined.signals
    if examined.why:
        yield examined.why
        return
    if signals.one_sided:
        yield signals.one_sided
        return
    if in_title := reason_in_title(profile.column):
        yield in_title
    elif asked := asked_reason(profile):
        yield asked
    if told := rep_values(profile.values):
        yield f"only a rep writes {quoted_values(told)}"
    if _is_computed(profile):
        often = f", and is missing for {profile.empty_share:.0%}" if profile.empty_share >= _OFTEN_EMPTY else ""
        yield f"it is computed from what the lead did by the export{often}"
    if profile.kind == "date":
        yield from _of_dates(examined)
    if unclear := unclear_numbers(profile):
        yield unclear
    excused = EMPTINESS_IS_ALL if is_question(profile.column) else EMPTINESS_GIVES_AWAY
    if signals.sure_emptiness_auc >= excused:
        yield _on_emptiness(signals)
    if signals.sure_auc >= TELLS_ALONE or (signals.sure_auc >= TELLS_MUCH and (signals.added_auc or 0) >= IS_MISSED):
        yield "it tells the outcome too well to be known before it"


def _is_computed(profile: ColumnProfile) -> bool:
    title = title_words(profile.column)
    is_of_leads = bool(COMPUTED_OF_LEADS.search(title)) or profile.empty_share >= _OFTEN_EMPTY
    return bool(COMPUTED.search(title)) and is_of_leads


def _of_dates(examined: ExaminedColumn) -> Iterator[str]:
    if examined.are_birthdays:
        yield "perhaps personal: its dates read as birthdays"
    if examined.profile.is_unclear:
        yield "its dates can be read day first or month first"
    elif examined.later_share is None:
        yield "a date, and no column says when leads came to compare it with"
    elif examined.later_share > LATER:
        yield f"later than the lead came in {examined.later_share:.0%} of rows"


def _on_emptiness(signals: LeakSignals) -> str:
    won, lost = share_text(signals.filled_won), share_text(signals.filled_lost)
    return f"filled for {won} of the converted and {lost} of the others"


def number_flags(profile: ColumnProfile) -> Iterator[str]:
    """What a person should look at in a column of numbers: a sentinel, and whole numbers that are no amounts."""
    if none := profile.sentinel:
        share = f"{max(profile.sentinel_share, 0.01):.0%}"
        yield f'{none} in {share} of rows looks like "none" written as a number: if so, add it to [export] missing'
    if profile.may_be_codes:
        yield 'its whole numbers look like codes, not amounts: if so, write kind = "category"'


def _flags(examined: ExaminedColumn) -> Iterator[str]:
    """What a person should look at in a field that is kept."""
    profile, signals = examined.profile, examined.signals
    yield from number_flags(profile)
    if signals.sure_emptiness_auc >= EMPTINESS_TELLS:
        why = _ASKED_LATER if signals.filled_won > signals.filled_lost else _ASKED_OF_LOST
        yield f"{_on_emptiness(signals)}: {why}"
    if profile.kind == "number" and COUNTS.search(title_words(profile.column)):
        yield _GROWS
    if COMPUTED.search(title_words(profile.column)):
        yield _COMPUTED
    yield from unread_notes(profile)
    if follows_row_order(profile):
        yield "it hardly changes from row to row, as the calendar does, and may mislead in other months"
    if signals.sure_auc >= IS_MUCH and (signals.added_auc or 0) >= IS_STRONG:
        yield f"the rest would lose {(signals.added_auc or 0) * 100:.0f} without it: is it known before sales calls?"
