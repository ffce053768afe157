"""The BentoML service: the public API mounted as it is, and the same scorer as a native API at /scores.

`bentoml serve serving.service:Leadlight`; its home is LEADLIGHT_HOME.
"""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import bentoml
from bentoml._internal.utils.analytics import usage_stats
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from serving import limits, logs
from serving.http.metrics import RequestMetrics, metrics_page
from serving.http.problems import Boundary, Problem

if TYPE_CHECKING:
    from features.home.settings import Home
    from serving.process import ServedHome
    from serving.scoring.scorer import Scorer

# The supervisor of `bentoml serve` imports this file as well, and answers nothing: what only a worker needs, which is
# most of the product, is imported inside the functions.

# No telemetry, whoever starts this. `bentoml serve` has read the variable and remembers its answer by now: see below.
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

# The peer of a connection is the machine that it comes from: else uvicorn replaces it by what X-Forwarded-For says.
os.environ["FORWARDED_ALLOW_IPS"] = ""

usage_stats.do_not_track.cache_clear()


def _scorer(home: Home) -> Scorer:
    from serving.scoring import scorer

    return scorer.Scorer(home)


@cache
def served() -> ServedHome:
    """The home that this process serves."""
    from features.home.settings import Home
    from serving.process import ServedHome

    return ServedHome(Home.open, _scorer)


@cache
def api() -> Starlette:
    """The public API of this process."""
    from serving.api.app import application

    app = application(served())
    app.router.routes.append(Route("/metrics", metrics_page))
    return app


class PublicApi(Starlette):
    """What BentoML mounts: a Starlette whose routes and lifespan are those of `api()`, which its first use makes."""

    def __init__(self) -> None:
        """Nothing of its own: routes, lifespan and answers are those of `api()`."""

    @property
    def router(self) -> Router:  # type: ignore[override]
        return api().router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await api()(scope, receive, send)


def bento_routes(app: ASGIApp) -> ASGIApp:
    """The ASGI middleware that guards BentoML's own routes."""
    from serving.api.bentoml_routes import BentoRoutes

    return BentoRoutes(app, served())


@bentoml.service(
    workers=1,
    traffic={"timeout": limits.BENTOML_SECONDS},
    tracing={"excluded_urls": ".*"},  # a span for each request costs much; to trace, override this
    metrics={"enabled": False, "namespace": "bentoml_service"},  # ours are at the same address: serving.http.metrics
    logging={"access": {"enabled": False}},  # its lines hold lead ids, and cost more than some scores
    envs=[{"name": "BENTOML_DO_NOT_TRACK", "value": "True"}],
)
@bentoml.asgi_app(PublicApi(), path="/")
class Leadlight:
    """Scores, explains and decides on leads. The public API is under /v1: GET /v1/openapi.json."""

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def start(self) -> None:
        from serving.server import end_with_parent

        logs.configure()
        end_with_parent()
        os.umask(0o077)  # it writes into the home alone, and that is its owner's
        served().open()
        logs.drop_bentoml_warning()
        # What was loaded lives as long as the process; without this each full collection walks all of it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 1_000)

    @bentoml.api(route="/scores")  # type: ignore[untyped-decorator]
    async def scores(self, leads: list[dict[str, Any]], reasons: int | None = 3) -> list[dict[str, Any]]:
        """Scores of 1 to 1,000 leads, in order, as POST /v1/scores gives them; `reasons` null gives every one."""
        from serving.api.requests import requested_leads

        try:
            return await served().scores(requested_leads({"leads": leads}), datetime.now(UTC), reasons)
        except Problem as problem:
            return JSONResponse({"error": problem.message}, problem.status)  # type: ignore[return-value]


# In this order, outermost first. The decorator made a BentoML service of the class, which a type checker cannot see.
service: Any = Leadlight
service.add_asgi_middleware(RequestMetrics)
service.add_asgi_middleware(Boundary)
service.add_asgi_middleware(bento_routes)
