"""Whether a home is well: the checks of `leadlight doctor`."""
