"""The kinds of active day in the simulated market, and what each step of a day adds to a lead's interest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from features.arrays import DAY_US
from training.simulation.dynamics import FAST_KEPT, NEVER, SLOW_KEPT, Law
from training.simulation.world import World

# What each step of a visit adds to fast and slow interest, in tenths of log-hazard; what is not named adds nothing.
ADDS: dict[str, tuple[int, int]] = {
    "product_page": (2, 5),
    "pricing_page": (4, 10),
    "pricing_read": (5, 12),  # the same page, read for minutes
    "careers_page": (-3, -8),
    "whitepaper": (3, 10),
    "webinar_signup": (2, 5),
    "webinar": (5, 17),
    "email_click": (2, 5),
    "demo_request": (12, 22),
    "contact_sales": (9, 19),
    "newsletter": (0, 0),
    "trade_show": (2, 5),
    "survey_soon": (3, 10),
    "survey_later": (-2, -4),
    "unsubscribe": (-6, -16),
}


@dataclass(frozen=True)
class DayKind:
    """One kind of active day: its steps, its shares while browsing and while buying, how late it is recorded."""

    name: str
    steps: tuple[str, ...]
    browsing: float
    buying: float
    late_days: int = 0

    @property
    def adds(self) -> tuple[int, int]:
        """Tenths of fast and slow interest, faded already by the days that the record comes late."""
        fast = sum(ADDS.get(step, (0, 0))[0] for step in self.steps) * FAST_KEPT**self.late_days
        slow = sum(ADDS.get(step, (0, 0))[1] for step in self.steps) * SLOW_KEPT**self.late_days
        return round(fast), round(slow)


DAY_KINDS = (
    DayKind("blog", ("blog_page",), 18, 2),
    DayKind("product", ("product_page",), 24, 10),
    DayKind("pricing_look", ("pricing_page",), 14, 22),
    DayKind("pricing_study", ("pricing_read", "pricing_read", "pricing_read"), 1.5, 22),
    DayKind("whitepaper", ("resources_page", "whitepaper"), 10, 8),
    DayKind("webinar_signup", ("webinars_page", "webinar_signup"), 4, 3),
    DayKind("webinar", ("webinar",), 5, 8),
    DayKind("webinar_late", ("webinar",), 2, 3, late_days=2),  # attendance comes as a list, days after
    DayKind("email", ("email_delivered", "email_open", "email_click"), 12, 8),
    DayKind("demo", ("demo_page", "demo_request"), 0.2, 6),
    DayKind("contact", ("contact_page", "contact_sales"), 0.3, 3),
    DayKind("newsletter", ("home_page", "newsletter"), 1, 0.2),
    DayKind("trade_show", ("trade_show",), 0.5, 0.5),
    DayKind("trade_show_late", ("trade_show",), 0.5, 0.5, late_days=4),
    DayKind("survey_soon", ("survey_soon",), 0.3, 1),
    DayKind("survey_later", ("survey_later",), 0.5, 0.2),
    DayKind("careers", ("careers_page", "careers_page"), 5, 0.5),
    DayKind("unsubscribe", ("unsubscribe",), 1.5, 0.3),
)
# After an unsubscribe there is no mail: the same interest then shows as what adds the same.
UNSUBSCRIBED = {
    "email": DayKind("product_again", ("product_page",), 0, 0),
    "unsubscribe": DayKind("careers_again", ("careers_page", "careers_page"), 0, 0),
}
DAY_KIND_PLACES = {kind.name: place for place, kind in enumerate(DAY_KINDS)}


@dataclass(frozen=True)
class MarketShift:
    """A market that changes: from `days` before its end on, every daily chance to buy is about `factor` times as high.

    What leads do stays as it was, so that nothing but what becomes of them shows it.
    """

    factor: float
    days: int

    @property
    def from_us(self) -> int:
        return -self.days * DAY_US


def law(shift: MarketShift | None = None, world: World | None = None) -> Law:
    """The law of the market in the numbers of DAY_KINDS, for `training.simulation.dynamics`."""
    world = world or World()
    browsing = np.array([kind.browsing for kind in DAY_KINDS])
    buying = np.array([kind.buying for kind in DAY_KINDS])
    adds = np.array([kind.adds for kind in DAY_KINDS], dtype=np.int64)
    turned = np.where([["whitepaper" in kind.steps] for kind in DAY_KINDS], -adds, adds)
    return Law(
        fast_adds=adds[:, 0].copy(),
        slow_adds=adds[:, 1].copy(),
        browsing=browsing / browsing.sum(),
        buying=buying / buying.sum(),
        raised=float(np.log(shift.factor)) if shift else 0.0,
        raised_from_us=shift.from_us if shift else NEVER,
        base=float(np.log(world.times)),
        season=world.seasons,
        turned_fast=turned[:, 0].copy(),
        turned_slow=turned[:, 1].copy(),
        turned_from_us=-world.turned_days * DAY_US if world.turned_days else NEVER,
    )
