"""Reads and checks agreement.toml, where a half-life, a behaviour's event and how long events are kept are written."""
