"""What must hold before a model may answer: one gate a file, named as the report names it."""
