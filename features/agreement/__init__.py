"""Reads and checks agreement.toml, where a half-life, a behaviour's event and how long events are kept are written.

agreement.py        `Agreement`: what marketing and sales agreed a sales lead is, read from agreement.toml, checked,
                    and its digests.
checks.py           Checks of what must hold between the lines of an agreement; each problem is one sentence with its
                    remedy.
column_titles.py    What titles of columns say in several languages: who somebody is, what is protected, what sales
                    causes.
conditions.py       Conditions and lengths of time as people write them in the agreement: parsed once, then tested on
                    a lead's facts.
contact.py          [contact] of the agreement: which traits serve to call somebody. They are shown to people and
                    never learned from.
criteria.py         Criteria (need, timeframe, authority, profile): the points of a lead, and the prior probability
                    they stand for.
handover.py         [handover] and [touches] of the agreement: how soon sales follows up, how often, and when a lead
                    comes back.
kept_signatures.py  Signing: a signature is written into the agreement's text, for everybody to see, and kept in the
                    home.
learning.py         Part 1 of the agreement, what the model learns from: the outcome, interest, behaviours, traits,
                    excluded fields.
lengths.py          Lengths of time that are agreed: plain ones, those that run in office hours, and so many within a
                    time.
messages.py         The messages about an agreement: each problem as one sentence with file, key, value found and
                    remedy.
old_forms.py        Lines as older agreements write them: homes and models keep such agreements, so each is read as
                    what it means now.
people.py           [people] of the agreement: who has leads, when they work, and who hears; needs no signature,
                    changes no decision.
policy.py           Part 2 of the agreement, what we do about it: criteria, policy, nurture, content, costs,
                    campaigns, privacy.
scale.py            The scale of scores: which probability a score of 50 stands for, and whether that is the average
                    open lead.
sections.py         The sections of an agreement file: every line that may be written, and what each line alone must
                    be.
signatures.py       Who signed the agreement, from marketing and from sales, as lines of `agreed_by`.
standing.py         How an agreement stands: live or on trial, signed by whom, and whether it changed since.
statuses.py         [statuses] of the agreement: what a CRM's words for the status of a lead say of our work on it.
versions.py         The versions of the agreement that a home has worked with: each new content is a new version, and
                    all are kept.
working_time.py     Office hours of one person: when a clock that begins at a moment runs out, in his zone, holidays
                    and absences.

Other rooms use:

agreement           Agreement, AgreementError, Behaviour, DEFAULT, Excluded, Export, Trait
checks              CRM_EVENTS, FEEDBACK_EVENTS, HANDOVER_EVENTS, NAME_THE_QUESTION, PAGE_AND_MAIL_EVENTS, RESERVED,
                    RULES, SALES_EVENTS, SALES_TOUCHES, check_learnable, is_protected
column_titles       NAME_PARTS, PERSONAL_FACTS, says, title_meaning, title_words, without_record
conditions          BehaviourClause, Clause, Condition, FACTS, FactClause, Facts, Flag, IsKnown, Kind, MinutesClause,
                    Range, duration, holds
contact             RECORD_ID
criteria            AVERAGE, CriteriaPoints, clause_names, criteria_points, criterion_kind, most_points, prior,
                    single_clause_name, slope
handover            HandoverTerms
kept_signatures     kept_signatures, sign_file, sign_kept, signatures_of, standing_in_force, works_by
learning            Behaviour, Export, Outcome, RejectReason, Trait, lists_item, property_text
lengths             Span
messages            did_you_mean
people              People, Rep, is_person, person_key
policy              Criterion
scale               DRAFTED, average_score, is_unsigned_draft, line, rescaled, scale_problem, with_score_50
signatures          Signature, short_digest
standing            Standing, standing, standing_lines
statuses            KINDS, NOTHING, is_meaning
versions            AgreementVersion, NOT_AGREED, NOT_KEPT, NoAgreement, agreement_with_digest, chosen_version,
                    current_version, kept_agreement, save_version, tried_version, version_in_force
working_time        WorkingTime
"""
