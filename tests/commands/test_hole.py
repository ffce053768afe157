"""`leadlight hole` as a stranger types it: the table, the page, the baseline, and each mistake in one sentence."""

from __future__ import annotations

from pathlib import Path

import hole_world
import pytest
from command_line import Shell


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "home"))
    hole_world.salesforce(tmp_path)
    hole_world.plain(tmp_path)
    return Shell(capfd)


def test_the_first_count_is_the_baseline_and_the_second_stands_beside_it(shell: Shell, tmp_path: Path) -> None:
    first = shell("hole", "Lead.csv", "LeadHistory.csv", "--cost-per-lead", "120", "--from", "salesforce")
    assert first.status == 0, first.err
    assert "Status: the status that sales works by" in first.out
    assert "baseline" not in first.out
    (never,) = [line for line in first.out.splitlines() if line.startswith("never tried")]
    assert never.split() == ["never", "tried", "33", "of", "100", "12", "to", "65", "3", "of", "9"]
    assert "<h1>What your CRM says</h1>" in (tmp_path / "hole.html").read_text()
    again = shell("hole", "leads.csv", "--out", "again.html")
    assert "baseline" in again.out
    assert "The baseline was made on" in again.out
    assert "baseline, " in (tmp_path / "again.html").read_text()
    assert "baseline" not in shell("hole", "leads.csv", "--new-baseline").out


def test_programs_get_every_figure_with_its_interval(shell: Shell) -> None:
    document = shell("hole", "Lead.csv", "LeadHistory.csv", "--json").json
    never = next(figure for figure in document["figures"] if figure["name"] == "never_tried")
    assert (never["value"], never["count"], never["of"], never["unit"]) == (3 / 9, 3, 9, "share")
    assert never["interval"][0] < 3 / 9 < never["interval"][1]
    assert document["columns"]["Lead.csv"]["reason"] == ["Unqualified_Reason__c"]
    assert {group["dimension"] for group in document["groups"]} == {"source", "campaign", "owner"}
    assert document["baseline"] is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("hole", "leadz.csv"), "did you mean"),
        (("hole", "LeadHistory.csv"), "give the export of the leads as well"),
        (("hole", "leads.csv", "--from", "hubspot"), "is no export of HubSpot's leads"),
        (("hole", "leads.csv", "--from", "sugar"), "sugar"),
        (("hole", "leads.csv", "--column", "created"), '--column "created" says nothing'),
        (("hole", "leads.csv", "--column", "createt=Created"), "did you mean created?"),
        (("hole", "leads.csv", "--column", "created=Createt"), 'did you mean "Created"?'),
        (("hole", "leads.csv", "--status", "Working=worked"), "a status is one of"),
        (("hole", "leads.csv", "--cost-per-lead", "-1"), "cannot cost -1"),
        (("hole", "leads.csv", "--time-zone", "Mars"), '"Mars" is no time zone'),
        (("hole", "leads.csv", "--out", "nowhere/hole.html"), "there is no folder nowhere"),
    ],
)
def test_a_mistake_is_one_sentence_and_nothing_is_kept(
    shell: Shell, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    failed = shell(*words)
    assert failed.status != 0
    assert says in failed.err
    assert len(failed.err.strip().splitlines()) == 1
    assert not (tmp_path / "hole.html").exists()
    assert not (tmp_path / "home" / "hole-baseline.json").exists()
