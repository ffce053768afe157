"""Handovers: one lead that went over to sales, its states, clocks, tries and owners, until it is closed.

absences.py       Absences: who is away, by the agreement or because he said so himself.
acts.py           Acts: everything that can happen to a handover, each with when, by whom, and the event of the ledger
                  that says it.
answer.py         One handover as the API answers it: what is stored, with time left and whom to call as of the moment
                  of reading.
changed_leads.py  The delta file: leads whose decision changed since a moment, with the CRM's ids and columns to say
                  what became.
clocks.py         Clocks of a handover: when each promise is due in the owner's office hours, and when something is to
                  be done next.
crm_records.py    CRM records: which records of a CRM a lead is, and where the first of them is opened.
feedback.py       Feedback: what a person of ours says of a lead or its handover, checked before anything of it is
                  written.
follows.py        What follows for a lead once its handover is closed: which decision holds, and from when on it may
                  come back.
handover.py       `Handover`: one lead that went over to sales, as it stands now: its state, owner, clocks, tries and
                  what follows.
ledger_acts.py    Between handovers and the ledger: which acts its events are for a handover, and which events a
                  change writes.
lists.py          Lists of handovers: by state, owner, kind, lead, and whether one is overdue, in pages.
offer.py          A handover is offered: created once per crossing, with its clocks begun and all that the rep is
                  told.
owners.py         Owners: who gets a handover. The CRM's owner, else who has the company, else whose turn it is by
                  capacity.
recording.py      Recording feedback: its event and what it does to the handover in one transaction, neither without
                  the other.
sending.py        Sending one now: marketing hands a lead over whatever its numbers say, or a rep with time takes the
                  best.
store.py          Handovers in the database: one row each, at most one open per lead, written by compare-and-set.
transitions.py    Transitions: what a handover becomes by an act. Pure, so that all of it can be computed again from
                  the ledger.
tries.py          Tries: what one person did within an hour is one try, whatever the order in which we heard of it.

Other rooms use:

absences          be_away, be_back
acts              Act, AskAct, FEEDBACK_KINDS, FeedbackAct, REASONS, RESULTS, ReassignAct, UndoAct, WithdrawAct
answer            handover_answers
changed_leads     BY, CHECK, DATE, NOTE, REASON, STATUS, changed_leads, row_check, write_changed
clocks            ClockTerms
crm_records       crm_url
feedback          FeedbackRefused, FeedbackSaid, LONGEST_NOTE, MEDIA, SOURCE, check_is_near, feedback_said, undo_until
handover          ClockName, Follow, Handover, KINDS, Kind, Offer, Stage, State
ledger_acts       acts_of, ledger_events
lists             HandoverFilter, HandoverPlace, STATES_OF_LISTS, handover_list
offer             Crossing, offered
owners            LeadOwners, due_act, inside_sales_owner, inside_sales_room, next_owner, note_given, owner_of,
                  room_left
recording         Recorded, Step, record_feedback, write_steps
sending           SENT, SendingKind, TAKEN, best_waiting, check_takes, send_to_sales, sending, taken_by
store             due, handover_by_id, handover_in, open_handovers, open_of_owner, trial_handovers, write
transitions       after
tries             tries
"""
