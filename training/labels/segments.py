"""Segments: groups of leads that marketing and sales speak of (source, size, region), found by the names of traits."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.column_titles import title_words
from features.snapshots.point_in_time import model_traits

FEWEST_LEADS = 30  # a level that fewer leads have is no group to speak of: it joins the others
MOST_LEVELS = 12
OTHER_LEVELS = "all others"
NEW_DAYS = 30
SIZE_BOUNDS = (1, 10, 50, 250, 1_000, 5_000)  # employees, the bounds that statistics offices and CRMs use

# A trait is of the first family that one of its words, in its name or its label, belongs to.
FAMILY_WORDS = {
    "source": frozenset({"source", "channel", "medium", "origin"}),
    "size": frozenset({"employees", "employee", "headcount", "size", "staff", "workforce"}),
    "region": frozenset({"country", "region", "state", "territory", "continent", "province", "geo", "market"}),
    "language": frozenset({"language", "locale", "lang"}),
}
NEWNESS = "new or known"


def segments(labelled: pd.DataFrame, agreement: Agreement) -> dict[str, pd.Series]:
    """Each family of segments with the level of each row of `labelled`, as text; None where the level is not known.

    Families are "source", "size" (employees in bands), "region" and "language" where the agreement has such traits,
    and "new or known": known for up to NEW_DAYS at the snapshot, or longer. A second trait of a family has its own
    name behind it: "region (state)". Families without two levels are left out.
    """
    kinds = model_traits(agreement)
    found: dict[str, pd.Series] = {}
    # The trait that is called like its family takes the family's name.
    for name, trait in sorted(agreement.traits.items(), key=lambda one: one[0] not in FAMILY_WORDS):
        family = _family(f"{name} {trait.label}")
        if family and name in labelled and kinds.get(name) in ("category", "number"):
            called = f"{family} ({trait.label})" if family in found else family
            found[called] = _levels(labelled, name, kinds[name], family)
    if "days_open" in labelled:
        found[NEWNESS] = _newness(labelled["days_open"])
    order = [*FAMILY_WORDS, NEWNESS]
    named = sorted(found, key=lambda family: order.index(family.partition(" (")[0]))
    return {family: found[family] for family in named if found[family].nunique() > 1}


def _family(called: str) -> str | None:
    in_name = set(title_words(called).split())
    return next((family for family, names in FAMILY_WORDS.items() if in_name & names), None)


def _levels(labelled: pd.DataFrame, name: str, kind: str, family: str) -> pd.Series:
    if kind == "category":
        return _common(labelled[name].astype("string").astype(object), labelled["lead_id"])
    # A number that is no size, such as a numbered territory, is a name.
    numbers = labelled[name].astype(float)
    if family != "size":
        named = [None if np.isnan(value) else f"{value:g}" for value in numbers]
        return _common(pd.Series(named, labelled.index, dtype=object), labelled["lead_id"])
    return _banded(numbers)


def _banded(numbers: pd.Series) -> pd.Series:
    """Employees in bands: "1 to 9", ..., "5,000 and more"."""
    names = [f"{low:,} to {high - 1:,}" for low, high in pairwise(SIZE_BOUNDS)]
    banded = pd.cut(numbers, [*SIZE_BOUNDS, np.inf], right=False, labels=[*names, f"{SIZE_BOUNDS[-1]:,} and more"])
    return _plain(banded)


def _newness(days_open: pd.Series) -> pd.Series:
    return _plain(pd.cut(days_open.astype(float), [-np.inf, NEW_DAYS, np.inf], labels=list(newness_levels())))


def newness_levels() -> tuple[str, str]:
    """The names of the two levels of NEWNESS."""
    return f"new, up to {NEW_DAYS} days", f"known for over {NEW_DAYS} days"


def _common(level: pd.Series, lead: pd.Series) -> pd.Series:
    """Each row's level; levels that few leads have become OTHER_LEVELS, so that no group is one of chance."""
    level = _object([None if pd.isna(value) or value == "" else str(value) for value in level], level.index)
    leads = lead.groupby(level).nunique().sort_values(ascending=False, kind="stable")
    kept = set(leads.index[leads >= FEWEST_LEADS][:MOST_LEVELS])
    return _object([value if value in kept or value is None else OTHER_LEVELS for value in level], level.index)


def _plain(banded: pd.Series) -> pd.Series:
    return _object([None if pd.isna(value) else str(value) for value in banded], banded.index)


def _object(values: Iterable[str | None], index: pd.Index) -> pd.Series:
    return pd.Series(list(values), index=index, dtype=object)
