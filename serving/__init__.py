"""What we do about it: scores, reasons, decisions, and the doors they leave by."""
