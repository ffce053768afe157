"""Titles say the same in seven languages, and a title that only sounds so says nothing."""

from __future__ import annotations

import pytest

from features.agreement.checks import is_protected
from features.agreement.column_titles import title_meaning, title_words


@pytest.mark.parametrize(
    ("fact", "titles"),
    [
        ("first_name", "First Name|firstName|Vorname|Prénom|Nombre de pila|Voornaam|Primeiro nome"),
        ("last_name", "Last Name|Nachname|Nom de famille|Apellidos|Cognome|Achternaam|Sobrenome|Geburtsname"),
        ("full_name", "Full name|Contact Name|Nombre completo|Nome e cognome|Ansprechpartner"),
        ("phone", "Phone Number|Mobiltelefon (privat)|Numéro de téléphone|Móvil|Cellulare|Telefoonnummer|Telemóvel"),
        ("email", "E-Mail-Adresse|Adresse e-mail|Correo electrónico|Indirizzo e-mail|E-mailadres|Contact Email"),
        ("postal_code", "zip_code|Postleitzahl|PLZ|Code postal|Código postal|CAP|Postcode|CEP"),
        ("street", "Street Address|Straße|Hausnummer|Adresse postale|Calle|Indirizzo|Straatnaam|Logradouro"),
        ("gender", "Gender|Geschlecht|Sexe|Sexo|Sesso|Geslacht"),
        ("salutation", "Salutation|Anrede|Civilité|Tratamiento|Aanhef"),
        ("age", "Age|Alter|Âge|Edad|Età|Leeftijd|Idade|Altersgruppe"),
        ("birthday", "Date of Birth|Geburtsdatum|Date de naissance|Fecha de nacimiento|Data di nascita|Geboortedatum"),
        ("nationality", "Nationality|Staatsangehörigkeit|Nationalité|Nacionalidad|Cittadinanza|Nationaliteit"),
        ("family", "Marital Status|Familienstand|État civil|Estado civil|Stato civile|Burgerlijke staat"),
        ("belief", "Religion|Konfession|Religione|Geloof|Religião|Political Party"),
        ("owner", "Contact-Inhaber|Propriétaire du contact|Propietario del contacto|Eigenaar|Proprietário do contato"),
        ("after_contact", "Anzahl der Anrufe|Grund für Verlust|Motif de perte|Motivo de pérdida|Verliesreden|Notizen"),
        ("company", "Company|Company name|Firma|Nom de l'entreprise|Razón social|Ragione sociale|Bedrijfsnaam"),
        ("job_title", "Job Title|Position|Berufsbezeichnung|Intitulé du poste|Cargo|Qualifica|Functietitel"),
    ],
)
def test_a_title_says_the_same_in_every_language(fact: str, titles: str) -> None:
    assert {title: getattr(title_meaning(title), "fact", None) for title in titles.split("|")} == dict.fromkeys(
        titles.split("|"), fact
    )


@pytest.mark.parametrize(
    "title",
    "Stage|Company age|Lead age|Contact method|Mobile sessions|Email opens|Sublanguage|Alter Tarif"
    "|Average order value|Healthcare|Ranking position|Total time on website|Do Not Email|Eta".split("|"),
)
def test_a_title_that_only_sounds_so_says_nothing(title: str) -> None:
    assert title_meaning(title) is None


def test_a_name_may_be_that_of_a_thing() -> None:
    meaning = title_meaning("Nombre")
    assert meaning
    assert meaning.is_weak


@pytest.mark.parametrize("column", ["geschlecht", "Data de nascimento", "estado_civil", "Anrede"])
def test_protected_facts_are_known_in_other_languages(column: str) -> None:
    assert is_protected(column)


def test_a_title_is_plain_words_without_accents() -> None:
    assert title_words("TéléphoneMobile_Nr.") == "telephone mobile nr"
