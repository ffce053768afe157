"""Pages are safe whatever they show: escaped, without a script, under a policy that names the very style they have."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest
from jinja2 import DictLoader, Environment

from serving.pages import page
from serving.pages.page import html_page, page_response

OWN = (
    '{% extends "page.html.j2" %}{% from "parts.html.j2" import table %}{% block title %}{{ name }}{% endblock %}'
    "{% block heading %}{{ name }}{% endblock %}{% block style %}.own { color: red; }{% endblock %}"
    '{% block content %}{{ table([{"heading": "Who", "kind": "name"}], [[name]]) }}{% endblock %}'
)


@pytest.fixture
def own_page(monkeypatch: pytest.MonkeyPatch) -> None:
    house = page._environment().overlay()
    texts = {name: (page.TEMPLATES / name).read_text() for name in ("page.html.j2", "parts.html.j2", "style.css.j2")}
    house.loader = DictLoader(texts | {"own.html.j2": OWN})
    environment: Environment = house
    monkeypatch.setattr(page, "_environment", lambda: environment)


@pytest.mark.usefixtures("own_page")
def test_what_strangers_wrote_is_escaped_everywhere_and_moves_no_cursor() -> None:
    html = html_page("own.html.j2", name='<script>alert(1)</script>"\x1b[2J')
    assert "<script" not in html
    assert html.count("&lt;script&gt;") == 3
    assert "\x1b" not in html
    assert "@policy@" not in html


@pytest.mark.usefixtures("own_page")
def test_a_page_may_use_its_own_style_alone_and_nothing_else() -> None:
    answer = page_response(html_page("own.html.j2", name="Ann"))
    (style,) = re.findall(r"<style>(.*?)</style>", answer.body.decode(), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    expected = {"x-frame-options": "DENY", "referrer-policy": "no-referrer", "cache-control": "no-store"}
    assert {name: answer.headers[name] for name in expected} == expected
