"""What decides, hands over and tells in one transaction: the round after events, and the sweep as time passes."""
