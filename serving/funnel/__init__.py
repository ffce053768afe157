"""The hole as a home itself has it: the funnel, speed, acceptance, what was missed, and what each campaign brought.

figures.py      The figures of the hole: the funnel, speed, acceptance, tries, criteria, owners; explored handovers
                stay out.
first_count.py  The first count of the hole, of the CRM's history before all this: what today's figures stand beside.
handed.py       Handed leads: one row per handover of a period, with what became of it, as every figure of the funnel
                counts it.
hole_report.py  The report of the hole: all figures of a home's own handovers in a period, as one document.
marketed.py     What marketing brought, with what it cost: each campaign's mean probability and conversions, and what
                was missed.
of_home.py      The rows of a home's funnel in a period: its handovers, the leads that came, who converted, what
                inside sales did.
shares.py       Shares with their intervals: so many of so many, and between what the true share lies with 95 %, by
                Wilson.

Other rooms use:

hole_report     report_of_home
of_home         tools_of
"""
