"""Whether a home is well: silent streams, failed events, names that were meant to be one."""
