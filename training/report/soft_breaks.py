"""Where a long name may be broken at the end of a line, so that no page is wider than its reader's screen."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

LONGEST_WORD = 22  # letters; a longer one is hyphenated where its line ends, a shorter one never
SYLLABLES = 11
PARTS = re.compile(r"(?<=[_/:@])(?=\w)|(?<=[.,;])(?=[^\W\d])")  # never inside a number
WORD = re.compile(r"\w+")
SOFT_HYPHEN = "\u00ad"


def soft_breaks(text: object) -> Markup:
    """The text, escaped, with places to break it: after the signs inside a name, and inside very long words.

    >>> soft_breaks("share_of_top <b>")
    Markup('share_<wbr>of_<wbr>top &lt;b&gt;')
    """
    parts = (escape(WORD.sub(_hyphenated, part)) for part in PARTS.split(str(text)))
    return Markup("<wbr>").join(parts)


def _hyphenated(word: re.Match[str]) -> str:
    found = word[0]
    if len(found) <= LONGEST_WORD:
        return found
    return SOFT_HYPHEN.join(found[place : place + SYLLABLES] for place in range(0, len(found), SYLLABLES))
