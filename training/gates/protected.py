"""Protected and personal facts never reach a model: training stops where one stands among the features."""

from __future__ import annotations

import re

import pandas as pd

from features.agreement.agreement import Agreement
from features.agreement.checks import is_protected
from features.home.errors import LeadlightError
from features.imports.cells import KEPT_OUT
from features.imports.columns import words
from features.snapshots.point_in_time import group_of

# What a column of genders or salutations holds, whatever its name is.
GENDERS = frozenset(
    "male female m f man woman men women mr mrs ms miss mx herr frau monsieur madame señor señora masculino femenino "
    "männlich weiblich divers diverse non-binary nonbinary".split()
)
NO_ANSWER = frozenset(("unknown", "other", "none", "n/a", "not specified", "prefer not to say", "", "-"))
AN_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]{2,}", re.I)


class ProtectedFeature(LeadlightError):
    """A feature that must not decide whom sales calls."""

    code = "protected_feature"


def check(features: pd.DataFrame, agreement: Agreement) -> None:
    """Raise ProtectedFeature where a feature's name or its values say a protected or personal fact.

    features: the columns that a model would learn from, a row per snapshot.
    """
    excluded = _kept_out(agreement)
    for column in map(str, features.columns):
        name, kind = group_of(column, agreement)
        if kind == "trait" and (is_protected(name) or words(name) in excluded):
            raise ProtectedFeature(_stopped(name, "is protected or personal"))
        said = _said_by(features[column])
        if said:
            raise ProtectedFeature(_stopped(name, f"holds {said}"))


def _kept_out(agreement: Agreement) -> set[str]:
    """The names and columns of the excluded fields that nobody may sign."""
    lines = [line for line in agreement.excluded.values() if line.why.lower().startswith(KEPT_OUT)]
    return {words(name) for line in lines for name in (line.name, line.column or line.name)}


def _said_by(values: pd.Series) -> str | None:
    if values.dtype != object:
        return None
    levels = {str(value).strip().lower() for value in values.dropna().unique()}
    if any(AN_ADDRESS.fullmatch(level) for level in levels):
        return "e-mail addresses"
    told = levels - NO_ANSWER
    return f"{' and '.join(sorted(told)[:2])}, which is a gender" if len(told) > 1 and told <= GENDERS else None


def _stopped(name: str, why: str) -> str:
    remedy = f'move its line from [traits] to [excluded] as {name} = "protected"'
    return f"training stopped: the feature {name!r} {why}; {remedy}"
