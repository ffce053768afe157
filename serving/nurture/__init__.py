"""Leads that are not ready: what to send and ask next and when, inside sales' steps, and today's list.

cadence.py     When marketing touches a lead next: weekly, slowly once nothing comes back, and never over the agreed
               cap.
comparable.py  What comparable leads that converted had done by then: a difference in rates, of so many leads, and no
               promise.
contents.py    Contents of ours that the agreement lists, held against what the events of a home name.
kept_plans.py  Kept plans: what is planned for a lead, as its newest decision keeps it, and the next step of inside
               sales.
mail_list.py   Today's list of nurture: whom marketing writes to, what about and what it asks, as a mail tool takes
               it.
plan.py        The plan for a lead that is not ready: what to send next and when, what to ask, why it waits, when it
               comes back.
qualifying.py  How inside sales qualifies a lead: a plan of tries over several media and weeks, and today's step of
               it.
questions.py   The one question to ask a lead next: of what is not known yet, and never one that it was asked before.

Other rooms use:

contents       unknown_contents
kept_plans     best_to_ask, kept_plans, kept_text
mail_list      mail_list, write_mail_list
questions      unanswerable
"""
