"""From the states of a lead to its score: probability, reasons, decision."""
