"""The OpenAPI 3.1 document of the /v1 routes."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from serving.answers import Models, ProblemDetails, Score, Scores
from serving.problems import MEDIA_TYPE
from serving.requests import ScoresAsked

REF = "#/components/schemas/{model}"
PROBLEMS = {
    "400": "The body is no JSON, or no gzip where it says so.",
    "401": "No key where one is needed, or an unknown one.",
    "403": "The key lacks the scope.",
    "404": "unknown_lead: there is no such lead.",
    "405": "Another method; Allow names the right one.",
    "408": "The body came too slowly.",
    "410": "erased: this lead was erased.",
    "413": "The body is over 4 MiB, or over 1 MiB compressed.",
    "415": "A Content-Encoding other than gzip.",
    "422": "JSON, but not what this route reads; errors point to where.",
    "500": "An error of the service; its log has the details by request_id.",
    "503": "Not now: no_agreement until the home has one, or the keys cannot be checked.",
}
REASONS = {
    "name": "reasons",
    "in": "query",
    "description": "How many reasons to give for each lead, strongest first, or all.",
    "schema": {"oneOf": [{"type": "integer", "minimum": 0}, {"const": "all"}], "default": 3},
}
LEAD_ID = {"name": "lead_id", "in": "path", "required": True, "schema": {"type": "string"}}
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
        "components": {"schemas": _schemas(), "securitySchemes": {"key": _key_scheme()}},
    }


def _paths() -> dict[str, Any]:
    scored = "400 401 403 405 408 413 415 422 500 503"
    return {
        "/v1/scores": {
            "post": _operation("scores", "Score 1 to 1,000 leads, in order.", Scores, scored)
            | {"parameters": [REASONS], "requestBody": _body(ScoresAsked, EXAMPLE)}
        },
        "/v1/leads/{lead_id}/score": {
            "get": _operation("lead_score", "Score one lead.", Score, "401 403 404 405 410 422 500 503")
            | {"parameters": [LEAD_ID, REASONS]}
        },
        "/v1/models": {"get": _operation("models", "The registered models.", Models, "401 403 405 500 503")},
        "/v1/openapi.json": {
            "get": {
                "operationId": "openapi",
                "summary": "This document.",
                "security": [],
                "responses": {"200": {"description": "OpenAPI 3.1.", "content": {"application/json": {}}}},
            }
        },
    }


def _operation(name: str, summary: str, answered: type[BaseModel], problems: str) -> dict[str, Any]:
    responses = {"200": _said(answered.__doc__ or "", "application/json", answered)}
    responses |= {status: _said(PROBLEMS[status], MEDIA_TYPE, ProblemDetails) for status in problems.split()}
    return {"operationId": name, "summary": summary, "responses": responses}


def _said(description: str, media_type: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": description, "content": {media_type: {"schema": {"$ref": REF.format(model=model.__name__)}}}}


def _body(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": REF.format(model=model.__name__)}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def _schemas() -> dict[str, Any]:
    asked, answered = [(ScoresAsked, "validation")], [Scores, Score, Models, ProblemDetails]
    models: Any = [*asked, *((model, "serialization") for model in answered)]
    _, made = models_json_schema(models, ref_template=REF)
    schemas: dict[str, Any] = made["$defs"]
    return schemas


def _key_scheme() -> dict[str, str]:
    said = "An API key (llk_...) with the scope scores:read. On the service's own machine none is needed."
    return {"type": "http", "scheme": "bearer", "description": said}
