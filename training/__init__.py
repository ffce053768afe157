"""What we learned from what became of the leads.

charts/             Charts, as pure functions from results to Altair charts.
draft/              Drafts an agreement for `leadlight init`, from a CRM export or from events.
evaluate/           The evaluation of a model on unseen rows: metrics, segments, baseline models, backtest,
                    importance.
fit/                Fits a model: training rows, candidate columns, linear model, trees, calibration, recalibration.
gates/              What must hold before a model may answer: one gate a file, named as the report names it.
hole/               The black hole in a CRM's history: what became of the leads that were handed to sales, before any
                    model.
if_tried/           The second question: what comes of a lead if sales tries it now, learned from the moments just
                    before first tries.
labels/             The outcome of each snapshot, what stays unknown, and which snapshots train and test.
leakage/            Whether a training reads the outcome itself: signals that make a column a leak, proof that no row
                    saw its future.
metrics/            Every metric that a report shows, and its interval by whole leads.
model/              The model as it is served: line, trees, calibrator with its interval, columns, manifest: all that
                    serving sees.
monitoring/         Monitoring: what changed since a model was trained, in its inputs, its scores and the outcomes,
                    early and matured.
registry/           The model registry in MLflow: runs, versions, the champion alias; and promotion of a version to a
                    home.
report/             The report: what a model showed, as one page of charts, tables and plain sentences; and the model
                    card.
simulation/         A simulated market with known truth: its people, what they do and why, what sales does, and how it
                    is recorded.
wording/            Results in plain sentences, for the report, the console and the model card.
admission.py        Promotion by request: a registered version answers only if its gates hold, or if a person gives a
                    reason.
candidate.py        A candidate: a fitted model, its figures on unseen leads and its gates; ready to be shown or
                    registered.
champion_report.py  Writes the report of the served model: the facts kept at its training, and what monitoring shows
                    since.
own_estimator.py    An estimator of one's own as a challenger: judged on the same rows by the same gates, never
                    registered or served.
pipeline.py         One training from end to end, from what a home knows to a candidate; reads as a table of contents.
scale.py            The scale of scores after a promotion: set in a draft that nobody has signed, and said where it is
                    off.
successor.py        The successor: the champion with a recalibrated map to probabilities, and its gates, ready to be
                    registered.
watch.py            A monitoring run: everything that is monitored of the model that a home serves, compared with its
                    training.

Other rooms use:

admission           GateDoesNotHold, PromotionRequest, PromotionResult, adopt_champion_alias, promote_if_gates_hold
candidate           Candidate
champion_report     champion_facts, write_report
own_estimator       JudgedEstimator, judged_estimator
pipeline            labelled_snapshots, train, trained_candidate
successor           successor
watch               existing_deployment, monitoring_run, newest_known, served_deployment
"""
