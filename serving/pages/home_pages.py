"""Pages of the whole home: the team, the data, the agreement, the model. Each shows what a command prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from features.agreement.kept_signatures import signatures_of, standing_in_force
from serving.funnel.hole_report import report_of_home
from serving.health.doctor import home_checks
from serving.pages.agreement.agreement_page import agreement_page
from serving.pages.hole.hole_page import hole_page
from serving.pages.page import html_page, page_response
from serving.pages.visits import NotForYou, Visit, answered, notice_page, visit
from serving.process import ServedHome
from serving.signin.users import Role
from serving.signin.visitor import READS, Visitor

REPORT = "report.html"  # `leadlight report` writes it into the home
MANAGING: frozenset[Role] = frozenset({"marketing", "manager", "admin"})
EVERYBODY: frozenset[Role] = frozenset(READS)
NO_REPORT = (404, "No report was written yet", "Run: leadlight report. It writes the pictures of the model.")


@dataclass(frozen=True)
class HomePage:
    """One page: what links call it, and which roles read it."""

    name: str
    roles: frozenset[Role]


PAGES: Mapping[str, HomePage] = {
    "agreement": HomePage("What was agreed", EVERYBODY),
    "team": HomePage("The team's figures", MANAGING),
    "model": HomePage("The model", MANAGING),
    "data": HomePage("The data", MANAGING),
}


def links_for(visitor: Visitor) -> list[tuple[str, str]]:
    """(address, name) of the pages that a role reads, from the root of the pages."""
    return [(path, page.name) for path, page in PAGES.items() if visitor.role in page.roles]


class HomePageRoutes:
    """The endpoints. They name owners where the agreement says `per_rep`, and no lead."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now
        self._written: Mapping[str, Callable[[Visit], Response]] = {
            "agreement": self._agreement, "team": self._team, "model": self._model, "data": self._data
        }  # fmt: skip

    def routes(self) -> list[Route]:
        """The routes, at the root."""
        return [Route(f"/{path}", partial(self.show, path), methods=["GET"]) for path in PAGES]

    async def show(self, path: str, request: Request) -> Response:
        """GET /agreement, /team, /model, /data"""
        return await to_thread.run_sync(self._answer, path, request)

    def _answer(self, path: str, request: Request) -> Response:
        answer: Response = answered(self.served, lambda: self._page(path, request), "sign-in")
        return answer

    def _page(self, path: str, request: Request) -> Response:
        with visit(self.served, request, self.now()) as told:
            if told.visitor.role not in PAGES[path].roles:
                raise NotForYou(f"“{PAGES[path].name}” is for managers and marketing; ask whoever runs this service.")
            return self._written[path](told)

    def _agreement(self, told: Visit) -> Response:
        kept, stands = standing_in_force(self.served.home)
        return self._response(agreement_page(kept, stands, signatures_of(told.connection, kept.agreement)))

    def _team(self, told: Visit) -> Response:
        return self._response(hole_page(report_of_home(self.served.home, told.agreement, told.as_of)))

    def _model(self, _told: Visit) -> Response:
        path = self.served.home.path / REPORT
        return self._response(path.read_text()) if path.is_file() else notice_page(self.served, *NO_REPORT)

    def _data(self, told: Visit) -> Response:
        return self._response(html_page("data.html.j2", checks=home_checks(self.served.home, told.as_of)))

    def _response(self, html: str) -> Response:
        return page_response(html, framed_by=self.served.home.settings.frame_ancestors)
