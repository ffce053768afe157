"""Who people are is drafted as whom to call, in whatever language: no trait, and the file still tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.agreement.agreement import Agreement
from features.imports.cells import email_column
from training.draft.from_export import Draft, export_draft

FIRST = "Anna Max Clara Emil Frieda Jonas Marie Paul".split()
LAST = "Weber Meyer Schulz Horn Jung Lang Vogel".split()
ROWS = 84
IT_MATCHES = "it identifies a person, and only matches the lead to its visits"


def drafted(folder: Path, **columns: list[str]) -> Draft:
    """Of an export with these columns, whose values repeat, beside an id, an honest source and the outcome."""
    plain = {"Id": [f"L{i}" for i in range(ROWS)], "Quelle": ["Messe", "Ads", "Web"], "Won": ["1", "0", "0", "0"]}
    cells = {title.replace("_", " "): values for title, values in (plain | columns).items()}
    rows = [",".join(values[i % len(values)] for values in cells.values()) for i in range(ROWS)]
    (folder / "leads.csv").write_text("\n".join([",".join(cells), *rows]))
    return export_draft(folder / "leads.csv", outcome="Won")


def uses(draft: Draft) -> dict[str, tuple[str, str]]:
    return {decision.column: (decision.use, decision.reason) for decision in draft.decisions}


@pytest.mark.parametrize(
    ("first", "last", "phone"),
    [
        ("First_Name", "Last_Name", "Phone_Number"),
        ("Vorname", "Nachname", "Telefonnummer"),
        ("Prénom", "Nom_de_famille", "Téléphone"),
        ("Nombre_de_pila", "Apellidos", "Móvil"),
        ("Nome_di_battesimo", "Cognome", "Cellulare"),
        ("Voornaam", "Achternaam", "Telefoonnummer"),
        ("Primeiro_nome", "Sobrenome", "Telemóvel"),
    ],
)
def test_names_and_phones_are_whom_to_call_however_often_they_repeat(
    tmp_path: Path, first: str, last: str, phone: str
) -> None:
    draft = drafted(tmp_path, **{first: FIRST, last: LAST, phone: ["+49 30 123456", "+49 30 123457"]})
    titles = [title.replace("_", " ") for title in (first, last, phone)]
    assert [uses(draft)[title] for title in titles] == [("dropped", "it identifies a person")] * 3
    agreement = Agreement.parse(draft.text)
    assert set(agreement.traits) == {"source"}
    assert agreement.contact.name[0] == f"{first} {last}".lower()
    assert agreement.contact.phone == (phone.lower(), "phone")


def test_protected_facts_and_owners_are_excluded_in_german(tmp_path: Path) -> None:
    draft = drafted(
        tmp_path,
        Anrede=["Herr", "Frau"],
        Geburtsdatum=["25.04.1991", "04.10.1965"],
        Familienstand=["ledig", "verheiratet"],
        Alter=["54", "20", "33"],
        **{"Contact-Inhaber": ["Herr Lang", "Frau Voss"]},
    )
    assert uses(draft) == {
        "Quelle": ("trait", ""),
        "Anrede": ("excluded", "protected"),
        "Geburtsdatum": ("excluded", "protected"),
        "Familienstand": ("excluded", "protected"),
        "Alter": ("excluded", "protected"),
        "Contact-Inhaber": ("excluded", "known only after contact: sales assigns it"),
    }


@pytest.mark.parametrize(
    ("values", "use", "reason"),
    [
        (["Anna Weber", "Max Horn", "Clara Jung"], "excluded", "perhaps personal: its values read as names of people"),
        (["m", "w", "d"], "excluded", "protected: its values are genders"),
        (["+49 30 123456", "030/123457"], "dropped", "it identifies a person"),
        (
            ["j***n@buyer.example", "noemail"],
            "dropped",
            "it identifies a person, and only matches the lead to its visits",
        ),
        (["P. Roux", "L. Petit"], "excluded", "perhaps personal: its values read as names of people"),
        (["Messe", "Web"], "trait", ""),
    ],
)
def test_a_title_that_no_list_knows_is_judged_by_its_values(
    tmp_path: Path, values: list[str], use: str, reason: str
) -> None:
    assert uses(drafted(tmp_path, Feld_7=values))["Feld 7"] == (use, reason)


def test_a_name_of_a_thing_and_a_yes_for_a_phone_stay_traits(tmp_path: Path) -> None:
    draft = drafted(tmp_path, Nombre=["Basic", "Plus", "Pro"], Phone_Service=["Yes", "No"])
    assert [uses(draft)[title][0] for title in ("Nombre", "Phone Service")] == ["trait", "trait"]


@pytest.mark.parametrize(
    ("plain", "other", "name"),
    [("Nombre", "Apellidos", "nombre apellidos"), ("Nome", "Cognome", "nome cognome"), ("Nom", "Prénom", "prénom nom")],
)
def test_a_plain_name_is_the_part_that_its_neighbour_is_not(tmp_path: Path, plain: str, other: str, name: str) -> None:
    many = [f"Aq{sign}ilx" for sign in "abcdefghijklmn"]  # on no list, and more than a catalogue has
    assert Agreement.parse(drafted(tmp_path, **{plain: many, other: LAST}).text).contact.name[0] == name


def test_sentences_are_asked_about(tmp_path: Path) -> None:
    told = [f"met number {i} who has two children" for i in range(70)]
    why = "perhaps personal: free text, in which people are described"
    assert uses(drafted(tmp_path, Feld_7=told))["Feld 7"] == ("excluded", why)


def test_dates_as_long_ago_as_people_are_old_are_asked_about(tmp_path: Path) -> None:
    years = [str(1950 + 3 * i % 50) for i in range(17)]
    came, born = ["2025-03-01", "2025-04-02"], [f"{year}-05-01" for year in years]
    founded = uses(drafted(tmp_path, Created_Date=came, Feld_7=born, Contract_Start=["2024-05-01", "2023-05-01"]))
    assert founded["Feld 7"] == ("excluded", "perhaps personal: its dates read as birthdays")
    assert "birthdays" not in founded["Contract Start"][1]


def test_a_postal_code_is_asked_about_and_is_no_number(tmp_path: Path) -> None:
    excluded = Agreement.parse(drafted(tmp_path, Postleitzahl=["10115", "20095"]).text).excluded["postleitzahl"]
    assert (excluded.kind, excluded.why) == ("category", "perhaps personal: a postal code says where somebody lives")


def test_postal_codes_of_many_places_are_dropped(tmp_path: Path) -> None:
    draft = drafted(tmp_path, zip_code=[f"z:{10_000 + i}" for i in range(70)])
    assert uses(draft)["zip code"][1].startswith("70 postal codes")


@pytest.mark.parametrize("title", ["E-Mail-Adresse", "Adresse e-mail", "Correo electrónico", "E-mailadres"])
def test_the_address_that_matches_visits_is_known_in_other_languages(title: str) -> None:
    assert email_column(["Id", title, "E-Mail-Abmeldung"]) == title


def test_a_number_that_stands_for_none_is_named_in_the_draft(tmp_path: Path) -> None:
    draft = drafted(tmp_path, Days=["-1", "0", "3", "7", "9"])
    look = '-1 in 20% of rows looks like "none" written as a number: if so, add it to [export] missing'
    assert next(decision.flags for decision in draft.decisions if decision.column == "Days") == (look,)
