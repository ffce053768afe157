"""One sentence on what to see in each picture, for the page and for notebooks alike."""

from __future__ import annotations

CAPTIONS = {
    "reliability": "Each dot is a group of {rows} with about the same score, so many as the figures below it say; on "
    "the dashed line the score keeps its word, and the bars show how far chance alone could move a dot.",
    "gains": "Left, the further the line bends above the dashed one, the sooner sales meets those who buy; right, each "
    "tenth of the list should convert less than the one before it.",
    "distribution": "The dark line are those who converted, the grey area those who did not: the further apart they "
    "lie, the better the score tells them apart.",
    "threshold": "Move along the bottom to a bar: the dashed line says how many leads pass it, the dark one how many "
    "of those convert.",
    "money": "Move along the bottom to a bar: in the upper picture the dashed line says how many leads pass it and the "
    "dark one how many of those convert, in the lower one the line says what working them earns.",
    "segments": "Where the light bar lies on the dark line of its dot, the score keeps its word in that group as far "
    "as its leads can tell; the longer the line, the fewer leads stand behind it.",
    "months": "Each month was foretold by a model that knew only what was known before it began: left, the light bar "
    "should lie on the line of its dot; right, the higher the dot, the better it ranked.",
    "drivers": "The longer the bar, the more this moves scores: dark to the right where it speaks for a lead, light to "
    "the left where it speaks against one.",
    "dependence": "Read each small picture from top to bottom: the further right the dot, the more that value adds to "
    "a score, and the grey band holds 80 of 100 leads that have it.",
}


def caption(name: str, rows: str = "leads", has_money: bool = False) -> str:
    """The sentence under a picture; empty for one that is not of these."""
    return CAPTIONS.get("money" if name == "threshold" and has_money else name, "").format(rows=rows)
