"""What we do about it: scores with reasons and decisions, the API that gives them, and the way in for events."""
