"""Feast: views, offline and online store, materialization, and who answers where Redis lacks a lead or is gone."""
