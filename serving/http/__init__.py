"""HTTP: keys, bodies, idempotency, problems, metrics."""
