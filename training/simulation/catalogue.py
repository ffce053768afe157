"""What there is to see and to send in the simulated market, and the kinds of event by which it is recorded."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from training.simulation.population import CAMPAIGN


class Said(IntEnum):
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
    Said.PAGE_LEFT: "Page Left", Said.DOWNLOADED: "Content Downloaded", Said.REGISTERED: "Webinar Registered",
    Said.ATTENDED: "Webinar Attended", Said.DELIVERED: "Email Delivered", Said.OPENED: "Email Opened",
    Said.CLICKED: "Email Link Clicked", Said.UNSUBSCRIBED: "Email Unsubscribed", Said.SUBMITTED: "Form Submitted",
    Said.SCANNED: "Badge Scanned", Said.ANSWERED: "Survey Answered", Said.CALL_ATTEMPTED: "Call Attempted",
    Said.CALL_ANSWERED: "Call Answered", Said.MAIL_SENT: "Email Sent", Said.MAIL_OPENED: "Email Opened",
    Said.MAIL_CLICKED: "Email Link Clicked", Said.MEETING_HELD: "Meeting Held", Said.OPPORTUNITY: "Opportunity Created",
    Said.CONVERTED: "Lead Converted", Said.DISQUALIFIED: "Lead Disqualified",
}  # fmt: skip
OTHER_TYPES = {
    Said.PAGE: "page", Said.IDENTIFIED: "identify", Said.TIMEFRAME: "identify", Said.GROUPED: "group",
    Said.ALIASED: "alias",
}  # fmt: skip

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


class Step(NamedTuple):
    """How one step of an active day is recorded: as what, which of the catalogue's items, how many seconds it takes."""

    said: Said
    items: tuple[int, ...]
    seconds: float


STEPS: dict[str, Step] = {
    "home_page": Step(Said.PAGE, (0,), 25),
    "blog_page": Step(Said.PAGE, (1, 2, 3), 60),
    "product_page": Step(Said.PAGE, (4, 5, 6), 70),
    "pricing_page": Step(Said.PAGE, (7, 8), 60),
    "pricing_read": Step(Said.PAGE, (7, 8), 250),
    "careers_page": Step(Said.PAGE, (9, 10), 60),
    "resources_page": Step(Said.PAGE, (11,), 30),
    "webinars_page": Step(Said.PAGE, (12,), 30),
    "demo_page": Step(Said.PAGE, (13,), 40),
    "contact_page": Step(Said.PAGE, (14,), 40),
    "whitepaper": Step(Said.DOWNLOADED, (0, 1, 2, 3), 3),
    "webinar_signup": Step(Said.REGISTERED, (0, 1, 2), 3),
    "webinar": Step(Said.ATTENDED, (0, 1, 2), 3),
    "email_delivered": Step(Said.DELIVERED, (1, 2, 3), 400),
    "email_open": Step(Said.OPENED, (1, 2, 3), 12),
    "email_click": Step(Said.CLICKED, (1, 2, 3), 2),
    "demo_request": Step(Said.SUBMITTED, (0,), 3),
    "contact_sales": Step(Said.SUBMITTED, (1,), 3),
    "newsletter": Step(Said.SUBMITTED, (2,), 3),
    "trade_show": Step(Said.SCANNED, (0, 1), 3),
    "survey_soon": Step(Said.ANSWERED, (0, 1), 3),
    "survey_later": Step(Said.ANSWERED, (2, 3), 3),
    "unsubscribe": Step(Said.UNSUBSCRIBED, (0, 1, 2, 3), 3),
}
