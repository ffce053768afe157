"""Charts, as pure functions from results to Altair charts."""
