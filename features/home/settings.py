"""Settings: where a home is and what it is connected to, each from a LEADLIGHT_ environment variable."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one process; `LEADLIGHT_DATABASE_URL`, `LEADLIGHT_ONLINE_STORE` and so on."""

    model_config = SettingsConfigDict(env_prefix="LEADLIGHT_")

    home: Path = Path(".leadlight")
    agreement: Path | None = None
    database_url: str | None = None  # default: SQLite inside the home
    online_store: Literal["sqlite", "redis"] = "sqlite"
    redis_url: str = "localhost:6379"
    allow_anonymous: bool = True  # on loopback only; elsewhere a key is always needed
    segment_secret: SecretStr | None = None  # what Segment's webhook destination signs single events with


@dataclass(frozen=True)
class Home:
    """One product's or region's state: its ledger, its agreement, its features, its deployed models."""

    path: Path
    settings: Settings

    @classmethod
    def open(cls, path: Path | str | None = None) -> Home:
        """The home at `path`, else at `LEADLIGHT_HOME`, else `.leadlight/` here. Nothing is created."""
        settings = Settings()
        return cls(Path(path or settings.home).absolute(), settings)

    @cached_property
    def database_url(self) -> str:
        """The database's URL: by default SQLite inside the home."""
        return self.settings.database_url or f"sqlite:///{self.path / 'leadlight.db'}"

    @property
    def models(self) -> Path:
        """The folder of the models that this home served."""
        return self.path / "models"

    @property
    def features(self) -> Path:
        """The folder of the feature files, of locks and, by default, of the online store."""
        return self.path / "features"

    def created(self) -> Home:
        """This home, once its folder is there and only its owner can read it: it holds personal data."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.path.chmod(0o700)
        self.keep_private()
        return self

    def keep_private(self) -> None:
        """Make what stands in the home its owner's alone, whatever wrote it: files 0600, folders 0700.

        Only of our own folders: a home may lie in one that holds other things.
        """
        for folder in (self.features, self.models, self.path / "bentoml"):
            for place in (folder, *folder.rglob("*")) if folder.is_dir() else ():
                # What is gone by now, or another user's, is not ours to close.
                with suppress(FileNotFoundError, PermissionError):
                    if not place.is_symlink():
                        place.chmod(0o700 if place.is_dir() else 0o600)
