"""`LeadlightError`, the one family of errors that people meet: what is wrong, what was found, what to do."""

from __future__ import annotations

STOPPED = "stopped by Ctrl+C; what was committed stays, and a new run goes on there"
INTERRUPTED = 130  # what a shell calls a command that Ctrl+C ended


class LeadlightError(Exception):
    """One sentence for a person: what is wrong, what was found, what to do.

    `code` is the same fact for programs, in snake_case.
    """

    code = "leadlight_error"

    def __init__(self, sentence: str, *, code: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code or type(self).code
