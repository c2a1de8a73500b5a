"""The table of pages: the only place that says at which address which page is.

Each row gives the page at its path, its model at `PATH.json`, of a list all rows at `PATH.csv` and `PATH.ndjson`, each
figure at `PATH/NAME.svg`. The static export walks the same table.
"""

from typing import Final

from msgspec import Struct

from streams.console.pages.account import AccountPage, account_page
from streams.console.pages.accounts import AccountsPage, accounts_page
from streams.console.pages.aftermath import AftermathPage, aftermath_page
from streams.console.pages.aftermaths import AftermathsPage, aftermaths_page
from streams.console.pages.alert import alert_page
from streams.console.pages.alert_model import AlertPage
from streams.console.pages.corrections import CorrectionsPage, corrections_page
from streams.console.pages.countries import CountriesPage, countries_page
from streams.console.pages.country import CountryPage, country_page
from streams.console.pages.event import EventPage, event_page
from streams.console.pages.inbox import InboxPage, inbox_page
from streams.console.pages.official import OfficialPage, official_page
from streams.console.pages.page import PageFunction
from streams.console.pages.roster_difference import RosterDifferencePage, roster_difference_page
from streams.console.pages.rosters import RosterPage, RostersPage, roster_page, rosters_page
from streams.console.pages.rules import RuleFilePage, RulesPage, rule_file_page, rules_page
from streams.console.pages.status import StatusPage, status_page

__all__ = ["ROUTES", "Route"]


class Route(Struct, frozen=True, kw_only=True):
    """One page. A name in braces, as in `/alerts/{id}` and `/rosters/{old}...{new}`, stands for anything but a slash,
    as short as it goes. The first row that fits is taken.
    """

    path: str
    page: PageFunction
    name: str
    """By which templates make links: `address("alert", id=…)`."""
    model: type[Struct]
    """The type of the answers' model: its schema is `schemas/console-NAME.schema.json`."""
    is_list: bool = False
    """Whether it answers with rows, and so has `.csv` and `.ndjson`."""


ROUTES: Final[tuple[Route, ...]] = (
    Route(path="/", page=inbox_page, name="inbox", model=InboxPage, is_list=True),
    Route(path="/alerts", page=inbox_page, name="alerts", model=InboxPage, is_list=True),
    Route(path="/alerts/{id}", page=alert_page, name="alert", model=AlertPage, is_list=True),
    Route(path="/events/{sha256}", page=event_page, name="event", model=EventPage),
    Route(path="/accounts", page=accounts_page, name="accounts", model=AccountsPage, is_list=True),
    Route(path="/accounts/{key}", page=account_page, name="account", model=AccountPage, is_list=True),
    Route(path="/aftermaths", page=aftermaths_page, name="aftermaths", model=AftermathsPage, is_list=True),
    Route(path="/aftermaths/{id}", page=aftermath_page, name="aftermath", model=AftermathPage, is_list=True),
    Route(path="/officials/{key}", page=official_page, name="official", model=OfficialPage, is_list=True),
    Route(path="/countries", page=countries_page, name="countries", model=CountriesPage, is_list=True),
    Route(path="/countries/{code}", page=country_page, name="country", model=CountryPage, is_list=True),
    Route(path="/rosters", page=rosters_page, name="rosters", model=RostersPage, is_list=True),
    Route(
        path="/rosters/{old}...{new}", page=roster_difference_page, name="roster-difference",
        model=RosterDifferencePage, is_list=True,
    ),
    Route(path="/rosters/{digest}", page=roster_page, name="roster", model=RosterPage, is_list=True),
    Route(path="/rules", page=rules_page, name="rules", model=RulesPage, is_list=True),
    Route(path="/rules/{digest}", page=rule_file_page, name="rule-file", model=RuleFilePage, is_list=True),
    Route(path="/corrections", page=corrections_page, name="corrections", model=CorrectionsPage, is_list=True),
    Route(path="/status", page=status_page, name="status", model=StatusPage),
)  # fmt: skip
