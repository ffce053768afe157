"""Protected and personal facts never reach a model: training stops where a feature's name or values show one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.checks import is_protected
from features.agreement.column_titles import PERSONAL_FACTS, says, title_words
from features.home.errors import LeadlightError
from features.imports.cells import NEVER_IMPORTED
from features.snapshots.point_in_time import feature_group
from training.leakage.people import personal_values, protected_values

AN_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.I)


class ProtectedFeature(LeadlightError):
    """A feature that must not decide which lead sales calls."""

    code = "protected_feature"


def check_features(features: pd.DataFrame, agreement: Agreement) -> None:
    """Raise ProtectedFeature where the name or the values of a feature are a protected or personal fact.

    features: one row per snapshot, one column per feature that a model would learn from. Example: `salutation` with
    the values "Mr" and "Ms" stops the training, whatever the column is called. What only reads like names, a person may
    sign.
    """
    excluded = _excluded_for_good(agreement)
    for column in map(str, features.columns):
        name, kind = feature_group(column, agreement)
        titles = _titles(name, agreement) if kind == "trait" else []
        if any(is_protected(title) or title_words(title) in excluded for title in titles):
            raise ProtectedFeature(_stopped(name, "is protected or personal"))
        trait = agreement.traits.get(name) if kind == "trait" else None
        is_asked = trait is not None and not trait.is_signed and not any(says(title, ("thing",)) for title in titles)
        if fact := _personal_fact(features[column], titles if is_asked else []):
            raise ProtectedFeature(_stopped(name, fact))


def _titles(name: str, agreement: Agreement) -> list[str]:
    trait = agreement.traits.get(name)
    return [name, trait.column] if trait and trait.column else [name]


def _excluded_for_good(agreement: Agreement) -> set[str]:
    """The names and columns of the excluded fields that nobody may sign."""
    lines = [line for line in agreement.excluded.values() if line.why.lower().startswith(NEVER_IMPORTED)]
    return {title_words(name) for line in lines for name in (line.name, line.column or line.name)}


def _personal_fact(values: pd.Series, titles: Sequence[str]) -> str | None:
    """Why no model may read these values: "holds e-mail addresses"; None: it may.

    titles: what the feature is called, where nobody signed it: then values that read as names count, and so do titles.
    """
    if values.dtype != object:
        return None
    levels = {str(value).strip() for value in values.dropna().unique() if not isinstance(value, bool)}
    if any(AN_ADDRESS.fullmatch(level) for level in levels):
        return "holds e-mail addresses"
    if protected := protected_values(levels):
        return f"holds {protected}"
    personal = personal_values(levels)
    if personal and (titles or personal != "names of people"):
        return f"holds {personal}"
    return "is personal" if len(levels) > 1 and any(says(title, PERSONAL_FACTS) for title in titles) else None


def _stopped(name: str, why: str) -> str:
    remedy = f'move its line from [traits] to [excluded] as {name} = "protected"'
    return f"training stopped: the feature {name!r} {why}; {remedy}"
