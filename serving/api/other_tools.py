"""The addresses that trackers of other tools send to: each answers with the tool's name and where to read on."""

from __future__ import annotations

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.events.other_tools import READ_ON
from serving.http.problems import Problem

ADDRESSES = {
    "Matomo": ("/matomo.php", "/piwik.php"),
    "PostHog": ("/capture", "/e", "/i/v0/e", "/batch", "/decide", "/flags"),
    "Snowplow": ("/com.snowplowanalytics.snowplow/tp2", "/i"),
    "Google Analytics 4": ("/mp/collect", "/debug/mp/collect", "/g/collect"),
}
PATHS = frozenset(path + slash for paths in ADDRESSES.values() for path in paths for slash in ("", "/"))


def other_tool_routes() -> list[Route]:
    """A route for each of the addresses, with or without a slash at its end."""
    told = [(path, partial(_refuse, tool)) for tool, paths in ADDRESSES.items() for path in paths]
    return [Route(path + slash, answer, methods=["GET", "POST"]) for path, answer in told for slash in ("", "/")]


async def _refuse(tool: str, request: Request) -> Response:
    message = f"This is the address of {tool}, whose events Leadlight does not read as they are; {READ_ON}."
    return Problem(404, "other_tool", message).response(request.scope)
