"""One lead for people: its timeline, and everything held on it."""
