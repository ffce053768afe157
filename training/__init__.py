"""What we learned from what became of the leads."""
