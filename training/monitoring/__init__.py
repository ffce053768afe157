"""What changed since a model was trained: its inputs, its scores, what became of them, and how soon."""
