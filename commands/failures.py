"""Failures: whatever ends a command is one sentence on stderr, and with --json one document on stdout as well."""

from __future__ import annotations

import errno
import os
import sqlite3
import sys
import traceback
from dataclasses import dataclass

from pydantic import ValidationError
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from commands.console import complain, print_json
from commands.options import json_document
from features.home.errors import INTERRUPTED, STOPPED, LeadlightError

SHOW_TRACEBACK = "LEADLIGHT_TRACEBACK"
DISK = {errno.ENOSPC: "disk_full", errno.EDQUOT: "disk_full", errno.EROFS: "no_access", errno.EACCES: "no_access",
        errno.EPERM: "no_access"}  # fmt: skip
DISK_REMEDIES = {
    "disk_full": "make room and run it again",
    "no_access": "give this user access, or name another home with LEADLIGHT_HOME or another file",
    "file_error": "see to it and run it again",
}
DATABASE_REMEDIES = (
    ("readonly", "give this user write access to the home, or name another with LEADLIGHT_HOME"),
    ("unable to open", "give this user write access to the home, or name another with LEADLIGHT_HOME"),
    ("full", "make room on its disk and run it again"),
    ("locked", "another command writes to it; run it again when that has ended"),
    ("malformed", "restore it from a backup"),
    ("not a database", "name another with LEADLIGHT_DATABASE_URL or LEADLIGHT_HOME, or restore it from a backup"),
)
START_IT = "start it, or name another with LEADLIGHT_DATABASE_URL, and run it again; what was committed is kept"


@dataclass(frozen=True)
class Failure:
    """What ended a command: a sentence for people, a code for programs, and the exit status."""

    code: str
    sentence: str
    status: int = 1

    def tell(self, as_json: bool) -> int:
        """Print it, and return the exit status."""
        complain(self.sentence)
        if as_json:
            _print_document(self)
        return self.status


INTERRUPTION = Failure("interrupted", STOPPED, INTERRUPTED)


def failure_of(error: BaseException) -> Failure:
    """What an exception means to the person at the terminal."""
    from alembic.util import CommandError  # here, for it would slow the start of every command

    if isinstance(error, LeadlightError):
        return Failure(error.code, str(error))
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTION
    if usage := getattr(error, "format_message", None):  # Typer's, for a command line that it cannot read
        return _misused(error, str(usage()))
    is_setting = isinstance(error, ValidationError) and error.title == "Settings"
    if is_setting or isinstance(error, ArgumentError | NoSuchModuleError):
        return Failure("bad_setting", f"a setting cannot be used: {_setting(error)}; correct it")
    if isinstance(error, SQLAlchemyError | sqlite3.Error | CommandError):
        return _database_failure(error)
    if isinstance(error, OSError):
        return _disk_failure(error)
    if isinstance(error, MemoryError):
        return Failure("out_of_memory", "there is not enough memory for this; give it more, or fewer rows at a time")
    return _unforeseen(error)


def _misused(error: BaseException, said: str) -> Failure:
    context = getattr(error, "ctx", None)
    command = getattr(context, "command_path", None) or "leadlight"
    sentence = f"{said.rstrip('.')}; see: leadlight {' '.join(command.split()[1:])}".rstrip() + " --help"
    return Failure("bad_usage", sentence, int(getattr(error, "exit_code", 2)))


def _setting(error: BaseException) -> str:
    if not isinstance(error, ValidationError):
        return f"LEADLIGHT_DATABASE_URL: {_first_line(error)}"
    first = error.errors(include_url=False, include_input=False)[0]
    return f"LEADLIGHT_{'_'.join(map(str, first['loc'])).upper()}: {first['msg']}"


def _database_failure(error: BaseException) -> Failure:
    why = _first_line(getattr(error, "orig", None) or error)
    if not isinstance(error, SQLAlchemyError | sqlite3.Error):
        known = "it was made by another release; use that one, or a newer one"
        return Failure("other_release", f"the database of this home has another schema: {why}; {known}")
    remedy = next((remedy for sign, remedy in DATABASE_REMEDIES if sign in why), START_IT)
    return Failure("database_unavailable", f"the database of this home cannot be used: {why}; {remedy}")


def _disk_failure(error: OSError) -> Failure:
    code = DISK.get(error.errno or 0, "file_error")
    where = f"{error.filename}: " if error.filename else ""
    return Failure(code, f"{where}{error.strerror or _first_line(error)}; {DISK_REMEDIES[code]}")


def _unforeseen(error: BaseException) -> Failure:
    if os.environ.get(SHOW_TRACEBACK):
        traceback.print_exception(error)
    what = f"{type(error).__name__}: {_first_line(error)}".rstrip(": ")
    remedy = f"set {SHOW_TRACEBACK}=1 to see where, and please report it"
    return Failure("internal_error", f"this is an error of Leadlight itself ({what}); {remedy}")


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(" .:") if lines else type(error).__name__


def _print_document(failure: Failure) -> None:
    try:
        print_json(json_document({"code": failure.code, "message": failure.sentence}))
    except OSError:  # stdout is what failed: its rest goes nowhere, or Python would complain of it at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
