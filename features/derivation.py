"""From the ledger to everything else: leads, identities, observations, states and the Feast tables."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sqlalchemy import delete, insert

from features import tables
from features.agreement import Agreement
from features.database import writing
from features.identity import Identities, identities
from features.ledger import Ledger
from features.lifecycle import lifecycle
from features.log import log
from features.observations import observations
from features.recurrence import states
from features.settings import Home
from features.store.offline import write_behaviour_states, write_trait_states
from features.store.online import publish
from features.store.repository import Repository
from features.traits import trait_states

LAYOUT = 1  # of what is derived: a release that derives something else raises it, and homes are derived anew


@dataclass(frozen=True)
class Derived:
    """What stands derived from the ledger for one feature part: the Feast repository and one row per lead."""

    repository: Repository
    leads: pd.DataFrame
    last_event_id: int


def derived(home: Home, agreement: Agreement, said: Callable[[str], None] = lambda _: None) -> Derived:
    """What the ledger says by `agreement`, derived anew only where events came since."""
    repository = Repository.of(home, agreement)
    ledger = Ledger.open(home)
    with _alone(home):
        newest = ledger.last_event_id()
        stamp = repository.folder / "derived.json"
        state = {"last_event_id": newest, "layout": LAYOUT}
        if not stamp.exists() or json.loads(stamp.read_text()) != state:
            _derive(ledger, repository, agreement, said)
            beside = stamp.with_suffix(".part")
            beside.write_text(json.dumps(state))
            os.replace(beside, stamp)
        return Derived(repository, pd.read_parquet(repository.folder / "leads.parquet"), newest)


@contextmanager
def _alone(home: Home) -> Iterator[None]:
    """One process of a home derives at a time: two would mix their files, and Feast's registry is one file for all."""
    home.features.mkdir(parents=True, exist_ok=True)
    with (home.features / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _derive(ledger: Ledger, repository: Repository, agreement: Agreement, said: Callable[[str], None]) -> None:
    said("reading the ledger")
    read = log(ledger.chunks(), agreement)
    found = identities(read)
    leads = lifecycle(read, found, agreement)
    said("folding observations into states")
    observed = observations(read, found, agreement, dict(enumerate(leads["with_sales_us"])))
    stands = observed.is_last_known()
    lead_ids = [found.lead_ids[lead] for lead in observed.lead[stands]]
    folded = states(observed, len(agreement.behaviours), agreement.half_lives)
    known = trait_states(read, found, agreement)
    said("writing the Feast tables")
    write_behaviour_states(repository, lead_ids, observed.known_us[stands], folded)
    write_trait_states(repository, known)
    leads = _with_ends(leads, found, known, agreement)
    leads.to_parquet(repository.folder / "leads.parquet")
    _write_identities(ledger.home, found)
    repository.apply()
    said("publishing the newest states")
    publish(repository)


def _with_ends(leads: pd.DataFrame, found: Identities, known: pd.DataFrame, agreement: Agreement) -> pd.DataFrame:
    """The leads, with the newest moment of each and whether it is left out: objected to profiling, or our own."""
    newest = np.zeros(len(leads), dtype=np.int64)
    owned = found.lead >= 0
    np.maximum.at(newest, found.lead[owned], found.known_us[owned])
    last = known.drop_duplicates("lead_id", keep="last").set_index("lead_id")
    objected = last["profiling_opt_out"].eq(True).reindex(leads["lead_id"], fill_value=False)
    ours = last["email_domain"].isin(agreement.our_domains).reindex(leads["lead_id"], fill_value=False)
    return leads.assign(newest_us=newest, is_left_out=(objected | ours).to_numpy())


def _write_identities(home: Home, found: Identities) -> None:
    rows = [{"kind": kind, "value": value, "lead_id": lead} for (kind, value), lead in found.identifiers.items()]
    rows += [{"kind": "lead", "value": lead, "lead_id": lead} for lead in found.lead_ids]
    with writing(home) as connection:
        connection.execute(delete(tables.identities))
        if rows:
            connection.execute(insert(tables.identities), rows)
