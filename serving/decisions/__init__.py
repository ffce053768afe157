"""The decision on each lead as it is kept: rules in a fixed order, queues, the bar, the backlog, lists, replay.

backlog.py  The backlog: leads over the bar that wait for their day, best first, at most 20 working days long.
bar.py      The bar in force: by the first crossings of new leads in 8 weeks, renewed at night, kept with its
            population.
rows.py     The row that remembers a decision: what changed, since when, and how the lead's highest probability rose.
store.py    Decisions in the database: one row per change, and one per lead with the newest, written by
            compare-and-set.

Other rooms use:

backlog     backlog_turn, line, rank_again
bar         bar_in_force, renewed_bar
rows        lead_decision
store       before, store
"""
