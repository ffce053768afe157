"""The routes of signing in and out: a name and a password against a cookie."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from features.agreement.people import person_key
from features.home.database import reading, wait_for_writers, writing
from serving.http.bodies import body
from serving.notices.card_links import Signer, existing_signer, signer
from serving.pages.card.card_routes import MOST_FORM_BYTES, form_fields
from serving.pages.page import HEADERS, html_page, page_response
from serving.process import ServedHome
from serving.signin.audit import note_in_audit
from serving.signin.sessions import (
    LASTS,
    SessionCookie,
    begin_session,
    count_try,
    end_session,
    forget_tries,
    session_user,
)
from serving.signin.users import Users

FORM = "sign-in"
A_LEAD = re.compile(r"leads/[\w.~%-]{1,600}", re.ASCII)  # no slash, so no other site
OLD = "This page was open for too long, or did not come from here. Try again."
WRONG = "This address and password do not belong together, or the user was removed."


class SignInRoutes:
    """The endpoints of signing in and out."""

    def __init__(self, served: ServedHome, now: Callable[[], datetime]) -> None:
        self.served, self.now = served, now

    def routes(self) -> list[Route]:
        """The routes, at the root."""
        return [
            Route("/sign-in", self.show, methods=["GET"]),
            Route("/sign-in", self.sign_in, methods=["POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        """GET /sign-in"""
        return await to_thread.run_sync(self._page, request)

    async def sign_in(self, request: Request) -> Response:
        """POST /sign-in"""
        return await to_thread.run_sync(self._signed_in, request, await sent_form(request))

    async def sign_out(self, request: Request) -> Response:
        """POST /sign-out"""
        return await to_thread.run_sync(self._signed_out, request, await sent_form(request))

    def _page(self, request: Request, problem: str | None = None, status: int = 200) -> Response:
        form = home_signer(self.served).form_token(FORM, secrets.token_urlsafe(9), self.now())
        page = html_page("sign_in.html.j2", form_token=form, problem=problem, to=_wanted(request.query_params))
        return page_response(page, status, framed_by=self.served.home.settings.frame_ancestors)

    def _signed_in(self, request: Request, given: Mapping[str, str]) -> Response:
        home, now = self.served.home, self.now()
        if is_foreign(request) or home_signer(self.served).read_form(given.get("form", ""), FORM, now) is None:
            return self._page(request, OLD, 403)
        email, host = (
            person_key(given.get("email", ""))[:200].replace("\0", ""),
            request.client.host if request.client else "",
        )
        names = (f"user:{email}", f"machine:{host}")
        with writing(home) as connection:
            wait_for_writers(connection)
            waits = count_try(connection, names, now)
        if waits > timedelta(0):
            seconds = int(waits.total_seconds()) + 1
            answer = self._page(request, f"Too many tries failed; try again in {seconds} seconds.", 429)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        if not Users(home).is_password(email, given.get("password", "")):
            return self._page(request, WRONG, 403)
        cookie = SessionCookie.of(request, home.settings)
        with writing(home) as connection:
            forget_tries(connection, names)
            value = begin_session(connection, email, now)
            note_in_audit(connection, email, "signed_in", email, now)
        went = RedirectResponse(_wanted(request.query_params) or "worklist", 303, HEADERS)
        went.headers["Set-Cookie"] = cookie.header(value, int(LASTS.total_seconds()))
        return went

    def _signed_out(self, request: Request, given: Mapping[str, str]) -> Response:
        home, now = self.served.home, self.now()
        cookie = SessionCookie.of(request, home.settings)
        value = request.cookies.get(cookie.name)
        with reading(home) as connection:
            user = session_user(connection, value, now)
        if user is not None:
            session = f"session:{user.digest.hex()}"
            if is_foreign(request) or home_signer(self.served).read_form(given.get("form", ""), session, now) is None:
                return self._page(request, OLD, 403)
            with writing(home) as connection:
                end_session(connection, value, now)
                note_in_audit(connection, user.email, "signed_out", user.email, now)
        went = RedirectResponse("sign-in", 303, HEADERS)
        went.headers["Set-Cookie"] = cookie.header("", 0)
        return went


def _wanted(query: Mapping[str, str]) -> str:
    """The page of a lead that was asked for before the sign-in; empty for none, and for any other address."""
    to = query.get("to", "")
    return to if A_LEAD.fullmatch(to) else ""


async def sent_form(request: Request) -> dict[str, str]:
    """What a form sent. Raises Problem for one that cannot be read; too much of it counts as nothing."""
    raw = await body(request)
    return form_fields(raw) if len(raw) <= MOST_FORM_BYTES else {}


def is_foreign(request: Request) -> bool:
    """Whether a browser says that another site sent this form."""
    return request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")


def home_signer(served: ServedHome) -> Signer:
    """The home's signer of links and forms; its key is made at the first use."""
    with reading(served.home) as connection:
        known = existing_signer(connection)
    if known is not None:
        return known
    with writing(served.home) as connection:
        return signer(connection)
