"""Limits of a request: how many bytes, seconds, levels and items one may have, and how much runs at the same time.

What one event may hold (32 KiB, names of 200 characters) is a limit of the ledger, whichever way the event comes:
`features.events.event` and `features.events.validation`.
"""

from __future__ import annotations

from datetime import timedelta

# A body
INFLATED_BYTES = 4 * 2**20
COMPRESSED_BYTES = 2**20  # 500 MiB of blanks gzip to 0.5 MB, so INFLATED_BYTES holds for compressed bodies as well
GZIP_MEMBERS = 100  # each costs a decoder and a copy of what follows; clients send one, block-wise writers some 64
BODY_SECONDS = 8  # for the whole body: 4 MiB at 4.2 Mbit/s
JSON_DEPTH = 32  # of objects and arrays inside one another; nothing that reads a lead nests deeper
ERRORS_SHOWN = 50  # errors listed for one body; the others are more of the same
LONGEST_NUMBER = 400  # digits; whoever writes more means no number

# Scores
MOST_LEADS = 1_000  # of one request
MOST_INLINE_EVENTS = 5_000  # of one lead
SCORED_IN_LOOP = 16  # leads and inline events scored in the event loop: so few that a thread costs more than it frees
SCORES_IN_LOOP_BYTES = 2**16  # parsed in the event loop; a larger body takes long enough for others to notice
WAIT_TO_SCORE_S = 5.0  # larger requests are scored in a thread, one at a time; one that would wait longer is sent away

# Events
MOST_EVENTS = 5_000  # of one batch
MOST_SHARED_BYTES = 16 * 2**20  # of what a batch says for all of its events, together
EVENTS_IN_LOOP_BYTES = 2**14  # parsed in the event loop; a larger body takes long enough for others to notice
TRACKING_SECONDS = 18  # for a whole request, all waiting included: BentoML cuts it off at 20, and clients choke on that
ONE_COMMIT = 5_000  # events in one transaction, about
COMMIT_S = 8.0  # to wait for the commit; after that a client had better come again
PUBLISH_S = 1.0  # to wait for the online store; until the events are there scores come from the ledger
QUEUE_BYTES = 128 * 2**20  # of bodies whose events wait to be written, in one process
LEAST_QUEUE_BYTES = 2**16  # what the smallest request takes of QUEUE_BYTES

# Any request
# BentoML keeps a timer for each request this long, and what it cuts off it answers in a shape of its own: short, but
# over what a request may take by the limits here (BODY_SECONDS, WAIT_TO_SCORE_S, then the scoring of 1,000 leads).
BENTOML_SECONDS = 20
LONGEST_ID = 255  # characters of a lead id and other names: PostgreSQL's indexes refuse names of 2,700 bytes
MOST_ON_A_PAGE, USUAL_ON_A_PAGE = 200, 50
MOST_REPLAYED_IDS = 1_000  # failed events named in one request
LONGEST_IDEMPOTENCY_KEY = 255
IDEMPOTENT_FOR = timedelta(hours=24)  # so long the answer to an Idempotency-Key is given again
ABANDONED_AFTER = timedelta(minutes=5)  # far over what a request may take: its process died, and the next one may try
