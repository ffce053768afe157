"""A route of the API: with or without a slash at its end, and with no other query parameters than those it knows."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from difflib import get_close_matches

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving.http.problems import Problem

Endpoint = Callable[[Request], Awaitable[Response]]


def api_route(path: str, endpoint: Endpoint, method: str = "GET", queries: Sequence[str] = ()) -> Route:
    """The route of one method; a query parameter that is not among `queries`, or comes twice, is a 422.

    Where the path ends in a lead id, a slash at the end belongs to the id.
    """

    async def checked(request: Request) -> Response:
        _check_queries(request, queries)
        return await endpoint(request)

    route = Route(path, checked, methods=[method], name=getattr(endpoint, "__name__", None))
    return route if path.endswith(":path}") else with_slash(route)


def with_slash(route: Route) -> Route:
    """The route, which takes a slash at the end of its path as well: a redirect passes for an answer with clients."""
    route.path_regex = re.compile(route.path_regex.pattern.removesuffix("$") + "/?$")
    return route


def _check_queries(request: Request, queries: Sequence[str]) -> None:
    given = Counter(name for name, _ in request.query_params.multi_items())
    if unknown := next((name for name in given if name not in queries), None):
        near = get_close_matches(unknown, queries, n=1)
        known = f"there are {', '.join(queries)}" if queries else "this address takes none"
        remedy = f"did you mean {near[0]}?" if near else f"{known}."
        raise Problem(422, "unknown_parameter", f"{unknown[:40]!r} is no query parameter here; {remedy}")
    if twice := next((name for name, count in given.items() if count > 1), None):
        raise Problem(422, "repeated_parameter", f"{twice} is given {given[twice]} times; give it once.")
