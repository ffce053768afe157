"""Old decisions keep that they were made, and lose what they stood on: what leads did is gone when its time is over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import orjson
from handmade_events import us
from offered_handovers import ANN, HOUR, MONDAY, feedback, handover_of, then
from old_events import OLD, opened, retained
from sqlalchemy import insert, select, update

from features.home import tables
from features.home.database import reading, writing
from serving.handovers.handover import Offer
from serving.handovers.store import handover_by_id, write


def test_old_decisions_and_handovers_lose_what_leads_did_and_keep_what_sums_need(tmp_path: Path) -> None:
    (home,) = opened(tmp_path, None)
    offer = Offer(76, "A", reasons=("looked at prices",), why_now="asked", source="webinar", last_activity=("a demo",))
    lost = then(replace(handover_of(owner=ANN), offer=offer), feedback("lost", MONDAY + HOUR))
    assert lost.undo_to
    facts = '{"rule": "sales_ready", "behaviours": {"demo_request": 1}}'
    with writing(home) as connection:
        for name, day in (("de_old", OLD - 1), ("de_new", OLD + 1)):
            row = {"decision_id": name, "lead_id": "ann", "decided_us": us(day), "decision": "sales_ready"}
            row |= {"code": "asked_for_sales", "facts": facts, "policy_digest": "p", "cause_kind": "event"}
            connection.execute(insert(tables.decisions).values(**row, cause_ref="7"))
        assert not write(connection, [(None, lost)])
        connection.execute(update(tables.handovers).values(closed_us=us(OLD - 1)))
    assert (retained(home).decisions, retained(home).decisions) == (1, 0)
    with reading(home) as connection:
        kept = dict(
            [tuple(row) for row in connection.execute(select(tables.decisions.c.decision_id, tables.decisions.c.facts))]
        )
        read = handover_by_id(connection, lost.handover_id)
    assert {name: orjson.loads(text) for name, text in kept.items()} == {"de_old": {}, "de_new": orjson.loads(facts)}
    assert read is not None
    assert (read.offer.reasons, read.offer.last_activity, read.offer.why_now, read.undo_to) == ((), (), None, None)
    assert (read.state, read.offer.source, read.offer.score) == ("lost", lost.offer.source, lost.offer.score)
