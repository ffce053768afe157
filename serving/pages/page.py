"""A page of HTML in the house's style, for a browser or a file: escaped, self-contained, no script, a strict policy."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from features.home.printed_text import visible

TEMPLATES = Path(__file__).parent / "templates"
STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
POLICY_HERE = "@policy@"  # what stands in the template until the style, and so its digest, is known
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",  # the address of a card is a key
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "no-store",
}


def html_page(template: str, **shown: Any) -> str:
    """The page of a template in `templates/`, which extends page.html.j2: safe as a file, too.

    Example: `html_page("hole.html.j2", facts=facts)`. What is shown may be from strangers: all of it is escaped.
    """
    written = visible(_environment().get_template(template).render(POLICY=POLICY_HERE, **shown))
    return written.replace(POLICY_HERE, _policy(written), 1)


def page_response(
    html: str, status: int = 200, headers: Mapping[str, str] | None = None, framed_by: str = ""
) -> HTMLResponse:
    """The answer that shows a page: kept by no cache, naming itself to no other site.

    framed_by: the sites that may show it in a frame, with blanks between them; by default none may.
    """
    frames = framed_by or "'none'"
    policy = {"Content-Security-Policy": f"{_policy(html)}; frame-ancestors {frames}"}
    answer = HTMLResponse(html, status, {**HEADERS, **policy, **(headers or {})})
    if framed_by:
        del answer.headers["X-Frame-Options"]  # it knows no list; browsers that know frame-ancestors go by that
    return answer


def _policy(html: str) -> str:
    """Nothing is loaded, run or framed; of styles only the page's own, by their digest; forms go to this site alone."""
    styles = " ".join(f"'sha256-{_digest(style)}'" for style in STYLE.findall(html)) or "'none'"
    return f"default-src 'none'; style-src {styles}; form-action 'self'; base-uri 'none'"


def _digest(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
