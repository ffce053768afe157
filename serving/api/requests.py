"""What may be asked of the scoring API, and what is said of a request that asks for something else."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from serving.http.bodies import SHOWN, escaped, invalid
from serving.http.problems import FieldError, Problem

MOST_LEADS = 1_000
MOST_EVENTS = 5_000  # of one lead
# PostgreSQL keeps no NUL in text, so no lead is named by one.
Name = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]

CODES = {
    "extra_forbidden": "unknown_field",
    "too_long": "too_many",
    "too_short": "too_few",
    "string_too_long": "too_long",
    "string_too_short": "empty",
    "string_pattern_mismatch": "bad_text",
    "missing": "missing",
}


class LeadAsked(BaseModel):
    """One lead to score: known by one of its names, or told inline (nothing of it is stored)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    lead_id: Name | None = Field(None, description="Leadlight's id of the lead.")
    email: Name | None = Field(None, description="Its e-mail address.")
    external_id: Annotated[dict[Name, Name], Field(min_length=1, max_length=1)] | None = Field(
        None, description='Its id in another system: {"salesforce": "00Q..."}.'
    )
    traits: dict[Name, Any] | None = Field(None, description="Inline: facts, named as in the agreement.")
    events: Annotated[list[dict[str, Any]], Field(max_length=MOST_EVENTS)] | None = Field(
        None, description="Inline: Segment-shaped events."
    )
    client_reference_id: Name | None = Field(None, description="Yours; it comes back with the score.")

    @model_validator(mode="after")
    def _is_named_once(self) -> Self:
        names = [name for name in ("lead_id", "email", "external_id") if getattr(self, name) is not None]
        inline = [name for name in ("traits", "events") if getattr(self, name) is not None]
        if len(names) + bool(inline) != 1:
            found = ", ".join(names + inline) or "none"
            raise PydanticCustomError("one_name", f"give exactly one of {ONE_OF}; found {found}")
        return self


ONE_OF = "lead_id, email, external_id, or traits and events"


class ScoresAsked(BaseModel):
    """The body of POST /v1/scores."""

    model_config = ConfigDict(extra="forbid", strict=True)

    leads: Annotated[list[LeadAsked], Field(min_length=1, max_length=MOST_LEADS)]


class NativeAsked(ScoresAsked):
    """The body of BentoML's /scores: what POST /v1/scores has in its query is a field here."""

    reasons: Annotated[int, Field(ge=0)] | None = Field(3, description="How many for each lead; null is every one.")


def check(value: Any, model: type[BaseModel]) -> None:
    """Raise Problem 422 with a JSON pointer for each thing by which a parsed body differs from `model`."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        raise _refusal(error, model) from None


def leads_asked(value: Any) -> list[dict[str, Any]]:
    """The leads that a parsed body asks for: one dict each, without the fields that are null.

    Raises Problem 422 with a JSON pointer for each thing wrong.
    """
    check(value, ScoresAsked)
    # What was valid is handed on as it came: strict validation changes no value, and a copy of 4 MiB takes time.
    return [{name: said for name, said in lead.items() if said is not None} for lead in value["leads"]]


def most_reasons(said: str | None, default: int = 3) -> int | None:
    """How many reasons `?reasons=` asks for; None is every one. Raises Problem 422 for anything but a number or all."""
    if said is None:
        return default
    if said == "all":
        return None
    if said.isascii() and said.isdecimal() and len(said) <= 6:
        return int(said)
    raise Problem(422, "bad_reasons", f"reasons is {said[:40]!r}; give a whole number from 0, or all.")


def _refusal(error: ValidationError, model: type[BaseModel]) -> Problem:
    details = error.errors(include_url=False, include_context=True, include_input=False)
    return invalid("invalid_request", [_field_error(detail, model) for detail in details[:SHOWN]], len(details))


def _field_error(detail: ErrorDetails, model: type[BaseModel]) -> FieldError:
    kind, steps = detail["type"], detail["loc"]
    pointer = "".join(f"/{escaped(step)}" for step in steps if step != "[key]")
    code = CODES.get(kind, "wrong_type" if kind.endswith("_type") else kind)
    if code == "unknown_field":
        return FieldError(pointer, code, _unknown(str(steps[-1]), LeadAsked if len(steps) > 1 else model))
    if kind in ("model_type", "model_attributes_type") and steps:
        return FieldError(pointer, code, 'give an object such as {"lead_id": "L-0417"}')
    about = detail.get("ctx", {})
    if kind in ("too_long", "too_short"):
        most, least, found = (about.get(name) for name in ("max_length", "min_length", "actual_length"))
        limit = f"at most {most:,}" if least is None else f"at least {least}"
        return FieldError(pointer, code, f"{limit} of these" + ("" if found is None else f"; there are {found:,}"))
    return FieldError(pointer, code, detail["msg"][0].lower() + detail["msg"][1:])


def _unknown(name: str, model: type[BaseModel]) -> str:
    near = get_close_matches(name, model.model_fields, n=1)
    known = ", ".join(model.model_fields)
    return "no such field; " + (f"did you mean {near[0]}?" if near else f"there are {known}")
