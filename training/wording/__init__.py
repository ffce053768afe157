"""Results in plain sentences, for the report, the console and the model card."""
