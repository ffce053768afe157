"""Shares and weights by which people of the simulated market are drawn: companies, titles, sources, sales' habits."""

from __future__ import annotations

# What each recorded value adds to the fit, in tenths of log-hazard, and its share of the market.
SENIORITY = {
    "c_level": (14, 9), "vp": (14, 9), "director": (14, 15), "manager": (0, 27), "staff": (-13, 34), "intern": (-20, 6),
}  # fmt: skip
DEPARTMENT = {
    "it": (0, 22), "engineering": (0, 14), "operations": (0, 15), "finance": (0, 11), "marketing": (0, 15),
    "sales": (0, 9), "people": (0, 8), "other": (0, 6),
}  # fmt: skip
INDUSTRY = {
    "software": (3, 26), "financial services": (3, 16), "manufacturing": (0, 18), "retail": (-2, 14),
    "healthcare": (0, 13), "education": (-9, 13),
}  # fmt: skip
EMPLOYEES = {  # from, to: fit, share
    (1, 19): (-17, 22), (20, 49): (-6, 20), (50, 249): (4, 25),
    (250, 999): (9, 18), (1_000, 4_999): (10, 10), (5_000, 90_000): (10, 5),
}  # fmt: skip
COUNTRY = {
    "United States": (0, 42), "Germany": (0, 18), "United Kingdom": (0, 16), "France": (0, 12), "India": (0, 12),
}  # fmt: skip
SOURCE = {
    "webinar": (0, 16), "search": (0, 24), "paid ad": (-2, 17), "trade show": (0, 12), "referral": (3, 8),
    "email": (0, 11), "social": (-3, 12), "partner": (-12, 0),
}  # fmt: skip
# Where a channel begins late, this share of all leads come by it from then on.
LATE_SOURCE, LATE_SHARE = "partner", 0.3
MARKET_DAYS, ARRIVAL_POWER = 548, 0.9  # arrivals over 18 months, a few more toward the end
XOR_TRAITS = {"numbers": ("seats", "tools"), "categories": ("region", "product_line")}
XOR_LEVELS, XOR_FIT = 6, 12
FIT_FREE_MAIL, FIT_NO_TITLE, FIT_NO_INDUSTRY, FIT_NO_EMPLOYEES = 0, -4, 0, -3

# Sales goes by habit: where a lead comes from and how big the name is, in log-odds. None of it follows the true chance.
HABIT_ALWAYS, HABIT_BIG_NAME, BIG_NAME = -1.42, 1.2, 1_000
HABIT_SOURCE = {
    "webinar": 0.5, "search": -0.4, "paid ad": -0.1, "trade show": 1.3, "referral": 0.7, "email": -0.6, "social": -1.0,
    "partner": 0.0,
}  # fmt: skip
HABIT_COUNTRY = {
    "United States": 0.6, "Germany": 0.2, "United Kingdom": 0.3, "France": -0.4, "India": -0.9,
}  # fmt: skip

# By source: the chance to look around on each of the 30 days before a form, and what makes the lead known.
VISITS = {
    "webinar": 0.06, "search": 0.084, "paid ad": 0.06, "trade show": 0.024, "referral": 0.084, "email": 0.06,
    "social": 0.048, "partner": 0.048,
}  # fmt: skip
ARRIVAL = {
    "webinar": {"webinar_signup": 1},
    "search": {"newsletter": 35, "whitepaper": 35, "webinar_signup": 8, "demo": 12, "contact": 10},
    "paid ad": {"newsletter": 20, "whitepaper": 55, "webinar_signup": 15, "demo": 6, "contact": 4},
    "trade show": {"trade_show": 1},
    "referral": {"newsletter": 20, "demo": 30, "contact": 50},
    "email": {"newsletter": 15, "whitepaper": 50, "webinar_signup": 30, "demo": 5},
    "social": {"newsletter": 40, "whitepaper": 40, "webinar_signup": 15, "demo": 5},
    "partner": {"newsletter": 40, "whitepaper": 60},
}
LOOKING_AROUND = {"blog": 30, "product": 35, "pricing_look": 20, "pricing_study": 7, "careers": 8}
CAMPAIGN: dict[str, tuple[str | None, ...]] = {
    "webinar": ("spring-launch", "pricing-clinic"),
    "search": (None,),
    "paid ad": ("retargeting", "comparison-ads"),
    "trade show": ("expo-26",),
    "referral": (None,),
    "email": ("pricing-news", "partner-list"),
    "social": ("buyers-guide", None),
    "partner": (None,),
}

CHIEFS = {
    "it": "CIO", "engineering": "CTO", "operations": "COO", "finance": "CFO", "marketing": "Chief Marketing Officer",
    "sales": "Chief Revenue Officer", "people": "Chief People Officer", "other": "CEO",
}  # fmt: skip
TITLES = {  # {} takes the department's word
    "vp": ("VP {}", "Vice President, {}"),
    "director": ("Director of {}", "Head of {}"),
    "manager": ("{} Manager", "{} Team Lead"),
    "staff": ("{} Specialist", "{} Analyst", "Senior {} Specialist"),
    "intern": ("{} Intern", "{} Trainee"),
}
DEPARTMENT_WORDS = {
    "it": "IT", "engineering": "Engineering", "operations": "Operations", "finance": "Finance",
    "marketing": "Marketing", "sales": "Sales", "people": "HR", "other": "Legal",
}  # fmt: skip
FIRST_NAMES = (
    "Anna Ben Carla David Elena Felix Grace Hugo Ines Jonas Kavya Liam Maria Noah Olivia Pedro Quinn Rosa Samir Tara "
    "Uma Victor Wei Ximena Yara Zoe Amir Beatriz Chen Dana"
).split()
LAST_NAMES = (
    "Almeida Becker Carter Dubois Evans Fischer Garcia Hoffmann Ivanova Jones Kumar Lopez Martin Nguyen Okafor Patel "
    "Ribeiro Schmidt Taylor Ueda Vargas Weber Xu Young Zimmer Brown Costa Davies Eriksen Fontaine"
).split()
COMPANY_FIRST = (
    "amber blue bright cedar clear copper coral delta east ever fair falcon fern first golden granite green harbor "
    "high iron juniper lake light maple meadow north oak ocean orchid pine prime quartz red river rock silver south "
    "stone summit swift true union violet west wild wind winter"
).split()
COMPANY_LAST = (
    "bridge brook cloud craft dale data field flow forge gate grid grove hill labs land leaf line logic mark mill net "
    "path peak point port ridge shore soft spring systems tech trade view ware wave way wood works yard"
).split()
FREE_MAIL_DOMAINS = ("gmail.com", "outlook.com", "yahoo.com")
