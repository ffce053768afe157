"""The card of one handover: what it shows, and what one click on it says.

card.py         The card of one handover for the one who has it: what it shows, in which words, and what may be
                clicked.
card_facts.py   What a card tells of a lead, read from its events: what to open with, who of us knows it, and what is
                allowed.
card_routes.py  The routes of a card: GET shows it and changes nothing; POST records what one click says, then shows
                it again.
clicks.py       What one click on a card says, as the body of POST feedback.
local_zone.py   The time zone of a lead: the one it named, else its country's, where that has one time for all.

Other rooms use:

card            Card, CardFacts, Viewer, dialled, local_time
card_facts      Reader, facts_of_record
card_routes     CardRoutes, MOST_FORM_BYTES, form_fields
"""
