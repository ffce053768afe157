"""What `leadlight init` drafts an agreement from: an export's columns or events, and which of them give the outcome away."""
