"""The contract of one event, and the ledger read as columns.

event.py         The contract of one event, in the shape of Segment's tracking events: how behaviour, traits and
                 outcomes arrive.
event_table.py   The event table: the ledger read once as columns, and which event matches which behaviour of the
                 agreement.
notices.py       Notices: what intake noticed of an event that it took, in one sentence for whoever sends it.
other_tools.py   Other tools' webhooks and trackers, told by what they send: so that a refusal can name the tool.
text_columns.py  Compact columns of text: dictionary-encoded where many texts are equal, one buffer of bytes where
                 most differ.
trust.py         Trust: what a key that stands in web pages may not decide, since anybody can read it there and send
                 with it.
validation.py    Validation: a raw event becomes a row of the ledger or is rejected with a code; the limits of one
                 event.

Other rooms use:

event            ASSUMED, EventRefused, LONGEST, LONGEST_NAME, RecordId, ZERO, event, id_in_column, identifier_text
event_table      EventTable, HISTORY_KEPT, LEFT, OURSELVES, UNLOADED, read_events
notices          notice
other_tools      READ_ON, foreign, other_tool
text_columns     DictionaryColumn
trust            LATE_CLAIM, NOT_TRUSTED, OF_PUBLIC_KEYS, PUBLIC, ReservedNames, is_public
validation       EventResult, Row, Source, ValidatedBatch, validate
"""
