"""Who reads the pages: by the machine, by the company's proxy, or by a sign-in of ours.

visitor.py  Who reads a page: somebody on this very machine, one whom the company's proxy names, or one who signed in.

Other rooms use:

visitor     READS, Visitor, visitor_of
"""
