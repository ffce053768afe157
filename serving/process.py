"""What one serving process holds: the scorer and the keys of a home, looked after each second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import structlog
from anyio import to_thread

from features.events.event import EventRefused
from features.home.errors import LeadlightError
from features.home.settings import Home
from serving.http.keys import KeyRing, Keys
from serving.http.problems import Problem, unavailable
from serving.intake.group_commit import Intake, Publishes

if TYPE_CHECKING:
    from features.records.housekeeping import Housekeeping


EACH_S = 1.0  # between looks at the deployment and the keys
HOUSE_S = 60.0  # between looks at what a home needs now and then
DRAIN_S = 0.5  # between looks at what is pending: any process publishes within 1 s what another one left behind
AT_ONCE = 16  # leads and inline events scored in the event loop: so few that a thread costs more than it frees
IN_TURN_S = 5.0  # larger requests are scored in a thread, one at a time; one that would wait longer is sent away

Leads = Sequence[Mapping[str, Any]]  # as `serving.api.requests` checked them

log = structlog.get_logger(__name__)


class Scorer(Protocol):
    """What serving needs of a scorer; `serving.scoring.scorer.Scorer` is the real one."""

    def scores(self, asked: Leads, as_of: datetime, most_reasons: int | None = 3) -> list[dict[str, Any]]: ...

    def refresh(self) -> None: ...

    def models(self) -> list[dict[str, Any]]: ...


class Live:
    """One home, served. Opened at start, never at import: the home may be empty then, and may fill later."""

    def __init__(
        self,
        home: Callable[[], Home],
        scorer: Callable[[Home], Scorer],
        publisher: Callable[[Home], Publishes] | None = None,
    ) -> None:
        self._home, self._make_scorer, self._make_publisher = home, scorer, publisher or _publisher
        self._opened: Home | None = None
        self._scorer: Scorer | None = None
        self._ring: KeyRing | None = None
        self._intake: Intake | None = None
        self._house: Housekeeping | None = None
        self._turn = asyncio.Lock()
        self._said: dict[str, str] = {}
        self._is_warm = False
        self.allows_anonymous = False
        self.segment_secret: str | None = None

    @property
    def home(self) -> Home:
        if self._opened is None:
            raise RuntimeError("the service is not open yet")
        return self._opened

    @property
    def scorer(self) -> Scorer:
        if self._scorer is None:
            raise RuntimeError("the service is not open yet")
        return self._scorer

    @property
    def ring(self) -> KeyRing:
        if self._ring is None:
            raise RuntimeError("the service is not open yet")
        return self._ring

    @property
    def intake(self) -> Intake:
        if self._intake is None:
            raise RuntimeError("the service is not open yet")
        return self._intake

    def open(self) -> None:
        """Read the home: its scorer and its keys. An empty home opens too, and is asked again each second."""
        if self._scorer is not None:
            return
        self._opened = home = self._home()
        self.allows_anonymous = home.settings.allow_anonymous
        secret = home.settings.segment_secret
        self.segment_secret = secret.get_secret_value() if secret else None
        self._ring = KeyRing(Keys(home))
        self._intake = Intake(home, self._make_publisher(home))
        self._scorer = self._make_scorer(home)
        self._try("schema", self._intake.prepare)
        self.look()
        log.info("serving", home=str(home.path), code=str(Path(__file__).parents[1]))

    def look(self) -> None:
        """See what changed since. Never raises."""
        self.look_at_home()
        self.look_at_keys()  # last: the other may take longer than keys are trusted unseen

    def look_at_keys(self) -> None:
        """Keys made or revoked."""
        self._try("keys", lambda: self.ring.look(time.monotonic()))

    def look_at_home(self) -> None:
        """A promoted model, a new agreement."""
        self._try("deployment", self.scorer.refresh)
        if not self._is_warm:
            self._try("first score", self._warm_up)

    def look_at_events(self) -> None:
        """Events that another process accepted and could not publish, and an online store that lost what it had."""
        self._try("pending events", self.intake.look)

    def look_after(self) -> None:
        """Files that hold an erased lead, and events that are older than agreed."""
        self._try("housekeeping", self._keep_house)

    def _keep_house(self) -> None:
        if self._house is None:
            from features.records.housekeeping import Housekeeping  # as heavy as the publisher

            self._house = Housekeeping(self.home)
        self._house.look(datetime.now(UTC))

    def _warm_up(self) -> None:
        # The first score imports the feature store and compiles: seconds that no caller should wait for.
        self.scorer.scores([{"traits": {}}, {"lead_id": "nobody"}], datetime.now(UTC), None)
        self._is_warm = True

    def _try(self, what: str, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            # What was good goes on serving. The same complaint is logged once, not each second.
            said = f"{type(error).__name__}: {error}"
            if self._said.get(what) != said:
                log.error("could not refresh", what=what, why=said, exc_info=not isinstance(error, LeadlightError))
            self._said[what] = said
        else:
            self._said.pop(what, None)

    @asynccontextmanager
    async def running(self, _app: object = None) -> AsyncIterator[None]:
        """The life of a serving process: open, and looked after until its end."""
        self.open()
        # Apart, so that no key is refused while a large model loads, and no event waits for it.
        looks = [asyncio.create_task(_each(EACH_S, look)) for look in (self.look_at_keys, self.look_at_home)]
        looks.append(asyncio.create_task(_each(DRAIN_S, self.look_at_events)))
        looks.append(asyncio.create_task(_each(HOUSE_S, self.look_after)))
        try:
            yield
        finally:
            for task in looks:
                task.cancel()
            await asyncio.gather(*looks, return_exceptions=True)

    async def scores(self, asked: Leads, as_of: datetime, most: int | None) -> list[dict[str, Any]]:
        """Scores in the order asked. Raises Problem 503 while this home cannot, or is too busy."""
        step = partial(self.scorer.scores, asked, as_of, most)
        size = sum(1 + len(lead.get("events", ())) for lead in asked)
        try:
            found = step() if size <= AT_ONCE else await self._in_turn(step)
        except LeadlightError as error:
            raise not_now(error) from error
        return [_referenced(lead, score) for lead, score in zip(asked, found, strict=True)]

    async def _in_turn(self, step: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        try:
            await asyncio.wait_for(self._turn.acquire(), IN_TURN_S)
        except TimeoutError:
            said = "Too many large requests wait to be scored; send this one again."
            raise unavailable("busy", said, retry_after_s=5) from None
        try:
            return await to_thread.run_sync(step)
        finally:
            self._turn.release()


def _publisher(home: Home) -> Publishes:
    from features.store.publisher import (
        Publisher,  # it brings in all that derives features, which a test may do without
    )

    return Publisher(home)


async def _each(seconds: float, look: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await to_thread.run_sync(look)


def not_now(error: LeadlightError) -> Problem:
    """What a caller hears of an error that a person at the home must mend."""
    if isinstance(error, EventRefused):  # an inline event that says nothing usable: the caller's to mend
        return Problem(422, error.code, f"{error}.")
    if error.code == "no_agreement":
        return unavailable("no_agreement", f"{error}", retry_after_s=30)
    log.error("cannot score", code=error.code, why=str(error))
    return unavailable(error.code, "This home cannot score now; the log of the service says why.", retry_after_s=30)


def _referenced(lead: Mapping[str, Any], score: dict[str, Any]) -> dict[str, Any]:
    reference = lead.get("client_reference_id")
    return score if reference is None else score | {"client_reference_id": reference}
