"""Whether a home is well: the checks of `leadlight doctor`.

doctor.py           The checks of a home for `leadlight doctor`: can it do its work, and is what arrives what it used
                    to be.
event_quality.py    Event quality: what fell silent, what counts for nothing, what failed, what several leads share.
lead_sources.py     Lead sources: leads without a known source, and campaigns that come in several spellings.
notice_delivery.py  Whether messages about handovers reach people: their addresses, the link to the card, and what was
                    not delivered.
readiness.py        Readiness: whether a serving process can do its work now, write the ledger and read a model, for
                    `/readyz`.
silence.py          Whether a stream of events fell silent, judged by what it usually does on the same weekdays.
similar_names.py    Similar names that were probably meant to be one: an event by another name, a campaign in several
                    spellings.
status_words.py     Status words: what doctor asks of a CRM's words for statuses that nobody explained.

Other rooms use:

doctor              Check, home_checks
readiness           Readiness
"""
