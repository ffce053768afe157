"""When a lead is looked at, and what was known of it at that moment."""
