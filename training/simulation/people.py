"""The leads of the simulated market as they are recorded when they become known, and how well each fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from training.simulation import population as of
from training.simulation.dynamics import FIT_LOW, FIT_NODES
from training.simulation.interest import DAY_KIND_PLACES
from training.simulation.world import World

LEADS_PER_ACCOUNT = 1.6
FIT_HIGH = FIT_LOW + FIT_NODES - 1
FREE_MAIL_SHARE, NO_TITLE_SHARE, NO_INDUSTRY_SHARE, NO_EMPLOYEES_SHARE = 0.14, 0.07, 0.04, 0.06

Objects = npt.NDArray[np.object_]


def people(leads: int, draws: np.random.Generator, world: World | None = None) -> pd.DataFrame:
    """One row per lead, in the order in which they become known.

    lead_id, name, email, account (its number, -1: none), domain, company, job_title, industry, employees, country,
    source, campaign: as recorded, None or NaN where not. fit: tenths of log-hazard, from those values alone.
    habit: how readily sales tries this lead, 0 to 1. arrival: the kind of the visit that makes it known. visits: per
    day. In a world with an xor, its two traits, too.
    """
    world = world or World()
    made = _companies(leads, draws)
    made["seniority"] = _drawn(of.SENIORITY, leads, draws)
    made["department"] = _drawn(of.DEPARTMENT, leads, draws)
    made["source"] = _drawn(of.SOURCE, leads, draws)
    if world.late_channel_days:
        made["source"] = _with_late_channel(made["source"], world, draws)
    made["job_title"] = _titles(made["seniority"], made["department"], draws)
    _forget(made, draws)
    campaigns = {source: dict.fromkeys(names, 1) for source, names in of.CAMPAIGN.items()}
    made["campaign"] = _by_source(made["source"], campaigns, draws)
    made["arrival"] = _by_source(made["source"], of.ARRIVAL, draws).map(DAY_KIND_PLACES).astype(np.int64)
    made["visits"] = made["source"].map(of.VISITS)
    made["fit"] = _fit(made)
    if world.xor:
        _add_xor(made, world.xor, draws)
    made["habit"] = _habit(made)
    _name(made, draws)
    return made


def _drawn(shares: Mapping[Any, Any], size: int, draws: np.random.Generator) -> Objects:
    """`size` keys, by their shares: the last of a tuple, or the value itself."""
    weights = np.array([value[-1] if isinstance(value, tuple) else value for value in shares.values()], dtype=float)
    keys = np.empty(len(shares), dtype=object)
    keys[:] = list(shares)
    return keys[draws.choice(len(keys), size=size, p=weights / weights.sum())]


def _by_source(
    source: pd.Series[Any], shares: Mapping[str, Mapping[Any, float]], draws: np.random.Generator
) -> pd.Series[Any]:
    found = pd.Series(None, index=source.index, dtype=object)
    for name in of.SOURCE:  # a fixed order: the same draws for the same seed
        chosen = source == name
        found[chosen] = _drawn(shares[name], int(chosen.sum()), draws)
    return found


def _companies(leads: int, draws: np.random.Generator) -> pd.DataFrame:
    """The company of each lead: several leads share one."""
    count = max(1, round(leads / LEADS_PER_ACCOUNT))
    pairs = draws.permutation(len(of.COMPANY_FIRST) * len(of.COMPANY_LAST))
    number = np.arange(count)
    names = [
        of.COMPANY_FIRST[p // len(of.COMPANY_LAST)] + of.COMPANY_LAST[p % len(of.COMPANY_LAST)] + (str(a) if a else "")
        for p, a in zip(pairs[number % len(pairs)], number // len(pairs), strict=True)
    ]
    low, high = np.array(list(_drawn(of.EMPLOYEES, count, draws)), dtype=float).T
    accounts = pd.DataFrame(
        {
            "account": number,
            "company": [name.capitalize() for name in names],
            "domain": [f"{name}.example" for name in names],
            "industry": _drawn(of.INDUSTRY, count, draws),
            "employees": np.floor(low * (high / low) ** draws.random(count)),
            "country": _drawn(of.COUNTRY, count, draws),
        }
    )
    return accounts.iloc[draws.integers(count, size=leads)].reset_index(drop=True)


def _with_late_channel(source: pd.Series[Any], world: World, draws: np.random.Generator) -> npt.NDArray[np.object_]:
    """A source that nobody came from before: people are in the order of their arrival, a few more toward the end."""
    before = (1.0 - world.late_channel_days / of.MARKET_DAYS) ** (1.0 / of.ARRIVAL_POWER)
    is_late = np.arange(len(source)) >= before * len(source)
    return np.where(is_late & (draws.random(len(source)) < of.LATE_SHARE), of.LATE_SOURCE, source)


def _add_xor(made: pd.DataFrame, xor: str, draws: np.random.Generator) -> None:
    """Two traits whose being alike adds to the fit what their being unlike takes: neither tells anything alone."""
    if xor == "numbers":
        both = draws.integers(1, 101, (2, len(made)))
        is_high = both > 50
    else:
        both = draws.integers(of.XOR_LEVELS, size=(2, len(made)))
        is_high = both % 2 == 1
    for name, values in zip(of.XOR_TRAITS[xor], both, strict=True):
        made[name] = values if xor == "numbers" else [f"{name[0]}{value}" for value in values]
    made["fit"] = np.clip(made["fit"] + np.where(is_high[0] == is_high[1], of.XOR_FIT, -of.XOR_FIT), FIT_LOW, FIT_HIGH)


def _titles(seniority: pd.Series[Any], department: pd.Series[Any], draws: np.random.Generator) -> list[str]:
    titles = []
    for rank, where, chance in zip(seniority, department, draws.random(len(seniority)), strict=True):
        forms = of.TITLES.get(rank, (of.CHIEFS[where],))
        titles.append(forms[int(chance * len(forms))].format(of.DEPARTMENT_WORDS[where]))
    return titles


def _forget(made: pd.DataFrame, draws: np.random.Generator) -> None:
    """Not everything is known of everyone: a free mailbox names no company, a form may ask for no title."""
    free = draws.random(len(made)) < FREE_MAIL_SHARE
    providers = np.array(of.FREE_MAIL_DOMAINS, dtype=object)[draws.integers(len(of.FREE_MAIL_DOMAINS), size=len(made))]
    made["is_free_mail"] = free
    made["domain"] = np.where(free, providers, made["domain"])
    made["account"] = np.where(free, -1, made["account"])
    lost = {"job_title": NO_TITLE_SHARE, "industry": NO_INDUSTRY_SHARE, "employees": NO_EMPLOYEES_SHARE, "company": 0.0}
    for column, share in lost.items():
        unknown = (draws.random(len(made)) < share) | (free & (column != "job_title"))
        made.loc[unknown, column] = np.nan if column == "employees" else None
    made.loc[made["job_title"].isna(), ["seniority", "department"]] = None


def _fit(made: pd.DataFrame) -> npt.NDArray[np.int64]:
    fit = np.where(made["is_free_mail"], of.FIT_FREE_MAIL, 0)
    for column, values, missing in (
        ("seniority", of.SENIORITY, of.FIT_NO_TITLE),
        ("department", of.DEPARTMENT, 0),
        ("industry", of.INDUSTRY, of.FIT_NO_INDUSTRY),
        ("country", of.COUNTRY, 0),
        ("source", of.SOURCE, 0),
    ):
        fit += made[column].map({value: adds for value, (adds, _) in values.items()}).fillna(missing).to_numpy(np.int64)
    fit += _employees_fit(made["employees"])
    return np.clip(fit, FIT_LOW, FIT_HIGH)


def _employees_fit(employees: pd.Series[float]) -> npt.NDArray[np.int64]:
    starts = np.array([low for low, _ in of.EMPLOYEES])
    adds = np.array([adds for adds, _ in of.EMPLOYEES.values()], dtype=np.int64)
    known = employees.fillna(1.0).to_numpy()
    return np.where(employees.isna(), of.FIT_NO_EMPLOYEES, adds[np.searchsorted(starts, known, side="right") - 1])


def _habit(made: pd.DataFrame) -> npt.NDArray[np.float64]:
    odds = of.HABIT_ALWAYS + made["source"].map(of.HABIT_SOURCE) + made["country"].map(of.HABIT_COUNTRY)
    odds += of.HABIT_BIG_NAME * (made["employees"] >= of.BIG_NAME)
    return np.asarray(1.0 / (1.0 + np.exp(-odds.to_numpy(np.float64))))


def _name(made: pd.DataFrame, draws: np.random.Generator) -> None:
    first = np.array(of.FIRST_NAMES, dtype=object)[draws.integers(len(of.FIRST_NAMES), size=len(made))]
    last = np.array(of.LAST_NAMES, dtype=object)[draws.integers(len(of.LAST_NAMES), size=len(made))]
    width = max(5, len(str(len(made))))
    made["lead_id"] = [f"L-{number:0{width}d}" for number in range(1, len(made) + 1)]
    made["first_name"], made["last_name"] = first, last
    local = _unique(first + "." + last, made["domain"])
    made["email"] = [f"{name}@{domain}".lower() for name, domain in zip(local, made["domain"], strict=True)]


def _unique(local: Sequence[str] | Objects, domain: pd.Series[Any]) -> list[str]:
    """An e-mail address is one person's: who has the same name at the same domain gets a number."""
    seen = pd.DataFrame({"local": local, "domain": domain}).groupby(["local", "domain"]).cumcount()
    return [f"{name}{again + 1}" if again else name for name, again in zip(local, seen, strict=True)]
