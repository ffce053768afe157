"""Prometheus: counts and times of requests by route, never by lead, under BentoML's names.

BentoML's own label is the path as sent: a time series for each lead and each guessed address, kept for good.
"""

from __future__ import annotations

import os
from functools import cache
from time import perf_counter

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LABELS = ("endpoint", "service_name", "http_response_code")
SERVICE = "Leadlight"


@cache
def _duration() -> Histogram:
    return Histogram("bentoml_service_request_duration_seconds", "API HTTP request duration in seconds", LABELS)


@cache
def _total() -> Counter:
    return Counter("bentoml_service_request_total", "Total number of HTTP requests", LABELS)


@cache
def _in_progress() -> Gauge:
    help_text = "Total number of HTTP requests in progress now"
    return Gauge("bentoml_service_request_in_progress", help_text, ("service_name",), multiprocess_mode="livesum")


class RequestMetrics:
    """ASGI middleware that counts and times each request under the route that answered it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/metrics":
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 0

        async def send_and_read_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with _in_progress().labels(SERVICE).track_inprogress():
            try:
                await self.app(scope, receive, send_and_read_status)
            finally:
                labels = (endpoint(scope), SERVICE, str(status))
                _total().labels(*labels).inc()
                _duration().labels(*labels).observe(perf_counter() - began)


def endpoint(scope: Scope) -> str:
    """The route that answered, as declared, such as "/v1/leads/{lead_id}/score"; "unknown" where none did."""
    route, mounted = scope.get("route"), scope.get("root_path", "")
    if route is None:
        return "unknown"
    if isinstance(route, Mount):  # the mount took it, and nothing inside knew it
        return f"{mounted}/unknown"
    return f"{mounted}{getattr(route, 'path_format', '')}"


def metrics_page(_request: Request) -> Response:
    """GET /metrics: the figures of every worker of this service."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
