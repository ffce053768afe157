"""Messages about handovers and agreements: what is said to whom and when, and how it is sent.

addresses.py       Addresses: where a recipient's messages go, by the settings; and which addresses are refused.
card_links.py      Links to cards: signed, for one handover and one person; nothing in them names anybody.
channels.py        Channels: hands one worded message to mail, Slack, Teams or a webhook, by apprise; and says why it
                   could not.
delivery.py        Delivery: sends what is due in the outbox; a channel that does not answer holds up nobody else's
                   messages.
for_everybody.py   Messages that are about no single handover: a changed agreement, low acceptance, opportunities that
                   fell silent.
given_feedback.py  Feedback that somebody gives, by the API or by a click: recorded, and told whom it concerns, in one
                   transaction.
morning.py         The lists of a morning: one for each person, of what is due and what moved; one a day for whoever
                   is above.
notice.py          One message to one person or channel, before it is worded: of what kind, to whom, about what, and
                   from when on.
occasions.py       Occasions: what is said to whom when a handover changes, and from when on it may be sent.
outbox.py          The outbox: messages that are to be sent, written in the transaction of what they tell; and their
                   attempts.
returned_sheet.py  The sheet back: what people wrote beside the leads of a delta file becomes feedback, all of it or
                   nothing.
short_texts.py     Small texts that messages and cards are made of: moments, what is left of a time, names, and what
                   strangers wrote.
wording.py         The wording of messages: a title and a few short lines of plain text, read from the handover as it
                   stands now.

Other rooms use:

addresses          NoAddress, address_of
card_links         CardLink, Signer, existing_signer, is_over, lead_link, link_of, signer
channels           problem_of
delivery           Delivery, deliver
for_everybody      acceptance_notices, agreement_notices, stale_notices
given_feedback     give_feedback, was_given
morning            morning_notices
notice             Notice
occasions          Change, everybody, tell
outbox             Undelivered, enqueue, newest, retry, state_of, undelivered, waiting_count
returned_sheet     is_returned_sheet, read_sheet
short_texts        colleague, left, moment_text, plain, sentence
wording            ended, next_due, origin
"""
