"""Segments: which groups are looked at, whatever an agreement calls its traits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from features.agreement.agreement import Agreement
from training.labels.segments import FEWEST_LEADS, MOST_LEVELS, NEWNESS, OTHER_LEVELS, newness_levels, segments

AGREED = '[outcome]\nevent = "Won"\n[traits]\n'


def agreement(*traits: str) -> Agreement:
    return Agreement.parse('name = "small"\n' + AGREED + "\n".join(traits))


def looks(**columns: Any) -> pd.DataFrame:
    """A row per value, each of its own lead."""
    rows = len(next(iter(columns.values())))
    return pd.DataFrame({"lead_id": [f"L{i}" for i in range(rows)], **columns})


def test_families_are_found_by_the_names_that_traits_go_by() -> None:
    traits = agreement(
        'first_channel = "category"', 'company_size = "number"', 'land = { kind = "category", label = "country" }',
        'lang = "category"', 'industry = "category"', 'seat = "text"',
    )  # fmt: skip
    two = [str(place % 2) for place in range(200)]
    sizes = [float(place) for place in range(1, 201)]
    found = segments(looks(first_channel=two, company_size=sizes, land=two, lang=two, industry=two), traits)
    assert list(found) == ["source", "size", "region", "language"]


def test_a_second_trait_of_a_family_keeps_its_name() -> None:
    two = [str(place % 2) for place in range(200)]
    found = segments(looks(country=two, state=two), agreement('country = "category"', 'state = "category"'))
    assert list(found) == ["region", "region (state)"]


def test_the_trait_that_is_called_like_its_family_takes_its_name_wherever_it_stands() -> None:
    two, more = ([str(place % count) for place in range(200)] for count in (2, 4))
    traits = agreement('lead_origin = "category"', 'source = "category"')
    found = segments(looks(lead_origin=two, source=more), traits)
    assert {family: levels.nunique() for family, levels in found.items()} == {"source": 4, "source (lead origin)": 2}


def test_employees_stand_in_bands_and_unknown_stays_unknown() -> None:
    found = segments(looks(employees=[1, 9, 10, 249, 250, 5_000, np.nan, 0]), agreement('employees = "number"'))
    assert found["size"].tolist() == ["1 to 9", "1 to 9", "10 to 49", "50 to 249", "250 to 999", "5,000 and more",
                                      None, None]  # fmt: skip


def test_levels_that_few_leads_have_stand_together() -> None:
    rare = [f"rare {place}" for place in range(FEWEST_LEADS)]
    many = [f"common {place % 20:02}" for place in range(20 * FEWEST_LEADS)]
    found = segments(looks(source=[*many, *rare, None]), agreement('source = "category"'))["source"]
    assert set(found[: len(many)]) == {f"common {place:02}" for place in range(MOST_LEVELS)} | {OTHER_LEVELS}
    assert set(found[len(many) : -1]) == {OTHER_LEVELS}
    assert found.iloc[-1] is None


def test_leads_are_new_for_a_month() -> None:
    new, known = newness_levels()
    found = segments(looks(days_open=[0.0, 30.0, 30.5, 400.0]), agreement())
    assert found[NEWNESS].tolist() == [new, new, known, known]


def test_what_tells_nobody_apart_is_no_family() -> None:
    rows = looks(source=["web"] * 50, days_open=[1.0] * 50)
    assert segments(rows, agreement('source = "category"')) == {}
    assert segments(rows.iloc[:0], agreement('source = "category"')) == {}


def test_each_row_keeps_its_place() -> None:
    rows = looks(source=["web", "fair"] * 40).sample(frac=1.0, random_state=1)
    found = segments(rows, agreement('source = "category"'))["source"]
    assert found.index.equals(rows.index)
    assert (found == rows["source"]).all()
