"""The command line: one file per command, which reads its options, calls the packages, and prints.

agreement.py          `leadlight agreement check` and `try`: whether a file could follow the agreement, and what it
                      would change.
agreement_diff.py     `leadlight agreement diff`: what changed between two agreements, and which leads would be
                      decided otherwise.
agreement_signing.py  `leadlight agreement show`, `sign` and `keep`: the agreement in words, who signed it, and
                      whether it is live.
agreement_what_if.py  `leadlight agreement what-if`: what sales would get, find and miss by another bar, on leads with
                      known outcomes.
app.py                All commands as one application, its exit status and its errors.
console.py            Lines for people in a terminal: progress, the hottest leads, what training showed.
decisions.py          `leadlight queues`, `changes` and `decisions replay`: whose turn it is, why a score changed, and
                      the log anew.
demo.py               `leadlight demo`: simulates a market, learns from it and shows its hottest leads, as the
                      commands would.
doctor.py             `leadlight doctor`: whether a home is well, as lines and a table for people, as JSON for
                      programs.
entry.py              The start of each command: it imports nothing heavy before it looks after Ctrl+C.
failed_events.py      `leadlight failed-events`: lists events that could not be used, and tries them again.
failures.py           Failures: whatever ends a command is one sentence on stderr, and with --json one document on
                      stdout as well.
handovers.py          `leadlight handovers`: who owes whom a call; passing on, giving back, being away, and sending
                      one now.
hole.py               `leadlight hole`: what a CRM's history says of the leads that sales was given, before any model.
ingest.py             `leadlight ingest`: reads files of events, leads, histories and customers into the ledger.
init.py               `leadlight init`: drafts an agreement from a CRM export or from events.
keys.py               `leadlight keys`: makes, lists and revokes the keys of the API, and follows what a key may not
                      have said.
leads.py              `leadlight merge`, `erase`, `export`, `explain`: merges leads, erases one, writes all of one,
                      explains one.
models.py             `leadlight models`, `promote`, `rollback`, `recalibrate`: lists the models, and changes which
                      version answers.
notices.py            `leadlight notices`: lists the messages about handovers, and sends again what could not be
                      delivered.
nurture.py            `leadlight nurture`: today's list of nurture, as a table for a mail tool or on the terminal.
options.py            The options that commands share, the home and the time they work with, and the printing of an
                      answer.
rebuild.py            `leadlight rebuild`: derives everything from the ledger once more, and switches to the new
                      views.
report.py             `leadlight report`: writes the report of the champion as one page.
score.py              `leadlight score`: scores every lead of a home, or the rows of a file, with reasons.
serve.py              `leadlight serve`: starts the API as a BentoML service.
simulate.py           `leadlight simulate`: writes a simulated market whose true probabilities are known.
sweep.py              `leadlight sweep`: decides on leads whose date, clock or turn came, and on what files brought.
train.py              `leadlight train`: trains, tests and registers a model; on a schedule only where outcomes
                      matured.
users.py              `leadlight users`: adds, lists and removes who may sign in to the pages.
watch.py              `leadlight watch`: shows what changed since the served model was trained, and raises alerts.

Other rooms use:

entry                 main
"""
