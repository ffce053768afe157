"""API keys: shown once, kept as a digest, good for their scopes, and gone within seconds of being revoked."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
from home_of_two_leads import empty_home
from sqlalchemy import inspect, text

from features.home.database import engine, reading, writing
from features.home.errors import LeadlightError
from serving.http.keys import LOOKED_UP_EACH_S, PREFIX, SCOPES, TRUSTED_S, KeyRing, Keys, api_keys, digest

pytestmark = pytest.mark.usefixtures("migrations_as_ever")

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def keys(tmp_path):
    return Keys(empty_home(tmp_path))


def test_a_key_is_256_random_bits_behind_a_prefix(keys):
    made = [keys.create(["scores:read"], NOW).key for _ in range(3)]
    assert all(key.startswith(PREFIX) for key in made)
    secrets = {base64.urlsafe_b64decode(key.removeprefix(PREFIX) + "=") for key in made}
    assert len(secrets) == 3
    assert {len(secret) for secret in secrets} == {32}


def test_the_secret_is_in_no_file_of_the_home(keys):
    made = keys.create(["scores:read"], NOW, label="the CRM")
    written = b"".join(file.read_bytes() for file in keys.home.path.rglob("*") if file.is_file())
    assert made.key_id.encode() in written
    assert made.key.encode() not in written
    assert made.key.removeprefix(PREFIX).encode() not in written
    assert digest(made.key) in written


def test_a_key_opens_its_scopes_and_admin_opens_all(keys):
    ring = KeyRing(keys)
    reads, rules = keys.create(["scores:read", "feedback:write"], NOW), keys.create(["admin"], NOW)
    ring.refresh(0.0)
    assert [scope for scope in SCOPES if ring.key(reads.key, 0.0).may(scope)] == ["scores:read", "feedback:write"]
    assert all(ring.key(rules.key, 0.0).may(scope) for scope in SCOPES)
    assert ring.key(reads.key + "x", 0.0) is None
    assert ring.key("", 0.0) is None


def test_a_revoked_key_opens_nothing_from_the_next_look_on(keys):
    ring, made = KeyRing(keys), keys.create(["scores:read"], NOW)
    ring.refresh(0.0)
    keys.revoke(made.key_id, NOW + timedelta(days=1))
    assert ring.key(made.key, 0.9) is not None  # within the second between two looks
    ring.refresh(1.0)
    assert ring.key(made.key, 1.0) is None


def test_keys_that_cannot_be_looked_at_are_soon_trusted_no_more(keys):
    """Otherwise a key could be revoked while the database is away, and go on opening for as long as that lasts."""
    ring, made = KeyRing(keys), keys.create(["scores:read"], NOW)
    ring.refresh(0.0)
    with writing(keys.home) as connection:
        connection.execute(text("ALTER TABLE api_keys RENAME COLUMN digest TO hidden"))
    with pytest.raises(Exception, match="digest"):
        ring.refresh(1.0)
    assert ring.key(made.key, TRUSTED_S) is not None
    with pytest.raises(LeadlightError) as refused:
        ring.key(made.key, TRUSTED_S + 0.01)
    assert refused.value.code == "keys_unavailable"
    assert TRUSTED_S + 1 <= 5  # and a look each second: the contract's 5 s


def test_a_ring_that_never_looked_knows_nothing(keys):
    with pytest.raises(LeadlightError, match="cannot be read"):
        KeyRing(keys).key("llk_anything", 0.0)


def test_looking_for_keys_creates_nothing(keys):
    assert keys.all() == []
    assert keys.active() == {}
    assert not keys.home.path.exists()


def test_keys_are_listed_oldest_first_with_what_became_of_them(keys):
    newer = keys.create(["admin"], NOW, label="Bo")
    older = keys.create(["events:write"], NOW - timedelta(days=1), label="the website")
    keys.revoke(older.key_id, NOW)
    keys.revoke(older.key_id, NOW + timedelta(days=1))  # what is closed stays closed since when it was
    assert [(key.key_id, key.label, key.created_at, key.revoked_at) for key in keys.all()] == [
        (older.key_id, "the website", NOW - timedelta(days=1), NOW),
        (newer.key_id, "Bo", NOW, None),
    ]
    assert [key.key_id for key in keys.active().values()] == [newer.key_id]


@pytest.mark.parametrize(
    ("scopes", "remedy"),
    [
        (["score:read"], "did you mean scores:read?"),
        (["admin", "any"], "there are events:write"),
        ([], "there are"),
    ],
)
def test_an_unknown_scope_is_refused_with_the_known_ones(keys, scopes, remedy):
    with pytest.raises(LeadlightError, match=remedy):
        keys.create(scopes, NOW)
    assert keys.all() == []


def test_revoking_a_key_that_is_none_says_where_to_look(keys):
    with pytest.raises(LeadlightError, match="leadlight keys list"):
        keys.revoke("key_0", NOW)


def test_the_migration_makes_the_table_that_the_code_declares(keys):
    keys.create(["admin"], NOW)
    found = {column["name"]: column for column in inspect(engine(keys.home.database_url)).get_columns("api_keys")}
    assert {name: column["nullable"] for name, column in found.items()} == {
        column.name: column.nullable for column in api_keys.columns
    }


def test_no_two_keys_share_a_digest(keys):
    keys.create(["admin"], NOW)
    with reading(keys.home) as connection:
        unique = inspect(connection).get_unique_constraints("api_keys")
    assert [constraint["column_names"] for constraint in unique] == [["digest"]]


def test_a_key_works_from_the_moment_it_is_shown(keys):
    ring = KeyRing(keys)
    ring.refresh(0.0)
    made = keys.create(["scores:read"], NOW)
    assert ring.key(made.key, 0.1).key_id == made.key_id
    keys.revoke(made.key_id, NOW)
    assert ring.key(made.key, 0.2) is None  # it is looked up until the ring knows it


def test_a_flood_of_unknown_keys_does_not_keep_the_database_busy(keys, monkeypatch):
    ring, looked_up = KeyRing(keys), []
    ring.refresh(0.0)
    monkeypatch.setattr(Keys, "with_digest", lambda _, hashed: looked_up.append(hashed))
    for _ in range(3):
        assert ring.key(f"{PREFIX}0", 0.0) is None
        assert ring.key("no key of ours", 0.0) is None
    assert len(looked_up) == 1  # nobody knows a key before it is made
    for number in range(1, LOOKED_UP_EACH_S):
        assert ring.key(f"{PREFIX}{number}", 0.0) is None
    with pytest.raises(LeadlightError, match="too many unknown keys"):  # 503: it may be a new one
        ring.key(f"{PREFIX}more", 0.0)
    assert ring.key(f"{PREFIX}more", 1.0) is None
    assert len(looked_up) == LOOKED_UP_EACH_S + 1


def test_who_speaks_for_the_crm_may_write_events_and_a_key_can_be_trusted_later(keys):
    made = keys.create(["events:write"], NOW, label="crm")
    (key,) = keys.all()
    assert (key.is_public, key.may("crm:write"), key.source_name) == (True, False, "crm")
    keys.trust(made.key_id)
    (key,) = keys.all()
    assert (key.is_public, key.scopes) == (False, {"events:write", "crm:write"})
    keys.create(["crm:write"], NOW)
    assert keys.all()[-1].may("events:write")
    with pytest.raises(LeadlightError, match="no key 'key_0'"):
        keys.trust("key_0")


def test_a_key_may_have_a_side_of_the_touches_that_it_sends(keys):
    keys.create(["crm:write"], NOW, "sdr tool", side="Inside Sales")
    keys.create(["crm:write"], NOW, "crm")
    assert {key.label: key.side for key in keys.all()} == {"sdr tool": "inside_sales", "crm": None}
    with pytest.raises(LeadlightError, match="there is no side 'sals'; did you mean sales"):
        keys.create(["crm:write"], NOW, side="sals")
