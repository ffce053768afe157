"""The report: what a model showed, as one page of pictures, tables and plain sentences."""
