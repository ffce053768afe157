"""What colleagues do is a feature like any other: named, grouped, in words, and only used where it clearly helps."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from handmade_events import SMALL, World, identify, page, us

from features.snapshots.point_in_time import feature_group
from serving.scoring.reasons import LeadEvidence, reasons
from training.fit.fit import fitted_model
from training.model.columns import ModelColumn


def looks(leads: int, seed: int, colleagues_matter: bool) -> pd.DataFrame:
    """Labelled snapshots, three a lead: own pricing pages raise the chance; those of colleagues may."""
    draws = np.random.default_rng(seed)
    rows = 3 * leads
    own, others = draws.poisson(1.0, rows).astype(float), draws.poisson(1.0, rows).astype(float)
    odds = np.exp(-2.2 + 0.8 * own + (1.2 * others - 1.2 if colleagues_matter else 0.0))
    return pd.DataFrame(
        {
            "lead_id": np.repeat([f"lead-{i}" for i in range(leads)], 3),
            "snapshot_us": np.arange(rows),
            "is_arrival": np.arange(rows) % 3 == 0,
            "outcome": draws.random(rows) < odds / (1 + odds),
            "pricing_page_count_hl7d": own,
            "account_pricing_page_count_hl7d": others,
            "days_since_account_pricing_page": np.where(others > 0, draws.uniform(0, 60, rows), 9_999.0),
            "account_webinar_count_hl7d": np.zeros(rows),
        }
    )


@pytest.mark.parametrize("colleagues_matter", [True, False])
def test_columns_of_the_account_are_used_only_where_held_out_leads_like_them_clearly_better(
    colleagues_matter: bool,
) -> None:
    model = fitted_model(looks(300, 1, colleagues_matter), SMALL, seed=7)
    used = {column.name for column in model.columns if column.is_account}
    both = {"account_pricing_page_count_hl7d", "days_since_account_pricing_page"}
    assert used == (both if colleagues_matter else set())
    assert list(model.groups[0]) == ["pricing_page"]


@pytest.mark.parametrize(
    "name", ["account_pricing_page_count_hl7d", "account_pricing_page_count_total", "days_since_account_pricing_page"]
)
def test_what_colleagues_did_belongs_to_the_behaviour_that_they_showed(name: str) -> None:
    assert feature_group(name, SMALL) == ("pricing_page", "behaviour")
    assert ModelColumn(name, *feature_group(name, SMALL)).is_account


@pytest.mark.parametrize("name", ["pricing_page_count_hl7d", "days_since_pricing_page", "employees", "days_open"])
def test_a_leads_own_columns_are_none_of_its_accounts(name: str) -> None:
    assert not ModelColumn(name, *feature_group(name, SMALL)).is_account


def test_the_rest_of_the_account_is_what_the_others_did_while_they_were_known_to_be_in_it() -> None:
    world = World.of(
        [
            identify("ann", 1, email="ann@firm.example"), page("ann", 2),
            identify("bob", 3, email="bob@firm.example"), page("bob", 4), page("bob", 5, known=9),
            identify("cid", 3, email="cid@gmail.com"), page("cid", 4),
        ]
    )  # fmt: skip
    name = "account_pricing_page_count_total"
    assert [world.features("ann", us(day))[name] for day in (2.5, 4, 4.5, 6, 9.5)] == [0, 0, 1, 1, 2]
    assert world.features("bob", us(9.5))[name] == 1
    assert world.features("cid", us(9.5))[name] == 0
    assert world.features("ann", us(9.5))["days_since_account_pricing_page"] == 4.5


def test_a_reason_does_not_hide_what_colleagues_did() -> None:
    own = [1.0, 0.0, us(2), us(2), *[1.0] * 3, *[0.0] * 3, us(2), 0.0]
    whole = [3.0, 0.0, us(2), us(5), *[1.0] * 3, *[0.0] * 3, us(2), 0.0, us(4), 0.0, us(5), 0.0]
    told = LeadEvidence(SMALL, {"pricing_page": own}, {}, us(6), None, {"pricing_page": whole, "webinar": whole})
    texts = {one["name"]: one for one in reasons({"pricing_page": 1.0, "webinar": 0.5}, KINDS, told, None)}
    assert texts["pricing_page"]["text"] == "on pricing pages once, last 4 days ago; colleagues twice"
    assert texts["webinar"]["text"] == "no webinars yet; colleagues 3 times"
    assert texts["webinar"]["evidence"]["colleagues"] == 3


KINDS = {"pricing_page": "behaviour", "webinar": "behaviour"}
