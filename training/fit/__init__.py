"""A model fitted: rows, inputs, line, trees, calibration, recalibration."""
