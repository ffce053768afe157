"""The baseline of a home: the figures of the hole as they were first counted, which later ones stand beside."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from features.home.clock import rfc3339
from features.home.settings import Home
from features.home.whole_files import FOR_ITS_OWNER, write_whole
from training.hole.figures import Figure, FigureGroup
from training.hole.hole import Hole, HoleError


@dataclass(frozen=True)
class Baseline:
    """What was counted first: when, in which files of how many rows, from which columns (by file and role)."""

    made_at: datetime
    files: tuple[str, ...]
    rows: int
    columns: dict[str, dict[str, list[str]]]
    figures: tuple[Figure, ...]
    groups: tuple[FigureGroup, ...]

    def figure(self, name: str) -> Figure | None:
        """The figure of this name of all leads; None where it was not asked for."""
        return next((figure for figure in self.figures if figure.name == name), None)

    @property
    def sentence(self) -> str:
        """When it was made, of what."""
        titles = sorted({title for roles in self.columns.values() for held in roles.values() for title in held})
        of = f"{self.rows:,} rows of {', '.join(self.files)}; columns {', '.join(titles)}"
        return f"The baseline was made on {self.made_at:%Y-%m-%d} of {of}"

    def differences(self, hole: Hole) -> list[str]:
        """Sentences on what makes both hard to compare: other columns for the same thing."""
        then, now = _by_role(self.columns), _by_role(hole.columns)
        return [
            f"{role}: the baseline was made from {_named(then.get(role))}, today's figures from {_named(now.get(role))}"
            for role in sorted(then.keys() | now.keys())
            if then.get(role) != now.get(role)
        ]


def _by_role(columns: Any) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for roles in columns.values():
        for role, titles in roles.items():
            found[role] = tuple(dict.fromkeys((*found.get(role, ()), *titles)))
    return found


def _named(titles: tuple[str, ...] | None) -> str:
    return " and ".join(titles) if titles else "no column"


def baseline_of(home: Home) -> Baseline | None:
    """The baseline that a home keeps; None before the first. Raises HoleError for a file that cannot be read."""
    path = _path(home)
    if not path.exists():
        return None
    try:
        return _read(orjson.loads(path.read_bytes())["baselines"][-1])
    except (ValueError, KeyError, IndexError, TypeError) as error:
        remedy = "move it away, and the next count becomes the baseline"
        raise HoleError(f"{path} holds no baseline that can be read; {remedy}", code="broken_baseline") from error


def keep_baseline(home: Home, hole: Hole) -> None:
    """Keep a count as the baseline; the baselines before it stay in the file."""
    path = _path(home.created())
    before = orjson.loads(path.read_bytes())["baselines"] if baseline_of(home) else []
    document = {"baselines": [*before, hole_document(hole)]}
    write_whole(path, orjson.dumps(document, option=orjson.OPT_INDENT_2), FOR_ITS_OWNER)


def hole_document(hole: Hole) -> dict[str, Any]:
    """A count as plain values: shares from 0 to 1, numbers not rounded."""
    return {
        "made_at": rfc3339(hole.made_at),
        "as_of": rfc3339(hole.as_of) if hole.as_of else None,
        "files": [*hole.files],
        "rows": hole.rows,
        "cost_per_lead": hole.cost_per_lead,
        "columns": {file: {role: [*held] for role, held in roles.items()} for file, roles in hole.columns.items()},
        "statuses": dict(hole.handed.meanings),
        "notes": [*hole.notes],
        "figures": [_figure_document(figure) for figure in hole.figures],
        "groups": [
            {"dimension": group.dimension, "level": group.level, "figures": [*map(_figure_document, group.figures)]}
            for group in hole.groups
        ],
    }


def _figure_document(figure: Figure) -> dict[str, Any]:
    return asdict(figure) | {"label": figure.label, "unit": figure.unit}


def _path(home: Home) -> Path:
    return home.path / "hole-baseline.json"


def _read(document: dict[str, Any]) -> Baseline:
    return Baseline(
        datetime.fromisoformat(document["made_at"]),
        tuple(document["files"]),
        document["rows"],
        document["columns"],
        tuple(map(_figure, document["figures"])),
        tuple(FigureGroup(g["dimension"], g["level"], tuple(map(_figure, g["figures"]))) for g in document["groups"]),
    )


def _figure(document: dict[str, Any]) -> Figure:
    interval = document["interval"]
    return Figure(
        document["name"],
        document["value"],
        tuple(interval) if interval else None,
        document["count"],
        document["of"],
        document["missing"],
        document["in_file"],
    )
