"""What may be asked: the bodies of scoring requests, the readers of lead_id and limit, and the 422 for all else."""

from __future__ import annotations

import re
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError
from starlette.requests import Request

from features.home.dates import moment
from serving import limits
from serving.http.bodies import invalid_body, pointer_step
from serving.http.problems import FieldError, Problem

# PostgreSQL keeps no NUL in text, so no lead is named by one.
Name = Annotated[str, StringConstraints(min_length=1, max_length=limits.LONGEST_ID, pattern=r"^[^\x00]+$")]

FIRST_YEAR = 1970  # microseconds of earlier moments are negative, and no event is older

ERROR_CODES = {
    "extra_forbidden": "unknown_field",
    "too_long": "too_many",
    "too_short": "too_few",
    "string_too_long": "too_long",
    "string_too_short": "empty",
    "string_pattern_mismatch": "bad_text",
    "missing": "missing",
}


class LeadRequest(BaseModel):
    """One lead to score: known by one of its names, or told inline (nothing of it is stored)."""

    model_config = ConfigDict(extra="forbid", strict=True)

    lead_id: Name | None = Field(None, description="Leadlight's id of the lead.")
    email: Name | None = Field(None, description="Its e-mail address.")
    external_id: Annotated[dict[Name, Name], Field(min_length=1, max_length=1)] | None = Field(
        None, description='Its id in another system: {"salesforce": "00Q..."}.'
    )
    traits: dict[Name, Any] | None = Field(None, description="Inline: facts, named as in the agreement.")
    events: Annotated[list[dict[str, Any]], Field(max_length=limits.MOST_INLINE_EVENTS)] | None = Field(
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


class ScoresRequest(BaseModel):
    """The body of POST /v1/scores."""

    model_config = ConfigDict(extra="forbid", strict=True)

    leads: Annotated[list[LeadRequest], Field(min_length=1, max_length=limits.MOST_LEADS)]


class BentoScoresRequest(ScoresRequest):
    """The body of BentoML's /scores: what POST /v1/scores has in its query is a field here."""

    reasons: Annotated[int, Field(ge=0)] | None = Field(3, description="How many for each lead; null is every one.")


def check(value: Any, model: type[BaseModel]) -> None:
    """Raise Problem 422 with a JSON pointer for each thing by which a parsed body differs from `model`."""
    try:
        model.model_validate(value)
    except ValidationError as error:
        raise _refusal(error, model) from None


def requested_leads(value: Any) -> list[dict[str, Any]]:
    """The leads that a parsed body asks for: one dict each, without the fields that are null.

    Raises Problem 422 with a JSON pointer for each thing wrong.
    """
    check(value, ScoresRequest)
    # What was valid is handed on as it came: strict validation changes no value, and a copy of 4 MiB takes time.
    return [{name: field for name, field in lead.items() if field is not None} for lead in value["leads"]]


def most_reasons(text: str | None, default: int = 3) -> int | None:
    """How many reasons `?reasons=` asks for; None is every one. Raises Problem 422 for anything but a number or all."""
    if text is None:
        return default
    if text == "all":
        return None
    if text.isascii() and text.isdecimal() and len(text) <= 6:
        return int(text)
    raise Problem(422, "bad_reasons", f"reasons is {text[:40]!r}; give a whole number from 0, or all.")


OFFSET_OF_A_SPACE = re.compile(r"(T[\d:.]+) (\d\d:?\d\d)$")  # a plus in an address that nobody escaped


def asked_moment(request: Request, now: datetime) -> datetime | None:
    """The moment that `?as_of=` asks for; None where it asks for now. Raises Problem 422."""
    return past_moment(request, "as_of", now)


def past_moment(request: Request, name: str, now: datetime) -> datetime | None:
    """The moment in a query parameter, which is not to come; None where it is not given. Raises Problem 422."""
    text = request.query_params.get(name)
    if text is None:
        return None
    then = moment(OFFSET_OF_A_SPACE.sub(r"\1+\2", text))
    if then is None or not then.year >= FIRST_YEAR:
        raise Problem(422, f"bad_{name}", f"{name} is {text[:40]!r}; give a time such as 2026-03-01T09:00:00Z.")
    if then > now:
        raise Problem(422, f"bad_{name}", f"{name} is {text[:40]!r}, which is to come; nothing is known of it yet.")
    return then


# Why a lead id leads nowhere, with the HTTP status and the sentence that say so.
NO_SUCH_LEAD = {"unknown_lead": (404, "There is no lead with this id."), "erased": (410, "This lead was erased.")}


def no_such_lead(code: str) -> Problem:
    """The 404 for an unknown lead, the 410 for an erased one."""
    status, message = NO_SUCH_LEAD[code]
    return Problem(status, code, message)


def lead_id_of(request: Request) -> str:
    """The lead id in the path. Raises Problem 404 for one that no lead can have."""
    lead_id = str(request.path_params["lead_id"])
    if not lead_id or len(lead_id) > limits.LONGEST_ID or "\x00" in lead_id:  # PostgreSQL refuses NUL
        raise no_such_lead("unknown_lead")
    return lead_id


def page_limit(request: Request) -> int:
    """How many rows `?limit=` asks for on one page."""
    return query_number(request, "limit", limits.MOST_ON_A_PAGE) or limits.USUAL_ON_A_PAGE


def query_number(request: Request, name: str, most: int = 2**63 - 1) -> int | None:
    """The number from 1 to `most` in a query parameter; None where it is not given. Raises Problem 422."""
    text = request.query_params.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 20 and 1 <= int(text) <= most):
        raise Problem(422, f"bad_{name}", f"{name} is {text[:40]!r}; give a whole number from 1 to {most:,}.")
    return int(text)


def _refusal(error: ValidationError, model: type[BaseModel]) -> Problem:
    details = error.errors(include_url=False, include_context=True, include_input=False)
    shown = [_field_error(detail, model) for detail in details[: limits.ERRORS_SHOWN]]
    return invalid_body("invalid_request", shown, len(details))


def _field_error(detail: ErrorDetails, model: type[BaseModel]) -> FieldError:
    kind, steps = detail["type"], detail["loc"]
    pointer = "".join(f"/{pointer_step(step)}" for step in steps if step != "[key]")
    code = ERROR_CODES.get(kind, "wrong_type" if kind.endswith("_type") else kind)
    if code == "unknown_field":
        return FieldError(pointer, code, _unknown(str(steps[-1]), LeadRequest if len(steps) > 1 else model))
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
