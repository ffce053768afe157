"""Every metric that a report shows, and its interval by whole leads.

binned_counts.py       Rows counted by their probability: every metric is a function of these counts, so neither ties
                       nor order matter.
bootstrap.py           Intervals that count whole leads, since a lead's rows are alike: cluster bootstrap, Wilson,
                       effective sample size.
calibration_null.py    What a perfectly calibrated model would show on the same rows: how much calibration error
                       chance alone makes.
metrics.py             Every metric of a model, one row each in `METRICS`: its name, how it is measured, and who shows
                       it under which label.
observed_over_said.py  Observed over said: conversions over the sum of probabilities, with its interval, and what gap
                       is tolerated.
shares.py              Shares in words: so many of 100.

Other rooms use:

binned_counts          BINS, BinnedCounts, ENOUGH_ROWS, binned_counts, highest_bins
bootstrap              Interval, Z95, bootstrap_intervals, effective_sample_sizes, lead_weights, percentile_interval,
                       resampled_sums, wilson_interval
calibration_null       calibration_null
metrics                COMPARISON_COLUMNS, DIGITS, GROWS_WITH_NOISE, METRICS, TOP_SHARES, WITH_INTERVAL,
                       calibration_error, conversions_in_top, metric_values, null_values, percent_name, roc_auc
observed_over_said     ObservedOverSaid, TOLERATED, observed_over_said, tolerated_ece
shares                 of_100
"""
