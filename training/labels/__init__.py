"""What became of each look at a lead, what stays unknown, and which rows train and test."""
