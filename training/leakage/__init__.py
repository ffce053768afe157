"""Leakage: fields that give the outcome away, and the proof that no training row saw its future."""
