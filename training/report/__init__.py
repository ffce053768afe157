"""The report: what a model showed, as one page of charts, tables and plain sentences; and the model card.

bar_earnings.py     What a bar earns: the worth of the conversions above it, less the costs of the follow-ups.
facts.py            The facts that the report is written from, as plain values kept with the model as JSON.
first_screen.py     The first screen: what the probability answers, how many leads it is from, and whether it is to be
                    believed.
model_card.py       The model card: what a version is for, what it learned from, what it showed and what it cannot, in
                    Markdown.
report.py           The report of a model as one HTML page: charts, tables and plain sentences, for a screen or for
                    paper.
soft_breaks.py      Where a long name may be broken at the end of a line, so that no page is wider than its reader's
                    screen.
tables.py           The tables of the report as plain values; on a phone each row becomes a block, every figure beside
                    its heading.
threshold_chart.py  The threshold chart: for each bar, how many leads pass it, how many of them convert, and what that
                    earns.
what_if.py          What another bar would have brought: along the bar, how many leads sales gets, finds and misses,
                    and its worth.

Other rooms use:

facts               ModelIdentity, ReportFacts, ReportedCosts, ReportedLeak, ReportedSecondQuestion, ReportedSpan,
                    reported_gates
model_card          model_card
report              TEMPLATES, chart_caption, report_charts, report_page, with_curly_quotes
soft_breaks         soft_breaks
tables              Column, Row, Table, day_text
threshold_chart     threshold_chart
what_if             WhatIf, at_bar, what_if
"""
