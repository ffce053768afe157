"""The model as it is served: line, trees, calibrator, columns, manifest; all that serving imports of training."""
