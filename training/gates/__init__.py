"""What must hold before a model may answer: one gate a file, named as the report names it.

against_champion.py           What a version is held against: the champion and its anchor, asked again when another
                              model answers than before.
better_than_average.py        The gate `better_than_average`: a log loss shown to be below that of giving every lead
                              the average rate.
calibrated.py                 The gate `calibrated`: of 100 leads at 0.27 about 27 convert, as far as the tested rows
                              can tell.
calls_recorded.py             The gate `calls_recorded`: where leads need a call to convert, conversions without one
                              say that calls are lost.
can_rank.py                   The gate `can_rank`: that leads which convert have the higher scores is shown, and not
                              by chance.
champion.py                   The comparison with the champion: log loss of challenger and champion, paired on
                              snapshots that neither learned from.
contributions_exact.py        The gate `contributions_exact`: our contributions are those of shap's own explainers.
directions_kept.py            The gate `directions_kept`: one more event moves no score against the direction that the
                              agreement gives it.
gate.py                       A gate: one promise that a model must keep before it may answer, with the value seen,
                              the limit and why.
gates_recorded.py             The gate `gates_recorded`: a version that was registered without its gates does not
                              answer.
if_tried_earned.py            The gate `if_tried_earned`: an agreement that asks what comes of a try is answered only
                              by a model that can tell.
known_when_served.py          The gate `known_when_served`: every input of the model is known of a lead when its score
                              is asked for.
labels_kept_alike.py          The gate `labels_kept_alike`: no rule that leaves outcomes unknown asks how they ended.
learned_by_this_agreement.py  The gate `learned_by_this_agreement`: the home worked with the version's outcome,
                              behaviours and traits once.
no_leak.py                    The gate `no_leak`: a model that leans on what was filled in with the outcome needs a
                              person who signs it.
no_segment_worse.py           The gate `no_segment_worse`: no group of leads is shown to be served clearly worse than
                              by the champion.
not_worse_than_anchor.py      The gate `not_worse_than_anchor`: as far as leads can tell, not worse than the best
                              version so far.
not_worse_than_champion.py    The gate `not_worse_than_champion`: on all unseen snapshots, its log loss is not shown
                              to be above the champion's.
overlap.py                    The gate `overlap`: leads like most that are open now were tried before, or nothing here
                              tells what a try does.
protected_feature.py          Protected and personal facts never reach a model: training stops where a feature's name
                              or values show one.
sale_at_the_try.py            The gate `sale_at_the_try`: a try that is recorded as the lead buys is the sale itself,
                              and brings nobody to buy.
tried_enough.py               The gate `tried_enough`: enough first tries have a known outcome to learn what comes of
                              one.

Other rooms use:

against_champion              AGAINST_CHAMPION, HeldAgainst, Rivals
better_than_average           better_than_average
calibrated                    CalibrationSeen, calibrated, calibrated_or_nearer, calibration_seen
calls_recorded                calls_recorded
can_rank                      can_rank
champion                      UnseenSnapshots, drawn_leads_digest, nobody_to_beat, unseen_rows
contributions_exact           contributions_exact
directions_kept               directions_kept
gate                          Gate, GateResults, NOT_GATED, failed_gates
gates_recorded                gates_recorded
if_tried_earned               if_tried_earned
known_when_served             check_known_when_served, known_when_served
labels_kept_alike             label_gates
learned_by_this_agreement     learned_by_this_agreement
no_leak                       no_leak
not_worse_than_champion       recalibrated_not_worse
overlap                       overlap
protected_feature             check_features
sale_at_the_try               sale_at_the_try
tried_enough                  tried_enough
"""
