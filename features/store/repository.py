"""What Feast knows: the lead, and one view of behaviour and one of traits per feature part of the agreement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from features.agreement import Agreement
from features.settings import Home
from features.store import lean
from features.traits import trait_columns

PROJECT = "leadlight"
LEAD = "lead_id"


@dataclass(frozen=True)
class Repository:
    """The Feast repository of one home for one feature part of the agreement.

    View names end in the digest of that part, so that a changed part is built beside the served one.
    """

    home: Home
    suffix: str
    behaviours: tuple[str, ...]
    traits: dict[str, str]

    @classmethod
    def of(cls, home: Home, agreement: Agreement) -> Repository:
        """The repository that holds what `agreement` counts."""
        return cls(home, view_suffix(agreement), tuple(agreement.behaviours), trait_columns(agreement))

    @property
    def folder(self) -> Path:
        return self.home.features / self.suffix

    @property
    def behaviour_view(self) -> str:
        return f"behaviour_{self.suffix}"

    @property
    def trait_view(self) -> str:
        return f"traits_{self.suffix}"

    def source_of(self, view: str) -> Path:
        """The Parquet file behind a view: one row per lead and moment at which its state changed."""
        return self.folder / f"{view}.parquet"

    def references(self) -> list[str]:
        """Every feature as Feast names it, view:feature."""
        behaviours = [f"{self.behaviour_view}:{name}" for name in self.behaviours]
        return behaviours + [f"{self.trait_view}:{name}" for name in self.traits]

    @cached_property
    def store(self) -> Any:
        """The Feast store of the home, its definitions not yet applied."""
        feast = lean.feast()
        self.home.features.mkdir(parents=True, exist_ok=True)
        return feast.FeatureStore(
            config=feast.RepoConfig(
                project=PROJECT,
                provider="local",
                registry=str(self.home.features / "registry.db"),
                offline_store={"type": "duckdb"},
                online_store=self._online_store(),
                entity_key_serialization_version=3,
            )
        )

    def _online_store(self) -> dict[str, Any]:
        settings = self.home.settings
        if settings.online_store == "redis":
            return {"type": "redis", "connection_string": settings.redis_url}
        return {"type": "sqlite", "path": str(self.home.features / "online.db")}

    def apply(self) -> None:
        """Register the lead and both views in Feast's registry, and make their online tables."""
        self.store.apply(self._definitions())

    def _definitions(self) -> list[Any]:
        lean.feast()
        from feast import Entity, FeatureView, Field, FileSource, ValueType
        from feast.types import Array, Bool, Float64, String

        kinds = {"number": Float64, "date": Float64, "boolean": Bool}
        lead = Entity(name="lead", join_keys=[LEAD], value_type=ValueType.STRING, description="who may buy")
        schemas = {
            self.behaviour_view: [Field(name=name, dtype=Array(Float64)) for name in self.behaviours],
            self.trait_view: [Field(name=name, dtype=kinds.get(kind, String)) for name, kind in self.traits.items()],
        }
        views = [
            FeatureView(
                name=view,
                entities=[lead],
                schema=schema,
                # A state stands until it changes, however long ago that was.
                ttl=timedelta(0),
                source=FileSource(
                    name=f"{view}_source", path=str(self.source_of(view)), timestamp_field="event_timestamp"
                ),
            )
            for view, schema in schemas.items()
            if schema
        ]
        return [lead, *views]


def view_suffix(agreement: Agreement) -> str:
    """The end of the names of an agreement's views: the start of the digest of its feature part."""
    return agreement.feature_digest.removeprefix("sha256:")[:12]
