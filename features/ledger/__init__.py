"""The ledger: events appended once, the outbox, failed events, and what may never come again.

arrival_counts.py  Arrival counts: events by source and name, and by behaviour in windows of a day, counted by the
                   database.
decision_marks.py  Decision marks: identifiers with events after which their leads are not decided yet, written with
                   the events.
failed_events.py   Failed events: raw events that could not be used, kept with the reason, listed, counted and tried
                   again.
ledger.py          The ledger: appends each event once, refuses what was erased, and reads events in the order of
                   their ids.
outbox.py          The outbox: identifiers with events that the online store does not show yet, written with the
                   events, then cleared.
tombstones.py      Tombstones: HMACs of erased identifiers and digests of deleted events, so that neither is stored a
                   second time.

Other rooms use:

arrival_counts     ArrivalCounts, DAYS, EventGroup, Stream, arrival_counts, event_groups
decision_marks     Mark, Marks, clear_marks, count_due, is_decision_due, mark_due, marks_of, oldest_marks
failed_events      AT_ONCE, FailedEvent, Replayed, count_failed, failed_events, replay
ledger             Appended, Ledger, append
outbox             AT_ONCE, Outbox, OutboxBatch, enqueue_since, enqueue_whole, is_anything_pending
tombstones         IdentifierName, REDACTED, STALE, STRIPPED, entomb, erased_among, erased_leads, existing_secret,
                   names_in_event, names_in_row, plain_name, recently_erased, record_deleted_events, secret,
                   tombstones
"""
