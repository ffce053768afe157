"""A market with known truth: who is in it, what they do and why, what sales does, and how it is recorded."""
