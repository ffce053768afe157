"""`leadlight users`: adds, lists and removes who may sign in to the pages."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from commands.options import Json, home, now, print_answer

app = typer.Typer(help="Who may sign in to the pages.", no_args_is_help=True)


@app.command()
def add(
    email: Annotated[str, typer.Argument(show_default=False)],
    role: Annotated[str, typer.Option(help="rep, inside_sales, marketing, manager or admin.", show_default=False)],
    crm_id: Annotated[
        str | None, typer.Option(help="His id in the CRM, where leads are owned by that.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Add a user, or give one another role and password; it is asked for, or read from stdin."""
    from serving.signin.users import User, Users

    user = User(email, role, crm_id, now(), None)  # type: ignore[arg-type]
    Users(home()).add(user, _password())
    print_answer({"email": email, "role": role, "crm_id": crm_id}, [f"{email} may sign in as {role}"], as_json)


@app.command("list")
def list_users(as_json: Json = False) -> None:
    """The users and their roles, removed ones too."""
    from serving.signin.users import Users

    users = Users(home()).all()
    rows = [dict(user.__dict__) for user in users]
    lines = [
        f"{user.email} {user.role} {user.crm_id or ''}{' removed' if user.removed_at else ''}".rstrip()
        for user in users
    ]
    print_answer(rows, lines or ["there is no user yet"], as_json)


@app.command()
def remove(email: Annotated[str, typer.Argument(show_default=False)], as_json: Json = False) -> None:
    """Let a user in no more; what he has open ends at once."""
    from serving.signin.users import Users

    Users(home()).remove(email, now())
    print_answer({"email": email, "removed": True}, [f"{email} may sign in no more, and is signed out"], as_json)


def _password() -> str:
    """The password, typed twice unseen, or one line of stdin: never an argument, which others on this machine see."""
    if sys.stdin.isatty():
        return str(typer.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\r\n")
