"""The outcome of each snapshot, what stays unknown, and which snapshots train and test.

drawn_snapshots.py  The snapshots that a training learns from where a history has more than it needs: drawn, whatever
                    became of them.
folds.py            Cross-validation folds of whole leads: no lead is on both sides, so nothing is judged on what it
                    learned by heart.
outcomes.py         The outcome of each snapshot: converted within the horizon or not, or unknown while nobody can
                    know.
own_columns.py      Columns of one's own in a training frame: checked, and told to a training by their kinds.
question.py         What a probability answers, in the words that every output uses.
recording_lag.py    The recording lag: how long after a conversion it is on record; labels wait, or the newest miss
                    conversions.
segments.py         Segments: groups of leads that marketing and sales speak of (source, size, region), found by the
                    names of traits.
split.py            Train and test: spans in time order, one horizon apart, so that nothing fitted has seen the test.
summary.py          What the labels of a training rest on and leave out: figures, and the sentences that every output
                    repeats.
truncation.py       Left truncation: since when outcomes are recorded; leads that came before seem never to have
                    converted.

Other rooms use:

drawn_snapshots     drawn_snapshots
folds               FOLDS, Fold, lead_folds, log_loss, row_losses
outcomes            NOT_FEATURES, REJECTED, matured_looks, with_known_outcome
own_columns         with_own_columns
question            drawn_sentence, question_sentence
recording_lag       recording_lag_us
segments            NEWNESS, OTHER_LEVELS, segments
split               CAME, Mask, Split, split
summary             CONVERTED_ON_ACCEPTANCE, LabelSummary, label_summary, tried_before
truncation          RecordStart, record_start
"""
