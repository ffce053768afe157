"""The pages, papers, webinars, mails and forms of the simulated market, and the kinds of event that record them."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from training.simulation.population import CAMPAIGN


class EventKind(IntEnum):
    """The kinds of recorded event."""

    PAGE = 0
    PAGE_LEFT = 1
    DOWNLOADED = 2
    REGISTERED = 3
    ATTENDED = 4
    DELIVERED = 5
    OPENED = 6
    CLICKED = 7
    UNSUBSCRIBED = 8
    SUBMITTED = 9
    SCANNED = 10
    ANSWERED = 11
    IDENTIFIED = 12
    TIMEFRAME = 13
    GROUPED = 14
    ALIASED = 15
    CALL_ATTEMPTED = 16
    CALL_ANSWERED = 17
    MAIL_SENT = 18
    MAIL_OPENED = 19  # the rep's own mail
    MAIL_CLICKED = 20
    MEETING_HELD = 21
    OPPORTUNITY = 22
    CONVERTED = 23
    DISQUALIFIED = 24


EVENT_NAMES = {
    EventKind.PAGE_LEFT: "Page Left",
    EventKind.DOWNLOADED: "Content Downloaded",
    EventKind.REGISTERED: "Webinar Registered",
    EventKind.ATTENDED: "Webinar Attended",
    EventKind.DELIVERED: "Email Delivered",
    EventKind.OPENED: "Email Opened",
    EventKind.CLICKED: "Email Link Clicked",
    EventKind.UNSUBSCRIBED: "Email Unsubscribed",
    EventKind.SUBMITTED: "Form Submitted",
    EventKind.SCANNED: "Badge Scanned",
    EventKind.ANSWERED: "Survey Answered",
    EventKind.CALL_ATTEMPTED: "Call Attempted",
    EventKind.CALL_ANSWERED: "Call Answered",
    EventKind.MAIL_SENT: "Email Sent",
    EventKind.MAIL_OPENED: "Email Opened",
    EventKind.MAIL_CLICKED: "Email Link Clicked",
    EventKind.MEETING_HELD: "Meeting Held",
    EventKind.OPPORTUNITY: "Opportunity Created",
    EventKind.CONVERTED: "Lead Converted",
    EventKind.DISQUALIFIED: "Lead Disqualified",
}
OTHER_TYPES = {
    EventKind.PAGE: "page",
    EventKind.IDENTIFIED: "identify",
    EventKind.TIMEFRAME: "identify",
    EventKind.GROUPED: "group",
    EventKind.ALIASED: "alias",
}

SITE = "https://www.ourcompany.example"
PAGES = (
    ("/", "Home"), ("/blog/first-call", "The first call"), ("/blog/black-hole", "Where leads go"),
    ("/blog/alignment", "Marketing and sales"), ("/product", "Product"), ("/product/integrations", "Integrations"),
    ("/product/security", "Security"), ("/pricing", "Pricing"), ("/pricing/compare", "Compare plans"),
    ("/careers", "Careers"), ("/careers/engineering", "Engineering jobs"), ("/resources", "Resources"),
    ("/webinars", "Webinars"), ("/demo", "Book a demo"), ("/contact", "Contact"),
)  # fmt: skip
PAPERS = (
    ("wp-1", "Lead follow-up, measured", "process"), ("wp-2", "A buyer's checklist", "buying"),
    ("wp-3", "What scoring saves", "business case"), ("wp-4", "Security and privacy", "security"),
)  # fmt: skip
WEBINARS = (("web-1", "Pricing clinic"), ("web-2", "Security hour"), ("web-3", "Customer story"))
MAILS = (
    ("monthly-news", "What is new"), ("pricing-news", "New plans"), ("case-story", "How they did it"),
    ("event-invitation", "Join us"),
)  # fmt: skip
FORMS = (("f-demo", "demo"), ("f-contact", "contact"), ("f-newsletter", "newsletter"))
FAIRS = ("expo-26", "cloud-days")
TIMEFRAMES = ("now", "3 months", "12 months", "no plans")
AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) Safari/605.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148",
    "Mozilla/5.0 (via ggpht.com GoogleImageProxy)",  # opens every mail for its owner
    "Mozilla/5.0 (compatible; MailScanner-Bot/2.1; +https://scanner.example/bot)",
    "Mozilla/5.0 (compatible; WebCrawler/1.0; +https://crawler.example/bot)",
)
PEOPLES_AGENTS, PROXY, SCANNER, CRAWLER = 4, 4, 5, 6
# What brings a visit: (source, campaign). Mails come last.
TOUCHES: tuple[tuple[str, str | None], ...] = (
    *((source, name) for source, names in CAMPAIGN.items() for name in dict.fromkeys(names)),
    *(("email", name) for name, _ in MAILS if name not in CAMPAIGN["email"]),
)


class VisitStep(NamedTuple):
    """One step of an active day: the event that records it, the items it may be about, and its mean seconds."""

    kind: EventKind
    items: tuple[int, ...]
    seconds: float


STEPS: dict[str, VisitStep] = {
    "home_page": VisitStep(EventKind.PAGE, (0,), 25),
    "blog_page": VisitStep(EventKind.PAGE, (1, 2, 3), 60),
    "product_page": VisitStep(EventKind.PAGE, (4, 5, 6), 70),
    "pricing_page": VisitStep(EventKind.PAGE, (7, 8), 60),
    "pricing_read": VisitStep(EventKind.PAGE, (7, 8), 250),
    "careers_page": VisitStep(EventKind.PAGE, (9, 10), 60),
    "resources_page": VisitStep(EventKind.PAGE, (11,), 30),
    "webinars_page": VisitStep(EventKind.PAGE, (12,), 30),
    "demo_page": VisitStep(EventKind.PAGE, (13,), 40),
    "contact_page": VisitStep(EventKind.PAGE, (14,), 40),
    "whitepaper": VisitStep(EventKind.DOWNLOADED, (0, 1, 2, 3), 3),
    "webinar_signup": VisitStep(EventKind.REGISTERED, (0, 1, 2), 3),
    "webinar": VisitStep(EventKind.ATTENDED, (0, 1, 2), 3),
    "email_delivered": VisitStep(EventKind.DELIVERED, (1, 2, 3), 400),
    "email_open": VisitStep(EventKind.OPENED, (1, 2, 3), 12),
    "email_click": VisitStep(EventKind.CLICKED, (1, 2, 3), 2),
    "demo_request": VisitStep(EventKind.SUBMITTED, (0,), 3),
    "contact_sales": VisitStep(EventKind.SUBMITTED, (1,), 3),
    "newsletter": VisitStep(EventKind.SUBMITTED, (2,), 3),
    "trade_show": VisitStep(EventKind.SCANNED, (0, 1), 3),
    "survey_soon": VisitStep(EventKind.ANSWERED, (0, 1), 3),
    "survey_later": VisitStep(EventKind.ANSWERED, (2, 3), 3),
    "unsubscribe": VisitStep(EventKind.UNSUBSCRIBED, (0, 1, 2, 3), 3),
}
