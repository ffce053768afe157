"""What leads did, counted: bots left out, dwell time, decayed counters that late events change too, feature columns.

bots.py              Bot filtering: which events crawlers and mail scanners made; they stay in the ledger and are not
                     counted.
columns.py           The feature columns of a lead's states at a moment, and of what the rest of its account did.
decayed_counters.py  Decayed counters: the compiled recurrence from observations, in the order they became known, to a
                     behaviour's state.
dwell_time.py        Dwell time: the minutes on a page, by the event that leaves it, else by the next event, at most
                     30 minutes later.
observations.py      Observations: what was learned of each lead's and each account's behaviour, in the order in which
                     it was known.
occurrences.py       Occurrences: each time a lead showed a behaviour, from when until when that counts; not while
                     sales has the lead.
sales_handling.py    When an answered call does not count: while sales has the lead, and where a person of sales made
                     it.

Other rooms use:

bots                 bot_flags
columns              BehaviourState, NEVER, account_rest_columns, behaviour_columns, week_before
decayed_counters     COUNT, FIRST, LATEST, MINUTES, Observations, SUMS, behaviour_states, fold, refold
observations         account_observations, observations, ordered_observations
occurrences          occurrences
"""
