"""The two questions of a score: what happens as sales works its leads now, and what happens if sales tries now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.model.if_tried import IfTried

AS_THINGS_ARE, IF_TRIED_NOW = "as_things_are", "if_tried_now"


@dataclass(frozen=True)
class IfTriedNow:
    """What is said of one lead if sales first tries it now.

    probability: None where that cannot be told. is_unlike: whether nobody like it was ever tried; None where that is
    not asked, of a lead that was tried before or by a version that answers one question alone.
    """

    probability: float | None = None
    is_unlike: bool | None = None


NOT_ASKED = IfTriedNow()


def unlike_tried(
    head: IfTried | None, traits: Sequence[Mapping[str, Any]], known: Mapping[str, Any]
) -> list[bool | None]:
    """For each lead whether nobody like it was ever tried; None where that is not asked.

    traits: one per lead. known: feature columns, whose first rows are these leads'.
    """
    if head is None or not traits:
        return [None] * len(traits)
    unlike = head.likeness.is_unlike({name: _first(column, len(traits)) for name, column in known.items()})
    return [None if was_tried(own) else bool(is_unlike) for own, is_unlike in zip(traits, unlike, strict=True)]


def _first(column: Any, rows: int) -> Any:
    return np.asarray(column)[:rows] if len(column) > rows else column


def was_tried(traits: Mapping[str, Any]) -> bool:
    """Whether sales handled the lead before: it is with sales now, or was given back."""
    return traits.get("with_sales") is not None
