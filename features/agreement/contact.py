"""[contact] of the agreement: which traits serve to call somebody. They are shown to people and never learned from."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from features.agreement.learning import Section
from features.agreement.messages import refusal

RECORD_ID = "{id}"  # in the address of a record, its id in the CRM
_REMEDY = 'write names of traits, ["name", "first_name last_name"]'


def _spellings(written: Any) -> tuple[str, ...]:
    """Each spelling as the names of traits that make it up, parted by one blank."""
    spellings = [written] if isinstance(written, str) else written
    if not isinstance(spellings, (list, tuple)):
        raise refusal("names no traits", _REMEDY)
    for spelling in spellings:
        if not isinstance(spelling, str) or not re.fullmatch(r"\w+( \w+)*", spelling.strip()):
            raise refusal("names no traits", _REMEDY, (), spelling)
    return tuple(spelling.strip().lower() for spelling in spellings)


def _links(written: Any) -> dict[str, str]:
    """By the name of a CRM, the address of one of its records."""
    remedy = f'write the address of a record with {RECORD_ID} in it: {{ hubspot = "https://crm.example/{RECORD_ID}" }}'
    if not isinstance(written, dict):
        raise refusal("is no table of addresses", remedy)
    for crm, address in written.items():
        if not isinstance(address, str) or not re.match(r"https?://[^/\s]+/", address) or RECORD_ID not in address:
            raise refusal("is no address of a record", remedy, (crm,), address)
    return {str(crm).strip().lower(): address for crm, address in written.items()}


Spellings = Annotated[tuple[str, ...], BeforeValidator(_spellings)]


class ContactFields(Section):
    """Where a person's name, title, company and phone stand: of each some spellings; the first with a value counts.

    A spelling is one trait, or several whose values are joined by blanks: "first_name last_name". Of an export a
    column stands for the trait that its title reads as: "First Name" is `first_name`. crm_links: by a CRM's name, where
    one of its records is opened; its own name is "crm" where its events name none.
    """

    name: Spellings = Field((), examples=['name = ["name", "first_name last_name"]'])
    title: Spellings = Field((), examples=['title = ["job_title"]'])
    company: Spellings = Field((), examples=['company = ["company"]'])
    phone: Spellings = Field((), examples=['phone = ["phone"]'])
    crm_links: Annotated[dict[str, str], BeforeValidator(_links)] = Field(
        {}, examples=['crm_links = { salesforce = "https://ours.my.salesforce.com/{id}" }']
    )

    @property
    def personal_traits(self) -> tuple[str, ...]:
        """The traits that say who somebody is and how to call, and nothing else: all but the job title's."""
        return _trait_names((*self.name, *self.company, *self.phone))

    @property
    def traits(self) -> tuple[str, ...]:
        """All traits that any spelling names, each once."""
        return _trait_names((*self.name, *self.title, *self.company, *self.phone))


def _trait_names(spellings: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for spelling in spellings for name in spelling.split()))
