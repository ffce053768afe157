"""The BentoML service: the public API mounted as it is, and the same scorer as a native API at /scores.

`bentoml serve serving.service:Leadlight`; its home is LEADLIGHT_HOME.
"""

from __future__ import annotations

import gc
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import bentoml
from bentoml._internal.utils.analytics import usage_stats
from starlette.responses import JSONResponse
from starlette.routing import Route

from features.home.settings import Home
from serving import limits, logs
from serving.api.app import application
from serving.api.bentoml_routes import SCORES, BentoRoutes
from serving.api.requests import requested_leads
from serving.http.metrics import RequestMetrics, metrics_page
from serving.http.problems import Boundary, Problem
from serving.process import ServedHome

if TYPE_CHECKING:
    from serving.scoring.scorer import Scorer

# No telemetry, whoever starts this. `bentoml serve` has read the variable and remembers its answer by now: see below.
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

usage_stats.do_not_track.cache_clear()


def _scorer(home: Home) -> Scorer:
    from serving.scoring import scorer  # seconds of imports that building a bento does not need

    return scorer.Scorer(home)


served = ServedHome(Home.open, _scorer)
api = application(served)
api.router.routes.append(Route("/metrics", metrics_page))


@bentoml.service(
    workers=1,
    traffic={"timeout": limits.BENTOML_SECONDS},
    tracing={"excluded_urls": ".*"},  # a span for each request costs much; to trace, override this
    metrics={"enabled": False, "namespace": "bentoml_service"},  # ours are at the same address: serving.http.metrics
    logging={"access": {"enabled": False}},  # its lines hold lead ids, and cost more than some scores
    envs=[{"name": "BENTOML_DO_NOT_TRACK", "value": "True"}],
)
@bentoml.asgi_app(api, path="/")
class Leadlight:
    """Scores, explains and decides on leads. The public API is under /v1: GET /v1/openapi.json."""

    @bentoml.on_startup  # type: ignore[untyped-decorator]
    def start(self) -> None:
        logs.configure()
        served.open()
        logs.drop_bentoml_warning()
        # What was loaded lives as long as the process; without this each full collection walks all of it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(50_000, 20, 1_000)

    @bentoml.api(route=SCORES)  # type: ignore[untyped-decorator]
    async def scores(self, leads: list[dict[str, Any]], reasons: int | None = 3) -> list[dict[str, Any]]:
        """Scores of 1 to 1,000 leads, in order, as POST /v1/scores gives them; `reasons` null gives every one."""
        try:
            return await served.scores(requested_leads({"leads": leads}), datetime.now(UTC), reasons)
        except Problem as problem:
            return JSONResponse({"error": problem.message}, problem.status)  # type: ignore[return-value]


# In this order, outermost first. The decorator made a BentoML service of the class, which a type checker cannot see.
service: Any = Leadlight
service.add_asgi_middleware(RequestMetrics)
service.add_asgi_middleware(Boundary)
service.add_asgi_middleware(BentoRoutes, served=served)
