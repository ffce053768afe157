"""`leadlight keys`: makes, lists and revokes the keys of the API, and follows what a key may not have said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commands import console
from commands.options import Json, home, now, print_answer

if TYPE_CHECKING:
    from serving.http.keys import Key

app = typer.Typer(help="The keys of the API.", no_args_is_help=True)
SIGNED = "segment"  # the source of events that Segment signs: no key sends them


@app.command()
def create(
    scope: Annotated[list[str], typer.Option(help="What it may do; may be repeated.", show_default=False)],
    label: Annotated[str, typer.Option(help="Whose it is.")] = "",
    side: Annotated[
        str | None,
        typer.Option(help="Whose touches it sends: marketing, inside_sales or sales.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key; it is shown once, here, and only its SHA-256 is kept."""
    from serving.http.keys import Keys

    keys = Keys(home())
    made = keys.create(scope, now(), label, side)
    document = {"key": made.key, "id": made.key_id, "scopes": sorted(made.scopes)}
    lines = [made.key, f"keep it now, it is not shown again; its id is {made.key_id}"]
    print_answer(document, [*lines, *_shared_label(keys.all(), made.key_id)], as_json)


@app.command("list")
def list_keys(as_json: Json = False) -> None:
    """The keys that were made, without their secrets, and what each sent that is not followed."""
    from features.records.trust import not_followed
    from serving.http.keys import Keys

    keys, ignored = Keys(home()).all(), not_followed(home())
    rows = [
        {"id": key.key_id, "scopes": sorted(key.scopes), "label": key.label, "side": key.side}
        | {"created_at": key.created_at, "revoked_at": key.revoked_at, "not_followed": _of(key, ignored)}
        for key in keys
    ]
    lines = [
        f"{key.key_id} {'revoked' if key.revoked_at else 'active '} {' '.join(sorted(key.scopes))} {key.label}"
        + (f" ({key.side})" if key.side else "")
        for key in keys
    ]
    lines += [
        _warning(f"key {key.label or key.key_id}", key.key_id, sent) for key in keys if (sent := _of(key, ignored))
    ]
    lines += [_warning("Segment's signature", SIGNED, ignored[SIGNED])] if SIGNED in ignored else []
    print_answer(rows, lines or ["no key was made yet"], as_json)


@app.command()
def revoke(key_id: Annotated[str, typer.Argument(show_default=False)], as_json: Json = False) -> None:
    """Close a key for good; running services refuse it within seconds."""
    from serving.http.keys import Keys

    Keys(home()).revoke(key_id, now())
    print_answer({"id": key_id, "revoked": True}, [f"{key_id} opens nothing any more"], as_json)


@app.command()
def trust(
    key_id: Annotated[str, typer.Argument(help="Its id, or segment for what Segment signed.", show_default=False)],
    from_now_on: Annotated[bool, typer.Option(help="Also let it speak for the CRM from now on.")] = False,
    as_json: Json = False,
) -> None:
    """Follow what a key sent that only the CRM may say: for a key that never stood in a web page."""
    from features.records.trust import follow
    from serving.http.keys import Keys

    keys = Keys(home())
    key = None if key_id == SIGNED else keys.of_id(key_id)
    if key and from_now_on:
        keys.trust(key_id)
    sources = [SIGNED] if key is None else [f"{way}:{key.source_name}" for way in ("live", "segment")]
    with console.progress_line("following what it sent") as progress:
        events = follow(home(), sources, progress)
    may = bool(key and (from_now_on or not key.is_public))
    others = [one.key_id for one in keys.all() if key and one.key_id != key_id and _is_like(one, key)]
    document = {"id": key_id, "events": events, "sources": sources, "speaks_for_crm": may, "also_followed": others}
    lines = [f"{events:,} events that {key_id} sent so far are followed, and everything is derived again"]
    lines += [f"among them what keys of the same label sent: {', '.join(others)}"] if others else []
    print_answer(document, lines if may else [*lines, _what_next(key)], as_json)


def _shared_label(keys: Sequence[Key], key_id: str) -> Iterator[str]:
    """What to know where a key speaks for the CRM, and another of its label may only write events."""
    (made,) = (key for key in keys if key.key_id == key_id)
    others = [key for key in keys if key.is_active and _is_like(key, made)]
    if made.may("crm:write") and others:
        yield (
            f"key {others[0].key_id} has the same label and may only write events: who has it can use up messageIds of "
            "this one; revoke it, or give them two labels"
        )


def _is_like(one: Key, key: Key) -> bool:
    """Whether one key may only write events, and nobody can tell what it sent from what the other did."""
    return one.is_public and one.source_name == key.source_name


def _of(key: Key, ignored: dict[str, Counter[str]]) -> dict[str, int]:
    return dict(sum((ignored.get(f"{way}:{key.source_name}", Counter()) for way in ("live", "segment")), Counter()))


def _warning(whose: str, named: str, sent: dict[str, int]) -> str:
    names = ", ".join(f"{many:,} {name}" for name, many in Counter(sent).most_common(5))
    many = sum(sent.values())
    return f"{whose}: {many:,} events are not followed ({names}); if they are right: leadlight keys trust {named}"


def _what_next(key: Any) -> str:
    label = f" --label {key.label}" if key and key.label else ""
    return f"what comes next is not: give the CRM a key of its own (leadlight keys create --scope crm:write{label})"
