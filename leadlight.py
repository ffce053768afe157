"""The way in for people: the command line, `import leadlight` for notebooks, and MLflow's way to a version.

>>> import leadlight
>>> home = leadlight.open()                          # doctest: +SKIP
>>> candidate = leadlight.train(home.snapshots())    # doctest: +SKIP
>>> candidate.metrics["roc_auc"]                     # doctest: +SKIP
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from features.home.errors import LeadlightError
from features.home.settings import Home

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

    from features.agreement.versions import AgreementVersion
    from features.store.materialize import Materialized
    from serving.scoring.registered_version import RegisteredVersion
    from training.candidate import Candidate
    from training.hole.hole import Hole
    from training.own_estimator import JudgedEstimator

__all__ = ["LeadlightError", "NotebookHole", "NotebookHome", "hole", "main", "open", "score", "train"]


@dataclass(frozen=True)
class NotebookHome:
    """A home for notebooks: frames in, frames out."""

    home: Home

    def snapshots(self, known_until: datetime | None = None) -> pd.DataFrame:
        """One row per snapshot whose outcome is known: lead_id, snapshot_us, is_arrival, outcome, and the features.

        known_until: by default just after the newest event. Later than that, leads that nobody heard of would count as
        not converted.
        """
        from features.agreement.versions import current_version
        from features.ledger.ledger import Ledger
        from features.store.materialize import materialized
        from training.pipeline import labelled_snapshots

        moment = known_until or Ledger.open(self.home).known_until(otherwise=datetime.now(UTC))
        agreement = current_version(self.home).agreement
        labelled = labelled_snapshots(materialized(self.home, agreement), agreement, moment)
        labelled.attrs |= {"home": str(self.home.path), "known_until": moment.isoformat()}
        return labelled

    def features(self, looked_at: pd.DataFrame) -> pd.DataFrame:
        """One row per row of `looked_at` (lead_id, as_of: aware moments): the lead's features as known before as_of.

        The features of u_42 as of 9:00 on 3 March use what was recorded before 9:00, and nothing later.
        """
        from features.agreement.versions import current_version
        from features.home.clock import microseconds
        from features.snapshots.point_in_time import snapshot_features
        from features.store.materialize import materialized

        agreement = current_version(self.home).agreement
        timed = looked_at.assign(snapshot_us=[microseconds(moment) for moment in looked_at["as_of"]])
        repository = materialized(self.home, agreement).repository
        return snapshot_features(repository, agreement, timed).drop(columns="snapshot_us")

    def timeline(self, lead_id: str) -> pd.DataFrame:
        """One row per event of a lead, oldest first: when it happened and was recorded, what it counts as, why not."""
        import pandas as pd

        from features.agreement.versions import current_version
        from features.home.database import reading
        from features.records.lead_record import lead_record
        from serving.leads.timeline import timeline

        agreement = current_version(self.home).agreement
        with reading(self.home) as connection:
            events = [event for _, event in timeline(lead_record(connection, agreement, lead_id), agreement)]
        return pd.DataFrame(events[::-1])

    def watch(self, as_of: datetime | None = None) -> pd.DataFrame:
        """One row per measure that is watched of the served model: name, status, value, limit, sentence.

        Nothing is written.
        """
        import pandas as pd

        from serving.scoring.scorer import served_bar
        from training.watch import monitoring_run, newest_known, served_deployment

        row = served_deployment(self.home)
        moment = as_of or newest_known(self.home, datetime.now(UTC))
        run = monitoring_run(self.home, row, moment, served_bar(self.home)) if row else None
        columns = ["name", "status", "value", "limit", "sentence"]
        return pd.DataFrame([measure.__dict__ for measure in run.watched] if run else [], columns=columns)

    def score(self, leads: pd.DataFrame | None = None, reasons: int | None = 3) -> pd.DataFrame:
        """One row per lead, with the index of `leads`: score, decision, reasons in words, by which model and agreement.

        leads: by default all leads of the home. A frame with lead_id names some of them; one with `traits` (a mapping
        per row) or `events` (a list per row) tells leads inline, as `POST /v1/scores` does; any other is read as rows
        of the lead export that the agreement describes. reasons: how many for each lead; None is every one.
        """
        from serving.scoring.bulk import frame_scores, home_scores, typed_score_table

        now = datetime.now(UTC)
        chunks = home_scores(self.home, now, reasons) if leads is None else frame_scores(self.home, leads, now, reasons)
        scored = typed_score_table([score for chunk in chunks for score in chunk])
        return scored if leads is None else scored.set_axis(leads.index)


def open(path: Path | str | None = None) -> NotebookHome:
    """The home at `path`, else at LEADLIGHT_HOME, else the `.leadlight/` here, or above here in the same repository.

    So a notebook in a folder of a project finds the project's home; what it registers goes to the `mlruns/` beside it.
    """
    home = Home.open(path)
    found = None if path or home.path.exists() or "LEADLIGHT_HOME" in os.environ else _home_above(Path.cwd())
    if found is None:
        return NotebookHome(home)
    runs = found.parent / "mlruns"
    if runs.is_dir():
        os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{runs / 'mlflow.db'}")
    return NotebookHome(Home.open(found))


def _home_above(folder: Path) -> Path | None:
    """The nearest `.leadlight/` in a folder above this one that is of the same repository or project."""
    above = (folder, *folder.parents)
    root = next((one for one in above if any((one / mark).exists() for mark in (".git", "pyproject.toml"))), None)
    homes = (one / ".leadlight" for one in above if root and one.is_relative_to(root))
    return next((home for home in homes if home.is_dir()), None)


def train(
    snapshots: pd.DataFrame,
    seed: int = 7,
    search: bool = False,
    *,
    params: Mapping[str, Any] | None = None,
    columns: Mapping[str, str] | None = None,
    estimator: Any = None,
) -> Candidate | JudgedEstimator:
    """A candidate from the frame of `NotebookHome.snapshots`, with `.metrics`, `.gates`, `.plots` and `.register()`.

    search: choose the parameters of the trees among drawn ones as well. params: the very parameters of LightGBM to use,
    by its own names; held-out leads choose how many trees, unless `num_iterations` says it.
    columns: columns of your own in the frame, with their kinds: {"my_score": "number"}; also "category" and "boolean".
    A model that reads one is registered with its figures and gates, and not promoted: no event tells it of a lead.
    estimator: a classifier of your own (scikit-learn's API) to be judged instead: fitted on the same train rows, tested
    on the same leads, held against the same gates. It cannot be registered or served: only Leadlight's own models are.
    Raises OwnColumnError, ParameterError.
    """
    from training.fit.own_parameters import checked_parameters, unused_parameters
    from training.own_estimator import judged_estimator
    from training.pipeline import trained_candidate

    if (params is not None) + (estimator is not None) + search > 1:
        raise LeadlightError("train: search, params and estimator each say what is fitted; give one of them")
    frame = _training_frame(snapshots, columns or {})
    if estimator is not None:
        return judged_estimator(estimator, *frame, seed)
    if params is None:
        return trained_candidate(*frame, seed, search=search)
    candidate = trained_candidate(*frame, seed, search=checked_parameters(params))
    return replace(candidate, warnings=(*candidate.warnings, *unused_parameters(candidate.model)))


def _training_frame(
    snapshots: pd.DataFrame, columns: Mapping[str, str]
) -> tuple[pd.DataFrame, Materialized, AgreementVersion, datetime]:
    """The frame as a training reads it, and the store, the agreement and the moment that it is of."""
    from features.agreement.versions import AgreementVersion, current_version
    from features.store.materialize import materialized
    from training.labels.own_columns import with_own_columns

    if not {"home", "known_until"} <= snapshots.attrs.keys():
        wrong = "the frame does not say which home and moment it is of: merge and concat drop its attrs"
        raise LeadlightError(
            f"{wrong}; give them back with frame.attrs.update(snapshots.attrs)", code="frame_of_no_home"
        )
    home = Home.open(snapshots.attrs["home"])
    kept = current_version(home)
    labelled, agreement = with_own_columns(snapshots, kept.agreement, columns)
    known_until = datetime.fromisoformat(snapshots.attrs["known_until"])
    return labelled, materialized(home, kept.agreement), AgreementVersion(agreement, kept.version), known_until


def score(leads: pd.DataFrame | None = None, reasons: int | None = 3) -> pd.DataFrame:
    """`NotebookHome.score` of the home that the frame came from, else of the home of `open()`."""
    return open(None if leads is None else leads.attrs.get("home")).score(leads, reasons)


@dataclass(frozen=True)
class NotebookHole:
    """What a CRM's history says of the leads that sales was given. counted: all of it, with the lead of each row."""

    counted: Hole

    @property
    def figures(self) -> pd.DataFrame:
        """One row per figure of all leads and of each source, campaign and owner, with its interval of 95 %."""
        from training.hole.figures import figures_frame

        return figures_frame(self.counted.figures, self.counted.groups)

    @property
    def notes(self) -> list[str]:
        """Which column was taken for what, and what else to know."""
        return [*self.counted.drafted, *self.counted.notes]

    def html(self) -> str:
        """The page that `leadlight hole` writes."""
        from training.hole.page import hole_page

        return hole_page(self.counted)


def hole(
    leads: pd.DataFrame | Path | str | Sequence[Path | str],
    *,
    cost_per_lead: float | None = None,
    columns: Mapping[str, str] | None = None,
    statuses: Mapping[str, str] | None = None,
    time_zone: str = "UTC",
) -> NotebookHole:
    """The black hole in a CRM's history: whom nobody tried, how fast the others were, what was given up too early.

    leads: a frame with a row per lead, or files of leads and of their history. columns: by role its title, where the
    draft errs: {"first_try": "First call"}; statuses: by status what it means: {"Parked": "given_up"}.
    Nothing is written, and no baseline is kept: `leadlight hole` does.
    """
    import pandas as pd

    from features.imports.files import crm_of
    from training.hole.hole import HoleRequest, LeadTable, counted_hole, hole_in_files

    request = HoleRequest(columns or {}, statuses or {}, None, cost_per_lead, time_zone)
    now = datetime.now(UTC)
    if isinstance(leads, pd.DataFrame):
        table = LeadTable("the frame", leads, crm_of([str(title) for title in leads.columns]))
        return NotebookHole(counted_hole([table], [], request, now))
    files = [leads] if isinstance(leads, (str, Path)) else leads
    return NotebookHole(hole_in_files([Path(file) for file in files], request, now))


@dataclass(frozen=True)
class MlflowModel:
    """A registered version as MLflow calls it."""

    version: RegisteredVersion

    def predict(self, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """One row per lead: `probability`; where params ask for `contributions`, also `baseline` and `contributions`.

        model_input: columns `traits` and `events`, or one of them, as `POST /v1/scores` takes an inline lead.
        params: contributions (a boolean), and as_of, the moment for which the probability holds; by default now.
        Raises MlflowException, whose sentence MLflow's server shows to the caller, as it does with no other.
        """
        from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException

        asked = params or {}
        try:
            moment = _moment(asked.get("as_of"))
            return self.version.predictions(model_input, moment, explains=bool(asked.get("contributions")))
        except LeadlightError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from error


def _load_pyfunc(path: str) -> MlflowModel:
    """What `mlflow.pyfunc.load_model` and `mlflow models serve` call with the folder of a version's files."""
    from serving.scoring.registered_version import RegisteredVersion

    return MlflowModel(RegisteredVersion.read(Path(path)))


def _moment(written: str | None) -> datetime:
    from features.home.dates import moment

    found = datetime.now(UTC) if written is None else moment(written)
    if found is None:
        raise LeadlightError(f'as_of is {written!r}; give a moment such as "2026-03-01T09:00:00Z"', code="bad_moment")
    return found


def main(arguments: list[str] | None = None) -> int:
    """The command line. A failure is one sentence on stderr and an exit status that is not 0."""
    from commands import entry

    return entry.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
