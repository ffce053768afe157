"""The agreement is read, signed and put in force as people type it; the file says who signed, and the home keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import Shell
from home_of_two_leads import small_home

from features.agreement.agreement import DEFAULT, Agreement
from features.agreement.versions import current_version
from features.home.settings import Home

TEXT = DEFAULT.read_text(encoding="utf-8")
FILE = Path("agreement.toml")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "home"))
    return small_home(tmp_path)


@pytest.fixture
def leadlight(capfd: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capfd)


def test_both_sides_sign_the_file_somebody_hears_and_it_is_live(leadlight: Shell, home: Home) -> None:
    FILE.write_text(TEXT, encoding="utf-8")
    told = leadlight("agreement", "sign", "--by", "Ann Smith", "--side", "marketing")
    assert (told.status, "Ann Smith signed agreement.toml for marketing" in told.out) == (0, True)
    assert "not signed by sales" in told.out
    assert "nobody would hear" in leadlight("agreement", "sign", "--by", "Ben", "--side", "sales").out
    signed = FILE.read_text(encoding="utf-8")
    assert [(one.by, one.side) for one in Agreement.parse(signed).agreed_by] == [  # type: ignore[union-attr]
        ("Ann Smith", "marketing"), ("Ben", "sales"),
    ]  # fmt: skip
    assert current_version(home).agreement.text == signed
    others = [line for line in signed.splitlines() if not line.lstrip().startswith(("agreed_by", "{by", "]"))]
    assert others == [line for line in TEXT.splitlines() if not line.startswith("agreed_by")]

    live = signed.replace("live             = false", "live = true").replace(
        "escalate_to      = []", 'escalate_to = ["lead@ourcompany.example"]'
    )
    FILE.write_text(live, encoding="utf-8")
    kept = leadlight("agreement", "keep")
    assert "live" in kept.out.splitlines()
    assert "what decides changed" not in kept.out
    shown = leadlight("agreement", "show", "--json").json
    assert (shown["live"], shown["changed_since_signed"], shown["why_not_live"]) == (True, False, None)

    FILE.write_text(live.replace("min_points = 6", "min_points = 7"), encoding="utf-8")
    changed = leadlight("agreement", "keep").out
    assert "what decides changed" in changed
    assert "changed since it was signed; marketing and sales should read and sign it again" in changed
    assert leadlight("agreement", "show", "--json").json["live"] is True
    assert "changed since it was signed" in leadlight("doctor").out
    again = leadlight("agreement", "sign", "--by", "Ben", "--side", "sales")
    assert "changed since it was signed; marketing should" in again.out
    assert len(leadlight("agreement", "show", "--json").json["signatures"]) == 3
    assert FILE.read_text(encoding="utf-8").count('by = "Ben"') == 1  # his newest word stands in the file


def test_a_signature_counts_where_the_home_has_lost_it_and_where_the_file_has(leadlight: Shell, home: Home) -> None:
    """The file goes to another home by git; and a file from before a signature does not undo it here."""
    FILE.write_text(TEXT, encoding="utf-8")
    for by, side in (("Ann", "marketing"), ("Ben", "sales")):
        leadlight("agreement", "sign", "--by", by, "--side", side)
    FILE.write_text(TEXT, encoding="utf-8")
    leadlight("agreement", "keep")
    shown = leadlight("agreement", "show", "--json").json
    assert (shown["signatures_missing"], len(shown["signatures"])) == ([], 2)


def test_who_signs_for_no_side_or_is_nobody_changes_nothing(leadlight: Shell, home: Home) -> None:
    FILE.write_text(TEXT, encoding="utf-8")
    for by, side, said in ((" ", "sales", "names nobody"), ("Ann", "legal", "'legal' is no side that signs; write")):
        told = leadlight("agreement", "sign", "--by", by, "--side", side)
        assert (told.status, said in told.err) == (1, True)
    assert FILE.read_text(encoding="utf-8") == TEXT
    assert leadlight("agreement", "show", "--json").json["signatures"] == []


def test_another_text_is_signed_and_does_not_come_into_force_by_it(leadlight: Shell, home: Home) -> None:
    FILE.write_text(TEXT.replace("min_points = 6", "min_points = 7"), encoding="utf-8")
    told = leadlight("agreement", "sign", "--by", "Ann", "--side", "marketing")
    assert "this home does not work by agreement.toml yet; to do so: leadlight agreement keep" in told.out
    assert current_version(home).agreement.policy.min_points == 6


def test_without_a_file_the_kept_agreement_is_signed(leadlight: Shell, home: Home) -> None:
    told = leadlight("agreement", "sign", "--by", "Ann", "--side", "marketing")
    assert "Ann signed the kept agreement for marketing" in told.out
    assert "leadlight agreement show --toml > agreement.toml" in told.out
    printed = leadlight("agreement", "show", "--toml").out
    assert Agreement.parse(printed).agreed_by == current_version(home).agreement.agreed_by
    assert len(current_version(home).agreement.agreed_by) == 1


def test_the_agreement_is_said_in_words_and_as_a_page(leadlight: Shell, home: Home) -> None:
    said = " ".join(leadlight("agreement", "show").out.split())
    for words in (
        "the best 10% of the leads",
        "3 points: pricing pages 3 times in 30 days, or 5 minutes on pricing pages in 30 days",
        "within 30 minutes of who asked for us, 1 working day of any other lead",
        "at most 2 in 7 days",
        "Monday to Friday, 09:00 to 18:00, UTC",
        "support forms to support@ourcompany.example",
        "a trial, nothing is sent: not signed by marketing and sales",
    ):
        assert words in said
    assert leadlight("agreement", "show", "--out", "page.html").out.strip() == "wrote page.html"
    page = Path("page.html").read_text(encoding="utf-8")
    assert "A trial, nothing is sent" in page
    assert "pricing pages 3 times in 30 days" in page
    assert "<script" not in page
