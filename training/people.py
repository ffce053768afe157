"""The companies and people of the simulated market, what is recorded of them, and what of it makes a good fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from training.dynamics import FIT_LOW, FIT_NODES, Floats, Ints

# What each recorded value adds to the fit, in tenths of log-hazard, and its share of the market.
SENIORITY = {"c_level": (7, 9), "vp": (8, 9), "director": (5, 15), "manager": (1, 27), "staff": (-6, 34), "intern": (-16, 6)}
DEPARTMENT = {"it": 4, "engineering": 1, "operations": 3, "finance": 1, "marketing": 0, "sales": -2, "people": -3}
INDUSTRY = {
    "software": (5, 22), "financial services": (6, 14), "manufacturing": (1, 16), "retail": (-2, 13),
    "healthcare": (1, 12), "logistics": (0, 9), "education": (-7, 9), "public sector": (-8, 5),
}  # fmt: skip
SIZES = {  # employees: (fit, share, from, to)
    "tiny": (-8, 18, 1, 19), "small": (-1, 20, 20, 49), "middle": (6, 26, 50, 249),
    "large": (5, 18, 250, 999), "larger": (-2, 12, 1_000, 4_999), "giant": (-7, 6, 5_000, 90_000),
}  # fmt: skip
COUNTRY = {
    "United States": (1, 38), "Germany": (1, 14), "United Kingdom": (0, 13), "France": (0, 9), "Canada": (0, 8),
    "India": (-2, 9), "Brazil": (-2, 5), "Australia": (0, 4),
}  # fmt: skip
SOURCE = {
    "webinar": (3, 16), "search": (2, 24), "paid ad": (-3, 17), "trade show": (-2, 12), "referral": (6, 8),
    "email": (0, 11), "social": (-4, 12),
}  # fmt: skip
FREE_MAIL, NO_TITLE, NO_INDUSTRY, NO_SIZE = -3, -5, -2, -3
