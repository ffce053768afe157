"""The Feast repository: states of behaviour and traits, offline for training and online for serving."""
