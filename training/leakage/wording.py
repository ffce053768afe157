"""Leakage wording: titles that say a column is known only after contact, and values that only a rep writes.

The patterns are of how CRMs and sales people write (Salesforce, HubSpot, Pipedrive, LeadSquared, Zoho and exports of
them), matched against plain lower-case words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from features.agreement.column_titles import says, title_words, without_record


def _any(phrases: str) -> re.Pattern[str]:
    """Any of the phrases, which commas part, as whole words."""
    return re.compile(rf"\b({'|'.join(phrase.strip() for phrase in phrases.split(','))})\b")


_WHO = "(lead|contact|prospect|customer|account|client|sales|call|opportunity|deal|pipeline|follow up|lifecycle)"
_JUDGED = "(quality|profile|rating|grade|(sub ?)?(status|stage)|priority|temperature|disposition|result|phase)"
_LOGGED = "(duration|counts?|attempts?|result|outcome|made|held|logged|minutes|summary|notes)"

# Sales sets or causes these, or they tell the outcome itself; each with the reason that a person reads.
AFTER_CONTACT = (
    (_any("(?<!utm )(?<!meta )tags?"), "sales tags leads while working them"),
    (_any(f"{_WHO} {_JUDGED}, lifecyclestage"), "sales sets it"),
    (re.compile(f"^{_JUDGED}( (id|code|name))?$"), "sales sets it"),
    (re.compile(r"^owner\b"), "sales assigns it"),
    (_any("(lead|contact|account|record|company|deal|hubspot|opportunity) ?owner, by owner"), "sales assigns it"),
    (_any("rep, sdr, bdr, sales ?(rep|person|agent|manager), assigned, assignee"), "sales assigns it"),
    (_any("account (manager|executive), handled by"), "sales assigns it"),
    (_any("notes?, comments?, remarks?, feedback"), "sales writes it"),
    (_any("follow ?ups?, next (step|activity|action|call|task|contact), call ?back"), "sales plans it"),
    (_any(f"(calls?|sms|meetings?|demos?|contact|dials?|talk) {_LOGGED}, times contacted"), "sales causes it"),
    (_any("(number|num|count|total) (of )?(calls|contacted|meetings|tasks|touches|attempts)"), "sales causes it"),
    (_any("converted, conversion, won, lost, closed?, close ?date, deals?"), "it tells the outcome"),
    (_any("opportunity, opportunities, became a, invoiced?, quote, proposal"), "it tells the outcome"),
    (_any(r"contract (signed|start|value), (dis|un)qualif\w+, reject\w*, recycled?"), "it tells the outcome"),
    (_any("(loss|close) reason"), "it tells the outcome"),
    (_any("(total|done) activities, activities to do, e ?mail messages count"), "sales causes it"),
)
# Of a deal that sales works, in an export whose titles name the record: "Deal - Value".
_OF_DEAL = re.compile(r"(deal|lead|opportunity) [-–] (title|name|label|(weighted )?(value|amount))", re.I)
_DONE = _any(
    "activity, activities, action, contact, contacted, modified, updated?, touch, touched, visit, visited, "
    "seen, engagement, reply, replied, interaction, call, called, e ?mail, e ?mailed, sms, meeting, sync, "
    "viewed, opened, clicked, event, session, note, changed?, conversion"
)
_LATEST = re.compile(r"(date of )?(the )?(last|latest|most recent|recent)\b")
_AS_OF_EXPORT = _any(
    "(last|latest) (notable )?activity, last modified, modified (at|on|date|by), updated (at|on), systemmodstamp"
)
COMPUTED = _any(
    r"\w*scores?, scoring, index, indices, indexes, grade, propensity, likelihood, forecast, "
    r"predict(ed|ion|ive), probability"
)
COMPUTED_OF_LEADS = _any(
    r"leads?, engagement, activity, fit, behaviou?r, hubspot, hubspotscore, einstein, pardot, intent, marketo, "
    r"propensity, likelihood, predict(ed|ion|ive), predictive\w+, probability, forecast"
)
COUNTS = _any(
    "visits?, (page ?)?views?, page ?values?, pages?, sessions?, clicks?, clicked, opens, opened, hits, "
    "time spent, time on, minutes, duration, downloads?, submissions?, conversations, touches, events?, "
    "logins?, bounces?, (bounce|exit) ?rates?, delivered, sent, emails"
)
_NAMES = "full|first|last|middle|given|family|contact|lead|customer|person|client|maiden|nick|user|display|preferred"
PERSONAL = re.compile(
    rf"(({_NAMES}) ?)?names?$|surname$|((primary|work|business|contact|secondary|company|other) )?e ?mails?( address)?$"
    r"|.*\b(phone|mobile|telephone|cell|fax|whatsapp|skype|linkedin|twitter|passport|ssn|iban|tax id|national id)\b"
    r"|.*\b(street|address|zip|zip ?code|post(al)? ?code|ip|cookie|latitude|longitude)\b"
)
IDENTIFIER = _any(
    "ids?, uuid, guid, number, no, nr, key, code, ref, reference, record, identifier, hash, token, url, e ?mail"
)

# What reps write down after a call, and what sales itself did.
_REPS_WORDS = _any(
    r"will revert, reverts, ringing, (switched|turned) off, busy, no (answer|response|reply|show), "
    r"not (picking|answering|answered|reachable|responding|eligible|interested|qualified|doing|looking|ready), "
    r"unreachable, voice ?mail, left (a )?message, (wrong|invalid|bad|dead) (phone )?number, number not, "
    r"hang ?up, hung up, call(ed|s)? (back|later|again|after), callback, follow(ed|ing)? ?up, "
    r"closed (by|won|lost|to), lost to, (deal|opportunity) (won|lost), won by, in touch with, interested in, "
    r"already (an? )?(student|customer|client|user|bought|purchased|enrolled|signed|using), negotiat\w+, "
    r"(proposal|quote|contract|sms|e ?mail|brochure) (was )?sent, phone conversation, approached, "
    r"(demo|meeting|call) (done|given|held|booked|scheduled|completed), still thinking, in confusion, "
    r"undecided, (shall|wants? to|will) (take|join|buy|enrol|enroll|decide|sign), (dis|un)qualified, junk, "
    r"marked spam, duplicate lead, too expensive, (no|low) budget, financial problems?, converted to, "
    r"went with, to a? ?competitor, chose, does ?n t want"
)
# Verdicts on a lead; only as the whole cell, for "cold" may be a climate.
_REPS_VERDICTS = re.compile(
    r"(very )?(hot|warm|cold|dead|junk|worst|best|(un)?likely|(dis|un)?qualified|promising)( leads?| prospects?)?"
    r"|(potential|other|good|bad|weak|strong) (leads?|prospects?|fit)"
    r"|(high|medium|low) (in )?(relevance|potential|quality|interest|priority)"
    r"|might be|may ?be|not sure|nurtur\w+|contacted|attempted( to contact)?|open not contacted|closed.*|won|lost"
)
_QUESTION = re.compile(r"(what|how|which|when|where|why|who|do|does|are|is|have|would|will|can) (\w+ ){2,}\w+")


def reason_in_title(title: str) -> str | None:
    """Why a column of this title is known only after contact, or as of the export; None where it does not say."""
    if _OF_DEAL.fullmatch(title):
        return "known only after contact: sales writes it"
    plain = title_words(without_record(title))
    if (_LATEST.match(plain) and _DONE.search(plain)) or _AS_OF_EXPORT.search(plain):
        return "as of the export: it goes on changing after the outcome"
    why = next((why for pattern, why in AFTER_CONTACT if pattern.search(plain)), None) or _why_in_other_words(title)
    return why and f"known only after contact: {why}"


def _why_in_other_words(title: str) -> str | None:
    """The same of titles in other languages."""
    if says(title, ("owner",)):
        return "sales assigns it"
    return "sales causes or writes it" if says(title, ("after_contact",)) else None


def is_question(title: str) -> bool:
    """Whether the title asks the lead something: then the lead answered it, though perhaps when a rep asked."""
    plain = title_words(title)
    return title.rstrip().endswith("?") or bool(_QUESTION.match(plain) or re.search(r"\byour?\b", plain))


def rep_values(values: Iterable[str | None]) -> list[str]:
    """The values that read as if a rep wrote them ("Ringing", "Will revert"), the most frequent first.

    Empty unless several values do, or one does in many rows: one odd value among thousands of honest ones is no sign.
    """
    counts = Counter(value for value in values if value is not None)
    by_reps = Counter({value: count for value, count in counts.items() if _is_rep_value(value)})
    share = by_reps.total() / max(counts.total(), 1)
    is_enough = share >= 0.03 and (len(by_reps) >= 2 or share >= 0.1)
    return [value for value, _ in by_reps.most_common()] if is_enough else []


def _is_rep_value(value: str) -> bool:
    plain = title_words(value)
    return bool(_REPS_WORDS.search(plain) or _REPS_VERDICTS.fullmatch(plain))


def quoted_values(values: Sequence[str], most: int = 3) -> str:
    """The first values in quotation marks, each on one line and short: "Ringing", "Busy"."""
    plain = ["".join(sign if sign.isprintable() else " " for sign in value) for value in values[:most]]
    return ", ".join(f'"{value if len(value) <= 60 else value[:57] + "..."}"' for value in plain)
