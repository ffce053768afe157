"""HTTP without our routes: keys, who may do what, bodies, idempotency, problems, metrics."""
