"""Columns whose cells list several values, as forms with several boxes write them: "SEO;PPC"."""

from __future__ import annotations

from collections import Counter

from training.leakage.column_profiles import ColumnProfile
from training.leakage.wording import quoted_values

_LISTED = 0.1  # share of the filled cells that hold several values, from which on it is a column of lists
_LONGEST, _FEWEST_COMMON = 60, 0.02  # characters of an item; share of the filled cells that have it
_MOST = 12  # items of one column that become traits


def listed_items(profile: ColumnProfile) -> tuple[str, ...]:
    """The commonest values in the cells of a column of lists, the commonest first; none where it is no such column."""
    if profile.kind not in ("category", "text") or not profile.filled:
        return ()
    cells = {cell: [part.strip() for part in cell.split(";") if part.strip()] for cell in profile.counts}
    several = sum(profile.counts[cell] for cell, parts in cells.items() if len(parts) > 1)
    counts: Counter[str] = Counter()
    for cell, parts in cells.items():
        counts.update(dict.fromkeys(parts, profile.counts[cell]))
    # Values that come back alone or in other company are items; a text with a semicolon in it says all of it once.
    common = [item for item, count in counts.most_common() if count >= max(2, _FEWEST_COMMON * profile.filled)]
    told = sum(counts[item] for item in common)
    is_list = several >= _LISTED * profile.filled and told >= 0.5 * counts.total()
    return tuple(item for item in common[:_MOST] if len(item) <= _LONGEST) if is_list else ()


def on_items(column: str, items: tuple[str, ...]) -> str:
    """The sentence that says what becomes of a column of lists."""
    return f"{column}: a cell lists several values; each of {quoted_values(items, _MOST)} is a yes or no of its own"
