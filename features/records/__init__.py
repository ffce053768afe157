"""One lead as a record: merged and parted again, exported, erased; and old events, deleted with their totals kept."""
