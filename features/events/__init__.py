"""The contract of one event, and the ledger read as columns."""
