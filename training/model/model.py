"""The served model: LightGBM's trees, a linear model or a blend, an affine calibrator, and exact contributions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from features.arrays import Floats
from training.model.calibrator import Calibrator, sigmoid
from training.model.columns import ModelColumn
from training.model.linear import LinearModel
from training.model.manifest import ModelDamaged, holds, verify_manifest, write_texts

if TYPE_CHECKING:
    import lightgbm


TREES, FACTS, AGREEMENT = "trees.txt", "model.json", "agreement.toml"
SERVED, JUDGED = "", "judged"  # parts of a version: the model that answers, at its folder's top, and the one below it

OWN_COLUMNS = "own_columns"  # of a model's facts: inputs that only its training frame had, with their kinds


@dataclass(frozen=True)
class Model:
    """Turns a feature frame into probabilities and contributions. The very object that was tested is registered."""

    columns: tuple[ModelColumn, ...]
    trees: str = ""  # LightGBM's text
    linear: LinearModel | None = None
    blend: float = 1.0  # the trees' share of the margin; the rest is the linear model's
    calibrator: Calibrator = field(default_factory=Calibrator)
    facts: dict[str, Any] = field(default_factory=dict)  # base_rate, horizon_days, basis, open_probabilities
    agreement_text: str = ""

    @cached_property
    def booster(self) -> lightgbm.Booster | None:
        """The trees, where they have a share."""
        if not self.trees or not self.blend:
            return None
        import lightgbm  # takes a second, which a command that needs no trees need not wait

        return lightgbm.Booster(model_str=self.trees)

    def matrix(self, known: pd.DataFrame | Mapping[str, Any]) -> Floats:
        """The columns of `features.snapshots.point_in_time.feature_frame` as the model reads them: (rows, columns)."""
        rows = len(known) if isinstance(known, pd.DataFrame) else len(next(iter(known.values())))
        missing = [name for name in self.facts.get(OWN_COLUMNS, ()) if name not in known]
        if missing:  # the store has none of them, so a lead that is read from it has no value there
            columns = {str(name): known[name] for name in known.columns} if isinstance(known, pd.DataFrame) else known
            known = {**columns, **dict.fromkeys(missing, np.full(rows, np.nan))}
        found = np.empty((rows, len(self.columns)))
        for place, column in enumerate(self.columns):
            found[:, place] = column.encoded(known)
        return found

    @cached_property
    def reads_criteria(self) -> bool:
        """Whether any column holds the points of a criterion."""
        return any(column.is_criterion for column in self.columns)

    @cached_property
    def reads_accounts(self) -> bool:
        """Whether any column counts what the other leads of an account did."""
        return any(column.is_account for column in self.columns)

    @property
    def open_average(self) -> float | None:
        """What it said on average of the leads that were open when it was fitted; None where there were none."""
        said = self.facts.get("open_probabilities")
        return float(np.mean(said)) if said else None

    def margin(self, matrix: Floats) -> Floats:
        """Log-odds before calibration; one per row."""
        found = np.zeros(len(matrix))
        if self.booster is not None and len(matrix):  # LightGBM divides by the number of rows
            raw = self.booster.predict(matrix, raw_score=True, num_threads=_threads(matrix))
            found += self.blend * np.asarray(raw, dtype=np.float64)
        if self.linear is not None and self.blend < 1:
            found += (1 - self.blend) * self.linear.margin(matrix)
        return found

    def logit(self, known: pd.DataFrame | Mapping[str, Any]) -> Floats:
        """The calibrated log-odds of the outcome within the horizon; one per row."""
        return self.calibrator.logit(self.margin(self.matrix(known)))

    def probability(self, known: pd.DataFrame) -> Floats:
        """The calibrated probability of the outcome within the horizon; one per row."""
        return sigmoid(self.logit(known))

    def contributions(self, matrix: Floats) -> tuple[Floats, float]:
        """Log-odds that each column adds to each row, and the baseline before any: exact, calibrated.

        returns: (rows, columns) and the baseline; a row's sum plus the baseline is its logit(probability).
        """
        found, baseline = np.zeros(matrix.shape), 0.0
        if self.booster is not None and len(matrix):
            raw = np.asarray(self.booster.predict(matrix, pred_contrib=True, num_threads=_threads(matrix)))
            found += self.blend * raw[:, :-1]
            baseline += self.blend * float(raw[0, -1])
        if self.linear is not None and self.blend < 1:
            found += (1 - self.blend) * self.linear.contributions(matrix)
            baseline += (1 - self.blend) * self.linear.intercept
        return self.calibrator.slope * found, self.calibrator.slope * baseline + self.calibrator.intercept

    @cached_property
    def groups(self) -> tuple[list[str], Floats]:
        """The behaviours and traits, and the (columns, groups) matrix that sums columns into them."""
        names = list(dict.fromkeys(column.group for column in self.columns))
        member = np.zeros((len(self.columns), len(names)))
        for i, column in enumerate(self.columns):
            member[i, names.index(column.group)] = 1.0
        return names, member

    @cached_property
    def kinds(self) -> dict[str, str]:
        """Whether each group is a behaviour or a trait."""
        return {column.group: column.kind for column in self.columns}

    def texts(self, part: str = SERVED) -> dict[str, str]:
        """Its text and JSON files by their name in a version's folder: `trees.txt`, or of a part `judged/trees.txt`."""
        facts = {
            "columns": [asdict(column) for column in self.columns],
            "linear": self.linear.as_json if self.linear else None,
            "blend": self.blend,
            "calibrator": asdict(self.calibrator),
            "facts": self.facts,
        }
        written = json.dumps(facts, indent=1, sort_keys=True, allow_nan=False)
        texts = {TREES: self.trees, FACTS: written, AGREEMENT: self.agreement_text}
        return {_place(part, name): text for name, text in texts.items()}

    def write(self, folder: Path, beside: Mapping[str, str] | None = None) -> str:
        """Write its files, and the texts of `beside` by name, with the manifest of all of them; the manifest's digest.

        A version of several models: `served.write(folder, judged.texts("judged"))`.
        """
        return write_texts(folder, self.texts() | dict(beside or {}))

    @classmethod
    def read(cls, folder: Path, digest: str | None = None, part: str = SERVED) -> Model:
        """The model in `folder`, every file checked against the manifest and the manifest against `digest`.

        part: "" for the model that is served, else the folder below it, as in "judged".
        Raises ModelDamaged naming the file that differs. Nothing is unpickled.
        """
        verify_manifest(folder, digest)
        file = folder / _place(part, FACTS)
        try:
            model = cls._of_json(json.loads(file.read_text()), folder / part)
        except (KeyError, TypeError, ValueError, OSError) as error:
            wrong = f"{file} is not of this version of Leadlight ({error!r})"
            raise ModelDamaged(f"{wrong}; train and promote again") from error
        _ = model.booster  # built now: no request has to wait for it
        return model

    @classmethod
    def read_judged(cls, folder: Path, digest: str | None = None) -> Model:
        """The model whose figures a version shows: the part `judged`; of a version without one, what it serves."""
        return cls.read(folder, digest, JUDGED if holds_part(folder, JUDGED) else SERVED)

    @classmethod
    def _of_json(cls, written: dict[str, Any], folder: Path) -> Model:
        return cls(
            columns=tuple(ModelColumn.of_json(column) for column in written["columns"]),
            trees=(folder / TREES).read_text(),
            linear=LinearModel.of_json(written["linear"]) if written["linear"] else None,
            blend=written["blend"],
            calibrator=Calibrator.of_json(written["calibrator"]),
            facts=written["facts"],
            agreement_text=(folder / AGREEMENT).read_text(),
        )


def holds_part(folder: Path, part: str) -> bool:
    """Whether the version in `folder` has a further model of this name."""
    return holds(folder, _place(part, FACTS))


def _place(part: str, name: str) -> str:
    return f"{part}/{name}" if part else name


def _threads(matrix: Floats) -> int:
    """One thread for few rows: starting more costs longer than the prediction."""
    return 1 if len(matrix) < 2_000 else 0
