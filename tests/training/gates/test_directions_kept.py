"""Directions are probed with whole events: folded into states, and every feature read anew from them."""

from __future__ import annotations

import numpy as np
import pytest
from handmade_events import SMALL, World, alike, identify, page, track, us

from features.agreement.agreement import Agreement
from features.arrays import DAY_US, Ragged
from features.behaviour.decayed_counters import LATEST
from features.snapshots.point_in_time import LeadStates, feature_frame, lead_states
from training.gates.directions_kept import ScoredStates, behaviours_of_one_event, with_one_more
from training.model.model import Model

HALF_LIVES_US = np.array(SMALL.half_lives) * DAY_US


@pytest.mark.parametrize("before", [0, 1, 5, LATEST, LATEST + 3])
@pytest.mark.parametrize("day", [4.5, 90.0])
def test_one_more_event_in_a_state_is_the_state_of_one_more_event(before: int, day: float) -> None:
    told = [identify("ann", 1), *(track("ann", "Webinar Attended", 2 + i, minutes_attended=7) for i in range(before))]
    more = track("ann", "Webinar Attended", day, known=99, minutes_attended=11)
    state = np.array(World.of(told).states_at("ann", us(100)).get("webinar", []))
    expected = World.of([*told, more]).states_at("ann", us(100))["webinar"]
    np.testing.assert_allclose(with_one_more(state, us(day), 11.0, HALF_LIVES_US), expected, rtol=1e-12)


def test_an_event_just_now_moves_every_feature_that_the_same_event_would_in_the_ledger() -> None:
    told = [identify("ann", 1), page("ann", 3), track("ann", "Email Link Clicked", 5)]
    look = looked_at(World.of(told), "ann", 10)
    after = look.after({"pricing_page"}, age_days=1.0, minutes=0.0)
    expected = World.of([*told, page("ann", 9)]).features("ann", us(10))
    assert alike(feature_frame(after.states, after.as_of_us, SMALL).iloc[0].to_dict(), expected)


def looked_at(world: World, lead: str, day: float) -> ScoredStates:
    states = lead_states(
        [world.states_at(lead, us(day))], [world.traits_at(lead, us(day))], SMALL, [world.account_at(lead, us(day))]
    )
    return ScoredStates(Model(()), SMALL, states, np.array([us(day)]))


def test_a_lead_is_not_its_own_colleague() -> None:
    """What it does counts for its account too, and what the others of the account do stays the same."""
    told = [
        *(identify(who, 1, email=f"{who}@firm.example") for who in ("ann", "bob")),
        page("ann", 3),
        page("bob", 4),
    ]
    look = looked_at(World.of(told), "ann", 10)
    after = look.after({"pricing_page"}, age_days=1 / 24, minutes=0.0)
    shared = [
        feature_frame(each.states, each.as_of_us, SMALL)["account_pricing_page_count_total"].iloc[0]
        for each in (look, after)
    ]
    assert shared == [1.0, 1.0]


def test_leads_without_an_account_get_none() -> None:
    states = LeadStates({"webinar": Ragged.of([[]])}, {}, {"webinar": Ragged.of([[]])})
    look = ScoredStates(Model(()), SMALL, states, np.array([us(10)])).after({"webinar"}, 1.0, 5.0)
    assert (len(look.states.account["webinar"].row(0)), len(look.states.behaviours["webinar"].row(0)) > 0) == (0, True)


def test_one_event_may_be_several_behaviours() -> None:
    site = 'any_page = { event = "page", label = "pages" }\nwebinar ='
    agreement = Agreement.parse(SMALL.text.replace("webinar =", site))
    behaviours = agreement.behaviours
    assert behaviours_of_one_event(behaviours["pricing_page"], behaviours.values()) == {"pricing_page", "any_page"}
    assert behaviours_of_one_event(behaviours["any_page"], behaviours.values()) == {"any_page"}
    assert behaviours_of_one_event(behaviours["webinar"], behaviours.values()) == {"webinar"}
