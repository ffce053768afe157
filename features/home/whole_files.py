"""Whole files: each is written beside its place and then renamed, so that nobody ever meets half of one."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from features.home.errors import LeadlightError

FOR_ITS_OWNER = 0o600  # the mode of a file that holds what is known of people


class FileNotWritten(LeadlightError):
    """A file that could not be written; what was there before is there still."""

    code = "not_written"


class NoFolder(FileNotWritten):
    """The folder that a file is to be written to is not there."""

    code = "no_folder"


@contextmanager
def whole_file(path: Path, mode: int | None = None) -> Iterator[Path]:
    """A new file beside `path` to write to, which takes the place of `path` as the block ends; it has the same suffix.

    An error leaves `path` as it was and nothing beside it. mode: of the new file; by default that of the file whose
    place it takes. A pipe or a device such as /dev/stdout has no place to take, and is written to as it is.
    Raises FileNotWritten, NoFolder.
    """
    place = path.resolve()  # a link stays a link
    if place.exists() and not place.is_file():
        with _said(path):
            yield place
        return
    if not place.parent.is_dir():
        raise NoFolder(f"{path} cannot be written: there is no folder {path.parent}; make it, or name another place")
    beside = place.with_name(f".{place.stem[:100]}.{secrets.token_hex(4)}.part{place.suffix}")
    try:
        with _said(path):
            _make(beside, place, mode)
            yield beside
            _sync(beside)
            os.replace(beside, place)
    finally:
        with suppress(OSError):  # on a disk that is read-only, even what is not there cannot be removed
            beside.unlink(missing_ok=True)


def write_whole(path: Path, content: str | bytes, mode: int | None = None) -> None:
    """Write text in UTF-8, or bytes, as `whole_file` does."""
    with whole_file(path, mode) as beside:
        beside.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def _said(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        remedy = "make room or name another place with write access, and run it again"
        raise FileNotWritten(f"{path} cannot be written: {why}; what was there is unchanged; {remedy}") from error


def _make(beside: Path, place: Path, mode: int | None) -> None:
    os.close(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else mode))
    if mode is None and place.exists():
        beside.chmod(stat.S_IMODE(place.stat().st_mode))


def _sync(file: Path) -> None:
    # Renamed before its bytes are on the disk, it would be an empty file after a power cut.
    opened = os.open(file, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
