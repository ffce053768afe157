"""The model as it is served: line, trees, calibrator with its interval, columns, manifest: all that serving sees."""
