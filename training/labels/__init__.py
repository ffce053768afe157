"""The outcome of each snapshot, what stays unknown, and which snapshots train and test."""
