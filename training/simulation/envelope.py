"""Turns event rows of the simulated market into Segment-shaped events, as Arrow text and as JSON lines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from features.arrays import Ints
from features.lifecycle.closures import REJECT_REASONS
from training.simulation import catalogue as of
from training.simulation.catalogue import EventKind
from training.simulation.event_rows import ANONYMOUS, USER
from training.simulation.population import XOR_TRAITS

IDENTIFIED_TRAITS = (
    "email", "first_name", "last_name", "job_title", "company", "industry", "employees", "country", "source",
    "campaign",
)  # fmt: skip
CHUNK = 500_000  # rows built at a time: bounds the memory that the pieces take
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("type", "messageId", "userId", "anonymousId", "groupId", "event", "name")),
        *((name, pa.timestamp("us", tz="UTC")) for name in ("timestamp", "receivedAt")),
        *((name, pa.string()) for name in ("properties", "traits", "context", "previousId")),
    ]
)

# Of each code, the properties as pieces: text, or the name of what stands there. "head" is the item's own JSON, open.
PIECES: dict[EventKind, tuple[str, ...]] = {
    EventKind.PAGE: ("head", ',"page_view_id":"v-', "ref", '"}'),
    EventKind.PAGE_LEFT: ('{"page_view_id":"v-', "ref", '","engaged_ms":', "number", "}"),
    EventKind.DOWNLOADED: ("head", "}"),
    EventKind.REGISTERED: ("head", "}"),
    EventKind.ATTENDED: ("head", ',"minutes_attended":', "number", "}"),
    EventKind.DELIVERED: ("head", ',"email_id":"e-', "ref", '","links":', "number", "}"),
    EventKind.OPENED: ("head", ',"email_id":"e-', "ref", '"}'),
    EventKind.CLICKED: ("head", ',"email_id":"e-', "ref", '","link_id":"link-', "number", '"}'),
    EventKind.UNSUBSCRIBED: ("head", "}"),
    EventKind.SUBMITTED: ("head", "}"),
    EventKind.SCANNED: ("head", "}"),
    EventKind.ANSWERED: ("head", "}"),
    EventKind.CALL_ATTEMPTED: ('{"actor":"person","by":"rep-', "item", '","side":"sales"}'),
    EventKind.CALL_ANSWERED: ('{"actor":"person","by":"rep-', "item", '","minutes":', "number", ',"side":"sales"}'),
    EventKind.MAIL_SENT: (
        '{"actor":"person","by":"rep-',
        "item",
        '","email_id":"r-',
        "ref",
        '","sent_by":"sales","side":"sales"}',
    ),
    EventKind.MAIL_OPENED: ('{"email_id":"r-', "ref", '","sent_by":"sales"}'),
    EventKind.MAIL_CLICKED: ('{"email_id":"r-', "ref", '","link_id":"link-1","sent_by":"sales"}'),
    EventKind.MEETING_HELD: ('{"actor":"person","by":"rep-', "item", '","side":"sales"}'),
    EventKind.OPPORTUNITY: (
        '{"crm":"salesforce","crm_lead_id":"',
        "crm",
        '","amount":',
        "number",
        ',"currency":"USD"}',
    ),
    EventKind.CONVERTED: ('{"crm":"salesforce","crm_lead_id":"', "crm", '","status":"Converted"}'),
    EventKind.DISQUALIFIED: ("head", ',"by":"rep-', "number", '","crm":"salesforce","crm_lead_id":"', "crm", '"}'),
}


def _head(**said: Any) -> str:
    return orjson.dumps(said).decode()[:-1]


WEBINAR_HEADS = [_head(webinar_id=name, title=title, live=True) for name, title in of.WEBINARS]
MAIL_HEADS = [_head(campaign_name=name, email_subject=subject) for name, subject in of.MAILS]
QUESTION = "When do you plan to choose?"
HEADS: dict[EventKind, list[str]] = {
    EventKind.PAGE: [_head(path=path, url=of.SITE + path, title=title) for path, title in of.PAGES],
    EventKind.DOWNLOADED: [_head(content_id=i, content_type="whitepaper", title=t, topic=a) for i, t, a in of.PAPERS],
    EventKind.REGISTERED: WEBINAR_HEADS,
    EventKind.ATTENDED: WEBINAR_HEADS,
    EventKind.DELIVERED: MAIL_HEADS,
    EventKind.OPENED: MAIL_HEADS,
    EventKind.CLICKED: MAIL_HEADS,
    EventKind.UNSUBSCRIBED: MAIL_HEADS,
    EventKind.SUBMITTED: [_head(form_id=form, form_type=kind) for form, kind in of.FORMS],
    EventKind.SCANNED: [_head(event_name=name) for name in of.FAIRS],
    EventKind.ANSWERED: [_head(question=QUESTION, answer=answer, trait="timeframe") for answer in of.TIMEFRAMES],
    EventKind.DISQUALIFIED: [_head(reason=reason) for reason in REJECT_REASONS],
}


class EventTexts:
    """The texts of one market's events: its leads' identifiers and traits, contexts, and the market's end.

    Columns are built from few distinct pieces: writing each event on its own takes many times as long.
    """

    def __init__(self, leads: pd.DataFrame, ends_at: datetime, seed: int) -> None:
        self.ends_us = np.datetime64(ends_at.replace(tzinfo=None), "us").astype(np.int64)
        self.message = f"m-{seed}-"
        self.user = pa.array(leads["lead_id"], pa.string())
        width = len(leads["lead_id"].iloc[0]) - 2 if len(leads) else 5
        self.leads = len(leads)
        numbers = [f"a-{n:0{width}d}" for n in range(1, len(leads) + 1)]
        self.anonymous = pa.array(numbers + [f"s-{n:0{width}d}" for n in range(1, len(leads) // 4 + 1)], pa.string())
        self.crm = pa.array([f"00Q{n:0{width}d}" for n in range(1, len(leads) + 1)], pa.string())
        self.traits = pa.array(_lead_traits(leads), pa.string())
        self.account = pa.array([None if a < 0 else f"A-{a + 1:0{width}d}" for a in leads["account"]], pa.string())
        self.account_traits = pa.array(_account_traits(leads), pa.string())
        self.contexts = pa.array(_contexts(), pa.string())

    def table(self, recorded: pd.DataFrame) -> pa.Table:
        """One row per row of `recorded`, in its order, with SCHEMA's columns."""
        chunks = (recorded[start : start + CHUNK] for start in range(0, len(recorded), CHUNK))
        batches = [self._batch({name: values.to_numpy() for name, values in chunk.items()}) for chunk in chunks]
        return pa.Table.from_batches(batches, SCHEMA)

    def _batch(self, columns: dict[Any, npt.NDArray[Any]]) -> pa.RecordBatch:
        code, lead = columns["code"], columns["lead"]
        visitor = np.where(lead < 0, self.leads - 1 - lead, lead)
        return pa.RecordBatch.from_arrays(
            [
                _values_at(TYPES, code),
                _text_of(self.message, columns["message"]),
                _values_at(self.user, lead, lead >= 0, columns["carries"] != ANONYMOUS),
                _values_at(self.anonymous, visitor, columns["carries"] != USER),
                _values_at(self.account, lead, code == EventKind.GROUPED),
                _values_at(EVENTS, code),
                _values_at(TITLES, columns["item"], code == EventKind.PAGE),
                self._moments(columns["at_us"]),
                self._moments(columns["known_us"]),
                self._properties(columns),
                self._traits(columns),
                _values_at(self.contexts, (columns["agent"] + 1) * (len(of.TOUCHES) + 1) + columns["touch"] + 1),
                _values_at(self.anonymous, visitor, code == EventKind.ALIASED),
            ],
            schema=SCHEMA,
        )

    def _moments(self, us: npt.NDArray[Any]) -> pa.Array:
        return pa.array(us + self.ends_us, pa.int64()).cast(pa.timestamp("us", tz="UTC"))

    def _properties(self, columns: dict[Any, npt.NDArray[Any]]) -> pa.Array:
        built, places = [], []
        for code in np.unique(columns["code"]):
            place = np.flatnonzero(columns["code"] == code)
            places.append(place)
            filled = [self._piece(piece, EventKind(code), columns, place) for piece in PIECES.get(EventKind(code), ())]
            built.append(_text_of(*filled) if filled else pa.nulls(len(place), pa.string()))
        return _reordered(built, places)

    def _piece(self, piece: str, code: EventKind, columns: dict[Any, npt.NDArray[Any]], place: Ints) -> Any:
        if piece == "head":
            return _values_at(pa.array(HEADS[code], pa.string()), columns["item"][place])
        if piece == "crm":
            return _values_at(self.crm, columns["lead"][place])
        return columns[piece][place] if piece in columns else piece

    def _traits(self, columns: dict[Any, npt.NDArray[Any]]) -> pa.Array:
        code, lead = columns["code"], columns["lead"]
        timeframe = pa.array([orjson.dumps({"timeframe": answer}).decode() for answer in of.TIMEFRAMES], pa.string())
        return pc.coalesce(
            _values_at(self.traits, lead, code == EventKind.IDENTIFIED),
            _values_at(timeframe, columns["item"], code == EventKind.TIMEFRAME),
            _values_at(self.account_traits, lead, code == EventKind.GROUPED),
        )


TYPES = pa.array([of.OTHER_TYPES.get(code, "track") for code in EventKind], pa.string())
EVENTS = pa.array([of.EVENT_NAMES.get(code) for code in EventKind], pa.string())
TITLES = pa.array([title for _, title in of.PAGES], pa.string())


def _values_at(values: pa.Array, index: npt.NDArray[Any], *where: npt.NDArray[np.bool_]) -> pa.Array:
    """`values` at each index, null where a condition of `where` fails."""
    kept = np.logical_and.reduce(where) if where else np.ones(len(index), dtype=bool)
    return values.take(pa.array(np.where(kept, index, 0), pa.int64(), mask=~kept))


def _text_of(*pieces: Any) -> pa.Array:
    """Text from pieces side by side: text for all rows, or an array."""
    texts = [pa.array(piece).cast(pa.string()) if isinstance(piece, np.ndarray) else piece for piece in pieces]
    return pc.binary_join_element_wise(*texts, "")


def _reordered(built: Sequence[pa.Array], places: Sequence[Ints]) -> pa.Array:
    order = np.empty(sum(len(place) for place in places), dtype=np.int64)
    order[np.concatenate(places)] = np.arange(len(order))
    return pa.concat_arrays(built).take(pa.array(order))


def _lead_traits(leads: pd.DataFrame) -> list[str]:
    names = [*IDENTIFIED_TRAITS, *(name for pair in XOR_TRAITS.values() for name in pair if name in leads)]
    said = leads[names].astype({"employees": "Int64"}).astype(object)
    columns = [[None if value is None or value is pd.NA else value for value in said[name]] for name in said]
    return [_json_line(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _account_traits(leads: pd.DataFrame) -> list[str | None]:
    # Only the name: what a company is like has been said by the identify, or is not known.
    both = zip(leads["account"], leads["company"], leads["domain"], strict=True)
    return [None if a < 0 else _json_line([("name", company), ("domain", domain)]) for a, company, domain in both]


def _json_line(pairs: Any) -> str:
    return orjson.dumps({name: value for name, value in pairs if value is not None}).decode()


def _contexts() -> list[str | None]:
    """The context of each agent (or none) with each touch (or none), agents outermost."""
    found: list[str | None] = []
    for agent in (None, *of.AGENTS):
        for touch in (None, *of.TOUCHES):
            campaign = touch and _campaign(touch)
            found.append(_json_line([("userAgent", agent), ("campaign", campaign)]) if agent or campaign else None)
    return found


def _campaign(touch: tuple[str, str | None]) -> dict[str, str]:
    source, name = touch
    medium = {"search": "organic", "paid ad": "cpc", "email": "email", "social": "social", "referral": "referral"}
    said = {"source": source, "name": name, "medium": medium.get(source, "event")}
    return {key: value for key, value in said.items() if value is not None}


def lines(batch: pa.RecordBatch) -> memoryview:
    """The events of `batch` as JSON lines, what is null left out."""
    parts: list[Any] = ['{"type":"', batch["type"], '"']
    for name in ("messageId", "userId", "anonymousId", "groupId", "event", "name"):
        parts.append(_present(f',"{name}":"', batch[name], '"'))
    for name in ("timestamp", "receivedAt"):
        parts += [f',"{name}":"', *_clock(batch[name]), '"']
    for name in ("properties", "traits", "context"):
        parts.append(_present(f',"{name}":', batch[name], ""))
    parts += [_present(',"previousId":"', batch["previousId"], '"'), "}\n"]
    whole = pc.binary_join_element_wise(*parts, "")
    # The text of an Arrow array lies in one piece: the lines are written as they are.
    offsets = np.frombuffer(whole.buffers()[1], np.int32)[whole.offset : whole.offset + len(whole) + 1]
    return memoryview(whole.buffers()[2])[offsets[0] : offsets[-1]]


def _present(before: str, values: pa.Array, after: str) -> pa.Array:
    return pc.fill_null(pc.binary_join_element_wise(before, values, after, ""), "")


DAY_SECONDS = 86_400
CLOCK = pa.array([f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}." for s in range(DAY_SECONDS)], pa.string())
THOUSAND = pa.array([f"{n:03d}" for n in range(1_000)], pa.string())


def _clock(moments: pa.Array) -> list[Any]:
    """ISO 8601 in pieces: formatting each moment on its own takes ten times as long."""
    us = moments.cast(pa.int64()).to_numpy(zero_copy_only=False)
    seconds, rest = us // 1_000_000, us % 1_000_000
    days, place = np.unique(seconds // DAY_SECONDS, return_inverse=True)
    dates = pa.array(days.astype("datetime64[D]").astype(str).tolist(), pa.string())
    thousands = [_values_at(THOUSAND, rest // 1_000), _values_at(THOUSAND, rest % 1_000)]
    return [_values_at(dates, place), _values_at(CLOCK, seconds % DAY_SECONDS), *thousands, "Z"]
