"""What the orders to the ledgers of States ask for: work where something changes, and a word where nothing does."""

from datetime import UTC, datetime
from typing import Final

from msgspec.structs import replace

from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import Coordinates
from streams.events import Account, Event, Post, Retweet
from streams.jobs.recount_orders import OrderHeading, RecountPlan

_AT: Final = datetime(2022, 3, 1, tzinfo=UTC)
_GONE: Final = RosterEntry(
    platform="twitter", account_id="91", handle="mfa", country="IR", category="diplomat", source_url="https://e.org"
)
_COLLEAGUE: Final = replace(_GONE, account_id="92", handle="colleague")
_ELSEWHERE: Final = replace(_GONE, account_id="93", handle="elsewhere", country="RU")
_HEADING: Final = OrderHeading(correction="c", at_us=1_900_000_000_000_000, reason="", cut={})


def _retweet(official: str, subject: str) -> Event:
    return Retweet(
        platform="twitter",
        id=f"{official}-{subject}",
        at=_AT,
        actor=Account(id=official),
        subject=Account(id=subject),
        post_id=f"of-{subject}",
    )


def _orders(events: list[Event]) -> dict[str, tuple[set[str], set[str], set[str]]]:
    """By State: accounts that change and that do not, and the ids of events, where the first official leaves."""
    entries = (_GONE, _COLLEAGUE, _ELSEWHERE)
    found: dict[str, tuple[set[str], set[str], set[str]]] = {}
    with RecountPlan(Roster(entries), Roster(entries[1:])) as plan:
        for number, event in enumerate(events):
            plan.add(event, Coordinates("raw", 0, number))
        for country, part in plan.country_orders(plan.subjects().keys(), _HEADING, _HEADING.at_us):
            changed, unchanged, ids = found.setdefault(country, (set(), set(), set()))
            changed.update(part.subjects)
            unchanged.update(part.unchanged)
            ids.update(each.event_id for each in part.events)
    return found


def test_a_state_none_of_whose_officials_changed_says_again_what_it_has_and_gets_no_events() -> None:
    found = _orders([_retweet("91", "1"), _retweet("92", "1"), _retweet("93", "1"), _retweet("93", "2")])
    assert found == {
        "IR": ({"twitter:1", "twitter:91"}, set(), {"92-1"}),
        "RU": ({"twitter:91"}, {"twitter:1"}, set()),
    }


def test_of_an_account_that_wrote_anything_itself_every_state_gets_all() -> None:
    """Its posts came to the States for which SCREEN followed it, which may be others under the new roster."""
    own = Post(platform="twitter", id="own", at=_AT, actor=Account(id="1"), text="good morning")
    found = _orders([_retweet("91", "1"), _retweet("93", "1"), own])
    assert found["RU"] == ({"twitter:1", "twitter:91"}, set(), {"93-1"})


def test_an_account_that_was_an_official_itself_changes_for_every_state() -> None:
    found = _orders([_retweet("92", "91"), _retweet("93", "91")])
    assert {country: (changed, ids) for country, (changed, _, ids) in found.items()} == {
        "IR": ({"twitter:91"}, {"92-91"}),
        "RU": ({"twitter:91"}, {"93-91"}),
    }
