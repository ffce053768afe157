"""The answer that a score is: its fields in their order, and which of them are columns of a table.

To add a field, add it here and compute it in `serving.scoring.score`. The API, the OpenAPI document, jsonl files and
tables read its name from here.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

from serving.scoring.lead_now import DecisionName, Queue

COLUMN = "column"
T = TypeVar("T")
Column = Annotated[T, COLUMN]  # a field of Score that is a column in tables of scores too: csv, Parquet, xlsx


class Answer(BaseModel):
    # Fields are only ever added, so a client must not mind more of them; our own answers may have no others.
    model_config = ConfigDict(extra="forbid")


class Reason(Answer):
    """One contribution to the log-odds, in words with its evidence; grouped by behaviour and trait."""

    name: str
    kind: Literal["behaviour", "trait", "other"]
    points: float = Field(description="Its log-odds times 10 / ln 2: ten points double the odds.")
    contribution: float = Field(description="Log-odds. All of them plus the baseline are logit(probability).")
    direction: Literal["raises", "lowers"]
    text: str
    evidence: dict[str, Any]


class Criteria(Answer):
    """Points for need, timeframe, authority and profile, as the agreement counts them; null is unknown."""

    points: int
    of: int
    levels: dict[str, int | None]
    ask_next: str | None


class ScoreWarning(Answer):
    """What must be known before a score is trusted; pointer: to the part of the request that it is about."""

    code: str
    message: str
    pointer: str | None


class ModelNamed(Answer):
    """The model that gave the probability; null before any training, when the criteria's prior answers."""

    name: str
    version: str
    digest: str


class AgreementNamed(Answer):
    """The agreement that gave the decision; version 0 is one that the home does not keep, such as the default."""

    name: str
    version: int
    digest: str


class WouldBe(Answer):
    """What the numbers of this moment would decide: kept with its code once the lead is decided again."""

    decision: DecisionName
    decision_code: str
    queue: Queue | None


class Score(Answer):
    """One lead, scored, explained and decided as of a moment."""

    lead_id: Column[str | None] = Field(description="null for an inline lead.")
    status: Column[Literal["scored", "no_profiling"]]
    probability: Column[Annotated[float, Field(ge=0, le=1)] | None] = Field(
        description="Of the outcome within horizon_days."
    )
    score: Column[Annotated[int, Field(ge=1, le=99)] | None] = Field(
        description="50 is average; every 10 doubles the odds."
    )
    grade: Column[str | None]
    decision: Column[DecisionName | None]
    decision_code: Column[str | None]
    queue: Column[Queue | None] = Field(description="Whose turn it is, a role; null where the lead is closed.")
    owner: Column[str | None] = Field(description="The person who has it: a user id of the CRM or an e-mail address.")
    look_again_at: Column[datetime | None]
    threshold: Column[float | None] = Field(description="The probability from which a lead is ready for sales.")
    horizon_days: Column[int | None] = Field(description="null where the history has no dates.")
    base_rate: Column[float | None]
    basis: Column[Literal["criteria", "few", "full"] | None] = Field(description="What the probability rests on.")
    interval: Annotated[list[float], Field(min_length=2, max_length=2)] | None
    trend: Column[Literal["improving", "steady", "declining", "not_enough_info"] | None]
    base_points: Column[float | None]
    fit_points: Column[float | None] = Field(description="The sum over traits.")
    engagement_points: Column[float | None] = Field(description="The sum over behaviours.")
    reasons: list[Reason] = Field(description="The strongest; `?reasons=all` gives every one.")
    baseline: Column[float | None] = Field(description="Log-odds before any contribution.")
    source: Column[str | None] = Field(description="The first known touch.")
    campaign: Column[str | None]
    latest_source: Column[str | None] = Field(description="The last touch before this score.")
    latest_campaign: Column[str | None]
    criteria: Criteria | None
    nurture: dict[str, Any] | None
    exploration: dict[str, Any] | None
    handover: dict[str, Any] | None = Field(description="The handover that is open: handover_id, kind, state, overdue.")
    decided_at: Column[datetime | None] = Field(description="Since when it is decided so; null where nothing is kept.")
    would_be: WouldBe | None = Field(description="What the numbers of this moment say where that is another decision.")
    question: Column[Literal["as_things_are", "if_tried_now"] | None] = Field(
        description="What the probability answers: what happens as sales works its leads now, or if sales tries now."
    )
    if_tried_now: Column[Annotated[float, Field(ge=0, le=1)] | None] = Field(
        description="The chance if sales first tries the lead now; null where that cannot be told, or it was tried."
    )
    unlike_tried: Column[bool | None] = Field(
        description="Whether nobody like this lead was ever tried; null where that is not asked."
    )
    warnings: list[ScoreWarning] = Field(description="What must be known before the score is trusted; mostly empty.")
    as_of: Column[datetime]
    data_through: datetime | None
    expires_at: datetime
    stale: bool
    served_from: Literal["online", "ledger"] | None = Field(description="null for an inline lead: nothing was read.")
    model: ModelNamed | None
    agreement: AgreementNamed
    client_reference_id: str | None = Field(None, description="Yours, where you gave one.")


class Unscored(BaseModel):
    """A lead that has no score, and why: never a made-up number."""

    model_config = ConfigDict(extra="allow")

    status: Literal["unknown_lead", "no_profiling", "erased"]
    lead_id: str | None = None
    client_reference_id: str | None = None


# Every score has all of these, in this order; what is not known, or not yet built, is null.
SCORE_FIELDS = tuple(name for name, field in Score.model_fields.items() if field.is_required())
TABLE_COLUMNS = tuple(name for name, field in Score.model_fields.items() if COLUMN in field.metadata)

# In a frame and in Parquet each column has one type, also where all of it is empty.
MOMENT = "datetime64[us, UTC]"
_TYPES: dict[Any, str] = {datetime: MOMENT, float: "float64", int: "Int64", bool: "boolean"}


def _type(annotation: Any) -> str | None:
    """The type of a field's column: that of the first part of its annotation that has one."""
    if get_origin(annotation) is Literal:
        return None
    return _TYPES.get(annotation) or next(filter(None, map(_type, get_args(annotation))), None)


COLUMN_TYPES = {name: _type(Score.model_fields[name].annotation) or "string" for name in TABLE_COLUMNS}
