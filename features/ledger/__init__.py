"""The ledger: events appended once, the outbox, failed events, and what may never come again."""
