"""Part 1 of the agreement, what the model learns from: the outcome, interest, behaviours, traits, excluded fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Strict, field_validator, model_validator

from features.agreement.conditions import Kind
from features.agreement.messages import did_you_mean, refusal
from features.home.numbers import DecimalSign

Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Count = Annotated[int, Strict(), Field(ge=0)]
Truth = Annotated[bool, Strict()]
Text = Annotated[str, Field(min_length=1)]
KINDS: tuple[Kind, ...] = ("number", "category", "text", "boolean", "date")
RejectReason = Literal[
    "not_a_fit",
    "too_early",
    "wrong_person",
    "already_customer",
    "duplicate",
    "bad_data",
    "no_budget",
    "no_contact_wanted",
]


class Section(BaseModel):
    """One table of the agreement: an unknown key is an error, and values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __copy__(self) -> Self:
        # What was derived from the old values, such as a digest, must not travel into a copy with other values.
        copied = super().__copy__()
        for derived in set(copied.__dict__) - set(type(self).model_fields):
            del copied.__dict__[derived]
        return copied


class Line(Section):
    """One named line of a table; the name is the line's own key."""

    REMEDY: ClassVar[str]
    name: str = Field("", init=False)

    @model_validator(mode="before")
    @classmethod
    def _name_is_the_key(cls, line: Any) -> Any:
        if not isinstance(line, Mapping):
            raise refusal("is no line of this section", cls.REMEDY)
        if "name" in line:
            raise refusal("cannot be written inside its own line", "rename the line itself", ("name",), line["name"])
        return line

    def named(self, name: str) -> Self:
        """The line with its name, and with a label made of the name where none is written."""
        words = {"label": getattr(self, "label", None) or name.replace("_", " ")}
        return self.model_copy(update={"name": name} | (words if "label" in type(self).model_fields else {}))


class Outcome(Section):
    """What "converted" means, and when a lead counts as not converted. A history without dates has no horizon."""

    event: Text = Field(examples=['event = "Lead Converted"'])
    within_days: Annotated[int, Strict(), Field(gt=0, le=3650)] | None = Field(None, examples=["within_days = 90"])
    no_if_rejected: tuple[RejectReason, ...] = Field(
        ("not_a_fit", "no_budget"), examples=['no_if_rejected = ["not_a_fit"]']
    )
    asks: Literal["as things are", "if sales tries now"] = Field("as things are", examples=['asks = "as things are"'])
    never_contacted: Literal["unknown", "no"] = "unknown"  # of agreements from before `asks`: read, and asked no more
    undated: Truth = Field(False, examples=["undated = true"])

    @model_validator(mode="before")
    @classmethod
    def _ninety_days_unless_undated(cls, section: Any) -> Any:
        if isinstance(section, Mapping) and not section.get("undated") and "within_days" not in section:
            return {**section, "within_days": 90}
        return section

    @property
    def horizon_days(self) -> int | None:
        """How long after a snapshot we watch; None where the history has no dates."""
        return None if self.undated else self.within_days

    @property
    def leaves_untried_out(self) -> bool:
        """Whether it was written for the old rule by which a lead that sales never tried was unknown unless it bought.

        Such an agreement is read, and nothing new is learned by it. "no" reads as "as things are".
        """
        return self.never_contacted == "unknown" and "never_contacted" in self.model_fields_set


class Interest(Section):
    """How fast interest fades: the half-lives of decayed counts."""

    half_life_days: tuple[Annotated[Number, Field(gt=0, le=3650)], ...] = Field(
        (1.0, 7.0, 30.0), examples=["half_life_days = [1, 7, 30]"]
    )

    @field_validator("half_life_days")
    @classmethod
    def _rising(cls, days: tuple[float, ...]) -> tuple[float, ...]:
        if not days or list(days) != sorted(set(days)):
            raise refusal("does not rise", "write each half-life once, the shortest first, for example [1, 7, 30]")
        return days


def _patterns(written: Any) -> tuple[str, ...]:
    values = written if isinstance(written, list) else [written]
    if not values or not all(isinstance(value, (str, int, float)) for value in values):
        raise refusal("is no value to look for", 'write for example "/pricing*", or several, ["/pricing*", "/plans"]')
    return tuple(_as_text(value) for value in values)


def _as_text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def has_minutes(behaviour: Mapping[str, Any]) -> bool:
    """Whether a behaviour's line, as it is written, has minutes: of a property of its events, or of pages."""
    return bool(behaviour.get("minutes")) or behaviour.get("event") in ("page", "screen")


class Behaviour(Line):
    """A kind of event that counts: which events it is, its minutes if they have any, and how it is worded.

    where: globs by property, of which one each must match; always a tuple, also where one value is written.
    """

    REMEDY = 'write { event = "Webinar Attended", label = "webinars" }'
    event: Text = Field(examples=['event = "Webinar Attended"'])
    where: dict[str, Annotated[tuple[str, ...], BeforeValidator(_patterns)]] = Field(
        {}, examples=['where = { path = "/pricing*" }']
    )
    minutes: Text | None = Field(None, examples=['minutes = "minutes_attended"'])
    label: str = Field("", examples=['label = "webinars"'])
    direction: Literal["up", "down"] | None = None
    why: str | None = Field(None, examples=['why = "asked on the form"'])

    @property
    def has_minutes(self) -> bool:
        """Whether it has minutes: of a property of its events, or of pages."""
        return has_minutes({"event": self.event, "minutes": self.minutes})

    def matches(self, name: str, type: str, properties: Mapping[str, Any], context: Mapping[str, Any]) -> bool:
        """Whether an event of this name and Segment type is this behaviour.

        "page" means the page and screen calls, anything else the name of a track call. Values under `where` are
        case-sensitive globs on properties; a page's fall back to context.page, its path at last to that of its url.
        """
        if self.event == "page":
            if type not in ("page", "screen"):
                return False
        elif type != "track" or name != self.event:
            return False
        return all(_is_like(property_text(key, name, properties, context), globs) for key, globs in self.where.items())


def property_text(key: str, name: str, properties: Mapping[str, Any], context: Mapping[str, Any]) -> str | None:
    """An event's property for a key under `where`, as text; None where it is missing, or neither text nor a number."""
    value = properties.get(key)
    if value is None:
        page = context.get("page")
        page = page if isinstance(page, Mapping) else {}
        value = page.get(key)
        if value is None and key == "path":
            url = properties.get("url") or page.get("url")
            value = _path(url) if isinstance(url, str) else None
        if value is None and key == "name":
            value = name
    return value if isinstance(value, str) else _as_text(value) if isinstance(value, (int, float)) else None


# Sites have few paths and forms have few kinds, so nearly every decision has been made before.
@lru_cache(maxsize=65_536)
def _is_like(text: str | None, globs: tuple[str, ...]) -> bool:
    return text is not None and any(fnmatchcase(text, glob) for glob in globs)


@lru_cache(maxsize=65_536)
def _path(url: str) -> str | None:
    try:
        return urlsplit(url).path or "/"
    except ValueError:  # an unclosed bracket: what leads send is never an error of ours
        return None


class Trait(Line):
    """A fact about the lead: its kind, the column it comes from, and since when a file's value was known.

    item: of a column whose cells list several values, parted by ";", the one of which this says whether it is listed.
    decimal: the decimal sign of its numbers where they are text, in files and over HTTP; None where it is not known.
    learned: whether a model may learn from it; conditions and dates to come back on read it either way. why: the reason
    for which it was excluded, where a person signed it by moving its line here. signed_by: who answers for a trait that
    training would leave out, and since when: "Ann, 2026-11-01".
    """

    REMEDY = 'write a kind, "category", or { kind = "category", column = "Lead Origin" }'
    kind: Kind = Field(examples=['kind = "category"'])
    label: str = Field("", examples=['label = "lead origin"'])
    column: Text | None = Field(None, examples=['column = "Lead Origin"'])
    known: Literal["at_creation", "at_export"] = "at_export"
    item: Text | None = Field(None, examples=['item = "SEO"'])
    decimal: DecimalSign | None = Field(None, examples=['decimal = ","'])
    learned: Truth = Field(True, examples=["learned = false"])
    why: str | None = Field(None, examples=['why = "known only after contact"'])
    signed_by: Text | None = Field(None, examples=['signed_by = "Ann, 2026-11-01"'])

    @property
    def is_signed(self) -> bool:
        """Whether a person answers for the trait, whatever its values look like."""
        return bool(self.why or self.signed_by)

    @model_validator(mode="after")
    def _an_item_is_listed_or_not(self) -> Self:
        if self.item and (self.kind != "boolean" or not self.column):
            remedy = 'write { kind = "boolean", column = "Interests", item = "SEO" }'
            raise refusal("is an item of a list", remedy, ("item",), self.item)
        return self

    @model_validator(mode="before")
    @classmethod
    def _kind_or_reason(cls, line: Any) -> Any:
        if isinstance(line, str):
            return _trait_of_text(line)
        return {"kind": "category", **line} if isinstance(line, Mapping) and "why" in line else line


def lists_item(listed: object, item: str) -> bool | None:
    """Whether a list, one text with ";" between its values or several texts, has an item; None where it is empty."""
    texts = listed if isinstance(listed, (list, tuple)) else str(listed).split(";")
    items = {str(text).strip().casefold() for text in texts} - {""}
    return item.strip().casefold() in items if items else None


def _trait_of_text(line: str) -> dict[str, str]:
    if line in KINDS:
        return {"kind": line}
    if " " in line.strip() or line == "protected":  # a reason, moved here from [excluded]
        return {"kind": "category", "why": line}
    raise refusal("is no kind", did_you_mean(line, KINDS))


class Excluded(Line):
    """A field that the model never sees, why, and what it would be as a trait."""

    REMEDY = 'write why in quotes, "known only after contact"'
    why: Text = Field(examples=['why = "known only after contact"'])
    kind: Kind | None = None
    label: str = ""
    column: Text | None = Field(None, examples=['column = "Lead Rating"'])
    known: Literal["at_creation", "at_export"] = "at_export"
    decimal: DecimalSign | None = Field(None, examples=['decimal = ","'])

    @model_validator(mode="before")
    @classmethod
    def _reason(cls, line: Any) -> Any:
        return {"why": line} if isinstance(line, str) else line


def _value_of_column(value: Any) -> Any:
    return _as_text(value) if isinstance(value, (bool, int, float)) else value


class Export(Section):
    """Which columns of a CRM export say who, when and what became of it, and what its cells write for missing.

    lost, open: the values of the outcome's column that count as a no, and those of leads of which nobody knows yet
    what becomes of them. Without `lost`, whatever is neither open nor `positive` counts as a no; with it, a status in
    neither is open. status: the column whose values they are, where it is not the outcome's: an outcome that is a date
    or a yes says nothing of leads that were lost. lost_at: the column of when a lead was lost, which may be that of
    `outcome_at`; without it, a lost lead is taken to have been open until the export.
    """

    id: Text = Field(examples=['id = "Lead Number"'])
    created_at: Text | None = Field(None, examples=['created_at = "Created Date"'])
    outcome: Text = Field(examples=['outcome = "Converted"'])
    positive: Annotated[str, BeforeValidator(_value_of_column)] = Field(examples=['positive = "1"'])
    outcome_at: Text | None = Field(None, examples=['outcome_at = "Converted Date"'])
    lost_at: Text | None = Field(None, examples=['lost_at = "Lost Date"'])
    status: Text | None = Field(None, examples=['status = "Lead Status"'])
    lost: tuple[str, ...] = Field((), examples=['lost = ["Closed Lost"]'])
    open: tuple[str, ...] = Field((), examples=['open = ["New", "Contacted"]'])
    missing: tuple[str, ...] = Field((), examples=['missing = ["Select"]'])

    @model_validator(mode="after")
    def _one_meaning_a_status(self) -> Self:
        for name, statuses in (("lost", self.lost), ("open", self.open)):
            if self.status is None and self.positive in statuses:
                raise refusal("means converted already", f"take it out of {name}", (name,), self.positive)
        if both := next((status for status in self.lost if self.is_open(status)), None):
            raise refusal("is lost and open", "leave it in one of them", ("open",), both)
        return self

    @property
    def status_column(self) -> str:
        """The column whose values `lost` and `open` are."""
        return self.status or self.outcome

    @property
    def names_statuses(self) -> bool:
        """Whether it says which statuses are lost or open; else whatever is not converted counts as a no."""
        return bool(self.lost or self.open)

    def is_lost(self, status: str) -> bool:
        """Whether a lead in this status is over, and counts as a no."""
        is_other = not self.lost and bool(self.open) and not self.is_open(status)
        return _is_among(status, self.lost) or (is_other and not _is_among(status, (self.positive,)))

    def is_open(self, status: str) -> bool:
        """Whether the agreement names this status as one of leads of which nobody knows yet what becomes of them."""
        return _is_among(status, self.open)


def _is_among(status: str, statuses: Sequence[str]) -> bool:
    return status.strip().casefold() in {known.strip().casefold() for known in statuses}
