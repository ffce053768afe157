"""Drafts an agreement for `leadlight init`, from a CRM export or from events."""
