"""Protected and personal facts never reach a model: training stops where a feature's name or values show one."""

from __future__ import annotations

import re

import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.checks import is_protected
from features.home.errors import LeadlightError
from features.imports.cells import NEVER_IMPORTED
from features.imports.columns import title_words
from features.snapshots.point_in_time import feature_group

# What a column of genders or salutations holds, whatever its name is.
GENDERS = frozenset(
    "male female m f man woman men women mr mrs ms miss mx herr frau monsieur madame señor señora masculino femenino "
    "männlich weiblich divers diverse non-binary nonbinary".split()
)
NO_ANSWER = frozenset(("unknown", "other", "none", "n/a", "not specified", "prefer not to say", "", "-"))
AN_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.I)


class ProtectedFeature(LeadlightError):
    """A feature that must not decide which lead sales calls."""

    code = "protected_feature"


def check_features(features: pd.DataFrame, agreement: Agreement) -> None:
    """Raise ProtectedFeature where the name or the values of a feature are a protected or personal fact.

    features: one row per snapshot, one column per feature that a model would learn from. Example: `salutation` with
    the values "Mr" and "Ms" stops the training, whatever the column is called.
    """
    excluded = _excluded_for_good(agreement)
    for column in map(str, features.columns):
        name, kind = feature_group(column, agreement)
        if kind == "trait" and (is_protected(name) or title_words(name) in excluded):
            raise ProtectedFeature(_stopped(name, "is protected or personal"))
        fact = _personal_values(features[column])
        if fact:
            raise ProtectedFeature(_stopped(name, f"holds {fact}"))


def _excluded_for_good(agreement: Agreement) -> set[str]:
    """The names and columns of the excluded fields that nobody may sign."""
    lines = [line for line in agreement.excluded.values() if line.why.lower().startswith(NEVER_IMPORTED)]
    return {title_words(name) for line in lines for name in (line.name, line.column or line.name)}


def _personal_values(values: pd.Series) -> str | None:
    """What the values of a column show that no model may read: "e-mail addresses", or genders; None: nothing."""
    if values.dtype != object:
        return None
    levels = {str(value).strip().lower() for value in values.dropna().unique()}
    if any(AN_ADDRESS.fullmatch(level) for level in levels):
        return "e-mail addresses"
    answers = levels - NO_ANSWER
    is_gender = len(answers) > 1 and answers <= GENDERS
    return f"{' and '.join(sorted(answers)[:2])}, which is a gender" if is_gender else None


def _stopped(name: str, why: str) -> str:
    remedy = f'move its line from [traits] to [excluded] as {name} = "protected"'
    return f"training stopped: the feature {name!r} {why}; {remedy}"
