"""A home and what every room stands on: folder, database, locks, clock, date formats, alerts, and which model answers."""
