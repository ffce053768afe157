"""A home with every kind of lead that a page is shown of, decided by one clock, and its pages in this process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from api_in_process import call
from decided_homes import ANN, BEN, DAY, FIT, HOUR, DecidedHome, asks, lead, live_agreement, visits
from starlette.applications import Starlette

from features.home.settings import Home, Settings
from features.records.erasure import erase
from serving.pages.card.card_routes import CardRoutes
from serving.pages.home_pages import HomePageRoutes
from serving.pages.lead.lead_routes import LeadPageRoutes
from serving.pages.sign_in_routes import SignInRoutes
from serving.pages.worklist.worklist_routes import WorklistRoutes

MARIA = {"name": "Maria Lindqvist", "email": "maria@nordwind.example", "phone": "+49 30 123456", "company": "Nordwind"}
JONAS = {"name": "Jonas Weber", "email": "jonas@nordwind.example", "job_title": "IT Manager", "company": "Nordwind"}
MANAGER, MARKETING = "chief@ourcompany.example", "mara@ourcompany.example"
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft mbH"
HOSTILE = '<script>alert(1)</script>"\'><img src=x onerror=alert(1)>{{7*7}}\u202e=HYPERLINK("https://evil.example")'


@dataclass
class LeadPages:
    """The home and its pages. Whoever asks by the proxy is named in X-User."""

    world: DecidedHome
    app: Starlette

    def get(self, path: str, **how: Any) -> httpx.Response:
        return call(self.app, "GET", path, **how)

    def by_proxy(self, person: str, path: str) -> httpx.Response:
        headers = {"X-User": person}
        return self.get(path, client=("10.0.0.7", 40_000), host="leads.ours.example", headers=headers)

    def post(self, path: str, given: Mapping[str, str]) -> httpx.Response:
        return call(self.app, "POST", path, data=dict(given))


def pages_of(world: DecidedHome) -> LeadPages:
    class Served:
        home = Home(world.home.path, Settings(user_header="X-User", trusted_proxies="10.0.0.0/8"))
        scorer = world.parts["scorer"]

    served: Any = Served()
    kinds = (CardRoutes, SignInRoutes, WorklistRoutes, LeadPageRoutes, HomePageRoutes)
    return LeadPages(world, Starlette(routes=[r for kind in kinds for r in kind(served, lambda: world.now).routes()]))


def world_of_leads(folder: Path) -> DecidedHome:
    """Two leads of one company and what became of others: see the comments."""
    world = DecidedHome.of(folder / "home", live_agreement())
    world.hear(lead("L-2", **JONAS), lead("L-1", **MARIA, **FIT))
    world.now += DAY
    world.hear(visits("L-2"), visits("L-1", "/pricing"))
    world.now += timedelta(minutes=6)
    world.hear(visits("L-1", "/pricing/teams"))
    world.now += 2 * DAY
    world.hear({"type": "track", "userId": "L-1", "event": "Webinar Attended",
                "properties": {"title": "Faster quotes", "minutes_attended": 41}})  # fmt: skip
    world.now += HOUR
    world.hear(asks("L-1"))  # asked: with Ann or Ben
    world.hear(lead("bare"))  # of whom nothing is known
    world.hear(lead("cust", customer=True, industry="software"), lead("rival", email="x@rival.example"))
    world.hear(lead("objects", profiling_opt_out=True, **FIT))
    world.hear(lead("odd/one", name=LONG, company="شركة الشرق 🚀", industry="software"))
    world.hear(visits("odd/one", f"/{HOSTILE}"))
    world.hear(lead("hostile", name=HOSTILE, company=HOSTILE, job_title=HOSTILE, email="h@hostile.example"))
    world.hear(visits("hostile", HOSTILE), {"type": "track", "userId": "hostile", "event": HOSTILE,
                                            "properties": {"title": HOSTILE, "by": HOSTILE}})  # fmt: skip
    world.hear(lead("twin"), {"type": "track", "userId": "L-2", "event": "Lead Merged",
                              "properties": {"previous_lead_id": "twin"}})  # fmt: skip
    world.hear(lead("gone", email="gone@away.example"))
    erase(world.home, live_agreement(), "gone", world.now, only_ids=True)
    world.publisher.publish()
    world.now += timedelta(minutes=12)
    return world


def owner_of(world: DecidedHome, lead_id: str) -> str:
    """Who has the lead's open handover."""
    return next(str(row.owner) for row in world.handovers() if row.lead_id == lead_id and row.closed_us is None)


def other_rep(person: str) -> str:
    return BEN if person == ANN else ANN
