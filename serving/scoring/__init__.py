"""From the states of a lead to its score: probability, reasons in words, the decision, every field of the answer.

answer.py              The answer that a score is: its fields in their order, and which of them are columns of a
                       table.
bar.py                 The bar of a model: from which probability on a lead is ready for sales, by what the model said
                       of leads it knew.
bulk.py                Scores of many leads at once, of a home, a frame or a file, written to csv, Parquet, xlsx or
                       jsonl.
call_sheet.py          The call sheet: scores as a workbook for people, best first, with whom to call, why, and what
                       to ask.
decision.py            The decision on one lead, by the agreement alone: rules in a fixed order, then the bar and the
                       criteria's points.
decision_case.py       One lead to decide on: what its decision rests on, and the shapes that a decision takes.
decision_rules.py      The rules of a decision in their fixed order, whatever that of the agreement's file; the first
                       that holds decides.
dry_run.py             A dry run of agreements on last month's events: how many leads come to each decision, and which
                       by one alone.
explanation.py         Explanations: the log-odds of each lead and the contributions that they are the sum of.
inline_leads.py        Leads told inline in a frame: one row per lead, its traits and events in cells, as `POST
                       /v1/scores` takes them.
inline_warnings.py     Warnings of leads told inline: traits and events that the agreement does not know, and values
                       that cannot be read.
kept.py                Decisions as they are kept, beside scores: what a stored lead's score shows, and the bar in
                       force. Reading alone.
lead_now.py            One lead as a decision sees it: its numbers, what sales has to do with it, and what was decided
                       before.
lead_row.py            One lead to score: its behaviour states, its traits, and up to when they are known; and the
                       numbers alone of it.
past.py                What a lead's past says to a decision: asks and replies not answered yet, who works it, and how
                       work on it ended.
points.py              The 1-99 scale of scorecards: 50 is the agreement's average lead, and every 10 points double
                       the odds (PDO).
questions.py           The two questions of a score: what happens as sales works its leads now, and what happens if
                       sales tries now.
reasons.py             Reasons: contributions by behaviour and trait in words, each with its evidence; and what to ask
                       next.
registered_version.py  A registered version by itself: it scores inline leads from its own files, with no home and no
                       store.
score.py               From a lead's states to its score: probability, contributions, reasons, decision; pure, time as
                       an argument.
scorer.py              The scorer of one home: finds leads by any of their names, reads their states, and follows the
                       deployments.
trial.py               A trial of an agreement: what it would decide about every lead of a home, beside what is
                       decided now.

Other rooms use:

answer                 Answer, Score, Unscored
bar                    FirstCrossings, first_crossings_bar, fixed_bar
bulk                   FileScores, file_scores, frame_scores, home_contacts, home_scores, open_leads,
                       typed_score_table, write_scores
call_sheet             SheetNotes, one_per_lead
decision               decided
decision_case          come_back_at
dry_run                DecidedOtherwise, DryRun, decided_otherwise, dry_run, missing_answers
lead_now               BACKLOG_TURN, Cause, DECISIONS, Decided, DecidedUnder, DecisionName, Ended, LeadDecision,
                       LeadNow, OpenHandover, QUALIFYING_TURN, QUEUES, Queue, WaitingLine
lead_row               LeadRow
past                   COMES_BACK_BY_BEHAVIOUR, CONTACT_UNWANTED, look_again_us, signs_of_interest
points                 AVERAGE, HIGHEST, LOWEST, grade, logit, points, score
questions              IF_TRIED_NOW
reasons                LeadEvidence, SENIORITY, criterion_meaning, question_next, times, trait_words
registered_version     RegisteredVersion
score                  Scoring, probability_of
scorer                 LeadRequests, Scorer, call_order, served_bar
trial                  Trial, trial
"""
