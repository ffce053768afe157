"""Trait history: the traits of each lead as known at each moment; newest values count, and a first touch stays."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.arrays import NOT_YET, Bools, Ints
from features.behaviour.decayed_counters import Observations
from features.events.event_table import EventTable
from features.identity.accounts import AccountPeriods
from features.identity.identities import Identities
from features.identity.intervals import group_ids, strongest_known, tie_break_ranks
from features.traits.values import FIRST_TOUCH, TraitValues, trait_values

# Traits that rules and reasons need of every lead, whatever traits an agreement names.
ENDS = ("with_sales_until", "opportunity_until")  # moments in microseconds; standing.py says what ends then
FLAGS = ("customer", "open_opportunity", "profiling_opt_out", "unsubscribed", "with_sales", "rejected", "closed")
TOUCHES = ("source", "campaign", "latest_source", "latest_campaign")
FIRST_OF_PUBLIC = frozenset(
    {"email_domain", "mail_kind"}
)  # of a public key the first stays: a later one may be anybody's
TEXTS = ("seniority", "department", "email_domain", "mail_kind", "account", *TOUCHES)
NUMBERS = ("number", "date")


class TraitChanges(NamedTuple):
    """One row per change of a lead's trait: from known_us on it has the value; sorted by lead, then moment."""

    lead: Ints
    known_us: Ints
    trait: Ints
    value: Ints


def trait_columns(agreement: Agreement) -> dict[str, str]:
    """Every column of the trait history and its kind: the traits that rules need, then the agreement's."""
    kinds = {name: trait.kind for name, trait in agreement.traits.items()}
    numbers = {"opened_us": "number"} | dict.fromkeys(ENDS, "number")
    return numbers | dict.fromkeys(FLAGS, "boolean") | dict.fromkeys(TEXTS, "category") | kinds


def trait_history(
    table: EventTable, resolved: Identities, agreement: Agreement, observed: Observations, members: AccountPeriods
) -> pd.DataFrame:
    """One row per lead and moment at which a trait changed as it was known: lead_id, known_us, and `trait_columns`.

    A value replaces an older one by when it was true, not by when it was known; a value of the lead itself goes before
    one of its company; and any value of a public key gives way to what the CRM says. A missing value is None, or NaN
    for numbers and dates. Where ann says industry "saas" on day 3, and on day 9 an import adds that on day 1 it was
    "retail", there is one row, of day 3, with "saas".
    """
    columns = trait_columns(agreement)
    given = trait_values(table, resolved, agreement, observed, members, columns)
    # What public keys say has columns of its own behind the others, and is read where the CRM says nothing.
    given = given._replace(trait=given.trait + len(columns) * given.is_public)
    changes = _changes(given, _strength(table, given, list(columns)))
    is_new = np.append(True, (np.diff(changes.lead) != 0) | (np.diff(changes.known_us) != 0))[: len(changes.lead)]
    states = np.zeros((int(is_new.sum()), len(columns) * (1 + int(given.is_public.any()))), dtype=np.int32)
    _fill(states, np.cumsum(is_new) - 1, changes.lead, changes.trait, changes.value)
    said, public = states[:, : len(columns)], states[:, len(columns) :]
    states = np.where(said == 0, public, said) if public.size else said
    history: dict[str, Any] = {
        "lead_id": np.array(resolved.lead_ids, dtype=object)[changes.lead[is_new]],
        "known_us": changes.known_us[is_new],
    }
    texts = np.array(given.values, dtype=object)
    numbers = np.array([value if isinstance(value, float) else np.nan for value in given.values])
    for place, (name, kind) in enumerate(columns.items()):
        history[name] = (numbers if kind in NUMBERS else texts)[states[:, place]]
    return pd.DataFrame(history)


def _strength(table: EventTable, given: TraitValues, traits: list[str]) -> Ints:
    """A strength per value: of the known values of a lead's trait, the strongest counts.

    Values of the lead itself are stronger than those of its company, then newer ones than older, by (occurred_us,
    message_id); of a first touch, older ones than newer.
    """
    came_first = np.isin(given.trait, [len(traits) + traits.index(name) for name in FIRST_OF_PUBLIC])
    # The first that came: a public key may write any time into what it sends.
    occurred_us = np.where(came_first, np.append(table.recorded_us(), 0)[given.row], given.occurred_us)
    rank = tie_break_ranks(table, given.row, occurred_us, group_ids(given.trait, given.lead))
    order = np.lexsort((rank, occurred_us, given.nearness, given.trait, given.lead))
    lead, trait = given.lead[order], given.trait[order]
    starts = np.flatnonzero(np.append(True, (np.diff(lead) != 0) | (np.diff(trait) != 0))[: len(order)])
    sizes = np.diff(np.append(starts, len(order)))
    place, start = np.arange(len(order)), np.repeat(starts, sizes)
    firsts = [traits.index(name) for name in FIRST_TOUCH if name in traits]
    firsts_of_public = [len(traits) + traits.index(name) for name in FIRST_OF_PUBLIC | FIRST_TOUCH if name in traits]
    is_first = np.isin(trait, firsts + firsts_of_public)
    strength = np.empty(len(order), dtype=np.int64)
    strength[order] = np.where(is_first, 2 * start + np.repeat(sizes, sizes) - 1 - place, place)
    return strength


def _changes(given: TraitValues, strength: Ints) -> TraitChanges:
    order = np.lexsort((strength, given.known_us, given.trait, given.lead))
    of_trait = np.cumsum(_is_other(given.lead[order], given.trait[order]))
    ends = np.bincount(of_trait, given.until_us[order] != NOT_YET, len(order) + 1) > 0
    passing = ends[of_trait]
    settled, moving = order[~passing], order[passing]
    # Strengths rise from trait to trait, so that one running maximum does for all.
    settled = settled[strength[settled] >= np.maximum.accumulate(strength[settled])] if len(settled) else settled
    turns = np.array(list(_temporary_changes(given, strength, moving)), dtype=np.int64).reshape(-1, 4)
    columns = zip((given.lead, given.known_us, given.trait, given.value), turns.T, strict=True)
    changes = TraitChanges(*(np.append(column[settled], turn) for column, turn in columns))
    return _only_new(changes, np.append(strength[settled], np.arange(len(turns))))


def _is_other(*keys: Ints) -> Bools:
    """Rows that differ from the one before in any of the keys."""
    other = np.zeros(len(keys[0]), dtype=bool)
    for key in keys:
        other[1:] |= key[1:] != key[:-1]
    return other


def _only_new(changes: TraitChanges, strength: Ints) -> TraitChanges:
    """The changes without those that another of the same moment replaces, and those that change nothing."""
    order = np.lexsort((strength, changes.known_us, changes.trait, changes.lead))
    changes = TraitChanges(*(column[order] for column in changes))
    last = np.append(_is_other(changes.lead, changes.trait, changes.known_us)[1:], True)[: len(order)]
    changes = TraitChanges(*(column[last] for column in changes))
    begins = np.append(True, _is_other(changes.lead, changes.trait)[1:])[: len(changes.lead)]
    before = np.where(begins, 0, np.append(0, changes.value[:-1])[: len(changes.lead)])
    is_new = changes.value != before
    changes = TraitChanges(*(column[is_new] for column in changes))
    order = np.lexsort((changes.trait, changes.known_us, changes.lead))
    return TraitChanges(*(column[order] for column in changes))


def _temporary_changes(given: TraitValues, strength: Ints, rows: Ints) -> Iterator[tuple[int, int, int, int]]:
    """The changes of traits that have values which were known for a time only: (lead, known_us, trait, value).

    rows: positions of their values, by lead, trait and moment.
    """
    ends = np.flatnonzero(_is_other(given.lead[rows], given.trait[rows]))
    for some in np.split(rows, ends) if len(rows) else ():
        columns = (given.known_us, given.until_us, strength, given.value)
        words = list(zip(*(column[some].tolist() for column in columns), strict=True))
        for moment, value in strongest_known(words, nothing=0):
            yield int(given.lead[some[0]]), moment, int(given.trait[some[0]]), value


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def _fill(states: Any, row: Ints, lead: Ints, trait: Ints, value: Ints) -> None:
    for i in range(row.size):
        if i > 0 and row[i] != row[i - 1] and lead[i] == lead[i - 1]:
            states[row[i]] = states[row[i - 1]]
        states[row[i], trait[i]] = value[i]
