"""Messages about handovers and agreements: what is said to whom and when, and how it is sent."""
