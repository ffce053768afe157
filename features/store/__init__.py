"""Feast: views, offline and online store, materialization, and who answers where Redis lacks a lead or is gone.

account_states.py      Account states: what the leads of an account did together, stored, and updated by what is new.
builds.py              Builds, the generations of the feature views: which one is read, which are written, which are
                       outdated.
due_leads.py           Due leads: what the ledger says of leads that wait for a decision, and who decides on them.
feast_internals.py     Every part of Feast that its public interface does not promise, each called here alone; and
                       Feast imported fast.
feast_views.py         The Feast repository of one build: its entities, its feature views and its registry.
feature_store_file.py  feature_store.yaml: the file by which Feast's own command line and pages see the build that a
                       home reads.
ledger_fallback.py     Who answers where the online store lacks a lead's newest events, or is gone as when Redis is
                       down: the ledger.
materialize.py         Full materialization: from the whole ledger to a new build of files and Feast views, to which
                       readers then switch.
offline.py             The offline store: a build's states as Parquet files, and the point-in-time join that reads
                       them.
online.py              The online store: the newest state of each lead and account, written in batches, read for a
                       score.
online_fill.py         Backfill: fills an online store from the files of a build, and removes single leads from it.
publisher.py           Incremental materialization: brings the online store up to the ledger, and fills it again where
                       it lost its rows.
states_before.py       States before a moment: what was known of leads then, derived from only the events that were
                       recorded before it.

Other rooms use:

builds                 LAYOUT, all_builds, build_of, builds, current_builds, delete_build, has_files, needed_suffixes
due_leads              DecidedLeads, DueLeads, due_leads
feast_views            FeastRepository, LEAD, known_us_feature, view_suffix
ledger_fallback        ledger_states, pending_names, shown_states
materialize            Materialized, Rebuilt, materialized, rebuild_all
offline                objecting_leads, ragged, states_at
online                 LeadState, OnlineStore, StoreGone, newest_states
online_fill            remove_leads
publisher              Publisher
states_before          EventsAround, corrected_state, rows_before, state_with_traits, states_before, states_in
"""
