"""When a lead is looked at, and what was known of it at that moment.

criteria_columns.py  The points of the criteria as columns, for many rows at once: a model of few outcomes is pulled
                     to them.
decision_moments.py  Decision moments: just before sales first tries a lead, which tells what comes of trying one like
                     it now.
point_in_time.py     The point-in-time join: from a lead and a moment to the features that were known just before it.
schedule.py          The snapshot schedule: a lead is looked at just after it arrives, then every seven days on a day
                     of its own.

Other rooms use:

criteria_columns     PREFIX
decision_moments     decision_moments
point_in_time        LeadStates, column_kinds, feature_columns, feature_frame, feature_group, lead_states,
                     model_traits, snapshot_features, without_unlearned
schedule             WEEK_US, snapshot_schedule, snapshot_times
"""
