"""An agreement drafted from a known CRM's export needs nothing named, and excludes what its sales causes."""

from __future__ import annotations

from pathlib import Path

import orjson
import pandas as pd
import pytest
from vendor_exports import hubspot, people, salesforce

from commands.app import run
from features.agreement.agreement import Agreement
from features.home.errors import LeadlightError
from features.imports.files import CRMS
from training.draft.column_roles import OutcomeError
from training.draft.from_export import Draft, export_draft


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("crm")
    for make in (salesforce, hubspot):
        make(made, people(120))
    return made


def excluded(drafted: Draft) -> set[str]:
    return {verdict.column for verdict in drafted.decisions if verdict.use == "excluded"}


def test_an_export_of_salesforce_is_known_by_its_fields(folder: Path) -> None:
    drafted = export_draft(folder / "leads.csv", crm=CRMS["salesforce"])
    export = Agreement.parse(drafted.text).export
    assert export
    assert (export.id, export.created_at, export.outcome, export.positive, export.outcome_at) == (
        "Id", "CreatedDate", "IsConverted", "true", "ConvertedDate",
    )  # fmt: skip
    assert not Agreement.parse(drafted.text).outcome.undated
    assert excluded(drafted) == {"Status", "Rating", "ConvertedContactId"}
    assert set(Agreement.parse(drafted.text).traits) == {"job_title", "source", "industry", "employees"}
    assert Agreement.parse(drafted.text).contact.company == ("company",)


def test_an_export_of_hubspot_is_known_by_its_labels(folder: Path) -> None:
    drafted = export_draft(folder / "contacts.csv", crm=CRMS["hubspot"])
    export = Agreement.parse(drafted.text).export
    assert export
    assert (export.id, export.created_at, export.outcome, export.positive) == (
        "Record ID", "Create Date", "Became a Customer Date", "known",
    )  # fmt: skip
    assert excluded(drafted) == {"Lifecycle Stage", "Lead Status"}
    assert set(Agreement.parse(drafted.text).traits) == {"job_title", "source", "industry", "employees"}


def test_nothing_of_a_known_crm_is_called_a_guess(folder: Path) -> None:
    assert "guessed" not in " ".join(export_draft(folder / "leads.csv", crm=CRMS["salesforce"]).notes)


def test_what_a_person_names_goes_before_what_is_known(folder: Path) -> None:
    drafted = export_draft(folder / "leads.csv", "Status", "Qualified", crm=CRMS["salesforce"])
    export = Agreement.parse(drafted.text).export
    assert export
    assert (export.outcome, export.positive, export.id) == ("Status", "Qualified", "Id")


def test_a_field_that_sales_causes_is_excluded_however_harmless_it_looks(folder: Path, tmp_path: Path) -> None:
    leads = pd.read_csv(folder / "leads.csv", dtype=str, keep_default_na=False)
    leads["ActivityMetricId"] = [f"metric {number % 3}" for number in range(len(leads))]
    leads.to_csv(tmp_path / "leads.csv", index=False)
    drafted = export_draft(tmp_path / "leads.csv", crm=CRMS["salesforce"])
    [verdict] = [verdict for verdict in drafted.decisions if verdict.column == "ActivityMetricId"]
    assert verdict.reason == "known only after contact: sales causes it"


def test_a_history_beside_the_export_is_left_to_the_import(folder: Path) -> None:
    drafted = export_draft([folder / "LeadHistory.csv", folder / "leads.csv"], crm=CRMS["salesforce"])
    assert drafted.rows == 120
    assert "LeadHistory.csv: a history, which counts once it is ingested with the export" in drafted.notes
    with pytest.raises(LeadlightError, match="holds only how leads changed; give the export of the leads as well"):
        export_draft(folder / "LeadHistory.csv", crm=CRMS["salesforce"])


def test_another_crms_export_is_refused(folder: Path) -> None:
    with pytest.raises(OutcomeError, match=r"is no export of Salesforce's leads: it has no Id or no IsConverted"):
        export_draft(folder / "contacts.csv", crm=CRMS["salesforce"])


def test_without_an_outcome_or_a_crm_it_says_what_to_type(folder: Path) -> None:
    with pytest.raises(OutcomeError, match=r"--outcome COLUMN \(perhaps .*\), or name the CRM with --from salesforce"):
        export_draft(folder / "leads.csv")


def test_records_of_hubspots_api_can_be_drafted_from(tmp_path: Path) -> None:
    records = [
        {"id": str(n), "properties": {
            "createdate": f"2025-03-{1 + n % 28:02}T09:00:00Z", "lifecyclestage": ("lead", "customer")[n % 2],
            "hs_lifecyclestage_customer_date": f"2025-05-{1 + n % 28:02}T09:00:00Z" if n % 2 else None,
            "jobtitle": ("Buyer", "VP Sales", "CFO")[n % 3], "numemployees": str(10 + n % 7),
        }}
        for n in range(80)
    ]  # fmt: skip
    (tmp_path / "contacts.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))
    agreement = Agreement.parse(export_draft(tmp_path / "contacts.jsonl", crm=CRMS["hubspot"]).text)
    assert agreement.export
    assert agreement.export.outcome == "hs_lifecyclestage_customer_date"
    assert set(agreement.traits) == {"job_title", "employees"}


@pytest.fixture
def typed(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Type a command in the folder of the files: its status, and what it printed."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("LEADLIGHT_HOME", str(folder / "home"))

    def command(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        status = run(list(words))
        said = capsys.readouterr()
        return status, said.out + said.err

    return command


def test_a_crms_files_go_from_draft_to_the_ledger_without_a_column_named(typed, folder: Path) -> None:
    status, said = typed("init", "leads.csv", "LeadHistory.csv", "--from", "salesforce", "--out", "sf.toml")
    assert (status, said.count("Traceback")) == (0, 0)
    assert "then: leadlight ingest leads.csv LeadHistory.csv --agreement sf.toml" in said
    status, said = typed("ingest", "LeadHistory.csv", "leads.csv", "--agreement", "sf.toml")
    assert status == 0
    assert "leads.csv: 120 rows, 120 leads, 40 converted" in said
    assert "count from when they were set" in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ("init", "leads.csv", "--out", "x.toml"),
            'say it with --outcome COLUMN (perhaps "Status" or "IsConverted"), or name the CRM with --from salesforce',
        ),
        (("init", "leads.csv", "--from", "segment", "--out", "x.toml"), "leads.csv holds no events but leads"),
        (
            ("init", "leads.csv", "--from", "segment", "--id", "Id", "--out", "x.toml"),
            "--positive, --id and --created-at",
        ),
        (("ingest", "LeadHistory.csv"), "tells how 120 leads changed, and none of them is known here; give the export"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(typed, monkeypatch, tmp_path: Path, words, sentence: str) -> None:
    monkeypatch.setenv("LEADLIGHT_HOME", str(tmp_path / "another home"))
    status, said = typed(*words)
    assert status == 1
    assert said.startswith("leadlight: ")
    assert sentence in said
    assert said.count("\n") == 1


def test_what_the_outcome_of_an_export_tells_is_said_where_nobody_named_it(folder: Path) -> None:
    [salesforces] = [
        note for note in export_draft(folder / "leads.csv", crm=CRMS["salesforce"]).notes if "accept" in note
    ]
    assert salesforces.startswith(
        "IsConverted: where reps convert a lead as they accept it, that tells whom they accept"
    )
    [hubspots] = [
        note for note in export_draft(folder / "contacts.csv", crm=CRMS["hubspot"]).notes if "take for a cust" in note
    ]
    assert hubspots.startswith("Became a Customer Date: a won deal or a rep sets it")
    named = export_draft(folder / "leads.csv", "Status", "Qualified", crm=CRMS["salesforce"])
    assert not [note for note in named.notes if "accept" in note]
