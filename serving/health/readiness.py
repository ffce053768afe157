"""Readiness: whether a serving process can do its work now, write the ledger and read a model, for `/readyz`."""

from __future__ import annotations

import asyncio
import time
from asyncio import Future

import structlog
from anyio import to_thread
from sqlalchemy.exc import SQLAlchemyError

from features.agreement.versions import NoAgreement
from features.home.database import check_writable, database_exists
from features.home.errors import LeadlightError
from features.home.settings import Home
from features.home.troubles import Troubles
from serving.scoring.scorer import Scorer

RECENT_S = 2.0  # whoever asks more often gets the answer of the last look: each look writes to the disk
PATIENCE_S = 5.0
NOT_READY = "not ready"

log = structlog.get_logger(__name__)


class Readiness:
    """Looks at what one process serves when somebody asks, at most every two seconds, and logs each change once."""

    def __init__(self, home: Home, scorer: Scorer) -> None:
        self._home, self._scorer, self._troubles = home, scorer, Troubles(log)
        self._look: Future[str | None] | None = None
        self._looked_at = 0.0

    async def why_not(self) -> str | None:
        """One sentence on why no event can be taken or no score given now; None where both can.

        A look that does not end, as of a database that does not answer, is waited for by all who ask, and not begun
        anew.
        """
        is_old = time.monotonic() - self._looked_at > RECENT_S
        if self._look is None or (self._look.done() and is_old):
            self._look = asyncio.ensure_future(to_thread.run_sync(self._why_not))
            self._looked_at = time.monotonic()
        try:
            why = await asyncio.wait_for(asyncio.shield(self._look), PATIENCE_S)
        except TimeoutError:
            why = "The database does not answer."
        if why is None:
            self._troubles.over(NOT_READY)
        else:
            self._troubles.met(NOT_READY, why)
        return why

    def _why_not(self) -> str | None:
        try:
            if database_exists(self._home):
                check_writable(self._home)
        except (SQLAlchemyError, OSError):
            return "The ledger cannot be written."
        try:
            _ = self._scorer.scoring
        except NoAgreement:
            return None  # events are taken
        except (LeadlightError, SQLAlchemyError, OSError):
            return "No model can be read."
        return None
