"""What `init` drafts an agreement from: the columns of an export, or events."""
