"""Tables for people: a name in front, figures right-aligned behind it."""

from __future__ import annotations

from collections.abc import Sequence


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lines of text; the first column is as wide as its longest name.

    >>> print(table(["side", "rank"], [["unknown", "0.93"], ["no", "0.5"]]))
    side     rank
    unknown  0.93
    no        0.5
    """
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    lines = []
    for cells in (head, *rows):
        first, *figures = cells
        aligned = [cell.rjust(width) for cell, width in zip(figures, widths[1:], strict=True)]
        lines.append("  ".join([first.ljust(widths[0]), *aligned]))
    return "\n".join(lines)
