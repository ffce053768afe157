"""Every page of people in a real browser: no rule of WCAG 2.2 A and AA is broken, light and dark, wide and narrow."""

from __future__ import annotations

from pathlib import Path

import lead_pages as leads
import pytest
from browser_layout import chromium
from browser_rules import violations

from features.home.database import engine, writing
from serving.notices.card_links import signer
from serving.pages.explanation.explanation import explanation, explanation_page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium() is None, reason="there is no browser here: apt-get install chromium"),
]


def test_no_page_breaks_a_rule_of_accessibility(tmp_path: Path) -> None:
    world = leads.world_of_leads(tmp_path / "leads")
    pages, rep = leads.pages_of(world), leads.owner_of(world, "L-1")
    (handover,) = (row for row in world.handovers() if row.lead_id == "L-1")
    with writing(world.home) as connection:
        card = signer(connection).token(handover.handover_id, rep)
    addresses = {
        "the worklist": f"/worklist?me={rep}",
        "marketing's worklist": f"/worklist?me={leads.MARKETING}&queue=marketing",
        "a worklist without rows": f"/worklist?me={rep}&queue=opportunity_owner",
        "a lead": f"/leads/L-1?me={rep}",
        "a lead of whom strangers wrote": f"/leads/hostile?me={leads.MANAGER}",
        "a lead of whom nothing is known": f"/leads/bare?me={leads.MANAGER}",
        "a card": f"/h/{card}",
        "the sign-in": "/sign-in",
        "the agreement": "/agreement",
        "the team": "/team",
        "the data": "/data",
    }
    shown = {name: pages.get(path).text for name, path in addresses.items()}
    scores_of = world.parts["scorer"].scores
    shown["an explanation"] = explanation_page(explanation(world.home, scores_of, "L-1", world.now))
    pale = shown["the sign-in"].replace(
        "<h1", '<p style="color: #808080; background: #909090">pale</p><img src="x"><h1', 1
    )
    found = violations(shown | {"one with faults": pale}, tmp_path)
    engine(world.home.database_url).dispose()
    faults = {name: {each.partition(":")[0] for each in broken} for name, broken in found.items() if broken}
    assert len(faults) == 4, faults
    assert all(name.startswith("one with faults") for name in faults), found
    assert all(rules == {"color-contrast", "image-alt"} for rules in faults.values()), faults
