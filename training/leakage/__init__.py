"""Whether a training reads the outcome itself: signals that make a column a leak, proof that no row saw its future."""
