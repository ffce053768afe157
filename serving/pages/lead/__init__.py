"""One lead for people: what its score means and why, what changed, what it did, and what was decided.

company.py        Others at a lead's company: who they are, how senior, when each was last active, and who of ours has
                  them.
decision_rows.py  What was decided on a lead and handed over, in words, with the score of each moment as it was served
                  then.
lead_page.py      The page of one lead as its template shows it: each part read from what the API and the commands
                  compute.
lead_routes.py    The route of a lead's page: who may read it, where a merged lead went, and what is said of one that
                  is gone.
meaning.py        What a score means, in sentences: of 100 leads like this so many convert, how sure that is, and what
                  it answers.
score_chart.py    The history of a score as a small chart: SVG drawn here, with what it shows said in one sentence.
timeline_rows.py  The rows of a timeline in words: when, what happened, how many minutes, and what it counts as or why
                  it does not.
why.py            Why a score is what it is: steps in whole points from the average lead's 50, fit and engagement
                  apart.

Other rooms use:

lead_routes       LeadPageRoutes
"""
