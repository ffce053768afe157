"""Handovers to sales: their states, clocks, tries and owners, and the feedback on them."""
