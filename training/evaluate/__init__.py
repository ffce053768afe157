"""The evaluation of a model on unseen rows: metrics, segments, baseline models, backtest, importance.

backtest.py            The walk-forward backtest: each month is predicted by a model that learned only from what was
                       known before it.
baselines.py           Baseline models on the same rows: the average rate, naive Bayes, logistic regression, LightGBM
                       with its defaults.
breakdown.py           The evaluation of a candidate taken apart: at arrival, by segment, by month, and its
                       calibration looked at closer.
calibration_check.py   The check of calibration on unseen rows: level, slope, and whether a line or a rising curve
                       would mend it.
comparison.py          Our model beside the baseline models on the very same held-out rows, with an interval for each
                       difference.
evaluate.py            The evaluation of probabilities on unseen rows: metrics with intervals, reliability, gains,
                       distribution.
importance.py          Global importance: how far each behaviour and trait raises and lowers the scores, on average
                       over all rows.
partial_dependence.py  Partial dependence: what each value of the strongest behaviours and traits adds to a score,
                       over real rows.
segments.py            Each segment judged by itself: predicted and observed rate, ROC AUC, and where either is off by
                       more than chance.

Other rooms use:

backtest               BacktestMonth, Refit, recalibrated_for_month
baselines              baseline_probabilities, constant_baseline, simple_baselines
breakdown              ArrivalResult, Breakdown, breakdown
calibration_check      CalibrationCheck, Estimate
comparison             ComparedModel, comparison
evaluate               Evaluation, evaluate
importance             GlobalImportance, POINTS, global_importances
partial_dependence     PartialDependence, partial_dependence
segments               SegmentResult
"""
