"""The report: what a model showed, as one page of charts, tables and plain sentences; and the model card."""
