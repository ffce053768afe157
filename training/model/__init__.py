"""The model as it is served: line, trees, calibrator with its interval, columns, manifest; serving sees no more of it."""
