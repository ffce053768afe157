"""`leadlight agreement show`, `sign` and `keep`: the agreement in words, who signed it, and whether it is live."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from commands.options import Json, home, now, print_answer
from features.agreement.agreement import Agreement
from features.agreement.checks import check_learnable
from features.agreement.kept_signatures import sign_file, sign_kept, signatures_of, standing_in_force, works_by
from features.agreement.signatures import Signature, short_digest
from features.agreement.standing import Standing, standing_lines
from features.agreement.versions import AgreementVersion, save_version, version_in_force
from features.home.database import database_exists, reading
from features.home.whole_files import write_whole
from serving.pages.agreement.agreement_words import agreement_in_words

_WIDTH = 100


def show(
    toml: Annotated[bool, typer.Option("--toml", help="As it was written: leadlight agreement show --toml.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write a page of HTML instead.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """The kept agreement in words: who goes to sales, how soon, who signed it and whether it is live."""
    kept, stands = standing_in_force(home())
    with reading(home()) as connection:
        signatures = signatures_of(connection, kept.agreement)
    if out:
        from serving.pages.agreement.agreement_page import agreement_page

        write_whole(out, agreement_page(kept, stands, signatures))
    lines: Iterator[str] = iter(kept.agreement.text.splitlines()) if toml else _in_words(kept, stands, signatures)
    print_answer(document(kept, stands, signatures), [f"wrote {out}"] if out else lines, as_json)


def sign(
    by: Annotated[str, typer.Option(help="Who signs.")],
    side: Annotated[str, typer.Option(help="For which side: marketing or sales.")],
    file: Annotated[Path, typer.Argument(help="The agreement to sign.")] = Path("agreement.toml"),
    as_json: Json = False,
) -> None:
    """Sign the agreement for one side: the line goes into the file, and the home keeps it. Both sides are needed."""
    is_file = file.exists() or file != Path("agreement.toml")
    signature = sign_file(home(), file, by, side, now()) if is_file else sign_kept(home(), by, side, now())
    stands = standing_in_force(home())[1]
    told: dict[str, Any] = {"by": signature.by, "side": signature.side, "digest": signature.digest}
    told |= {"live": stands.is_live, "why_not_live": stands.why_not}
    print_answer(told, _signed(signature, file if is_file else None, stands), as_json)


def keep(
    file: Annotated[Path, typer.Argument(help="The agreement to work by.")] = Path("agreement.toml"),
    as_json: Json = False,
) -> None:
    """Work by this agreement from now on: a new rep, a holiday, `live = true`, or all of it."""
    agreement = Agreement.read(file)
    check_learnable(agreement, file.name)
    before = version_in_force(home()) if database_exists(home()) else None
    kept = save_version(home(), agreement, now())
    stands = standing_in_force(home())[1]
    told = {"name": agreement.name, "version": kept.version, "live": stands.is_live, "why_not_live": stands.why_not}
    print_answer(told, _kept(kept, before, stands), as_json)


def _kept(kept: AgreementVersion, before: AgreementVersion | None, stands: Standing) -> Iterator[str]:
    yield f"this home works by version {kept.version} of {kept.agreement.name}"
    if before and before.agreement.feature_digest != kept.agreement.feature_digest:
        yield "part 1 changed, so the model does not know it yet; run: leadlight train --promote"
    if before and before.agreement.policy_digest != kept.agreement.policy_digest:
        most = kept.agreement.handover.catch_up_per_day
        yield f"what decides changed: those that are over the bar by it alone go over best first, {most} a day"
    yield from standing_lines(stands)
    yield from kept.agreement.notes


def _signed(signature: Signature, file: Path | None, stands: Standing) -> Iterator[str]:
    where = file.name if file else "the kept agreement"
    yield f"{signature.by} signed {where} for {signature.side}: {short_digest(signature.digest)}"
    if file is None:
        yield "there is no agreement.toml here; to have it as a file: leadlight agreement show --toml > agreement.toml"
    elif not works_by(home(), Agreement.read(file)):
        yield f"this home does not work by {where} yet; to do so: leadlight agreement keep {file}"
        return
    yield from standing_lines(stands)


def document(kept: AgreementVersion, stands: Standing, signatures: list[Signature]) -> dict[str, Any]:
    """What `GET /v1/agreement` answers, with the one digest under its old name as well."""
    from serving.api.agreement import agreement_document

    return {**agreement_document(kept, stands, signatures), "digest": kept.agreement.digest}


def _in_words(kept: AgreementVersion, stands: Standing, signatures: list[Signature]) -> Iterator[str]:
    agreement = kept.agreement
    yield f"{agreement.name}, version {kept.version}, {short_digest(agreement.signed_digest)}"
    yield from standing_lines(stands, is_agreed=kept.is_agreed)
    for one in signatures:
        text = "this text" if one.digest == agreement.signed_digest else f"an earlier text, {short_digest(one.digest)}"
        yield f"signed by {one.by} for {one.side}, {one.at:%Y-%m-%d}: {text}"
    for section in agreement_in_words(agreement):
        yield from ("", section.title)
        for name, text in section.lines:
            yield from _wrapped(name, text)


def _wrapped(name: str, text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, initial_indent=f"  {name:<23} ", subsequent_indent=" " * 26)
