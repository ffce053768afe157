"""Labelled snapshots drawn by a simple rule, for tests of fitting."""

from __future__ import annotations

import numpy as np
import pandas as pd


def looks(leads: int, seed: int) -> pd.DataFrame:
    """Labelled snapshots, three a lead: pricing pages raise the chance, mining lowers it, the rest is noise."""
    draws = np.random.default_rng(seed)
    rows = 3 * leads
    count = draws.poisson(1.2, rows).astype(float)
    industry = draws.choice(np.array(["software", "retail", "mining", "a rare one", None], dtype=object), rows,
                            p=[0.4, 0.3, 0.19, 0.01, 0.1])  # fmt: skip
    odds = np.exp(-2.2 + 0.8 * count - 1.0 * (industry == "mining") + 0.3 * draws.normal(size=rows))
    employees = np.where(draws.random(rows) < 0.3, np.nan, 10.0 ** draws.integers(1, 4, rows))
    return pd.DataFrame(
        {
            "lead_id": np.repeat([f"lead-{i}" for i in range(leads)], 3),
            "snapshot_us": np.arange(rows),
            "is_arrival": np.arange(rows) % 3 == 0,
            "outcome": draws.random(rows) < odds / (1 + odds),
            "pricing_page_count_hl7d": count * draws.uniform(0.2, 1, rows),
            "pricing_page_count_total": count,
            "days_since_pricing_page": np.where(count > 0, draws.uniform(0, 60, rows), 9_999.0),
            "email_click_count_total": draws.poisson(0.5, rows).astype(float),
            "webinar_count_total": np.zeros(rows),
            "employees": employees,
            "is_partner": draws.choice([0.0, 1.0, np.nan], rows),
            "industry": industry,
        }
    )
