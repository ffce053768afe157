"""One lead for people: its timeline, and the export of all its data.

lead_export.py  Lead export: all data of one lead as one document, which the lead may ask for (GDPR, article 15).
timeline.py     A lead's timeline: its events, newest first, each with the behaviours that it counts as, or why it
                does not count.

Other rooms use:

lead_export     lead_export
timeline        CountedEvents, Place, counted_events, cursor_of, place_of, timeline
"""
