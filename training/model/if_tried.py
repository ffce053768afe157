"""What a version says if sales tries a lead now: by a model of its own, or by the first question's, calibrated anew."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from features.arrays import Bools, Floats
from training.model.calibrator import Calibrator
from training.model.manifest import ModelDamaged, holds, verify_manifest
from training.model.model import Model

IF_TRIED, LIKENESS = "if_tried", "if_tried/likeness"  # the folders of a version that hold it
HEAD_FILE, IF_TRIED_GATES = f"{IF_TRIED}/head.json", f"{IF_TRIED}/gates.json"
ASKS_IF_TRIED = "if sales tries now"  # as an agreement asks it
Method = Literal["own_model", "moved"]


@dataclass(frozen=True)
class Likeness:
    """Which leads are like those that sales tried.

    model: tells the moments just before first tries from all other looks. least: the log-odds under which only 1 in 100
    first tries lay. oldest_days: the age of the oldest lead that was tried.
    """

    model: Model
    least: float
    oldest_days: float

    def margin(self, known: pd.DataFrame | Mapping[str, Any]) -> Floats:
        """How like a first try each row is, in log-odds."""
        return self.model.margin(self.model.matrix(known))

    def is_unlike(self, known: pd.DataFrame | Mapping[str, Any]) -> Bools:
        """Whether nobody like the lead of each row was ever tried."""
        is_older = np.asarray(known["days_open"], dtype=np.float64) > self.oldest_days
        return np.asarray((self.margin(known) < self.least) | is_older, dtype=bool)


@dataclass(frozen=True)
class IfTried:
    """The answer to "if sales tries now" of one version.

    method: "own_model" was learned from first tries alone; "moved" is the model of the first question, whose log-odds
    `moved` maps. facts: base_rate, open_probabilities and what else a score says of it.
    """

    method: Method
    likeness: Likeness
    model: Model | None = None
    moved: Calibrator = field(default_factory=Calibrator)
    facts: dict[str, Any] = field(default_factory=dict)

    def answering(self, first: Model) -> Model:
        """The model that answers it. first: the version's model of the question "as things are"."""
        if self.model is not None:
            return replace(self.model, facts=self.model.facts | self.facts)
        return replace(first, calibrator=moved_calibrator(first.calibrator, self.moved), facts=first.facts | self.facts)

    @property
    def orders_calls(self) -> bool:
        """Whether the call list goes by it: the first question then says whom sales is used to calling."""
        return self.method == "own_model"

    def texts(self) -> dict[str, str]:
        """Its text and JSON files by their name in a version's folder."""
        written = {
            "method": self.method,
            "moved": asdict(self.moved),
            "least": self.likeness.least,
            "oldest_days": self.likeness.oldest_days,
            "facts": self.facts,
        }
        head = {HEAD_FILE: json.dumps(written, indent=1, sort_keys=True, allow_nan=False)}
        own = self.model.texts(IF_TRIED) if self.model is not None else {}
        return head | own | self.likeness.model.texts(LIKENESS)

    @classmethod
    def read(cls, folder: Path, digest: str | None = None) -> IfTried | None:
        """That of the version in `folder`, every file checked; None where the version answers one question alone.

        Raises ModelDamaged naming the file that differs.
        """
        verify_manifest(folder, digest)
        if not holds(folder, HEAD_FILE):
            return None
        try:
            written = json.loads((folder / HEAD_FILE).read_text())
            likeness = Likeness(Model.read(folder, digest, LIKENESS), written["least"], written["oldest_days"])
            model = Model.read(folder, digest, IF_TRIED) if written["method"] == "own_model" else None
            return cls(written["method"], likeness, model, Calibrator.of_json(written["moved"]), written["facts"])
        except (KeyError, TypeError, ValueError) as error:
            wrong = f"{folder / HEAD_FILE} is not of this version of Leadlight ({error!r})"
            raise ModelDamaged(f"{wrong}; train and promote again") from error


def moved_calibrator(first: Calibrator, by: Calibrator) -> Calibrator:
    """One calibrator that maps margins as `first` does and its log-odds as `by` does, with the doubts of both."""
    turned = np.array([[first.slope, 0.0], [first.intercept, 1.0]])
    doubt = turned @ np.array(by.covariance) @ turned.T + by.slope**2 * np.array(first.covariance)
    (ss, si), (_, ii) = doubt.tolist()
    intercept = by.slope * first.intercept + by.intercept
    return replace(first, slope=by.slope * first.slope, intercept=intercept, covariance=((ss, si), (si, ii)))
