"""The worklist: whose leads wait, by time left.

worklist.py         The worklist: which leads a person sees, by time left, and each in the words of its row.
worklist_files.py   The worklist as a file: what the page shows, for a spreadsheet, where nothing that a stranger
                    wrote is a formula.
worklist_routes.py  The routes of the worklist: who asks, what he may see, and the same rows as a page or a file.

Other rooms use:

worklist_routes     WorklistRoutes
"""
