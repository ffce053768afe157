"""What a lead is told of itself.

explanation.py        The explanation of one lead, for the lead itself (GDPR, article 15): what is known, what
                      counted, what followed.
explanation_words.py  The words in which a lead is told what was decided about it and what it may ask: no code, no
                      term of the trade.

Other rooms use:

explanation           explanation, explanation_lines, explanation_page
"""
