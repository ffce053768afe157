"""What every room stands on: a home's folder, database, locks, clock, date formats, alerts, and which model answers.

alerts.py          Alerts, each written once per model, subject and week; whoever delivers alerts reads them here.
calendar_words.py  The words of dates: names of months in many languages, and names of time zones.
clock.py           Clocks: moments as microseconds and RFC 3339, and when an event occurred and was recorded, by whose
                   clock.
database.py        A home's database, SQLite by default or PostgreSQL by URL: transactions, migrations, bulk insert
                   and upsert.
dates.py           Every format in which a date or time is read: of one event, and of a column, whose cells show if
                   the day comes first.
deployments.py     Deployments: which model version is served. One row per promotion or rollback; the newest row is in
                   force.
errors.py          `LeadlightError`, the one family of errors that people meet: what is wrong, what was found, what to
                   do.
json_text.py       JSON text that SQLite and PostgreSQL both accept, made of any value that came over the wire.
locks.py           Locks: of several processes that would do the same job for a home, one does it at a time.
number_units.py    Units: what stands beside the digits of a number, such as a currency, a percent sign, or a word for
                   millions.
numbers.py         Every spelling in which a number is read: of one value, and of a column, whose cells show what its
                   signs mean.
printed_text.py    Printed text: what came from outside, made harmless for a terminal, a spreadsheet, a page or a
                   picture.
progress.py        Progress: where a long piece of work says, one short sentence at a time, what it does now.
settings.py        Settings: where a home is and what it is connected to, each from a LEADLIGHT_ environment variable.
table_columns.py   The kinds of columns that the tables of a home are made of, as SQLite and PostgreSQL share them.
tables.py          The tables of a home's database, as SQLite and PostgreSQL share them; their history is in
                   migrations/.
troubles.py        Troubles: what goes on being wrong is logged once as it begins and once as it ends, however often
                   it is met.
user_tables.py     The tables of those who read the pages: users, their sessions, sign-ins that failed, and what was
                   changed.
whole_files.py     Whole files: each is written beside its place and then renamed, so that nobody ever meets half of
                   one.

Other rooms use:

alerts             Alert, DRIFT, RaisedAlert, alerts_of, raise_alerts
calendar_words     month_number
clock              AHEAD, Clock, EPOCH, Flags, MICROSECOND, from_microseconds, microseconds, occurred_at, recorded_at,
                   rfc3339
database           batched, bring_up_to_date, check_writable, consistent_read, database_exists, engine, insert_new,
                   insert_or_update, is_any_row, migrate, quick_rows, reading, truncate_wal, wait_for_writers, writing
dates              DatesError, DayOrMonth, DayOrder, moment, parsed_date, utc_moment
deployments        Deployment, anchor_of, deploy, deployment_in_force, deployments, model_folder
errors             INTERRUPTED, LeadlightError, STOPPED
json_text          is_deeper, json_text, printable, shallow_value
locks              builder_lock, decider_lock, promoter_lock, publisher_lock, sweeper_lock, trainer_lock
numbers            DecimalSign, NumberCell, NumberSpelling, number, readings, told_beside
printed_text       json_escaped, spreadsheet_cell, visible, visible_line, visible_parts
progress           Progress
settings           Home, Settings
tables             ABOUT_GROUPS, IS_OPEN, OF_VISITORS, WAITS, absences, account_states, agreements, api_keys, audit,
                   bars, decisions, decisions_due, erased, events, failed_events, failed_sign_ins, feature_views,
                   handovers, idempotency_keys, identities, intake_counts, lead_decisions, links, metadata, notices,
                   online_pending, passes, rep_loads, retired, secrets, sessions, signatures, trainings, users
troubles           Troubles
whole_files        FOR_ITS_OWNER, whole_file, write_whole
"""
