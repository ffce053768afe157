"""Pictures, as pure functions from figures to charts."""
