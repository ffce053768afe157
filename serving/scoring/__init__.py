"""From the states of a lead to its score: probability, reasons in words, the decision, every field of the answer."""
