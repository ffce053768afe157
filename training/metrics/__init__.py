"""Every metric that a report shows, and its interval by whole leads."""
