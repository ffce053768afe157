"""JSON answers of the API, its errors as RFC 9457 problem details, request ids, and the last resort."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
# An answer is about a person and true for a moment; no cache on the way may keep it.
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
REQUEST_ID = "leadlight.request_id"  # its key in the ASGI scope, so that nested applications share one
# What we repeat of a caller's own id: nothing that forges a log line.
REQUEST_ID_FORM = re.compile(r"[A-Za-z0-9._:-]{1,128}")

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class FieldError:
    """One thing wrong in a request body; `pointer` is the JSON pointer (RFC 6901) of where."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """A request that is answered with an error: its HTTP status, a snake_case code, and one sentence for a person."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message
        self.errors, self.headers = tuple(errors), dict(headers or {})

    def body(self, request_id: str) -> dict[str, Any]:
        """The members of RFC 9457, then ours; clients of tracking APIs need `code` and `message` at the top."""
        title = HTTPStatus(self.status).phrase
        members: dict[str, Any] = {"type": "about:blank", "title": title, "status": self.status, "detail": self.message}
        members |= {"code": self.code, "message": self.message, "request_id": request_id}
        return members | ({"errors": [asdict(error) for error in self.errors]} if self.errors else {})

    def response(self, scope: Scope) -> Response:
        """The answer to the request that `scope` belongs to."""
        content = orjson.dumps(self.body(scope.get(REQUEST_ID, "")))
        return Response(content, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def json_response(document: Any) -> Response:
    """The 200 whose body is `document` as JSON."""
    # orjson writes floats so that they read back the same, and null for NaN, which JSON lacks.
    content = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_UTC_Z, default=str)
    return Response(content, headers=HEADERS, media_type="application/json")


def unavailable(code: str, message: str, retry_after_s: int) -> Problem:
    """A failure of our own that may pass: 503, so that no client drops what it sent."""
    return Problem(503, code, message, headers={"Retry-After": str(retry_after_s)})


class Boundary:
    """ASGI middleware: gives each request its id, and answers an unforeseen error with a 500 that tells nothing of it.

    Starlette's own last resort answers in plain text and raises again, so this stands inside it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope.setdefault(REQUEST_ID, _request_id(Headers(scope=scope).get("x-request-id")))
        has_begun = False

        async def send_with_id(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                MutableHeaders(scope=message)["X-Request-Id"] = request_id
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except ClientDisconnect:
            log.info("the client left before its request was read", request_id=request_id)
        except Exception:
            log.exception("a request failed", request_id=request_id, method=scope["method"])
            if has_begun:  # too late for an answer of ours; the server cuts the connection
                raise
            await _unforeseen().response(scope)(scope, receive, send_with_id)


def _unforeseen() -> Problem:
    return Problem(500, "internal_error", "This is an error of the service; its log has the details by request_id.")


def _request_id(sent: str | None) -> str:
    return sent if sent and REQUEST_ID_FORM.fullmatch(sent) else uuid.uuid4().hex
