"""The first count of the hole, of the CRM's history before all this: what today's figures stand beside."""

from __future__ import annotations

from typing import Any

import orjson

from features.home.settings import Home

FILE = "hole-baseline.json"  # `leadlight hole FILE` writes it
COMPARED = ("never_tried", "hours_to_first_try", "tried_within_30_minutes", "tried_within_24_hours",
            "rejected_unqualified")  # fmt: skip


def first_count(home: Home) -> dict[str, Any] | None:
    """When it was made, of which files, and the figures that a home's own handovers have as well; None without one.

    A file that cannot be read counts as none: `leadlight hole FILE` says what is wrong with it.
    """
    try:
        newest = orjson.loads((home.path / FILE).read_bytes())["baselines"][-1]
        named = {figure["name"]: figure for figure in newest["figures"]}
        figures = {name: {key: named[name][key] for key in _KEYS} for name in COMPARED if name in named}
        return {"made_at": newest["made_at"], "files": newest["files"], "figures": figures}
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return None


_KEYS = ("value", "interval", "count", "of")
