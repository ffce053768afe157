"""Users: who may sign in to the pages, as what; a password is kept as argon2's text alone."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import select, update

from features.agreement.people import is_person, person_key
from features.home import tables
from features.home.clock import from_microseconds, microseconds
from features.home.database import insert_or_update, migrate, reading, writing
from features.home.errors import LeadlightError
from features.home.settings import Home
from serving.signin.audit import COMMAND_LINE, note_in_audit

if TYPE_CHECKING:
    from argon2 import PasswordHasher

Role = Literal["rep", "inside_sales", "marketing", "manager", "admin"]
ROLES: tuple[Role, ...] = get_args(Role)
SHORTEST, LONGEST = 12, 1_000  # characters of a password
AT_A_TIME = threading.Semaphore(2)  # each check takes 64 MB: a flood of them must not take all of a machine's
columns = tables.users.c


@dataclass(frozen=True)
class User:
    """One row per user; crm_id: his name in the CRM, where leads are owned by that."""

    email: str
    role: Role
    crm_id: str | None
    created_at: datetime
    removed_at: datetime | None


@dataclass(frozen=True)
class Users:
    """The users of one home."""

    home: Home

    def add(self, user: User, password: str) -> None:
        """Add a user, or give one another role and password; his sessions end. Raises LeadlightError."""
        _check(user, password)
        email, now_us = person_key(user.email), microseconds(user.created_at)
        row: dict[str, Any] = {"email": email, "role": user.role, "crm_id": user.crm_id, "removed_us": None}
        row |= {"password": _hasher().hash(password), "created_us": now_us}
        migrate(self.home)
        with writing(self.home) as connection:
            insert_or_update(connection, tables.users, [row])
            _end_sessions(connection, email, now_us)
            note_in_audit(connection, COMMAND_LINE, "added_user", email, user.created_at, {"role": user.role})

    def remove(self, email: str, removed_at: datetime) -> None:
        """Let a user in no more; his sessions end at once. Raises LeadlightError for one who is not there."""
        key, now_us = person_key(email), microseconds(removed_at)
        if key not in {user.email for user in self.all() if user.removed_at is None}:
            raise LeadlightError(
                f"there is no user {email[:100]!r}; `leadlight users list` shows all", code="unknown_user"
            )
        with writing(self.home) as connection:
            connection.execute(update(tables.users).where(columns.email == key).values(removed_us=now_us))
            _end_sessions(connection, key, now_us)
            note_in_audit(connection, COMMAND_LINE, "removed_user", key, removed_at)

    def all(self) -> list[User]:
        """Every user, removed ones too, by address."""
        migrate(self.home)
        with reading(self.home) as connection:
            rows = connection.execute(select(tables.users).order_by(columns.email)).all()
        return [
            User(
                row.email,
                row.role,
                row.crm_id,
                from_microseconds(row.created_us),
                None if row.removed_us is None else from_microseconds(row.removed_us),
            )
            for row in rows
        ]

    def is_password(self, email: str, password: str) -> bool:
        """Whether a user who may sign in has this password; it takes as long for an address that nobody has."""
        from argon2.exceptions import InvalidHashError, VerificationError

        known = select(columns.password).where(columns.email == person_key(email), columns.removed_us.is_(None))
        with reading(self.home) as connection:
            hashed = connection.scalar(known)
        with AT_A_TIME:
            try:
                return _hasher().verify(hashed or _nobodys(), password[:LONGEST]) and hashed is not None
            except (VerificationError, InvalidHashError):
                return False


def _end_sessions(connection: Any, email: str, now_us: int) -> None:
    sessions = tables.sessions.c
    open_ones = (sessions.email == email) & sessions.ended_us.is_(None)
    connection.execute(update(tables.sessions).where(open_ones).values(ended_us=now_us))


@cache
def _hasher() -> PasswordHasher:
    from argon2 import PasswordHasher  # where somebody signs in

    return PasswordHasher()


@cache
def _nobodys() -> str:
    return _hasher().hash("nobody has this password")


def _check(user: User, password: str) -> None:
    if "@" not in user.email or not is_person(user.email.strip()):
        raise LeadlightError(
            f"{user.email[:100]!r} is no e-mail address; give one such as ann@ours.example", code="bad_email"
        )
    if user.role not in ROLES:
        near = get_close_matches(user.role, ROLES, n=1)
        remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(ROLES)}"
        raise LeadlightError(f"there is no role {user.role[:40]!r}; {remedy}", code="unknown_role")
    if user.crm_id is not None and not is_person(user.crm_id.strip()):
        raise LeadlightError(
            f"{user.crm_id[:100]!r} is no id of a CRM; give it as the CRM exports it", code="bad_crm_id"
        )
    if not SHORTEST <= len(password) <= LONGEST:
        problem = f"the password has {len(password)} characters; give {SHORTEST} to {LONGEST:,}"
        raise LeadlightError(problem, code="bad_password")
