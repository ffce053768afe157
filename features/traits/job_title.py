"""Job titles: the seniority and the department that their words name."""

from __future__ import annotations

import re
from functools import lru_cache

SENIORITIES = (  # the first that matches; "VP" stands before "president", "head" before "manager"
    ("c_level", r"\b(c[eftimorsdp]o|ciso|chief|founder|co-founder|owner|managing director|geschäftsführer)\b"),
    ("vp", r"\b(vp|svp|evp|avp|vice[ -]president)\b"),
    ("c_level", r"\bpresident\b"),
    ("director", r"\b(director|head|principal|partner|leiter)\b"),
    ("manager", r"\b(manager|lead|supervisor|team leader)\b"),
    ("intern", r"\b(intern|student|trainee|apprentice|werkstudent)\b"),
)
# Ranks are in order: a model that knows it needs fewer leads to learn what each is worth.
RANKS = {"intern": 1.0, "staff": 2.0, "manager": 3.0, "director": 4.0, "vp": 5.0, "c_level": 6.0}
DEPARTMENTS = (
    ("marketing", r"\b(marketing|growth|brand|demand|content|seo)\b"),
    ("sales", r"\b(sales|account executive|business development|revenue)\b"),
    ("it", r"\b(it|information|cio|ciso|security|infrastructure|systems?)\b"),
    ("engineering", r"\b(engineer(ing)?|developer|software|cto|technology|devops|data|architect)\b"),
    ("finance", r"\b(financ\w*|cfo|account(ant|ing)|controller|treasur\w*)\b"),
    ("operations", r"\b(operations?|coo|supply|logistics|procurement|purchas\w*)\b"),
    ("people", r"\b(hr|human|people|talent|recruit\w*)\b"),
    ("product", r"\bproduct\b"),
)


@lru_cache(maxsize=100_000)
def seniority(job_title: str | None) -> str | None:
    """The rank that a job title names: c_level, vp, director, manager, intern, else staff."""
    if not job_title:
        return None
    return next((rank for rank, pattern in SENIORITIES if re.search(pattern, job_title, re.I)), "staff")


@lru_cache(maxsize=100_000)
def department(job_title: str | None) -> str | None:
    """The department that a job title names, else "other"."""
    if not job_title:
        return None
    return next((name for name, pattern in DEPARTMENTS if re.search(pattern, job_title, re.I)), "other")
