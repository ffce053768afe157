"""What we knew about a lead at a moment."""
