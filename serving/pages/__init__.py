"""Pages of HTML that people read.

agreement_page.py     The agreement as a page: who signed it, whether it is live, and all of it in words, for both
                      sides to read.
agreement_words.py    The agreement in words, section by section, for everybody who does not read TOML: on a page and
                      in the terminal.
card.py               The card of one handover for the one who has it: what it shows, in which words, and what may be
                      clicked.
card_facts.py         What a card tells of a lead, read from its events: what to open with, who of us knows it, and
                      what is allowed.
card_routes.py        The routes of a card: GET shows it and changes nothing; POST records what one click says, then
                      shows it again.
clicks.py             What one click on a card says, as the body of POST feedback.
explanation.py        The explanation of one lead, for the lead itself (GDPR, article 15): what is known, what
                      counted, what followed.
explanation_words.py  The words in which a lead is told what was decided about it and what it may ask: no code, no
                      term of the trade.
local_zone.py         The time zone of a lead: the one it named, else its country's, where that has one time for all.
page.py               A page of HTML in the house's style, for a browser or a file: escaped, self-contained, no
                      script, a strict policy.
sign_in_routes.py     The routes of signing in and out: a name and a password against a cookie.
worklist.py           The worklist: which leads a person sees, by time left, and each in the words of its row.
worklist_files.py     The worklist as a file: what the page shows, for a spreadsheet, where nothing that a stranger
                      wrote is a formula.
worklist_routes.py    The routes of the worklist: who asks, what he may see, and the same rows as a page or a file.

Other rooms use:

agreement_page        agreement_page
agreement_words       agreement_in_words
card_routes           CardRoutes
explanation           explanation, explanation_lines, explanation_page
page                  page_response
sign_in_routes        SignInRoutes
worklist_routes       WorklistRoutes
"""
