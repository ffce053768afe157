"""The report's page of the hole: what became of a home's own handovers, for marketing and sales to read together.

figure_words.py  Figures of the hole in words: shares of 100 with their intervals, hours, money, months.
hole_page.py     The page of the hole: its tables, each made of the figures of the report and of nothing else.

Other rooms use:

hole_page        hole_lines, hole_page
"""
