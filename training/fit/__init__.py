"""Fits a model: training rows, candidate columns, linear model, trees, calibration, recalibration.

calibrate.py          Calibration: the increasing affine map from margin to log-odds, fitted on rows that the model
                      did not see.
candidate_columns.py  The columns that a model may read: which ones say anything, their levels and directions, and
                      pairs of categories.
coded_pairs.py        Pairs of codes that carry the outcome in thousands of small cells: found by counting, before any
                      tree is grown.
done_by_then.py       What leads that converted had done by an age, beside those that did not: rates, and of how many
                      leads.
doubt.py              How far a model's log-odds may lie from the truth: what refits on fewer leads show, and what
                      shrinkage hides.
encoding_counts.py    Counts leads and conversions by category and fold, from which target encodings are computed out
                      of fold.
first_crossings.py    First crossings: how the highest probability of each lead rose over the newest weeks, by which a
                      bar is set.
fit.py                Fits the whole model: chooses its columns, fits trees and a linear model, blends and calibrates
                      them.
fold_models.py        The models of the folds: the same choices fitted without the leads of one fold each; each lead
                      is unseen once.
own_parameters.py     LightGBM's parameters as a data scientist gives them: checked, by LightGBM's own names, before
                      anything is fitted.
recalibrate.py        Recalibration: fits level and slope on outcomes that matured since the training; everything else
                      stays as it was.
ridge.py              Fits the linear model: its terms, and weights by ridge regression with the penalty that held-out
                      leads like best.
served_fit.py         What is served: the choices that were judged in time order, fitted on all labelled rows,
                      calibrated out of fold.
training_rows.py      The rows that a model is fitted on: a matrix, folds of whole leads, and target encodings that
                      respect the folds.
trees.py              Fits the trees: LightGBM with few leaves a tree, and as many trees as held-out leads like best.

Other rooms use:

calibrate             fit_calibrator, platt_map
candidate_columns     candidate_columns
first_crossings       first_crossings
fit                   CandidateInputs, fitted_blend, fitted_model, label_span, refitted_model
own_parameters        TreeSearch, checked_parameters, unused_parameters
recalibrate           Recalibration, recalibration, recent_rows
served_fit            ServedFit, fold_models, served_fit, unseen_margins
training_rows         TrainingRows
trees                 FoldTrees, fit_fold_trees, trees_text
"""
