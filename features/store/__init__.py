"""Feast: the views of a build, offline and online stores, full and incremental materialization."""
