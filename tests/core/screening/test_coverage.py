"""What SCREEN makes of coverage: a span of time in which a source saw the officials of a platform, or did not."""

from datetime import UTC, datetime

from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenOutcome
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.tracked import TrackedAccount
from streams.deadletters import Reason, Rejection
from streams.events import Coverage, encode_event
from streams.kafka.raw_record import raw_record
from tests.core.screening.one_record import screen_record

_NOW_US = 1_640_995_200_000_000  # 2022
_BEGAN, _ENDED = datetime(2021, 1, 21, tzinfo=UTC), datetime(2021, 1, 22, tzinfo=UTC)


def _screened(since: datetime | None, until: datetime | None) -> Screening | Rejection | None:
    event = Coverage(
        platform="twitter", id="1", at=_ENDED, source="a", seen=False, since=since, until=until, reason="stopped"
    )
    return screen_record(encode_event(event), "coverage", 0, 1, AccountIndex(), _NOW_US, ScreenPolicy())


def test_coverage_is_an_outcome_of_its_own_and_concerns_no_subject() -> None:
    screened = _screened(_BEGAN, _ENDED)
    assert isinstance(screened, Screening)
    assert (screened.outcome, screened.events) == (ScreenOutcome.COVERAGE, ())


def test_a_span_that_ends_before_it_begins_is_refused_with_both_times() -> None:
    screened = _screened(_ENDED, _BEGAN)
    assert isinstance(screened, Rejection)
    assert screened.reason is Reason.BAD_TIME
    assert "2021-01-21" in screened.detail
    assert "2021-01-22" in screened.detail


def test_what_a_source_says_of_a_platform_stays_in_its_order_under_one_key() -> None:
    event = Coverage(platform="twitter", id="1", at=_ENDED, source="jetstream", seen=True, until=_ENDED)
    record = raw_record(event)
    assert (record.topic, record.key) == ("coverage", b"twitter:jetstream")


def _known() -> AccountIndex:
    """Two officials of IR, one of them by handle alone, one of FR, and one of DE on another platform."""
    officials = (("twitter", "1", None, "IR"), ("twitter", None, "news", "IR"), ("twitter", "2", None, "FR"))
    known = AccountIndex(
        Roster(
            RosterEntry(
                platform=platform,
                account_id=account_id,
                handle=handle,
                country=country,
                category="diplomat",
                source_url="https://example.org/",
            )
            for platform, account_id, handle, country in (*officials, ("mastodon", "3", None, "DE"))
        )
    )
    known.add(TrackedAccount(platform="twitter", id="7", handle="News"))
    return known


def _reported(officials: tuple[str, ...] | None) -> list[tuple[str, tuple[str, ...] | None]]:
    event = Coverage(platform="twitter", id="1", at=_ENDED, source="a", seen=True, since=_BEGAN, officials=officials)
    screened = screen_record(encode_event(event), "coverage", 0, 1, _known(), _NOW_US, ScreenPolicy())
    assert isinstance(screened, Screening)
    return [(each.country, each.coverage.officials) for each in screened.country_events if each.coverage is not None]


def test_each_state_with_officials_on_the_platform_is_told_and_no_other() -> None:
    assert _reported(None) == [("FR", None), ("IR", None)]


def test_of_named_officials_each_state_is_told_its_own_also_those_known_by_handle_alone() -> None:
    assert _reported(("1", "7", "2", "9", "1")) == [("FR", ("2",)), ("IR", ("1", "7"))]
    assert _reported(("9", "3")) == []


def test_a_span_that_reaches_into_the_future_is_refused() -> None:
    screened = _screened(None, datetime(2023, 1, 1, tzinfo=UTC))
    assert isinstance(screened, Rejection)
    assert screened.reason is Reason.FUTURE_TIME
