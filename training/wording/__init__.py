"""Results in plain sentences, for the report, the console and the model card.

calibration.py      The check of calibration in sentences: what is off by more than chance and by enough to matter,
                    and what to do.
if_tried.py         The second question in sentences: what a try of sales brings, for whom it can be told, and why it
                    is not answered.
learned.py          What was judged and what answers, in a sentence: until when each of the two has learned.
report_warnings.py  The warnings of the report: signs of leaks, of too few outcomes, of a model that is not worth
                    having.
segments.py         Segments in sentences: where the predicted rate or the ranking is off by more than chance.
sentences.py        The results of a model in sentences: top scores, calibration, ranking, comparison, importance,
                    arrival, months.

Other rooms use:

calibration         calibration_check_rows, calibration_check_sentence, calibration_faults
if_tried            TriesSeen, if_tried_sentences, unearned_reason
learned             LearnedUntil, learned_sentence
report_warnings     ReportWarning, ReportedField, leak_warnings, quality_warnings, segment_warnings
segments            segment_calibration_sentences, segment_ranking_sentences, segments_sentence
sentences           arrival_sentence, calibration_sentence, comparison_sentence, importance_sentence, months_sentence,
                    ranking_sentence, row_noun, top_scores_check, top_scores_sentence
"""
