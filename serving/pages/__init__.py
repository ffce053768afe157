"""Pages of HTML that people read.

agreement/         The agreement in words, for both sides to read.
card/              The card of one handover: what it shows, and what one click on it says.
explanation/       What a lead is told of itself.
hole/              The report's page of the hole: what became of a home's own handovers, for marketing and sales to
                   read together.
lead/              One lead for people: what its score means and why, what changed, what it did, and what was decided.
worklist/          The worklist: whose leads wait, by time left.
home_pages.py      Pages of the whole home: the team, the data, the agreement, the model. Each shows what a command
                   prints.
page.py            A page of HTML in the house's style, for a browser or a file: escaped, self-contained, no script, a
                   strict policy.
plan_words.py      The plan for a lead that is not ready, in words: what comes next and when, why it waits, and inside
                   sales' step.
sign_in_routes.py  The routes of signing in and out: a name and a password against a cookie.
visits.py          One visit to a page: who reads it, by which agreement, in whose time zone; or the page that says
                   why it is none.

Other rooms use:

home_pages         HomePageRoutes, links_for
page               HEADERS, html_page, page_response
plan_words         plan_words, planned_question
sign_in_routes     SignInRoutes, home_signer, is_foreign, sent_form
visits             NotForYou, Visit, answered, notice_page, visit
"""
