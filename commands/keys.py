"""`leadlight keys`: makes, lists and revokes the keys of the API."""

from __future__ import annotations

from typing import Annotated

import typer

from commands.options import Json, home, now, print_answer

app = typer.Typer(help="The keys of the API.", no_args_is_help=True)


@app.command()
def create(
    scope: Annotated[list[str], typer.Option(help="What it may do; may be repeated.", show_default=False)],
    label: Annotated[str, typer.Option(help="Whose it is.")] = "",
    as_json: Json = False,
) -> None:
    """Make an API key; it is shown once, here, and only its SHA-256 is kept."""
    from serving.http.keys import Keys

    made = Keys(home()).create(scope, now(), label)
    document = {"key": made.key, "id": made.key_id, "scopes": sorted(made.scopes)}
    print_answer(document, [made.key, f"keep it now, it is not shown again; its id is {made.key_id}"], as_json)


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """The keys that were made, without their secrets."""
    from serving.http.keys import Keys

    keys = Keys(home()).all()
    rows = [
        {"id": key.key_id, "scopes": sorted(key.scopes), "label": key.label}
        | {"created_at": key.created_at, "revoked_at": key.revoked_at}
        for key in keys
    ]
    lines = [
        f"{key.key_id} {'revoked' if key.revoked_at else 'active '} {' '.join(sorted(key.scopes))} {key.label}"
        for key in keys
    ]
    print_answer(rows, lines or ["no key was made yet"], as_json)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(show_default=False)], as_json: Json = False) -> None:
    """Close a key for good; running services refuse it within seconds."""
    from serving.http.keys import Keys

    Keys(home()).revoke(key_id, now())
    print_answer({"id": key_id, "revoked": True}, [f"{key_id} opens nothing any more"], as_json)
