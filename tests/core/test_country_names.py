"""Names of countries as lists write them, and their codes."""

import pytest

from streams.core.countries import COUNTRIES
from streams.core.country_names import country_code, country_name


def test_every_code_has_a_name_and_every_name_a_code() -> None:
    assert {country_code(code) for code in COUNTRIES} == COUNTRIES


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("FR", "FR"),
        ("ir", "IR"),
        ("UK", "GB"),
        ("el", "GR"),
        ("NATO", "QN"),
        ("IRN", "IR"),
        ("deu", "DE"),
        ("CHE", "CH"),
        ("ZWE", "ZW"),
        ("ALA", "AX"),
        ("XKX", "XK"),
        ("France", "FR"),
        ("RUSSIA", "RU"),
        ("Russian Federation", "RU"),
        ("The Gambia", "GM"),
        ("Côte d'Ivoire", "CI"),
        ("Cote d’Ivoire", "CI"),
        ("Ivory Coast", "CI"),
        ("Türkiye", "TR"),
        ("Turkey", "TR"),
        ("Bosnia & Herzegovina", "BA"),
        ("Viet Nam", "VN"),
        ("DR Congo", "CD"),
        ("Congo", "CG"),
        ("Niger", "NE"),
        ("Nigeria", "NG"),
        ("Dominica", "DM"),
        ("Dominican Republic", "DO"),
        ("North Korea", "KP"),
        ("Republic of Korea", "KR"),
        ("European Union", "EU"),
        ("Kosovo", "XK"),
        ("Atlantis", None),
        ("Korea", None),
        ("Virgin Islands", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_a_country_is_known_by_code_or_name(text: str, code: str | None) -> None:
    assert country_code(text) == code


def test_a_code_has_the_name_by_which_people_know_it() -> None:
    """Which leads back to the code; a code without a name is its own."""
    assert [country_name(code) for code in ("IR", "GB", "EU", "ZZ")] == [
        "Iran",
        "United Kingdom",
        "European Union",
        "ZZ",
    ]
    assert all(country_code(country_name(code)) == code for code in COUNTRIES)
