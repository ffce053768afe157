"""The second question asked of a home: its first tries, its open leads, and how its champion answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pandas as pd

from features.home.deployments import deployment_in_force, model_folder
from features.home.settings import Home
from features.store.materialize import Materialized
from training.if_tried.looks import decision_looks
from training.if_tried.second_question import FirstQuestion, SecondQuestion, second_question
from training.model.if_tried import IfTried
from training.model.manifest import ModelDamaged


def second_question_of(
    build: Materialized, known_until: datetime, first: FirstQuestion, open_now: pd.DataFrame
) -> SecondQuestion:
    """What a home's first tries tell of the second question; fields in quarantine are not read.

    open_now: one row per lead that is open and was never tried, with its features.
    """
    if first.agreement.own_columns:  # nobody knows them of the moments of tries, and such a version is not served
        return SecondQuestion(is_asked=first.is_second_asked, horizon_days=first.agreement.outcome.horizon_days)
    looks = decision_looks(build, first.agreement, known_until)
    allowed = [name for name in looks.rows if name in first.labelled]
    before = champion_method(build.repository.home, first.agreement.name)
    return second_question(first, replace(looks, rows=looks.rows[allowed]), open_now, before)


def champion_method(home: Home, name: str) -> str | None:
    """How the champion answers the second question; None where it does not, or cannot be read."""
    row = deployment_in_force(home, name)
    digest = row.if_tried_digest if row else None
    try:
        head = IfTried.read(model_folder(home, digest), digest) if digest else None
    except ModelDamaged:
        return None
    return head.method if head else None
