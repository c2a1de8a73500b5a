"""States: those whose officials amplified anybody, or stand on the roster in force."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from msgspec import Struct

from streams.console.pages.page import PageAnswer, PageRequest, Rows
from streams.console.store.filters import AlertFilter
from streams.console.store.reading import Store
from streams.core.country_names import country_name

__all__ = ["CountriesPage", "CountryLine", "countries_page"]

_NOTHING: Final = "Nobody's officials stand on a roster or in a record that can be read here."


class CountryLine(Struct, frozen=True, kw_only=True):
    """A State in the list."""

    country: str
    """Its code."""
    name: str
    """Its name."""
    accounts: int
    """Accounts that its officials amplified."""
    officials: int | None
    """Accounts on the roster in force, in whatever term; null where no roster can be read here."""
    alerts: int
    """Alerts that concern it and stand."""


class CountriesPage(Struct, frozen=True, kw_only=True):
    """All States that are known here, those whose officials amplified most accounts first."""

    rows: tuple[CountryLine, ...]
    """The States."""
    roster_digest: str | None
    """The roster in force; null where none can be read here."""
    nothing: str
    """What to say where there is none."""


def countries_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/countries`."""
    request.only()
    roster = store.roster_in_force()
    rows = tuple(_lines(store))
    model = CountriesPage(
        rows=rows, roster_digest=None if roster is None else roster.digest, nothing="" if rows else _NOTHING
    )
    return PageAnswer(
        title="Countries", template="countries.html", model=model, rows=Rows(record=CountryLine, rows=rows)
    )


def _lines(store: Store) -> Iterator[CountryLine]:
    accounts = store.countries()
    alerts = store.facets(AlertFilter()).countries
    roster = store.roster_in_force()
    officials: Counter[str] | None = None
    if roster is not None and roster.roster is not None:
        named = {(entry.country, entry.account_key) for entry in roster.roster.entries}
        officials = Counter(country for country, _ in named)
    known = {*accounts, *alerts, *(officials or ())}
    for country in sorted(known, key=lambda code: (-accounts.get(code, 0), -alerts.get(code, 0), code)):
        yield CountryLine(
            country=country,
            name=country_name(country),
            accounts=accounts.get(country, 0),
            officials=None if officials is None else officials[country],
            alerts=alerts.get(country, 0),
        )
