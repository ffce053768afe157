"""What our side did to reach a lead: touches, tries, the relation of sales to it, and its sales history.

agreed_terms.py  What touches need of the agreement: how long a relation of sales holds, free of anybody's hours and
                 holidays.
history.py       Sales history of a lead: its touches, replies, feedback, handovers, opportunity and outcome, as the
                 ledger says.
lead_reading.py  What a lead read of ours, what it was sent, and which questions it was asked, as the ledger says.
relation.py      The relation of sales to a lead: while a handover is worked, an opportunity is open, or a rep's own
                 touch is fresh.
sales_events.py  Sales events: what our side did for each lead and what was said of it, and from when until when that
                 was known.
touch.py         Touches: what our side did to reach a lead, of which side and by whom or what, and how it went.
tries.py         Tries: what one person does within an hour is one try; and whether all of us together reach out too
                 often.

Other rooms use:

agreed_terms     Terms
history          Feedback, Opportunity, SalesHistory, asking_behaviours, sales_histories, sales_history
lead_reading     LeadReading, NOTHING_READ, lead_readings, question_key
relation         OPENED, Relation, RelationReader, known_periods
sales_events     SalesEvent, sales_events, touch_of
touch            Medium, Touch, touch_actor, touch_side
tries            Try, next_allowed_us, outreach_us
"""
