"""Ties: which of several events of one moment is first, by their ids and never by the order of the ledger."""

from __future__ import annotations

from typing import Any

import numpy as np

from features.log import Log
from features.recurrence import Ints


def groups(*keys: Any) -> Ints:
    """A number for each row, the same where all keys are."""
    order = np.lexsort(keys)
    new = np.zeros(max(len(order) - 1, 0), dtype=bool)
    for key in keys:
        new |= key[order[1:]] != key[order[:-1]]
    found = np.zeros(len(order), dtype=np.int64)
    found[order[1:]] = np.cumsum(new)
    return found


def ranks(log: Log, row: Ints, occurred_us: Ints, group: Ints) -> Ints:
    """The order of the events `row` that share a group and a moment; 0 for all others: reading each id takes long.

    What no single event says (-1) stands before what one does.
    """
    order = np.lexsort((row, occurred_us, group))
    same = (np.diff(group[order]) == 0) & (np.diff(occurred_us[order]) == 0)
    found = np.zeros(len(row), dtype=np.int64)
    # Of one event alone there is nothing to order.
    if not (same & (np.diff(row[order]) != 0)).any():
        return found
    tied = order[np.append(False, same) | np.append(same, False)]
    ids = {i: log.message_id[i] if i >= 0 else "" for i in np.unique(row[tied]).tolist()}
    place = {message_id: rank for rank, message_id in enumerate(sorted(set(ids.values())))}
    found[tied] = [place[ids[i]] for i in row[tied].tolist()]
    return found
