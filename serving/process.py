"""What one serving process holds of a home, its scorer, keys and event queue, and how it refreshes them each second."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from anyio import to_thread

from features.agreement.agreement import Agreement
from features.agreement.versions import NoAgreement, current_version
from features.events.event import EventRefused
from features.events.trust import ReservedNames
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.home.troubles import Troubles
from serving import limits
from serving.health.readiness import Readiness
from serving.http.auth import Credentials
from serving.http.keys import KeyRing, Keys
from serving.http.problems import Problem, unavailable
from serving.intake.group_commit import EventQueue

if TYPE_CHECKING:
    from features.records.housekeeping import Housekeeping
    from features.store.publisher import Publisher
    from serving.notices.delivery import Delivery
    from serving.scoring.scorer import LeadRequests, Scorer


REFRESH_S = 1.0  # between looks at the deployment and the keys
HOUSEKEEPING_S = 60.0  # between looks at what a home needs now and then
SWEEP_S = 60.0  # between sweeps: dates, clocks and turns in the backlog are kept to the minute
NO_DATABASE, NO_SCORES = "the database cannot be reached", "cannot score"  # troubles that requests meet
NOTICES_S = 1.0  # between looks at the outbox
PUBLISH_PENDING_S = 0.5  # any process publishes within 1 s what another one left behind

Part = TypeVar("Part")
log = structlog.get_logger(__name__)


class ServedHome:
    """One home as one process serves it: scorer, credentials and event queue, refreshed each second.

    Opened at start, never at import: the home may be empty then, and may fill later.
    """

    def __init__(
        self,
        home: Callable[[], Home],
        scorer: Callable[[Home], Scorer],
        publisher: Callable[[Home], Publisher] | None = None,
    ) -> None:
        self._home, self._make_scorer, self._make_publisher = home, scorer, publisher or self._publisher
        self._opened: Home | None = None
        self._scorer: Scorer | None = None
        self._credentials: Credentials | None = None
        self._queue: EventQueue | None = None
        self._housekeeping: Housekeeping | None = None
        self._delivery: Delivery | None = None
        self._one_large_request = asyncio.Lock()
        self._readiness: Readiness | None = None
        self.troubles = Troubles(log)
        self._is_warm = False
        self._agreement = Agreement.default()
        self._reserved_names = ReservedNames()

    @property
    def home(self) -> Home:
        return _opened(self._opened)

    @property
    def scorer(self) -> Scorer:
        return _opened(self._scorer)

    @property
    def credentials(self) -> Credentials:
        return _opened(self._credentials)

    @property
    def reserved_names(self) -> ReservedNames:
        """The events that a key in web pages may not say, as the newest agreement names them."""
        return self._reserved_names

    @property
    def agreement(self) -> Agreement:
        """The newest agreement, by which what comes is looked at; the default one where nothing was agreed."""
        return self._agreement

    @property
    def queue(self) -> EventQueue:
        return _opened(self._queue)

    @property
    def readiness(self) -> Readiness:
        return _opened(self._readiness)

    def open(self) -> None:
        """Read the home: its scorer and its keys. An empty home opens too, and is looked at again each second."""
        if self._scorer is not None:
            return
        self._opened = home = self._home()
        secret = home.settings.segment_secret
        self._credentials = Credentials(
            KeyRing(Keys(home)), home.settings.allow_anonymous, secret.get_secret_value() if secret else None
        )
        self._queue = EventQueue(home, self._make_publisher(home))
        self._scorer = self._make_scorer(home)
        self._readiness = Readiness(home, self._scorer)
        self._try("schema", self._queue.migrate)
        self.refresh()
        log.info("serving", home=str(home.path), code=str(Path(__file__).parents[1]))

    def refresh(self) -> None:
        """Take over what changed in the home. Never raises: what was good goes on serving."""
        self.refresh_scorer()
        self.refresh_keys()  # last: the scorer may take longer than keys are trusted

    def refresh_keys(self) -> None:
        """Take over keys that were made or revoked."""
        if self._try("keys", lambda: self.credentials.ring.refresh(time.monotonic())):
            self.troubles.over(NO_DATABASE)

    def refresh_scorer(self) -> None:
        """Take over a promoted model, a new agreement."""
        self._try("deployment", self.scorer.refresh)
        self._try("agreement", self._read_reserved_names)
        if not self._is_warm:
            self._try("first score", self._warm_up)

    def publish_pending(self) -> None:
        """Publish events that another process accepted and could not publish, and what the online store lost."""
        self._try("pending events", self.queue.publish_pending)

    def deliver_notices(self) -> None:
        """Begin to send the messages that are due; a channel that does not answer is waited for elsewhere."""
        self._try("notices", self._deliver_notices)

    def _deliver_notices(self) -> None:
        if self._delivery is None:
            from serving.notices.delivery import Delivery  # a home may have nobody to tell for long

            self._delivery = Delivery(self.home)
        self._delivery.start()

    def keep_house(self) -> None:
        """Renew files that hold an erased lead, and replace events that are older than agreed."""
        self._try("housekeeping", self._keep_house)

    def sweep(self) -> None:
        """Decide on leads whose date, clock or turn came, and once a night on all."""
        self._try("sweep", self._sweep)

    def _sweep(self) -> None:
        from serving.rounds.sweep import night  # as heavy as the publisher

        with suppress(NoAgreement):
            night(self.home, datetime.now(UTC), self.scorer.scoring, lambda done: log.info("sweep", done=done))

    def _publisher(self, home: Home) -> Publisher:
        # They bring in all that derives features, which a test may do without.
        from features.store.publisher import Publisher
        from serving.rounds.decider import HomeDecider

        now = partial(datetime.now, UTC)
        return Publisher(home, HomeDecider(home, lambda: self.scorer.scoring, now), now)

    def _keep_house(self) -> None:
        if self._housekeeping is None:
            from features.records.housekeeping import Housekeeping  # as heavy as the publisher

            self._housekeeping = Housekeeping(self.home)
        self._housekeeping.run(datetime.now(UTC))

    def _read_reserved_names(self) -> None:
        with suppress(NoAgreement):
            self._agreement = current_version(self.home).agreement
            self._reserved_names = ReservedNames.of(self._agreement)

    def _warm_up(self) -> None:
        # The first score imports the feature store and compiles: seconds that no caller should wait for.
        self.scorer.scores([{"traits": {}}, {"lead_id": "nobody"}], datetime.now(UTC), None)
        self._is_warm = True

    def _try(self, what: str, step: Callable[[], None]) -> bool:
        try:
            step()
        except Exception as error:
            # What was good goes on serving.
            why, is_ours = f"{type(error).__name__}: {error}", isinstance(error, LeadlightError)
            self.troubles.met("could not refresh", why, what, exc_info=not is_ours)
            return False
        self.troubles.over("could not refresh", what)
        return True

    @asynccontextmanager
    async def running(self, _app: object = None) -> AsyncIterator[None]:
        """The life of a serving process: open, and refreshed until its end."""
        self.open()
        # Each in a task of its own, so that no key is refused while a large model loads, and no event waits for it.
        repeated = [(REFRESH_S, self.refresh_keys), (REFRESH_S, self.refresh_scorer)]
        repeated += [(PUBLISH_PENDING_S, self.publish_pending), (HOUSEKEEPING_S, self.keep_house)]
        repeated += [(NOTICES_S, self.deliver_notices)]
        repeated += [(SWEEP_S, self.sweep)]
        tasks = [asyncio.create_task(_each(seconds, step)) for seconds, step in repeated]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def scores(self, leads: LeadRequests, as_of: datetime, most: int | None) -> list[dict[str, Any]]:
        """A score for each lead, in their order. Raises Problem 503 while this home cannot, or is too busy."""
        step = partial(self.scorer.scores, leads, as_of, most)
        size = sum(1 + len(lead.get("events", ())) for lead in leads)
        try:
            scores = step() if size <= limits.SCORED_IN_LOOP else await self._in_thread(step)
        except LeadlightError as error:
            raise self.scoring_problem(error) from error
        self.troubles.over(NO_SCORES)
        return [_with_reference(lead, score) for lead, score in zip(leads, scores, strict=True)]

    async def past_scores(self, leads: LeadRequests, as_of: datetime, most: int | None) -> list[dict[str, Any]]:
        """The same as it was known just before a past moment, from the ledger: slower, so it is no work of the loop."""
        step = partial(self.scorer.past_scores, leads, as_of, most)
        try:
            scores = await self._in_thread(step)
        except LeadlightError as error:
            raise self.scoring_problem(error) from error
        return [_with_reference(lead, score) for lead, score in zip(leads, scores, strict=True)]

    def scoring_problem(self, error: LeadlightError) -> Problem:
        """The answer for an error in scoring: 422 where the caller can mend it, 503 where a person at the home must."""
        if isinstance(error, EventRefused):  # an inline event that cannot be used
            return Problem(422, error.code, f"{error}.")
        if error.code == "no_agreement":
            return unavailable("no_agreement", f"{error}", retry_after_s=30)
        self.troubles.met(NO_SCORES, str(error), code=error.code)
        message = "This home cannot score now; the log of the service says why."
        return unavailable(error.code, message, retry_after_s=30)

    async def _in_thread(self, step: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
        try:
            await asyncio.wait_for(self._one_large_request.acquire(), limits.WAIT_TO_SCORE_S)
        except TimeoutError:
            busy = "Too many large requests wait to be scored; send this one again."
            raise unavailable("busy", busy, retry_after_s=5) from None
        try:
            return await to_thread.run_sync(step)
        finally:
            self._one_large_request.release()


def _opened(part: Part | None) -> Part:
    if part is None:
        raise RuntimeError("the service is not open yet")
    return part


async def _each(seconds: float, step: Callable[[], None]) -> None:
    while True:
        await asyncio.sleep(seconds)
        await to_thread.run_sync(step)


def _with_reference(lead: Mapping[str, Any], score: dict[str, Any]) -> dict[str, Any]:
    reference = lead.get("client_reference_id")
    return score if reference is None else score | {"client_reference_id": reference}
