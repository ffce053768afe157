"""Charts, as pure functions from results to Altair charts.

axes.py        What the charts share: one palette, axes in "of 100", and scales on which low probabilities have room.
breakdown.py   The charts of the breakdown: predicted and observed rate by segment, and by month of the backtest.
charts.py      The charts of the whole test: reliability, distribution, gains, importance, partial dependence; their
               captions.
drift.py       The charts of drift since a model was trained: weekly conversions, calibration, inputs.
text_width.py  How wide a text is drawn, so that a chart has room for it in whatever font a reader's machine has.

Other rooms use:

axes           DARK, LIGHT, NARROW, NamedRows, QUIET, WIDTH, even_ticks, heading, round_top, square_root_scale,
               square_root_ticks, text_label
breakdown      months_chart, segments_chart
charts         NotebookCharts, caption, distribution_chart, gains_chart, importance_chart, partial_dependence_chart,
               png, reliability_chart, svg
drift          drift_charts
text_width     lines
"""
