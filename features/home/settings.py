"""Settings: where a home is and what it is connected to, each from a LEADLIGHT_ environment variable."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import Field, HttpUrl, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

CHANNEL = "LEADLIGHT_CHANNEL_"  # what the variable of a channel's address begins with


def channels_in(variables: Mapping[str, str]) -> dict[str, SecretStr]:
    """The addresses of channels by name: LEADLIGHT_CHANNEL_SALES_SLACK is that of "sales-slack"."""
    named = {name.removeprefix(CHANNEL): value for name, value in variables.items() if name.startswith(CHANNEL)}
    return {name.lower().replace("_", "-"): SecretStr(value) for name, value in named.items() if name and value}


SITE = re.compile(r"https?://(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?")


class Settings(BaseSettings):
    """The settings of one process; `LEADLIGHT_DATABASE_URL`, `LEADLIGHT_ONLINE_STORE` and so on."""

    model_config = SettingsConfigDict(env_prefix="LEADLIGHT_", hide_input_in_errors=True)  # addresses are secrets

    home: Path = Path(".leadlight")
    agreement: Path | None = None
    database_url: str | None = None  # default: SQLite inside the home
    online_store: Literal["sqlite", "redis"] = "sqlite"
    redis_url: str = "localhost:6379"
    allow_anonymous: bool = True  # on loopback only; elsewhere a key is always needed
    segment_secret: SecretStr | None = None  # what Segment's webhook destination signs single events with
    public_url: HttpUrl | None = None  # where people reach the service: the links in messages begin with it
    mail: SecretStr | None = None  # the mail server, as an address of apprise; whoever has it can send as us
    channels: dict[str, SecretStr] = Field(default_factory=lambda: channels_in(os.environ))
    allow_private_addresses: bool = False  # messages may go to a mail server or a webhook in our own network
    user_header: str | None = None  # in which header the company's proxy names who is signed in; without it none does
    trusted_proxies: str = ""  # addresses and networks of proxies whose header counts, separated by commas
    frame_ancestors: str = ""  # sites that may show our pages in a frame, such as "https://crm.example", by blanks

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, listed: str) -> str:
        for each in filter(None, (one.strip() for one in listed.split(","))):
            ip_network(each)  # its ValueError says which
        return listed

    @field_validator("frame_ancestors")
    @classmethod
    def _are_sites(cls, listed: str) -> str:
        for each in listed.split():
            if not SITE.fullmatch(each):
                raise ValueError("each is a site such as https://crm.example, with blanks between them")
        return " ".join(listed.split())

    def channel_address(self, name: str) -> SecretStr | None:
        """The address of a channel that the agreement names; "Sales Slack", "sales-slack" and "sales_slack" are one."""
        return self.channels.get(name.strip().lower().replace("_", "-").replace(" ", "-"))


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
