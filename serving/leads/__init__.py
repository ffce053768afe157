"""One lead for people: its timeline, and the export of all its data."""
