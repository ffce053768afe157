"""`Agreement`: what marketing and sales agreed a sales lead is, read from agreement.toml, checked, and its digests."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from pydantic import PrivateAttr, ValidationError

from features.agreement import old_forms
from features.agreement.checks import long_clocks, oversights, problems
from features.agreement.conditions import Clause, Condition, Vocabulary
from features.agreement.learning import KINDS, Behaviour, Excluded, Export, Outcome, Trait, has_minutes
from features.agreement.messages import AgreementError, problem_sentences, shown_value
from features.agreement.old_forms import RENAMED_RULES, as_written_now, lines_of
from features.agreement.sections import AgreementSections

_UNSIGNED = frozenset({"name", "agreed_by", "time_zone", "people", "content"})
DEFAULT = Path(__file__).resolve().parents[2] / "agreement.toml"


class Agreement(AgreementSections):
    """One agreement for one product or region; the home that works with it gives it a version."""

    _text: str = PrivateAttr("")
    _file: str = PrivateAttr("agreement.toml")
    _own_columns: dict[str, str] = PrivateAttr(default_factory=dict)
    _notes: tuple[str, ...] = PrivateAttr(())

    @classmethod
    def read(cls, path: Path | str) -> Agreement:
        """The agreement in a file. Raises AgreementError."""
        path = Path(path)
        try:
            agreement = cls.parse(path.read_text(encoding="utf-8-sig"), file=path.name)
        except FileNotFoundError:
            remedy = "draft one with: leadlight init FILE --outcome COLUMN"
            raise AgreementError([f"{path}: there is no such file; {remedy}"]) from None
        except UnicodeDecodeError as error:
            raise AgreementError([f"{path.name}: byte {error.start} is not UTF-8; save the file as UTF-8"]) from None
        except OSError as error:
            raise AgreementError([f"{path}: cannot be read ({error.strerror}); name a readable file"]) from None
        if found := oversights(agreement, path.name):
            raise AgreementError(found)
        return agreement

    @classmethod
    def parse(cls, text: str, file: str = "agreement.toml") -> Agreement:
        """The agreement in a TOML text; errors call it `file`. Raises AgreementError."""
        try:
            written = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise AgreementError([_no_toml(file, text, str(error))]) from None
        try:
            agreement = cls.model_validate(as_written_now(written), context=_vocabulary(written))
        except ValidationError as failure:
            raise AgreementError(problem_sentences(failure, cls, file)) from None
        if found := problems(agreement, file):
            raise AgreementError(found)
        agreement._text, agreement._file = text, file
        agreement._notes = tuple(f"{file}: {note}" for note in (*old_forms.notes(written), *long_clocks(agreement)))
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
        """The name of the file that was read."""
        return self._file

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person should know of an agreement that is fine: one sentence for each line in an old form."""
        return self._notes

    @property
    def own_columns(self) -> dict[str, str]:
        """Columns of one training frame alone, with their kinds: nothing that was agreed, and in no digest."""
        return self._own_columns

    def with_own_columns(self, kinds: Mapping[str, str]) -> Agreement:
        """This agreement for one training whose frame has these columns beside the features."""
        widened = self.model_copy()
        widened._own_columns = dict(kinds)
        return widened

    @property
    def half_lives(self) -> tuple[float, ...]:
        """Days in which interest halves, the shortest first."""
        return self.interest.half_life_days

    @cached_property
    def digest(self) -> str:
        """The digest of all that the file says, however it is written; only the order of criteria counts.

        It names a version of the agreement. A rule that was renamed counts by its first name, so that its renaming
        changes nothing; rules have an order of their own, so that of the file changes nothing either.
        """
        content = self.model_dump(by_alias=True, exclude_defaults=True)
        first_names = {new: old for old, new in RENAMED_RULES.items()}
        rules = {first_names.get(name, name): rule for name, rule in content.pop("rules", {}).items()}
        content |= {"rules": rules} if rules else {}
        return _digest(content | {"criteria order": list(self.criteria)})

    @cached_property
    def signed_digest(self) -> str:
        """The digest of parts 1 and 2: what both sides sign.

        Who signed, people, hours, holidays and time zone are no part of it, so entering one leaves it signed; nor is
        `live`, a switch that is thrown after signing, nor the name of the model.
        """
        content = self.model_dump(by_alias=True, exclude_defaults=True, exclude={*_UNSIGNED, "handover"})
        handover = self.handover.model_dump(exclude_defaults=True, exclude={"live"})
        return _digest(content | {"handover": handover, "criteria order": list(self.criteria)})

    @cached_property
    def policy_digest(self) -> str:
        """The digest of what turns a lead's numbers into a decision: rules, criteria, policy, and what these name.

        A decision names it (`decided_under`). While it stays the same, a crossing of the bar is the lead's own doing,
        and no part of a flood. Labels, clocks, costs, people and holidays decide nothing and are no part of it.
        """
        part = {"our_domains", "rules", "criteria", "policy"} | (
            {"costs"} if self.policy.bar.unit == "costs" else set()
        )
        content = self.model_dump(by_alias=True, exclude_defaults=True, include=part)
        shown = {"label", "why", "signed_by", "direction"}
        named = {clause.name for clause in self._clauses()}
        lines = [line for line in (*self.behaviours.values(), *self.traits.values()) if line.name in named]
        meant = {line.name: line.model_dump(exclude_defaults=True, exclude=shown) for line in lines}
        return _digest(content | {"named": meant, "criteria order": list(self.criteria)})

    def _clauses(self) -> Iterator[Clause]:
        lines = (line for criterion in self.criteria.values() for _, line in criterion.lines)
        for condition in (*self.rules.values(), *lines):
            yield from (clause for clauses in condition.any_of for clause in clauses)

    @cached_property
    def feature_digest(self) -> str:
        """The digest of what the model learns from: while it stays the same, no training is needed."""
        shown_only = {"__all__": {"label", "why", "signed_by"}}
        part = {"our_domains": True, "outcome": True, "interest": True, "behaviours": True, "traits": True}
        shown = {"behaviours": shown_only, "traits": shown_only}
        content = self.model_dump(include=part, exclude=shown, exclude_defaults=True)
        # A campaign's spellings decide what a feature holds; what it cost does not.
        spelled = {"campaigns": self.campaign_names} if self.campaign_names else {}
        objecting = self.privacy.model_dump(include={"objected", "allowed", "consent"}, exclude_defaults=True)
        heard = {"objecting": objecting} if objecting else {}
        named = self.export.model_dump(include={"lost", "open"}) if self.export and self.export.names_statuses else {}
        statuses = {"statuses": {key: sorted(values) for key, values in named.items()}} if named else {}
        beside = {"status": self.export.status} if self.export and self.export.status and named else {}
        # How long sales keeps a lead decides when it is looked at, and which calls count.
        keeping = self.handover.model_dump(include={"rep_keeps", "tries", "stale_after"}, exclude_defaults=True)
        kept = ({"keeping": keeping} if keeping else {}) | ({"crm": self.statuses} if self.statuses else {})
        return _digest(content | {"excluded": sorted(self.excluded)} | spelled | heard | statuses | beside | kept)

    @cached_property
    def unlearned(self) -> frozenset[str]:
        """The traits that no model learns from: those that say so, and the dates on which a lead comes back.

        A date on which sales wants to hear of a lead again says what sales thinks of it.
        """
        return frozenset(name for name, trait in self.traits.items() if not trait.learned) | {*self.nurture.come_back}

    @cached_property
    def missing_markers(self) -> frozenset[str]:
        """What stands for missing in its files, without case: it does in what clients send, too."""
        return frozenset(marker.strip().casefold() for marker in self.export.missing) if self.export else frozenset()

    @cached_property
    def campaign_names(self) -> dict[str, str]:
        """Each other spelling of a campaign, and the name that it goes by."""
        return {spelling: name for name, campaign in self.campaigns.items() for spelling in campaign.also}


@cache
def _default() -> Agreement:
    return Agreement.read(DEFAULT)


def _no_toml(file: str, text: str, message: str) -> str:
    place = re.search(r" \(at line (\d+), column \d+\)", message)
    if place is None:
        return f"{file}: is no TOML: {message}; mend or complete it"
    problem = message.replace(place[0], "").replace("Cannot overwrite a value", "the key is written twice")
    line = text.split("\n")[int(place[1]) - 1].strip()
    return f"{file}: line {place[1]} = {shown_value(line)} is no TOML: {problem}; mend that line"


def _vocabulary(written: Mapping[str, Any]) -> Vocabulary:
    """The names that conditions may use, from what is written and perhaps not yet valid."""
    kinds = {name: _kind(line) for name, line in lines_of(written, "traits").items()}
    behaviours, excluded = lines_of(written, "behaviours"), frozenset(lines_of(written, "excluded"))
    timed = frozenset(name for name, line in behaviours.items() if isinstance(line, Mapping) and has_minutes(line))
    return Vocabulary(frozenset(behaviours), kinds, excluded, timed)


def _kind(line: Any) -> str:
    kind = line.get("kind") if isinstance(line, Mapping) else line
    return kind if kind in KINDS else "category"


def _digest(content: Mapping[str, Any]) -> str:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), default=str)
    return f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}"


__all__ = ["DEFAULT", "Agreement", "AgreementError", "Behaviour", "Condition", "Excluded", "Export", "Outcome", "Trait"]
