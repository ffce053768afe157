"""The model registry in MLflow: runs, versions and the champion alias; text, JSON and pictures, nothing to unpickle."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from features.home.errors import LeadlightError
from features.home.whole_files import write_whole
from training.model.if_tried import HEAD_FILE
from training.model.model import Model

CHAMPION_ALIAS, CHALLENGER_ALIAS = (
    "champion",
    "challenger",
)  # aliases: what answers, and what was registered last to rival it
CARD_FILE, GATES_FILE = "model_card.md", "gates.json"  # texts beside a model's files that the registry shows as well
LONGEST_CARD = 5_000  # characters of a version's description that MLflow's database takes
MODEL_FOLDER = "model"  # the folder of a run that holds the model's files


class NoSuchModel(LeadlightError):
    """A version that the registry does not hold."""

    code = "no_such_model"


@dataclass(frozen=True)
class ModelRegistry:
    """The registry at MLFLOW_TRACKING_URI, else in `mlruns/` of the working directory; one model per agreement."""

    name: str

    @cached_property
    def client(self) -> Any:
        """MLflow's client, made when it is first asked for: importing MLflow takes seconds."""
        os.environ.setdefault("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        os.environ.setdefault("DO_NOT_TRACK", "true")
        from mlflow import MlflowClient

        uri = os.environ.get("MLFLOW_TRACKING_URI")
        if not uri:
            folder = Path("mlruns").absolute()
            folder.mkdir(exist_ok=True)
            uri = f"sqlite:///{folder / 'mlflow.db'}"
        return MlflowClient(tracking_uri=uri, registry_uri=uri)

    def register(self, model: Model, metrics: Mapping[str, float], parameters: Mapping[str, Any],
                 beside: Mapping[str, str], pictures: Mapping[str, str]) -> tuple[str, str]:  # fmt: skip
        """Log a run with its figures, files and pictures, and register it as `challenger`; (run id, version).

        beside: texts that travel with the model's files, under its manifest. pictures: SVG by file name.
        """
        run_id = str(self.client.create_run(self._experiment()).info.run_id)
        with TemporaryDirectory() as folder:
            digest = model.write(Path(folder) / MODEL_FOLDER, beside)
            for name, picture in pictures.items():
                write_whole(Path(folder) / name, picture)
            self.client.log_artifacts(run_id, folder)
        self._log(run_id, metrics, {**parameters, "digest": digest})
        self.client.set_terminated(run_id)
        tags = {"digest": digest} | _gate_tags(beside.get(GATES_FILE)) | _if_tried_tag(beside.get(HEAD_FILE))
        version = self.client.create_model_version(
            self._registered(), f"runs:/{run_id}/{MODEL_FOLDER}", run_id, tags=tags,
            description=beside.get(CARD_FILE, "")[:LONGEST_CARD],
        )  # fmt: skip
        self.client.set_registered_model_alias(self.name, CHALLENGER_ALIAS, str(version.version))
        return run_id, str(version.version)

    def _log(self, run_id: str, metrics: Mapping[str, float], parameters: Mapping[str, Any]) -> None:
        from mlflow.entities import Metric, Param

        logged = [Metric(name, float(value), 0, 0) for name, value in metrics.items()]
        self.client.log_batch(run_id, logged, [Param(name, str(value)[:500]) for name, value in parameters.items()])

    def _experiment(self) -> str:
        found = self.client.get_experiment_by_name(self.name)
        if found:
            return str(found.experiment_id)
        place = None
        if not os.environ.get("MLFLOW_TRACKING_URI"):
            place = Path("mlruns").absolute().as_uri()
        return str(self.client.create_experiment(self.name, artifact_location=place))

    def _registered(self) -> str:
        from mlflow.exceptions import MlflowException

        try:
            self.client.get_registered_model(self.name)
        except MlflowException:
            self.client.create_registered_model(self.name)
        return self.name

    def versions(self) -> list[dict[str, Any]]:
        """One dict per registered version, newest first: digest, figures, failed gates, champion or challenger.

        gates_passed: None where it was registered without gates. forced_why: why a person passed over them. if_tried:
        how it answers "if sales tries now", None where it does not.
        """
        champion, challenger = self.champion(), self._version(CHALLENGER_ALIAS)
        found = self.client.search_model_versions(f"name = '{self.name}'")
        return [
            {
                "version": str(version.version),
                "digest": version.tags.get("digest"),
                "champion": str(version.version) == champion,
                "challenger": str(version.version) == challenger,
                **_gates_of(version.tags),
                "if_tried": version.tags.get("if_tried"),
                "metrics": dict(self.client.get_run(version.run_id).data.metrics),
                "created_ms": version.creation_timestamp,
            }
            for version in sorted(found, key=lambda version: -int(version.version))
        ]

    def champion(self) -> str | None:
        """The version that the alias `champion` names; None without an alias."""
        return self._version(CHAMPION_ALIAS)

    def _version(self, alias: str) -> str | None:
        from mlflow.exceptions import MlflowException

        try:
            return str(self.client.get_model_version_by_alias(self.name, alias).version)
        except MlflowException:
            return None

    def set_champion(self, version: str) -> None:
        """Move the alias `champion` to `version`, which is no challenger any more."""
        self.client.set_registered_model_alias(self.name, CHAMPION_ALIAS, version)
        if self._version(CHALLENGER_ALIAS) == version:
            self.client.delete_registered_model_alias(self.name, CHALLENGER_ALIAS)

    def tag(self, version: str, tags: Mapping[str, str]) -> None:
        """Write tags of a version, for people who look at it in MLflow."""
        for name, value in tags.items():
            self.client.set_model_version_tag(self.name, version, name, value)

    @contextmanager
    def files(self, version: str) -> Any:
        """The folder of a version's files and the digest it was registered with. Raises NoSuchModel."""
        from mlflow.artifacts import download_artifacts
        from mlflow.exceptions import MlflowException

        try:
            found = self.client.get_model_version(self.name, version)
        except MlflowException:
            known = ", ".join(v["version"] for v in self.versions()) or "none"
            raise NoSuchModel(f"model {self.name} has no version {version}; it has {known}") from None
        with TemporaryDirectory() as folder:
            place = download_artifacts(
                run_id=found.run_id, artifact_path=MODEL_FOLDER, dst_path=folder, tracking_uri=self.client.tracking_uri
            )
            yield Path(place), found.tags["digest"]


def _gate_tags(results: str | None) -> dict[str, str]:
    from training.gates.gate import GateResults, failed_gates

    if results is None:
        return {}
    failed = failed_gates(GateResults.read(results).gates)
    return {"gates": f"held back by {', '.join(failed)}" if failed else "passed"}


def _if_tried_tag(head: str | None) -> dict[str, str]:
    """How the version answers "if sales tries now", where it does."""
    return {} if head is None else {"if_tried": json.loads(head)["method"]}


def _gates_of(tags: Mapping[str, str]) -> dict[str, Any]:
    gates = tags.get("gates")
    failed = gates.removeprefix("held back by ").split(", ") if gates and gates != "passed" else []
    return {
        "gates_passed": None if gates is None else not failed,
        "held_back_by": failed,
        "forced_why": tags.get("forced_why"),
    }
