"""Events in: from concurrent requests and from files.

file_import.py   Files into the ledger: events as they are, and a CRM's export and field history as the events they
                 stand for.
group_commit.py  Group commit: the events of concurrent requests go into the ledger in one transaction, and are
                 published after it.

Other rooms use:

file_import      ingest, ingest_customers
group_commit     EventQueue
"""
