"""Whether a training reads the outcome itself: fields that give it away, and proof that no row saw its future."""
