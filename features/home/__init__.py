"""What every room stands on: a home's folder, database, locks, clock, date formats, alerts, and which model answers."""
