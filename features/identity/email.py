"""E-mail addresses: the domain, and whether it is a free mailbox or a company's."""

from __future__ import annotations

FREE_MAIL = frozenset(
    "gmail.com googlemail.com yahoo.com hotmail.com outlook.com live.com icloud.com me.com aol.com gmx.de gmx.net "
    "web.de mail.ru yandex.ru proton.me protonmail.com qq.com 163.com 126.com naver.com orange.fr free.fr laposte.net "
    "libero.it t-online.de comcast.net rediffmail.com zoho.com mail.com msn.com".split()
)


def email_domain(email: str) -> str | None:
    """What follows the @."""
    return email.rpartition("@")[2] or None


def mail_kind(domain: str | None) -> str | None:
    """ "free" for a mailbox anyone can open, "work" for a company's."""
    return None if domain is None else ("free" if domain in FREE_MAIL else "work")
