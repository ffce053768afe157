"""Progress: where a long piece of work says, one short sentence at a time, what it does now."""

from __future__ import annotations

from collections.abc import Callable

# Called with sentences such as "reading the ledger"; the command line shows them, and whoever calls from code may pass
# over them.
Progress = Callable[[str], None]
