"""The words in which a lead is told what was decided about it and what it may ask: no code, no term of the trade."""

from __future__ import annotations

from collections.abc import Iterator

from features.agreement.versions import AgreementVersion

CONTACT = {"name": "name", "title": "title", "company": "company", "phone": "telephone", "email": "e-mail"}
SOURCES = {
    "web": "our website",
    "feedback": "notes of our people",
    "leadlight": "worked out by this system",
    "file": "a file of ours",
    "import": "a file of ours",
    "salesforce": "our customer records (Salesforce)",
    "hubspot": "our customer records (HubSpot)",
}
DECISIONS = {
    "sales_ready": "one of our sales people may get in touch with you",
    "nurture": "no call now; you hear from us by mail at most",
    "needs_data": "too little is known to say; we may ask you something",
    "with_sales": "one of our sales people is in contact with you",
    "existing_customer": "you are our customer, and those who look after you have it",
    "no_profiling": "you are not assessed by a computer",
    "disqualified": "nobody of ours gets in touch with you",
    "not_a_lead": "you wrote about something else, and are not called to sell you anything",
    "converted": "you and we do business, or are about to",
}
WHY = {
    "asked_for_sales": "you asked for it",
    "probability_and_fit": "your score was high enough, and what we know fits what we offer",
    "still_sales_ready": "your score was high enough before and has not fallen far",
    "in_backlog": "your score was high enough; you wait for your turn",
    "waits_for_capacity": "our people have no time before others were called",
    "qualified": "one of our people asked for it",
    "sent_by_marketing": "one of our people asked for it",
    "best_of_nurture": "we would like to know more about what you need",
    "below_bar": "others showed more interest",
    "too_few_points": "we do not know enough of what you need",
    "no_facts": "we know almost nothing of you",
    "replied": "you answered a mail",
    "nurture_by_rule": "our agreed rules say so",
    "not_now": "a later date was named",
    "no_answer": "we did not reach you",
    "no_outcome": "nothing came of it",
    "never_tried": "nobody of ours found the time",
    "rejected_too_early": "it is too early",
    "rejected_no_budget": "there is no budget",
    "rejected_no_contact_wanted": "you want to hear nothing from us",
    "objected_to_profiling": "you objected",
    "disqualified_by_rule": "our agreed rules say so",
    "own_people": "you are one of ours",
    "opportunity_open": "an offer is being talked about",
    "handover_open": "one of our people has your request",
    "rep_working": "one of our people is in touch with you",
}
CLOSED = {
    "converted": "you and we do business, or are about to",
    "accepted": "it was taken up",
    "no_answer": "we did not reach you",
    "no_outcome": "nothing came of it",
    "never_tried": "nobody tried in time",
    "not_now": "it waits for a later date",
    "objected_to_profiling": "you objected to being assessed",
    "merged": "two of your entries became one",
    "lost": "nothing came of it",
}
TRIES = {
    "Call Attempted": "called you",
    "Call Answered": "talked with you",
    "Voicemail Left": "left you a message",
    "Email Sent": "wrote you a mail",
    "Letter Sent": "wrote you a letter",
    "Message Sent": "wrote you a message",
    "Meeting Booked": "booked a meeting with you",
    "Meeting Held": "met you",
    "Meeting No Show": "had a meeting with you that did not come about",
}


def rights(agreed: AgreementVersion, status: str) -> Iterator[str]:
    """What the lead may ask, who may change what, and how long it is kept, one sentence or two each."""
    yield OBJECTED if status == "no_profiling" else OBJECT
    yield from RIGHTS
    yield AGREED if agreed.is_agreed else NOT_AGREED
    days = agreed.agreement.privacy.keep_events.days
    yield f"How long: single entries are kept for {_years(days)}; after that, sums alone stay."
    yield "To ask for any of this, answer the message that this came with."
    yield "You may also complain to your data protection authority."


def _years(days: int) -> str:
    years = days // 365
    return f"{days:,} days" if days % 365 or not years else "1 year" if years == 1 else f"{years} years"


OBJECT = (
    "Object: tell us that you do not want to be assessed by a computer; you need no reason. From then on there is no "
    "score of you, and none of before."
)
OBJECTED = "You objected to being assessed by a computer, and are not. If you change your mind, tell us."
RIGHTS = (
    "Correct: what is wrong here we put right, and the score is worked out anew.",
    "Erase: tell us, and all of this is deleted for good.",
    "Have it: you may have all of these entries, one by one, as a file.",
    "Talk to a person: one of our people looks at it, hears you, and may decide otherwise; the score binds nobody.",
)
AGREED = (
    "Who may change it: which facts count, and what follows from a score, our marketing and sales people agreed "
    "together, and only they may change it. Nobody writes a score by hand."
)
NOT_AGREED = (
    "Who may change it: which facts count came with the software that we use; our marketing and sales people may "
    "change it. Nobody writes a score by hand."
)
