"""Identity resolution: whose each event is, now and before; anonymous visits stitched; free-mail domains or work.

accounts.py    Accounts: which company each lead was in, from when to when, as far as we knew.
claims.py      Identity claims: what events say about who is who, as keys of users, links of names, merges and undone
               merges.
components.py  The identity graph in the database: links between ids, the connected component of some ids, and its
               events.
email.py       E-mail addresses: the domain, whether it is a free mailbox or a company's, and which addresses are
               nobody's.
identities.py  The lead of every event, now and before: the attribution table, which all other rooms read.
intervals.py   Interval arithmetic on periods in which something was known; and the order of events that happened at
               one moment.
lookup.py      The identifier index: from any identifier to its lead, and which of the leads that a file names are
               known.
resolution.py  Identity resolution: which lead each user id of one component belongs to at each time, from its claims.
stitching.py   User stitching: which lead the events of an anonymous visitor belong to, and from when to when we knew
               that.
user_leads.py  The leads of all user ids of an event table: its claims, component by component, to the resolver.

Other rooms use:

accounts       AccountPeriods, account_periods
claims         ANONYMOUS, Key, MERGED, SHARED, UNDONE, USER, claims_of_shared_addresses, crm_key, normal_email
components     Component, GROUP, Identifier, PLACEHOLDER, Row, component, events_of, links_of, links_to, record_links,
               shared_addresses, shared_addresses_sentence
email          FREE_MAIL, email_domain, mail_address, mail_kind
identities     Identities, identities
intervals      Period, group_ids, intersection, latest_wins, strongest_known, subtract, tie_break_ranks, union
lookup         first_event_at, identifiers_of, leads_by_identifier, replace_index, update_index
"""
