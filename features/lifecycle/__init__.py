"""When a lead opens, is with sales, closes and opens again, and which reject reasons leave its outcome unknown.

closures.py      Closures: what closes a lead without a sale and what opens it again, and what each reject reason
                 means.
milestones.py    Milestones of each lead: opened, with sales, tried, rejected, converted, closed, and when each was
                 known.
open_periods.py  Open periods: the later times in which a lead is open and not with sales: sales has it no more, or it
                 returned.
tries.py         Tries: which events say that a person of sales tried to reach the lead.

Other rooms use:

closures         KEPT_OPEN, LABEL_KEPT, NEVER_LEADS, REJECT_REASONS, closures, is_outcome_unknown
milestones       known_by, milestones
open_periods     is_open_at, open_period_rows, state_at
tries            is_try
"""
