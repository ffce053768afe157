"""Drafts an agreement for `leadlight init`, from a CRM export or from events.

agreement_text.py    The TOML text of a drafted agreement: the export's columns as decided, and the default policy.
column_decisions.py  The decision on each column of an export: kept as a trait, excluded until a person signs it, or
                     dropped; and why.
column_roles.py      The roles of an export's columns: which says who a lead is, when it came, and what became of it
                     and when.
contact_columns.py   The section [contact] of a draft: which columns serve to call somebody, beside what website
                     events usually say.
date_titles.py       Titles of columns of dates that say when a lead came, when it converted or when it was lost, in
                     several languages.
event_counts.py      Counts over files of events: how often each event and page comes, which traits leads have, and
                     which converted.
from_events.py       Drafts an agreement from events: behaviours from event names and page paths, traits from identify
                     calls.
from_export.py       Drafts an agreement from a CRM export: what each column is, and which columns give the outcome
                     away.
horizon.py           The conversion delay of a history's leads, the horizon that a draft takes from it, and the
                     average open lead.
lead_ids.py          The column that says which lead a row is of, and rows of one lead as one row.
listed_items.py      Columns whose cells list several values, as forms with several boxes write them: "SEO;PPC".
missing_answers.py   How many leads of a file `min_points` would leave without an answer: what the file tells of each
                     criterion.
outcome_statuses.py  The statuses of leads: which mean that a lead was lost, and of which nobody knows yet what
                     becomes.
time_zone.py         The time zone of a draft: the one that the file's own dates name, else UTC and a comment that
                     asks for it.
unread_cells.py      Unread cells: columns that look like dates or numbers and were not read so, and ranges that a
                     spreadsheet spoilt.
word_patterns.py     Patterns of words: what titles and values say in several languages, listed as data beside the
                     code.

Other rooms use:

date_titles          says_came, says_converted
from_events          event_draft
from_export          export_draft
lead_ids             lead_id
outcome_statuses     is_of_statuses, says_lost, says_outcome, says_won
word_patterns        word_patterns
"""
