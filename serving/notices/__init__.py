"""Messages about handovers and agreements: what is said to whom and when, and how it is sent.

addresses.py    Addresses: where a recipient's messages go, by the settings; and which addresses are refused.
channels.py     Channels: hands one worded message to mail, Slack, Teams or a webhook, by apprise; and says why it
                could not.
notice.py       One message to one person or channel, before it is worded: of what kind, to whom, about what, and from
                when on.
outbox.py       The outbox: messages that are to be sent, written in the transaction of what they tell; and their
                attempts.
short_texts.py  Small texts that messages and cards are made of: moments, what is left of a time, names, and what
                strangers wrote.
"""
