"""Who reads the pages: by the machine, by the company's proxy, or by a sign-in of ours.

audit.py     The audit: one row per change and per export that a person makes on a page or a command, who, what and
             when.
sessions.py  Sessions: one per browser that signed in; its signed cookie holds until it ends, is ended, or its user
             goes.
users.py     Users: who may sign in to the pages, as what; a password is kept as argon2's text alone.
visitor.py   Who reads a page: somebody on this very machine, one whom the company's proxy names, or one who signed
             in.

Other rooms use:

audit        COMMAND_LINE, note_in_audit
sessions     LASTS, SessionCookie, begin_session, count_try, end_session, forget_tries, session_user
users        Role, User, Users
visitor      READS, Visitor, visitor_of
"""
