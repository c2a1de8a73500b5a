"""A State: its officials and the accounts they amplified as a matrix, its alerts, its aftermaths, its roster."""

from collections import Counter
from functools import partial
from typing import Final
from urllib.parse import quote

from msgspec import Struct

from streams.console.charts.matrix import Heading, matrix
from streams.console.pages.aftermath_lines import AftermathLine, aftermath_line
from streams.console.pages.alert_lines import AlertLine, alert_line
from streams.console.pages.page import NotFound, PageAnswer, PageRequest, Rows
from streams.console.store.filters import AftermathFilter, AlertFilter, PageOf, SubjectFilter
from streams.console.store.paging import every_row
from streams.console.store.reading import Store
from streams.console.store.results import Matrix, SubjectRow
from streams.core.countries import COUNTRIES
from streams.core.country_names import country_name
from streams.printable import quoted

__all__ = ["CountryPage", "country_page"]

_MOST: Final = 20  # officials, and accounts, of the matrix
_ALERTS: Final = 10
_AFTERMATHS: Final = 10


class CountryPage(Struct, frozen=True, kw_only=True):
    """What the officials of one State did."""

    country: str
    """The State's code."""
    name: str
    """Its name."""
    matrix: Matrix
    """Who amplified whom how often: those with most amplifications first. More are counted in its totals."""
    more_accounts: int
    """Accounts that its officials amplified and the matrix does not have."""
    more_officials: int
    """Officials that amplified the accounts of the matrix and are not in it."""
    officials: dict[str, int] | None
    """Accounts on the roster in force, by category; null where no roster can be read here."""
    roster_digest: str | None
    """The roster in force; null where none can be read here."""
    alerts: tuple[AlertLine, ...]
    """The newest alerts that concern it."""
    alerts_total: int
    """How many alerts that stand concern it."""
    aftermaths: tuple[AftermathLine, ...]
    """Its newest aftermaths."""
    more_aftermaths: bool
    """Whether it has more of them."""


def country_page(store: Store, request: PageRequest) -> PageAnswer:
    """`/countries/XX`."""
    request.only()
    code = request.path["code"]
    if code not in COUNTRIES:
        raise NotFound(
            f"{quoted(code, 40)} is the code of no State.",
            remedy="Write two capital letters, such as FR; see Countries.",
        )
    name = country_name(code)
    found = store.matrix(code, _MOST)
    aftermaths = store.aftermaths(AftermathFilter(countries=(code,)), PageOf(size=_AFTERMATHS))
    alerts = store.alerts(AlertFilter(countries=(code,)), PageOf(size=_ALERTS))
    roster = store.roster_in_force()
    officials: dict[str, int] | None = None
    if roster is not None and roster.roster is not None:
        named = {(entry.category, entry.account_key) for entry in roster.roster.entries if entry.country == code}
        officials = dict(sorted(Counter(category for category, _ in named).items()))
    model = CountryPage(
        country=code,
        name=name,
        matrix=found,
        more_accounts=max(0, found.subjects_total - len(found.subjects)),
        more_officials=max(0, found.officials_total - len(found.officials)),
        officials=officials,
        roster_digest=None if roster is None else roster.digest,
        alerts=tuple(alert_line(row, request.now) for row in alerts.rows),
        alerts_total=store.facets(AlertFilter(countries=(code,))).total,
        aftermaths=tuple(aftermath_line(each) for each in aftermaths.rows),
        more_aftermaths=aftermaths.next is not None,
    )
    figures = {"matrix": _figure(model)} if found.cells else {}
    wanted = SubjectFilter(countries=(code,), sort="amplifications")
    rows = Rows(record=SubjectRow, rows=every_row(partial(store.subjects, wanted)))
    return PageAnswer(title=name, template="country.html", model=model, figures=figures, rows=rows)


def _figure(model: CountryPage) -> str:
    found = model.matrix
    more = []
    if model.more_accounts:
        more.append(f"{model.more_accounts:,} more accounts")
    if model.more_officials:
        more.append(f"{model.more_officials:,} more officials")
    notes = [f"And {' and '.join(more)}."] if more else []
    notes += [
        "The area of a square is the number of amplifications. Counts of what was seen, never who runs an account.",
        f"Antiphon, dossiers; officials of {model.name}.",
    ]
    return matrix(
        "matrix",
        [_heading("officials", each.key, each.handle) for each in found.officials],
        [_heading("accounts", each.key, each.account.handle) for each in found.subjects],
        {(cell.official, cell.subject): cell.amplifications for cell in found.cells},
        title=f"Officials of {model.name} and the accounts that they amplified most",
        what="amplifications",
        notes=notes,
    )


def _heading(pages: str, key: str, handle: str | None) -> Heading:
    return Heading(name=key if handle is None else f"@{handle}", link=f"/{pages}/{quote(key, safe='@:!$*,')}")
