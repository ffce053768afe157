"""The column that says which lead a row is of, and rows of one lead as one row."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from features.agreement.column_titles import title_words
from features.imports.columns import MISSING_MARKERS, cell_texts, says_value
from features.imports.crm import ANY_VALUE
from features.imports.lead_export import ROW_NUMBER, WHICH_ROW_COUNTS
from training.leakage.column_profiles import ColumnProfile
from training.leakage.wording import IDENTIFIER

_PERSON = "leads?|contacts?|prospects?|person|kontakte?|interessent|contatto|contacto|contato"
_NUMBER = "id|no|nr|number|numero|nummer|key|code|uuid|guid"
_OF_LEAD = re.compile(rf"({_PERSON}) ?({_NUMBER})|({_NUMBER}) (du |de |del |do )?({_PERSON})|lead|id|record id")
_PLAIN_IDS = frozenset(("id", "lead id", "record id", "contact id", "deal id", "opportunity id"))
# Ids that are known by their form, whatever the title: Dynamics calls them "(Do Not Modify) Lead".
_UUID = re.compile(r"\{?[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\}?", re.I)
_SALESFORCE = re.compile(r"00[Q3][A-Za-z0-9]{12}([A-Z0-5]{3})?")
_FILLED, _FEWEST = 0.98, 0.02  # share of rows that have an id, and of leads among the rows


def lead_id(profiles: Mapping[str, ColumnProfile], asked: str | None, outcome: str) -> tuple[str, list[str]]:
    """The column of the lead's id, as asked or guessed, and sentences on it; ROW_NUMBER where no column tells."""
    if asked:
        return asked, [f"{asked}: the id of each lead{_on_repeats(profiles[asked])}"]
    others = [profile for profile in profiles.values() if profile.column != outcome]
    found = [profile for profile in others if _is_unique(profile) or _repeats_leads(profile)]
    if not found:
        remedy = "a later export would be taken for other leads; name a column that stays with a lead: --id COLUMN"
        return ROW_NUMBER, [f"No column identifies a lead, so its row number does; {remedy}"]
    best = min(found, key=_preference)
    guessed = " (guessed; --id COLUMN for another)"
    return best.column, [f"{best.column}: the id of each lead{guessed}{_on_repeats(best)}"]


def _on_repeats(profile: ColumnProfile) -> str:
    if profile.filled == profile.distinct:
        return ""
    return f"; {profile.filled:,} rows are of {profile.distinct:,} leads: {WHICH_ROW_COUNTS}"


def _is_unique(profile: ColumnProfile) -> bool:
    if not profile.is_identifier or profile.distinct < len(profile.values):
        return False
    return bool(IDENTIFIER.search(title_words(profile.column))) or _has_form_of_id(profile)


def _has_form_of_id(profile: ColumnProfile) -> bool:
    return any(all(form.fullmatch(value) for value in profile.counts) for form in (_UUID, _SALESFORCE))


def _repeats_leads(profile: ColumnProfile) -> bool:
    """Whether by its title it is a lead's id, and several rows are of one lead."""
    rows = len(profile.values)
    is_id = profile.kind in ("text", "category") or all(value.isdigit() for value in profile.counts)
    is_full = profile.filled >= _FILLED * rows and max(2, _FEWEST * rows) <= profile.distinct < profile.filled
    return is_id and is_full and bool(_OF_LEAD.fullmatch(title_words(profile.column)))


def _preference(profile: ColumnProfile) -> tuple[bool, bool, bool, float]:
    """A plain "id", then one of leads, no e-mail address if it can be helped, short for people to say."""
    plain = title_words(profile.column)
    length = sum(map(len, profile.counts)) / max(profile.distinct, 1)
    is_of_lead = any(word in plain for word in ("lead", "contact", "record", "customer", "prospect"))
    return plain not in _PLAIN_IDS, "mail" in plain, not is_of_lead, length


def one_row_per_lead(
    rows: pd.DataFrame, lead: str, outcome: str, positive: str, first: Sequence[str] = ()
) -> pd.DataFrame:
    """The rows with one for each lead, as the import reads them; rows without an id are left out.

    Of each column the last value that is filled counts, in `first` the first; a lead that any row calls converted did.
    """
    texts = pd.DataFrame({str(title): cell_texts(rows[title], MISSING_MARKERS) for title in rows.columns}, dtype=object)
    texts = texts[texts[lead].notna()]
    by_lead = texts.groupby(lead, sort=False)
    leads = by_lead.last()
    for title in first:
        leads[title] = by_lead[title].first()
    if positive != ANY_VALUE:
        is_won = [value is not None and says_value(value, positive) for value in texts[outcome]]
        won = texts[is_won].groupby(lead, sort=False)[outcome].last()
        leads.loc[won.index, outcome] = won
    found: pd.DataFrame = leads.reset_index()[list(texts.columns)]
    return found
