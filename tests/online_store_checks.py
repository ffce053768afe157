"""What is published of a home, what it should be, and how events come to it while it is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from handmade_events import SMALL, Told

from features.derived import derived_rows
from features.events.event_table import read_events
from features.events.validation import Source
from features.home.settings import Home
from features.ledger.ledger import Ledger
from features.store.account_states import states_of_shared_accounts
from features.store.builds import build_of
from features.store.online import LeadState, OnlineStore, newest_states


def arrive(home: Home, told: Sequence[Told]) -> None:
    """Live events, in the order in which they became known, each recorded then."""
    ledger = Ledger.open(home)
    for said in sorted(told, key=lambda said: (heard(said), said["messageId"])):
        sender = Source("web", "sender", is_trusted="flags" not in said)
        ledger.record([said], received_at=heard(said), sender=sender)


def heard(said: Told) -> datetime:
    """When an event became known."""
    known = said["receivedAt"]
    return known if isinstance(known, datetime) else datetime.fromisoformat(known)


def whole(home: Home) -> dict[str, LeadState]:
    """The newest state of every lead and of its account, from everything in the ledger at once."""
    rows = derived_rows(read_events(Ledger(home).chunks(), SMALL), SMALL)
    accounts = {name: state.features(list(SMALL.behaviours)) for name, state in states_of_shared_accounts(rows, SMALL)}
    found = newest_states(rows, SMALL, frozenset(rows.identities.lead_ids))
    return {lead.lead_id: lead._replace(account=accounts.get(lead.traits.get("account") or "")) for lead in found}


def shows_the_ledger(home: Home) -> bool:
    """Whether the online store shows every lead as the whole ledger has it."""
    build, expected = build_of(home, SMALL), whole(home)
    assert build is not None
    return same(OnlineStore(build.repository(home)).states(list(expected)), list(expected.values()))


def same(found: Sequence[LeadState | None], expected: Sequence[LeadState]) -> bool:
    """Whether states are the same, numbers up to rounding; says which are not.

    An account that did nothing which counts may have a row of nothings or none.
    """
    for one, other in zip(found, expected, strict=True):
        assert one is not None, f"nothing of {other}"
        assert (one.lead_id, one.known_at) == (other.lead_id, other.known_at)
        assert {name: one.traits.get(name) for name in other.traits} == dict(other.traits), other.lead_id
        assert not {name for name, value in one.traits.items() if value is not None} - set(other.traits)
        for left, right in ((one.behaviours, other.behaviours), (one.account or {}, other.account or {})):
            assert alike(left, right), (one, other)
    return True


def alike(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether each behaviour has the same state in both."""
    return all(_alike(array(left.get(name)), array(right.get(name))) for name in left.keys() | right.keys())


def _alike(left: np.ndarray, right: np.ndarray) -> bool:
    return len(left) == len(right) and np.allclose(left, right, rtol=1e-9, atol=1e-12)


def array(state: Any) -> np.ndarray:
    """A state as numbers; what never happened has none."""
    return np.asarray([] if state is None else state, dtype=np.float64)
