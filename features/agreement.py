"""The agreement: what marketing and sales agreed a sales lead is, read from agreement.toml and checked once."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, PrivateAttr, ValidationError, field_validator, model_validator

from features.agreement_checks import problems
from features.agreement_learning import KINDS, Behaviour, Excluded, Export, Interest, Line, Outcome, Section, Trait
from features.agreement_policy import (
    AgreedCondition,
    Campaign,
    Costs,
    Criterion,
    Handover,
    Nurture,
    Policy,
    Privacy,
)
from features.agreement_problems import AgreementError, did_you_mean, refused, sentences, shown
from features.conditions import Condition, Vocabulary

DEFAULT = Path(__file__).resolve().parent.parent / "agreement.toml"


class Agreement(Section):
    """One agreement for one product or region; its version is given by the home that keeps it."""

    name: str = Field(examples=['name = "default"'])
    agreed_by: tuple[str, ...] = Field((), examples=['agreed_by = ["Ann, marketing, 2026-01-05"]'])
    time_zone: str = Field("UTC", examples=['time_zone = "UTC"'])
    our_domains: tuple[str, ...] = Field((), examples=['our_domains = ["ourcompany.example"]'])
    # Part 1: what the model learns from
    outcome: Outcome = Field(examples=['[outcome] with event = "Lead Converted"'])
    interest: Interest = Interest()
    behaviours: dict[str, Behaviour] = Field({})
    traits: dict[str, Trait] = Field({})
    excluded: dict[str, Excluded] = Field({})
    export: Export | None = None
    # Part 2: what we do about it
    rules: dict[str, AgreedCondition] = Field({})
    criteria: dict[str, Criterion] = Field({})
    policy: Policy = Policy()
    handover: Handover = Handover()
    nurture: Nurture = Nurture()
    costs: Costs | None = None
    campaigns: dict[str, Campaign] = Field({})
    privacy: Privacy = Privacy()

    _text: str = PrivateAttr("")
    _file: str = PrivateAttr("agreement.toml")

    @classmethod
    def read(cls, path: Path | str) -> Agreement:
        """The agreement in a file. Raises AgreementError."""
        path = Path(path)
        try:
            return cls.parse(path.read_text(encoding="utf-8-sig"), file=path.name)
        except FileNotFoundError:
            remedy = "draft one with: leadlight init FILE --outcome COLUMN"
            raise AgreementError([f"{path}: there is no such file; {remedy}"]) from None
        except UnicodeDecodeError as error:
            raise AgreementError([f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8"]) from None
        except OSError as error:
            raise AgreementError([f"{path}: cannot be read ({error.strerror}); name a readable file"]) from None

    @classmethod
    def parse(cls, text: str, file: str = "agreement.toml") -> Agreement:
        """The agreement in a TOML text; `file` is only how errors call it. Raises AgreementError."""
        try:
            written = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise AgreementError([_no_toml(file, text, str(error))]) from None
        try:
            agreement = cls.model_validate(written, context=_vocabulary(written))
        except ValidationError as failure:
            raise AgreementError(sentences(failure, cls, file)) from None
        if found := problems(agreement, file):
            raise AgreementError(found)
        agreement._text, agreement._file = text, file
        return agreement

    @classmethod
    def default(cls) -> Agreement:
        """The agreement that comes with Leadlight."""
        return _default()

    @property
    def text(self) -> str:
        """The very TOML text that was read."""
        return self._text

    @property
    def file(self) -> str:
        return self._file

    @property
    def half_lives(self) -> tuple[float, ...]:
        """Days in which interest halves, the shortest first."""
        return self.interest.half_life_days

    @cached_property
    def digest(self) -> str:
        """Of all that is agreed, however it is written; the order counts where it decides: rules and criteria."""
        content = self.model_dump(by_alias=True, exclude_defaults=True)
        return _digest(content | {"rules order": list(self.rules), "criteria order": list(self.criteria)})

    @cached_property
    def feature_digest(self) -> str:
        """Of what the model learns from: while it stays the same, no retraining is needed."""
        shown_only = {"__all__": {"label", "why", "signed_by"}}
        part = {"our_domains": True, "outcome": True, "interest": True, "behaviours": True, "traits": True}
        shown = {"behaviours": shown_only, "traits": shown_only}
        content = self.model_dump(include=part, exclude=shown, exclude_defaults=True)
        # A campaign's spellings decide what a feature holds; what it cost does not.
        spelled = {"campaigns": self.campaign_names} if self.campaign_names else {}
        objecting = self.privacy.model_dump(include={"objected", "allowed", "consent"}, exclude_defaults=True)
        heard = {"objecting": objecting} if objecting else {}
        return _digest(content | {"excluded": sorted(self.excluded)} | spelled | heard)

    @cached_property
    def campaign_names(self) -> dict[str, str]:
        """Each other spelling of a campaign, and the name that it goes by."""
        return {spelling: name for name, campaign in self.campaigns.items() for spelling in campaign.also}

    @field_validator("behaviours", "traits", "excluded", "criteria")
    @classmethod
    def _lines_know_their_names(cls, lines: dict[str, Line]) -> dict[str, Line]:
        return {name: line.named(name) for name, line in lines.items()}

    @field_validator("name")
    @classmethod
    def _names_a_model(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name):
            raise refused("cannot name a model", 'write letters, digits, "-" and "_"')
        return name

    @field_validator("our_domains")
    @classmethod
    def _domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        for domain in domains:
            if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
                raise refused("holds no domain", 'write for example "ourcompany.example"', (), domain)
        return tuple(domain.lower() for domain in domains)

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, name: str) -> str:
        try:
            return ZoneInfo(name).key
        except (ValueError, OSError, LookupError):
            near = did_you_mean(name, sorted(available_timezones()))
            remedy = near if near.startswith("did") else 'write for example "UTC" or "America/New_York"'
            raise refused("is no time zone", remedy) from None

    @model_validator(mode="before")
    @classmethod
    def _half_of_the_points_unless_agreed(cls, written: Any) -> Any:
        policy = written.get("policy", {})
        if not isinstance(policy, Mapping) or "min_points" in policy:
            return written
        criteria = [line for line in _lines(written, "criteria").values() if isinstance(line, Mapping)]
        most = sum(max((int(key) for key in line if key in ("1", "2", "3")), default=0) for line in criteria)
        return {**written, "policy": {**policy, "min_points": most // 2}}


@cache
def _default() -> Agreement:
    return Agreement.read(DEFAULT)


def _no_toml(file: str, text: str, said: str) -> str:
    place = re.search(r" \(at line (\d+), column \d+\)", said)
    if place is None:
        return f"{file}: is no TOML: {said}; mend or complete it"
    problem = said.replace(place[0], "").replace("Cannot overwrite a value", "the key is written twice")
    line = text.split("\n")[int(place[1]) - 1].strip()
    return f"{file}: line {place[1]} = {shown(line)} is no TOML: {problem}; mend that line"


def _vocabulary(written: Mapping[str, Any]) -> Vocabulary:
    """The names that conditions may use, from what is written and perhaps not yet valid."""
    kinds = {name: _kind(line) for name, line in _lines(written, "traits").items()}
    return Vocabulary(frozenset(_lines(written, "behaviours")), kinds, frozenset(_lines(written, "excluded")))


def _lines(written: Mapping[str, Any], section: str) -> Mapping[str, Any]:
    table = written.get(section, {})
    return table if isinstance(table, Mapping) else {}


def _kind(line: Any) -> str:
    kind = line.get("kind") if isinstance(line, Mapping) else line
    return kind if kind in KINDS else "category"


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


__all__ = ["DEFAULT", "Agreement", "AgreementError", "Behaviour", "Condition", "Excluded", "Export", "Outcome", "Trait"]
