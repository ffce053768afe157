"""Figures of a model with their intervals: binned counts and the bootstrap by lead."""
