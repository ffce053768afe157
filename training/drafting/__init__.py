"""What `init` drafts an agreement from: columns or events, and which of them give the outcome away."""
