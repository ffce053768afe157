"""Pages of HTML that people read."""
