"""A home and what every room stands on: the folder, the database, locks, the clock, deployments, alerts."""
