"""The model as it is served: line, trees, the calibrator with the interval, columns, manifest; serving imports no more."""
