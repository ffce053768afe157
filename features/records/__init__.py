"""One lead as a record: merged and parted again, exported, erased; and old events, deleted with their totals kept.

contacts.py          Contact data: whom to call, read from a lead's identify calls and exports; no model and no reason
                     sees it.
erased_decisions.py  Decisions of erased leads, and old ones: what they stood on goes; that one was made, its code and
                     time, stays.
erasure.py           Erasure, the right to be forgotten: removes a lead from everything that holds it, and leaves
                     tombstones.
housekeeping.py      Housekeeping, once a minute: new files without erased leads, and events no older than agreed.
lead_record.py       One lead's record: all events and identifiers that the ledger holds on it, found by any of its
                     identifiers.
mentions.py          Mentions: an erased lead's e-mail addresses in what others' events say, found and replaced.
merges.py            Merges: a person makes two leads one, takes a merge back, or lists merges; each is an event of
                     the ledger.
retention.py         Retention: deletes events older than agreed, and keeps their totals in one event for each lead.
table_export.py      The export of a home's tables as Parquet files, for people who analyse them with tools of their
                     own.
trust.py             Trust in hindsight: which events of public keys are not followed, and following what a key has
                     sent so far.

Other rooms use:

contacts             Contact, contact_of, contacts
erased_decisions     ERASED_LEAD
erasure              erase, failed_events_naming
housekeeping         Housekeeping, rebuild_stale_builds
lead_record          LeadErased, LeadRecord, UnknownLead, lead_record
merges               merge, merges, undo_merge
retention            apply_retention, permanent_events
table_export         write_tables
trust                follow, not_followed
"""
