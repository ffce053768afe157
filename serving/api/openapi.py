"""The OpenAPI 3.1 document of the /v1 routes."""

from __future__ import annotations

from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving import limits
from serving.api.decision_schemas import DecisionChanges, ListedLeads, Queues, ScoreChange, ScoreHistory
from serving.api.handover_schemas import (
    AwayRequest,
    FeedbackRequest,
    HandoverAnswer,
    HandoverPage,
    NoHandover,
    PassedOn,
    PersonRequest,
)
from serving.api.hole import HoleReport
from serving.api.nurture import LeadNext
from serving.api.requests import LeadRequest, ScoresRequest
from serving.api.schemas import (
    AgreementAnswer,
    Batch,
    ErasedLead,
    EventWarning,
    FailedEventAnswer,
    FailedEventsPage,
    LeadExport,
    Models,
    ProblemDetails,
    RejectedEvent,
    ReplayAnswer,
    ReplayRequest,
    Scores,
    Timeline,
    TrackingAnswer,
    TrackingEvent,
)
from serving.api.tracking import BATCH, BEACON, CALLS, SEGMENT
from serving.decisions.lists import EQUALS
from serving.handovers.handover import KINDS
from serving.handovers.lists import STATES_OF_LISTS
from serving.http.problems import MEDIA_TYPE
from serving.scoring.answer import Score
from serving.scoring.lead_now import DECISIONS, QUEUES

REF = "#/components/schemas/{model}"
# Clients are generated from this document, so a schema keeps the name that it was published with.
WRITTEN_NAMES: dict[type[BaseModel], str] = {
    AgreementAnswer: "Agreement",
    EventWarning: "Warned",
    FailedEventAnswer: "Failed",
    FailedEventsPage: "FailedList",
    LeadExport: "Held",
    LeadRequest: "LeadAsked",
    RejectedEvent: "Rejected",
    ReplayAnswer: "Replays",
    ReplayRequest: "ReplayAsked",
    ScoresRequest: "ScoresAsked",
    TrackingAnswer: "Tracked",
    TrackingEvent: "Event",
}
PROBLEMS = {
    "400": "The body is no JSON, or no gzip where it says so.",
    "401": "No key where one is needed, or an unknown one.",
    "403": "The key lacks the scope.",
    "404": "unknown_lead: there is no such lead.",
    "405": "Another method; Allow names the right one.",
    "408": "The body came too slowly.",
    "409": "still_running: the first request with this Idempotency-Key has no answer yet.",
    "410": "erased: this lead was erased.",
    "413": "The body is over 4 MiB, or over 1 MiB compressed.",
    "415": "A Content-Encoding other than gzip.",
    "422": "A body or a query parameter that this route does not read; errors point to where in the body.",
    "500": "An error of the service; its log has the details by request_id.",
    "503": "Not now: no_agreement while the home has no database, or the keys cannot be checked.",
}
REASONS = {
    "name": "reasons",
    "in": "query",
    "description": "How many reasons to give for each lead, strongest first, or all.",
    "schema": {"oneOf": [{"type": "integer", "minimum": 0}, {"const": "all"}], "default": 3},
}
AS_OF = {
    "name": "as_of",
    "in": "query",
    "description": "As it was known just before this past moment, by today's model; default now.",
    "schema": {"type": "string", "format": "date-time"},
}
LEAD_ID = {"name": "lead_id", "in": "path", "required": True, "schema": {"type": "string"}}
LIMIT = {
    "name": "limit",
    "in": "query",
    "description": "How many.",
    "schema": {"type": "integer", "minimum": 1, "maximum": limits.MOST_ON_A_PAGE, "default": limits.USUAL_ON_A_PAGE},
}
CURSOR = {
    "name": "cursor",
    "in": "query",
    "description": "The next_cursor of the page before.",
    "schema": {"type": "string"},
}
FILTER_VALUES: dict[str, list[str]] = {"queue": list(QUEUES), "decision": list(DECISIONS)}
LEAD_FILTERS = [
    {
        "name": name,
        "in": "query",
        "description": f"Only leads with this {name}.",
        "schema": {"type": "string", "enum": FILTER_VALUES[name]} if name in FILTER_VALUES else {"type": "string"},
    }
    for name in EQUALS
]
CHANGED_SINCE = {
    "name": "changed_since",
    "in": "query",
    "description": "Only leads whose decision, code, queue or owner changed at this moment or later.",
    "schema": {"type": "string", "format": "date-time"},
}
FROM, TO = (
    {
        "name": name,
        "in": "query",
        "description": f"{which} Up to and including this moment.",
        "schema": {"type": "string", "format": "date-time"},
    }
    for name, which in {"from": "By default the last stored decision.", "to": "By default now."}.items()
)
SORT = {
    "name": "sort",
    "in": "query",
    "description": "What is due first, the most likely first, or the last change first; with changed_since the latter.",
    "schema": {"type": "string", "enum": ["due", "probability", "changed"]},
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same request with the same key is done once and answered the same for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": limits.LONGEST_IDEMPOTENCY_KEY},
}
CODE = {"name": "code", "in": "query", "description": "Only with this reason.", "schema": {"type": "string"}}
HANDOVER_ID = {"name": "handover_id", "in": "path", "required": True, "schema": {"type": "string"}}
PERSON = {"name": "person", "in": "path", "required": True, "schema": {"type": "string"}}
HANDOVER_FILTERS = [
    {"name": "state", "in": "query", "schema": {"enum": list(STATES_OF_LISTS)}, "description": "open: any that is."},
    {"name": "owner", "in": "query", "schema": {"type": "string"}, "description": "Whose."},
    {"name": "overdue", "in": "query", "schema": {"enum": ["true", "false"]}, "description": "A clock ran out."},
    {"name": "kind", "in": "query", "schema": {"enum": list(KINDS)}, "description": "Why it went over."},
    {"name": "lead", "in": "query", "schema": {"type": "string"}, "description": "Of this lead, by its id."},
    {"name": "trial", "in": "query", "schema": {"enum": ["true", "false"]}, "description": "Made in the trial."},
]
FEEDBACK = {"handover_id": "ho_1", "by": "ann@ourcompany.example", "kind": "tried", "medium": "call"}
SIGNATURE = {
    "name": "X-Signature",
    "in": "header",
    "description": "Hex HMAC-SHA1 of the body with LEADLIGHT_SEGMENT_SECRET, instead of a key.",
    "schema": {"type": "string"},
}
WRITE_KEY = {
    "name": "writeKey",
    "in": "query",
    "description": "The key: a beacon can send no header.",
    "schema": {"type": "string"},
}
WRITERS: list[dict[str, list[str]]] = [{"write_key": []}, {"key": []}, {}]
SENT = {
    "messageId": "m-1",
    "userId": "L-0417",
    "event": "Webinar Attended",
    "timestamp": "2026-11-14T16:00:00Z",
    "properties": {"minutes_attended": 41},
}
EXAMPLE = {"leads": [{"lead_id": "L-0417"}, {"client_reference_id": "row 1", "traits": {"job_title": "VP Sales"}}]}


def document(version: str) -> dict[str, Any]:
    """The document; `version` is Leadlight's own. The API itself is v1, and only ever added to."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Leadlight",
            "version": version,
            "summary": "Which leads convert, whom to call today, and why.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}, {}],
        "paths": _paths(),
        "components": {"schemas": _schemas(), "securitySchemes": _key_schemes()},
    }


def _paths() -> dict[str, Any]:
    return (
        _tracking_paths()
        | _handover_paths()
        | _decision_paths()
        | _score_paths()
        | _record_paths()
        | _operating_paths()
    )


READS, OF_LEAD = "401 403 405 422 500 503", "401 403 404 405 410 422 500 503"
READS_A_BODY = "400 401 403 405 408 413 415 422 500 503"


def _score_paths() -> dict[str, Any]:
    scores = _operation("scores", "Score 1 to 1,000 leads, in order.", Scores, READS_A_BODY)
    score = _operation("lead_score", "Score one lead.", Score, OF_LEAD)
    return {
        "/v1/scores": {"post": scores | {"parameters": [REASONS, AS_OF], "requestBody": _body(ScoresRequest, EXAMPLE)}},
        "/v1/leads/{lead_id}/score": {"get": score | {"parameters": [LEAD_ID, REASONS, AS_OF]}},
        "/v1/models": {"get": _operation("models", "The registered models.", Models, READS)},
        "/v1/hole": {
            "get": _operation("hole", "What became of handovers.", HoleReport, READS) | {"parameters": [FROM]}
        },
        "/v1/agreement": {"get": _operation("agreement", "What was agreed, by whom.", AgreementAnswer, READS)},
    }


def _record_paths() -> dict[str, Any]:
    timeline = _operation("timeline", "What a lead did, newest first.", Timeline, OF_LEAD)
    export = _operation("export", "All that is held on a lead.", LeadExport, OF_LEAD)
    erased = _operation("erase", "Erase a lead for good.", ErasedLead, f"{OF_LEAD} 409")
    return {
        "/v1/leads/{lead_id}/timeline": {"get": timeline | {"parameters": [LEAD_ID, LIMIT, CURSOR]}},
        "/v1/leads/{lead_id}/export": {"get": export | {"parameters": [LEAD_ID]}},
        "/v1/leads/{lead_id}": {"delete": erased | {"parameters": [LEAD_ID, IDEMPOTENCY_KEY]}},
    }


def _operating_paths() -> dict[str, Any]:
    failed = _operation("failed_events", "Events that could not be used.", FailedEventsPage, READS)
    replayed = _operation("replay_failed_events", "Try failed events again.", ReplayAnswer, READS_A_BODY)
    ids = _body(ReplayRequest, {"ids": ["17"]}) | {"required": False}
    this = {
        "operationId": "openapi",
        "summary": "This document.",
        "security": [],
        "responses": {"200": {"description": "OpenAPI 3.1.", "content": {"application/json": {}}}},
    }
    return {
        "/v1/failed-events": {"get": failed | {"parameters": [LIMIT, CURSOR, CODE]}},
        "/v1/failed-events/replay": {"post": replayed | {"requestBody": ids}},
        "/v1/openapi.json": {"get": this},
    }


def _decision_paths() -> dict[str, Any]:
    changes = _operation("decisions", "Every change of a lead's decision.", DecisionChanges, OF_LEAD)
    why = _operation("changes", "Why a lead's score changed.", ScoreChange, f"{OF_LEAD} 409")
    following = _operation("next", "What is planned for a lead that is not ready.", LeadNext, OF_LEAD)
    history = _operation("history", "A lead's score at each decision that is kept.", ScoreHistory, OF_LEAD)
    listed = _operation("leads", "Leads by their newest decision.", ListedLeads, READS)
    return {
        "/v1/queues": {"get": _operation("queues", "The queues, and whether they add up.", Queues, READS)},
        "/v1/leads": {"get": listed | {"parameters": [*LEAD_FILTERS, CHANGED_SINCE, SORT, LIMIT, CURSOR]}},
        "/v1/leads/{lead_id}/decisions": {"get": changes | {"parameters": [LEAD_ID, LIMIT, CURSOR]}},
        "/v1/leads/{lead_id}/changes": {"get": why | {"parameters": [LEAD_ID, FROM, TO]}},
        "/v1/leads/{lead_id}/next": {"get": following | {"parameters": [LEAD_ID]}},
        "/v1/leads/{lead_id}/history": {"get": history | {"parameters": [LEAD_ID, LIMIT, CURSOR]}},
    }


def _handover_paths() -> dict[str, Any]:
    read, said = "401 403 404 405 422 500 503", "400 401 403 404 405 408 409 413 415 422 500 503"
    asks = "Say what became of a lead or its handover."
    feedback = _answers_handover(_operation("feedback", asks, HandoverAnswer, f"{said} 410"))
    return {
        "/v1/handovers": {
            "get": _operation("handovers", "List handovers, newest first.", HandoverPage, READS)
            | {"parameters": [*HANDOVER_FILTERS, LIMIT, CURSOR]}
        },
        "/v1/handovers/take": {
            "post": _answers_handover(_operation("take", "Take the best lead of the backlog.", HandoverAnswer, said))
            | {"parameters": [IDEMPOTENCY_KEY], "requestBody": _body(PersonRequest, {"by": FEEDBACK["by"]})}
        },
        "/v1/leads/{lead_id}/handover": {
            "post": _answers_handover(_operation("send", "Hand a lead over now.", HandoverAnswer, f"{said} 410"))
            | {"parameters": [LEAD_ID, IDEMPOTENCY_KEY], "requestBody": _body(PersonRequest, {"by": FEEDBACK["by"]})}
        },
        "/v1/handovers/{handover_id}": {
            "get": _operation("handover", "One handover.", HandoverAnswer, read) | {"parameters": [HANDOVER_ID]}
        },
        "/v1/handovers/{handover_id}/give-back": {
            "post": _operation("give_back", "Give a handover back to the pool.", HandoverAnswer, said)
            | {
                "parameters": [HANDOVER_ID, IDEMPOTENCY_KEY],
                "requestBody": _body(PersonRequest, {"by": FEEDBACK["by"]}),
            }
        },
        "/v1/people/{person}/away": {
            "post": _operation("away", "Say until when somebody is away.", PassedOn, said)
            | {"parameters": [PERSON, IDEMPOTENCY_KEY], "requestBody": _body(AwayRequest, {"until": "2026-12-31"})}
        },
        "/v1/leads/{lead_id}/feedback": {
            "post": feedback
            | {"parameters": [LEAD_ID, IDEMPOTENCY_KEY], "requestBody": _body(FeedbackRequest, FEEDBACK)}
        },
    }


def _answers_handover(operation: dict[str, Any]) -> dict[str, Any]:
    """The operation whose answer is the handover, or that there is none yet."""
    told = {"oneOf": [_reference(HandoverAnswer), _reference(NoHandover)]}
    operation["responses"]["200"]["content"]["application/json"]["schema"] = told
    return operation


def _tracking_paths() -> dict[str, Any]:
    beacon = _tracking(BATCH, BATCH) | {"operationId": "beacon", "parameters": [WRITE_KEY]}
    beacon["summary"] = "Take what RudderStack's browser client sends as a page is left; the key is in the address."
    paths = {f"/v1/{name}": {"post": _tracking(name, call)} for name, call in CALLS.items()}
    return paths | {f"{BEACON}/batch": {"post": beacon}}


def _tracking(name: str, call: str) -> dict[str, Any]:
    operation = _operation(name, _summary(name, call), TrackingAnswer, "400 401 403 405 408 413 415 503")
    operation |= {"security": WRITERS}
    if call == BATCH:
        return operation | {"requestBody": _body(Batch, {"batch": [SENT | {"type": "track"}]})}
    if call != SEGMENT:
        example = SENT if call == "track" else {"messageId": "m-2", "userId": "L-0417"}
        return operation | {"requestBody": _body(TrackingEvent, example)}
    event = _reference(TrackingEvent)
    schema = {"oneOf": [event, {"type": "array", "items": event, "maxItems": limits.MOST_EVENTS}]}
    content = {"schema": schema, "example": [SENT | {"type": "track"}]}
    sent = {"required": True, "content": {"application/json": content}}
    return operation | {"requestBody": sent, "parameters": [SIGNATURE]}


def _summary(name: str, call: str) -> str:
    if call == SEGMENT:
        return "Take what Segment or RudderStack forward: one event or an array."
    what = "up to 5,000 events" if call == BATCH else f"one {call} event"
    return f"Take {what}." if name == call else f"The short form of /v1/{call}."


def _operation(name: str, summary: str, answered: type[BaseModel], problems: str) -> dict[str, Any]:
    responses = {"200": _response(answered.__doc__ or "", "application/json", answered)}
    responses |= {status: _response(PROBLEMS[status], MEDIA_TYPE, ProblemDetails) for status in problems.split()}
    return {"operationId": name, "summary": summary, "responses": responses}


def _response(description: str, media_type: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": _reference(model)}}}


def _body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": _reference(model), "example": example}}}


def _reference(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": REF.format(model=WRITTEN_NAMES.get(model, model.__name__))}


def _schemas() -> dict[str, Any]:
    asked: list[type[BaseModel]] = [ScoresRequest, TrackingEvent, Batch, ReplayRequest]
    asked += [FeedbackRequest, PersonRequest, AwayRequest]
    answered = [
        Scores, Score, Timeline, LeadExport, ErasedLead, Queues, ListedLeads, DecisionChanges, ScoreChange,
        ScoreHistory, Models, AgreementAnswer, TrackingAnswer, FailedEventsPage, ReplayAnswer, HandoverAnswer,
        HandoverPage, NoHandover, PassedOn, ProblemDetails, LeadNext, HoleReport,
    ]  # fmt: skip
    models: Any = [(model, "validation") for model in asked] + [(model, "serialization") for model in answered]
    _, made = models_json_schema(models, ref_template=REF)
    text = orjson.dumps(made["$defs"]).decode()
    for model, name in WRITTEN_NAMES.items():
        text = text.replace(f'"{model.__name__}"', f'"{name}"').replace(f'/{model.__name__}"', f'/{name}"')
    return dict(sorted(orjson.loads(text).items()))


def _key_schemes() -> dict[str, Any]:
    read = "An API key (llk_...) with the scope that the route needs. On the service's own machine none is needed."
    write = "The key as user name, no password; or as writeKey in the body: events:write, or crm:write."
    return {
        "key": {"type": "http", "scheme": "bearer", "description": read},
        "write_key": {"type": "http", "scheme": "basic", "description": write},
    }
