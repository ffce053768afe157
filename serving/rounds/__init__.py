"""What decides, hands over and tells in one transaction: the round after events, and the sweep as time passes.

causes.py        Causes: why each lead is decided now, as its decision remembers it.
crossings.py     Crossings: how many leads would go over the bar by another model or agreement, told before anything
                 happens.
day_messages.py  Messages that no change of a handover brings: lists of the morning, a changed agreement, and what a
                 night finds.
decided_by.py    What leads are decided by at one moment: model, agreement, bar, and whether it is live or a trial.
decider.py       The decider of a home: decides on leads that a round derived, and on those that no round did.
deciding.py      Deciding: leads, their handovers, messages and events of the ledger in one transaction.
due_rounds.py    Rounds of their own: leads that are due by their marks, derived some at a time where no publisher's
                 round did.
halving.py       Halving: work on many leads of which one cannot be worked on, so that it holds up no other.
handing_over.py  Handing over: what a lead's history and its decision make of its handover, step by step.
looked_at.py     Leads as they are looked at: numbers and sales history of each at a moment, before anything is
                 decided.
merged_leads.py  Merged leads: what becomes of the decision and the handover of a lead that is part of another now.
offer_words.py   Words of an offer: why this lead goes over now, and what it did last, as of the moment of the offer.
passes.py        Passes: decides on leads by their ids, some at a time, and remembers how far a pass over all of them
                 came.
passing_on.py    Passing on: a handover is given back, taken, or goes to others as its owner leaves; each in one
                 transaction.
sweep.py         The sweep: what no event brings. Each minute what is due by now, once a night all leads, one sweep at
                 a time.

Other rooms use:

crossings        crossings_of_agreement, crossings_of_version
decider          HomeDecider
passing_on       ask_for_next, be_away_until, give_back, reassign, take_asked
sweep            Swept, night, sweep
"""
