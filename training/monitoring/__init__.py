"""Monitoring: what changed since a model was trained, in its inputs, its scores and the outcomes, early and matured."""
