"""A simulated market with known truth: its people, what they do and why, what sales does, and how it is recorded."""
