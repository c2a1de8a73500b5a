"""The canary: passes wherever it comes from, and nothing else that happens on its platform has any effect."""

from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.canary import CANARY_OFFICIAL, CANARY_PLATFORM, canary_retweet, is_canary
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenOutcome, screen_event
from streams.core.subject_event import decode_subject_event, encode_subject_event
from streams.core.tracked import TrackedAccount
from streams.events import Account, Event, encode_event
from tests.core.screening.one_record import screen_record
from tests.core.tracking.strategies import examples
from tests.core.watching.situations import NOW_US, POLICY, SOURCE, situations


def _screened(event: Event, known: AccountIndex) -> Screening | None:
    place = (SOURCE.topic, SOURCE.partition, SOURCE.offset)
    found = screen_record(encode_event(event), *place, known, NOW_US, POLICY)
    assert found is None or isinstance(found, Screening)
    return found


def test_a_canary_passes_whatever_roster_is_in_force_and_concerns_nobody() -> None:
    rostered = RosterEntry(
        platform=CANARY_PLATFORM,
        account_id=CANARY_OFFICIAL.id,
        country="IR",
        category="leader",
        source_url="https://example.org/",
    )
    changing = AccountIndex(Roster([rostered]))
    changing.use(Roster())
    for known in (AccountIndex(), AccountIndex(Roster([rostered])), changing):
        found = _screened(canary_retweet("c-0-1", "canary-3"), known)
        assert found is not None
        assert (found.outcome, found.country_events) == (ScreenOutcome.CANARY, ())
        [event] = found.events
        assert (event.event_id, event.subject.id, event.official) == ("c-0-1", "canary-3", None)
        assert is_canary(decode_subject_event(encode_subject_event(event)))


@pytest.mark.slow
def test_whatever_else_is_written_to_the_platform_of_canaries_is_nobodys() -> None:
    """Also by accounts that a roster or TRACK knows there. Of what comes as a canary its id is all that is left."""
    seen = Counter[str]()

    @examples(900)
    @given(situations(), st.booleans())
    def check(situation: tuple[Event, AccountIndex], imitates: bool) -> None:
        event, known = situation
        actor = CANARY_OFFICIAL if imitates else Account(id="1", handle="king")
        there = msgspec.structs.replace(event, platform=CANARY_PLATFORM, actor=actor)
        entries = [msgspec.structs.replace(entry, platform=CANARY_PLATFORM) for entry in known.roster.entries]
        strange = AccountIndex(Roster(entries))
        strange.add(TrackedAccount(platform=CANARY_PLATFORM, id="1", countries=("IR",)))
        full = screen_event(there, SOURCE, strange, NOW_US, POLICY)
        assert isinstance(full, Screening)
        assert _screened(there, strange) in (full, None)
        assert full.country_events == ()
        assert all(is_canary(each) and each.event_id == there.id for each in full.events)
        assert len(full.events) == (full.outcome is ScreenOutcome.CANARY)
        seen[full.outcome] += 1

    check()
    assert seen[ScreenOutcome.CANARY] > 5
    assert seen[ScreenOutcome.NOT_OFFICIAL] > 50
    assert set(seen) == {ScreenOutcome.CANARY, ScreenOutcome.NOT_OFFICIAL}
