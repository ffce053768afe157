"""The model as it is served: line, trees, calibrator with its interval, columns, manifest: all that serving sees.

calibrator.py       The calibrator: from margin to probability by an increasing affine map, and how wide the interval
                    of that is.
columns.py          The columns of a model: whom each belongs to, and how its values are encoded as numbers.
if_tried.py         What a version says if sales tries a lead now: by a model of its own, or by the first question's,
                    calibrated anew.
linear.py           The linear model: a few transforms of each column, their weights, and exact contributions.
manifest.py         The manifest of a model's files: the SHA-256 of each file, and one digest of them all.
model.py            The served model: LightGBM's trees, a linear model or a blend, an affine calibrator, and exact
                    contributions.
old_labels.py       Whether a model learned by the old labels, which dropped leads that sales never tried unless they
                    converted.
target_encoding.py  Target encoding: one number for each level, or pair of levels: how much more often its leads
                    convert than average.

Other rooms use:

calibrator          Calibrator, sigmoid
columns             AGE, COMMONNESS, ModelColumn, OTHER, PointPrior
if_tried            ASKS_IF_TRIED, HEAD_FILE, IF_TRIED, IF_TRIED_GATES, IfTried, Likeness, Method, moved_calibrator
linear              Design, LinearModel, Term
manifest            ModelDamaged, holds, verify_manifest
model               AGREEMENT, JUDGED, Model, OWN_COLUMNS
old_labels          left_untried_out
target_encoding     CellSizes, TargetEncoding, category_cells
"""
