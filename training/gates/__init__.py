"""The gates: what must hold before a model may answer; one gate a file, named as a report shows it."""
