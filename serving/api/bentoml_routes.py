"""Guards BentoML's own routes: checks key and body first, since BentoML knows neither our keys nor our limits."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.api.other_tools import PATHS
from serving.api.requests import BentoScoresRequest, check
from serving.http.auth import MAY_READ_SCORES, admit
from serving.http.bodies import BOM, body, json_value
from serving.http.problems import Problem, unavailable
from serving.process import ServedHome

# Health for whoever restarts us, figures without a person in them, and descriptions of what is public anyway.
OPEN = frozenset({"/", "/livez", "/readyz", "/healthz", "/metrics", "/docs.json", "/schema.json"})
READY = "/readyz"
SCORES = "/scores"
# Each of these routes admits its callers itself; the link to a card is its own key, pages ask who reads them.
PUBLIC_API = ("/v1/", "/beacon/v1/", "/api/s/", "/h/", "/worklist/")
PAGES = frozenset({"/worklist", "/worklist.csv", "/worklist.xlsx", "/sign-in", "/sign-out"})


class BentoRoutes:
    """ASGI middleware before BentoML's routes: a key with scores:read unless on loopback, a bounded body, JSON only.

    Errors have BentoML's shape, which its clients read: {"error": "..."}.
    """

    def __init__(self, app: ASGIApp, served: ServedHome) -> None:
        self.app, self.served = app, served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if path == READY and (why := await self.served.readiness.why_not()):
            await unavailable("not_ready", why, retry_after_s=5).response(scope)(scope, receive, send)
            return
        if scope["type"] != "http" or path in (OPEN | PAGES) or path in PATHS or path.startswith(PUBLIC_API):
            await self.app(scope, receive, send)
            return
        try:
            admit(Request(scope), self.served.credentials, MAY_READ_SCORES)
            read = await _json_body(Request(scope, receive)) if (scope["method"], path) == ("POST", SCORES) else b""
        except Problem as problem:
            answer = JSONResponse({"error": problem.message}, problem.status, problem.headers)
            await answer(scope, receive, send)
            return
        await self.app(_as_plain(scope, len(read)), _replayed(read, receive), send)


async def _json_body(request: Request) -> bytes:
    media_type = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if media_type != "application/json":  # the other kinds that BentoML reads fetch files or unpickle
        refused = f"Content-Type {media_type[:80]!r} is not read here; send application/json."
        raise Problem(415, "unsupported_type", refused)
    read = await body(request)
    # BentoML logs what it cannot validate, and that is personal data: it only gets to see what is valid.
    check(json_value(read), BentoScoresRequest)
    return read.removeprefix(BOM)


def _as_plain(scope: Scope, size: int) -> Scope:
    dropped = (b"content-encoding", b"content-length", b"transfer-encoding")
    others = [(name, value) for name, value in scope["headers"] if name not in dropped]
    # The same scope: what routing notes in it is metered.
    scope["headers"] = [*others, (b"content-length", b"%d" % size)]
    return scope


def _replayed(read: bytes, receive: Receive) -> Receive:
    is_read = False

    async def replay() -> Message:
        nonlocal is_read
        if is_read:
            return await receive()
        is_read = True
        return {"type": "http.request", "body": read, "more_body": False}

    return replay
