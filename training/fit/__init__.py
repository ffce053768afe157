"""Fits a model: training rows, candidate columns, linear model, trees, calibration, recalibration."""
