"""Cells show that they are of people, whatever the title is; towns, companies and codes do not."""

from __future__ import annotations

import pytest

from training.leakage.people import personal_values, protected_values

FIRST = "Anna Max Clara Emil Frieda Jonas Marie Paul Giulia Marco Lucía Pablo Sanne Daan João Inês"
LAST = "Weber Meyer Schulz Dubois Leroy Moreau García López Rossi Ferrari de_Vries Jansen Silva Santos Smith Jones"
TOWNS = "Berlin Hamburg Lyon Bordeaux Zaragoza Roma Torino Utrecht Porto Chicago Austin Seattle Phoenix Leeds Oslo"
FAIRS = "Webinar Referral Ads Organic Partner Print Radio Podcast Newsletter Outbound Event Direct"
TRADES = "Retail Banking Insurance Software Energy Media Legal Food Travel Transport Health Education Mining Textiles"


@pytest.mark.parametrize(
    ("levels", "what"),
    [
        (FIRST.split(), "names of people"),
        (LAST.replace("_", " ").split(" "), "names of people"),
        (["Anna Weber", "Max Horn", "Clara Jung"], "names of people"),
        (["Weber, Anna", "Horn, Max", "Jung, Clara"], "names of people"),
        (["P. Roux", "L. Petit", "K. Lang"], "names of people"),
        (["Herr Lang", "Frau Voss", "Dr. Kurz"], "names of people"),
        (["ann@buyer.example", "bob@other.example", "-"], "e-mail addresses"),
        (["j***n@buyer.example", "noemail", "a**@x.example"], "e-mail addresses"),
        (["+49 30 123456", "0049 30/123457", "(030) 12 34 58"], "phone numbers"),
        (["p:+15550000000", "p:+15550000001", "p:+15550000002"], "phone numbers"),
        (["+44 ***** 123", "+44 ***** 124"], "phone numbers"),
        (TOWNS.split(), None),
        (FAIRS.split(), None),
        (TRADES.split(), None),
        (["Morgan Stanley", "Johnson Controls", "Siemens AG", "Bosch GmbH", "Acme Corp"], None),
        (["San Jose", "San Diego", "Los Angeles", "Las Vegas", "Fort Worth"], None),
        (["01.02.2024", "02.03.2024", "2024-04-05"], None),
        (["0123456", "0234567", "99999"], None),
        (["51-200", "201-500", "1001-5000"], None),
        (["192.168.0.1", "10.0.0.1"], None),
        ([], None),
    ],
)
def test_values_of_people_are_known(levels: list[str], what: str | None) -> None:
    assert personal_values(levels) == what


@pytest.mark.parametrize(
    ("levels", "what"),
    [
        (["m", "w", "d"], "genders"),
        (["Männlich", "Weiblich", "Keine Angabe"], "genders"),
        (["Homme", "Femme"], "genders"),
        (["Sr.", "Sra."], "genders"),
        (["S", "M", "L"], None),
        (["M", "L", "F"], None),
        (["ledig", "verheiratet"], "marital statuses"),
        (["Soltero", "Casado", "Viudo", "Otro"], "marital statuses"),
        (["single", "double"], None),
        (["katholisch", "evangelisch", "-"], "beliefs"),
    ],
)
def test_protected_values_are_known(levels: list[str], what: str | None) -> None:
    assert protected_values(levels) == what
