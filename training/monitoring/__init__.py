"""Monitoring: what changed since a model was trained, in its inputs, its scores and the outcomes, early and matured.

alerts.py            Drift alerts: one per thing that changed too much, in the shape of a webhook, without personal
                     data.
early_outcomes.py    Early outcomes: conversions within days of a snapshot, against what the model's probabilities
                     promise of them.
input_drift.py       Input drift: whether the model's inputs are spread as they were when it was trained.
matured_outcomes.py  Matured outcomes: conversions of snapshots after the training whose horizon has closed, against
                     the promise.
populations.py       The leads and snapshots that a monitoring run compares: recent open leads, and snapshots in a
                     span of time.
psi.py               PSI, the population stability index: how differently values are spread now than then, by counts
                     in bins.
reference.py         The monitoring reference: how a model's inputs, scores and early outcomes lay when it was
                     trained; no rows.
result.py            The results of a monitoring run as plain values: for the report, for alerts, for JSON.
schedule.py          The schedule of trainings: whether there is anything new to learn from, and what the last
                     training learned from.
score_drift.py       Score drift: whether the scores of open leads are spread as they were, and whether as many are
                     over the bar.

Other rooms use:

alerts               raise_drift_alerts
early_outcomes       early_outcomes_result
input_drift          input_drift, input_drift_results, label_of, new_shares
matured_outcomes     matured_outcomes_results
populations          levels_before, matured_snapshots, recent_open_leads
psi                  LARGE_CHANGE, SMALL_CHANGE
reference            BAR_QUANTILES, JudgedSince, MonitoringReference, REFERENCE_FILE, category_names, early_snapshots,
                     monitoring_reference, thinned
result               EarlyWeek, InputDrift, MonitoringFigures, MonitoringResult, MonitoringRun, summary_sentence
schedule             matured_outcomes, reason_to_skip, record_training
score_drift          bar_result, score_drift_result
"""
