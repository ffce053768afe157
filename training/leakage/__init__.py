"""Whether a training reads the outcome itself: signals that make a column a leak, proof that no row saw its future.

codes.py                Whole numbers that are no amounts: codes of offices, tariffs, regions; and sentinels, which
                        stand for "none".
column_profiles.py      A profile of each column of an export: its kind, how full it is, and whether it only
                        identifies a lead.
examination.py          The leak examination of a training: which fields are quarantined, which are worth a look, and
                        what was proved.
fields.py               The fields of a training, on one row per lead: what each alone tells of the outcome, and what
                        is lost without it.
filled_when.py          When each trait was first known: before sales had the lead, or only after contact or outcome.
ids.py                  Lead ids that give the outcome away, because converted leads got another prefix, length or
                        range of numbers.
model_signs.py          The figures of a fitted model that are a sign of a leak: a ranking that is too good, one field
                        that carries it.
people.py               Whether the cells of a column say who people are, or what must not decide on them, whatever
                        the column is called.
point_in_time_proof.py  The point-in-time proof: training rows are derived again from only the events recorded before
                        each snapshot.
signals.py              Signs that a field gives the answer away: known only after contact, or made from the outcome.
suspects.py             Leak suspects: fields that may give the outcome away, quarantined until a person signs them or
                        only worth a look.
wording.py              Leakage wording: titles that say a column is known only after contact, and values that only a
                        rep writes.

Other rooms use:

column_profiles         ColumnProfile, MOST_LEVELS, column_profiles, missing_markers
examination             LeakExamination, NOT_EXAMINED, leak_examination
filled_when             FillTime, fill_times_of_events
ids                     id_auc, id_sentence
model_signs             RANKS_WELL, TOO_GOOD
people                  personal_values, protected_values
point_in_time_proof     point_in_time_proof
signals                 EMPTINESS_GIVES_AWAY, EMPTINESS_IS_ALL, EMPTINESS_TELLS, IS_MISSED, LeakSignals, TELLS_ALONE,
                        TELLS_MUCH, Triage, follows_row_order, share_text
suspects                PARTLY_LATE, quarantine_reasons
wording                 COMPUTED, COMPUTED_OF_LEADS, COUNTS, IDENTIFIER, PERSONAL, is_question, quoted_values,
                        reason_in_title, rep_values
"""
