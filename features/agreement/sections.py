"""The sections of an agreement file: every line that may be written, and what each line alone must be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field, field_validator, model_validator

from features.agreement.contact import ContactFields
from features.agreement.handover import HandoverTerms, Touches
from features.agreement.learning import Behaviour, Excluded, Export, Interest, Line, Outcome, Section, Trait
from features.agreement.messages import refusal
from features.agreement.old_forms import lines_of
from features.agreement.people import People, TimeZone
from features.agreement.policy import AgreedCondition, Campaign, Content, Costs, Criterion, Nurture, Policy, Privacy
from features.agreement.signatures import AgreedBy
from features.agreement.statuses import Statuses


class AgreementSections(Section):
    """All that an agreement file holds; what must hold between its lines is in `checks`."""

    name: str = Field(examples=['name = "default"'])
    agreed_by: AgreedBy = Field((), examples=["agreed_by = []"])
    time_zone: TimeZone = Field("UTC", examples=['time_zone = "UTC"'])
    our_domains: tuple[str, ...] = Field((), examples=['our_domains = ["ourcompany.example"]'])
    # Part 1: what the model learns from
    outcome: Outcome = Field(examples=['[outcome] with event = "Lead Converted"'])
    interest: Interest = Interest()
    behaviours: dict[str, Behaviour] = Field({})
    traits: dict[str, Trait] = Field({})
    contact: ContactFields = ContactFields()
    excluded: dict[str, Excluded] = Field({})
    export: Export | None = None
    # Part 2: what we do about it
    rules: dict[str, AgreedCondition] = Field({})
    criteria: dict[str, Criterion] = Field({})
    policy: Policy = Policy()
    handover: HandoverTerms = HandoverTerms()
    touches: Touches = Touches()
    statuses: Statuses = Field({}, examples=['[statuses] with "Working" = "accepted"'])
    nurture: Nurture = Nurture()
    costs: Costs | None = None
    campaigns: dict[str, Campaign] = Field({})
    privacy: Privacy = Privacy()
    # Part 3: who and where
    people: People = People()
    content: dict[str, Content] = Field({}, examples=['[content] with pricing-guide = { topic = "pricing" }'])

    @field_validator("behaviours", "traits", "excluded", "criteria")
    @classmethod
    def _lines_know_their_names(cls, lines: dict[str, Line]) -> dict[str, Line]:
        return {name: line.named(name) for name, line in lines.items()}

    @field_validator("name")
    @classmethod
    def _names_a_model(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}", name):
            raise refusal("cannot name a model", 'write letters, digits, "-" and "_"')
        return name

    @field_validator("our_domains")
    @classmethod
    def _domains(cls, domains: tuple[str, ...]) -> tuple[str, ...]:
        for domain in domains:
            if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
                raise refusal("holds no domain", 'write for example "ourcompany.example"', (), domain)
        return tuple(domain.lower() for domain in domains)

    @model_validator(mode="before")
    @classmethod
    def _half_of_the_points_unless_agreed(cls, written: Any) -> Any:
        policy = written.get("policy", {})
        if not isinstance(policy, Mapping) or "min_points" in policy:
            return written
        criteria = [line for line in lines_of(written, "criteria").values() if isinstance(line, Mapping)]
        most = sum(max((int(key) for key in line if key in ("1", "2", "3")), default=0) for line in criteria)
        return {**written, "policy": {**policy, "min_points": most // 2}}
