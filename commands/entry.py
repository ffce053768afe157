"""The start of each command: it imports nothing heavy before it looks after Ctrl+C."""

from __future__ import annotations

import sys

from features.home.errors import INTERRUPTED, STOPPED


def main(arguments: list[str] | None = None) -> int:
    """The command line. A failure is one sentence on stderr and an exit status that is not 0."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        from commands.app import run  # takes a second or two

        return run(words)
    except KeyboardInterrupt:
        print(f"leadlight: {STOPPED}", file=sys.stderr)
        if "--json" in words:
            print(f'{{\n  "code": "interrupted",\n  "message": "{STOPPED}"\n}}')
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main())
