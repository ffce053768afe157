"""The metrics of a model, one row each in `METRICS`, and their intervals."""
