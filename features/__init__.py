"""What we knew about a lead at a moment.

agreement/  Reads and checks agreement.toml, where a half-life, a behaviour's event and how long events are kept are
            written.
behaviour/  What leads did, counted: bots left out, dwell time, decayed counters that late events change too, feature
            columns.
events/     The contract of one event, and the ledger read as columns.
home/       What every room stands on: a home's folder, database, locks, clock, date formats, alerts, and which model
            answers.
identity/   Identity resolution: whose each event is, now and before; anonymous visits stitched; free-mail domains or
            work.
imports/    Files in: CSV, Excel, Parquet, warehouse tables, Salesforce, HubSpot, customer lists, as events.
ledger/     The ledger: events appended once, the outbox, failed events, and what may never come again.
lifecycle/  When a lead opens, is with sales, closes and opens again, and which reject reasons leave its outcome
            unknown.
records/    One lead as a record: merged and parted again, exported, erased; and old events, deleted with their totals
            kept.
snapshots/  When a lead is looked at, and what was known of it at that moment.
store/      Feast: views, offline and online store, materialization, and who answers where Redis lacks a lead or is
            gone.
touches/    What our side did to reach a lead: touches, tries, the relation of sales to it, and its sales history.
traits/     What is known of a lead or its company: values, typed, as they were known at each moment.
arrays.py   Array types that every room shares, rows of different lengths, and the constants of time in microseconds.
derived.py  From events to everything that they say of leads: one function for the whole ledger and for one lead's
            component.
what_if.py  What-if leads: states from the events and traits that a request brings along; nothing is stored.

Other rooms use:

arrays      Bools, DAY_US, Floats, Ints, NOT_YET, Ragged
derived     Derived, DerivedRows, derive, derive_events, derived_rows, leads_of, observation_batches
what_if     what_if_states
"""
