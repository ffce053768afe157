"""One lead as a record: merged with another, erased, kept for as long as the agreement says."""
