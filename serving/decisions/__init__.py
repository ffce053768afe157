"""The decision on each lead as it is kept: rules in a fixed order, queues, the bar, the backlog, lists, replay.

backlog.py       The backlog: leads over the bar that wait for their day, best first, at most 20 working days long.
bar.py           The bar in force: by the first crossings of new leads in 8 weeks, renewed at night, kept with its
                 population.
change_words.py  What changed of a lead between two moments, in words with evidence: "pricing page twice, webinar
                 once".
changes.py       Changes: why a score is not what it was, split into steps in a fixed order, each of them a real
                 score.
history.py       The history of a lead's score: what it was at each decision that is kept, as it was served then.
lists.py         Lists of leads by their newest decision: filtered, in an order of the index, in pages that go on
                 where one ended.
queues.py        Queues: how many leads are in which, since when, how many of them are late, and whether they add up
                 to all leads.
replay.py        Replay: decisions of the log computed again, each from the ledger as it was then, and held against
                 what was kept.
rows.py          The row that remembers a decision: what changed, since when, and how the lead's highest probability
                 rose.
served_then.py   What answered at a past moment: the model and the agreement that were in force then, as the home
                 still keeps them.
store.py         Decisions in the database: one row per change, and one per lead with the newest, written by
                 compare-and-set.

Other rooms use:

backlog          MOST_WORKING_DAYS, backlog_turn, line, rank_again
bar              BarInForce, bar_in_force, newest_bar, renewed_bar
changes          NothingToCompare, changes, changes_of_record
history          score_history
lists            EQUALS, LeadFilter, Place, SORTS, cursor_of_place, decision_answer, decisions_of, is_known,
                 lead_list, listed_leads, place_in_cursor, place_of_row
queues           queues
replay           replay
rows             lead_decision
served_then      AgreementGone, ModelGone, ServedThen
store            before, store, versions
"""
