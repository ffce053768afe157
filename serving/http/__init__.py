"""HTTP: keys and who may do what, bodies, idempotency, problems, metrics."""
