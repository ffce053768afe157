"""The figures of a fitted model that are a sign of a leak: a ranking that is too good, one field that carries it."""

from __future__ import annotations

TOO_GOOD = 0.95  # honest models of leads reach 0.7 to 0.93 on public sets; with fields that reps fill in, 0.98
RANKS_WELL = 0.9  # below that, one strong field is no sign of a leak
