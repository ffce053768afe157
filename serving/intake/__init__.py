"""Events in: from concurrent requests and from files."""
