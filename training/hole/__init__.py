"""The black hole in a CRM's history: what became of the leads that were handed to sales, before any model.

activities.py       Salesforce's activities as tries: an export of Task, of which each call or mail that was made is
                    one try.
baseline.py         The baseline of a home: the figures of the hole as they were first counted, which later ones stand
                    beside.
figures.py          The figures of the hole: of all leads handed over, and by source, campaign and owner; each with an
                    interval.
handed_leads.py     Leads that were handed over to sales, one row each: tried or not, after how long, how often, and
                    how it ended.
hole.py             The black hole in a CRM's history: reads its exports, and counts what became of the leads that
                    sales was given.
hole_charts.py      The charts of the hole: how soon leads were tried, and which groups hold those that nobody tried.
hole_columns.py     The columns that tell what sales did with leads: as a person names them, as the CRM has them, else
                    by their titles.
intervals.py        Intervals of 95 %, by SciPy: Wilson's of a share, the order statistics' of a median, the
                    bootstrap's of a mean.
lead_facts.py       What one lead's row and its history say together: when sales had it, whether and when it was
                    tried, how it ended.
lead_rows.py        The rows of exports as leads: of each lead its moments, tries, status, reason, source, campaign
                    and owner.
page.py             The hole as one page of HTML: the figures with their intervals, two pictures, the groups, and how
                    it was counted.
sales_history.py    What a CRM's field history tells of sales' work: of each lead its changes of status, its tries,
                    its conversion.
speed.py            How soon leads were tried: of those handed over, how many within half an hour, an hour, a day, a
                    week, a month.
status_meanings.py  What a status or a reason of sales says: nobody tried, sales tries, gave up, rejected, or the lead
                    converted.
wording.py          The figures of the hole in words: for a terminal as lines, for a page as the same texts.

Other rooms use:

baseline            baseline_of, hole_document, keep_baseline
figures             figures_frame
hole                Hole, HoleRequest, LeadTable, counted_hole, hole_in_files
page                hole_page
wording             hole_lines
"""
