"""Pages of HTML that people read.

page.py  A page of HTML in the house's style, for a browser or a file: escaped, self-contained, no script, a strict
         policy.
"""
