"""What we do about it: scores with reasons and decisions, the API that gives them, and the way in for events.

api/           The API: its routes, what may be asked, the schemas of other answers, its OpenAPI document.
decisions/     The decision on each lead as it is kept: rules in a fixed order, queues, the bar, the backlog, lists,
               replay.
funnel/        The hole as a home itself has it: the funnel, speed, acceptance, what was missed, and what each
               campaign brought.
handovers/     Handovers: one lead that went over to sales, its states, clocks, tries and owners, until it is closed.
health/        Whether a home is well: the checks of `leadlight doctor`.
http/          HTTP: keys and who may do what, bodies, idempotency, problems, metrics.
intake/        Events in: from concurrent requests and from files.
leads/         One lead for people: its timeline, and the export of all its data.
notices/       Messages about handovers and agreements: what is said to whom and when, and how it is sent.
nurture/       Leads that are not ready: what to send and ask next and when, inside sales' steps, and today's list.
pages/         Pages of HTML that people read.
rounds/        What decides, hands over and tells in one transaction: the round after events, and the sweep as time
               passes.
scoring/       From the states of a lead to its score: probability, reasons in words, the decision, every field of the
               answer.
signin/        Who reads the pages: by the machine, by the company's proxy, or by a sign-in of ours.
code_words.py  The words of every code that people read: decisions, their codes and queues, handovers, rejects, tries
               and causes.
limits.py      Limits of a request: how many bytes, seconds, levels and items one may have, and how much runs at the
               same time.
logs.py        Logs: JSON lines on stderr, with the secret part of every key cut off.
process.py     What one serving process holds of a home, its scorer, keys and event queue, and how it refreshes them
               each second.
server.py      `leadlight serve`: starts BentoML for one home, where its keys allow it; and how its workers end with
               it.
service.py     The BentoML service: the public API mounted as it is, and the same scorer as a native API at /scores.

Other rooms use:

code_words     CLOCKS, KINDS, MEDIA, MOVES, REJECTS, RESULTS, STATES, cause_words, code_words, decision_words,
               ended_words, queue_words, reject_words
limits         ABANDONED_AFTER, BODY_SECONDS, COMMIT_S, COMPRESSED_BYTES, ERRORS_SHOWN, EVENTS_IN_LOOP_BYTES,
               GZIP_MEMBERS, IDEMPOTENT_FOR, INFLATED_BYTES, JSON_DEPTH, LEAST_QUEUE_BYTES, LONGEST_ID,
               LONGEST_IDEMPOTENCY_KEY, LONGEST_NUMBER, MOST_EVENTS, MOST_INLINE_EVENTS, MOST_LEADS, MOST_ON_A_PAGE,
               MOST_REPLAYED_IDS, MOST_SHARED_BYTES, ONE_COMMIT, PUBLISH_S, QUEUE_BYTES, SCORES_IN_LOOP_BYTES,
               TRACKING_SECONDS, USUAL_ON_A_PAGE
logs           configure
process        NO_DATABASE, ServedHome
server         serve
"""
