"""The contract of one event, and the ledger read as columns.

event.py            The contract of one event, in the shape of Segment's tracking events: how behaviour, traits and
                    outcomes arrive.
event_table.py      The event table: the ledger read once as columns, and which event matches which behaviour of the
                    agreement.
feedback_values.py  Values of feedback: what a person may say of a lead, what else it means, and which of it means
                    nothing.
notices.py          Notices: what intake noticed of an event that it took, in one sentence for whoever sends it.
other_tools.py      Other tools' webhooks and trackers, told by what they send: so that a refusal can name the tool.
status_words.py     Status words: what a CRM's word for the status of a lead says of our work on it, as feedback.
text_columns.py     Compact columns of text: dictionary-encoded where many texts are equal, one buffer of bytes where
                    most differ.
touch_values.py     Values of touches: of which side one is, who or what did it, how it went; and which of them mean
                    nothing.
trust.py            Trust: what a key that stands in web pages may not decide, since anybody can read it there and
                    send with it.
validation.py       Validation: a raw event becomes a row of the ledger or is rejected with a code; the limits of one
                    event.

Other rooms use:

event               ASSUMED, EventRefused, LONGEST, LONGEST_NAME, RecordId, ZERO, event, id_in_column, identifier_text
event_table         EventTable, HISTORY_KEPT, LEFT, STATUS, UNLOADED, read_events
feedback_values     CLOSED, GIVEN, LOST, OFFERED, REASON_IF_NONE, REJECTED, feedback_kind
notices             notice
other_tools         READ_ON, foreign, other_tool
status_words        UNDATED, status_meaning
text_columns        DictionaryColumn
touch_values        ACTORS, Actor, CALL_ANSWERED, RESULTS, Result, SIDES, SIDE_FLAGS, Side, TOUCHES, moment_us,
                    normal_word
trust               BY_FEEDBACK_KEY, LATE_CLAIM, NOT_TRUSTED, OF_PUBLIC_KEYS, OURSELVES, PUBLIC, ReservedNames,
                    SAID_BY_KEYS, is_public
validation          EventResult, Row, Source, ValidatedBatch, validate
"""
