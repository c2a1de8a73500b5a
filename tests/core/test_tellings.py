"""One story, told in every way in which people hold it: the facts are those of the story, not of the telling.

Officials engage with an account, take some of it back, and the platform suspends it; with it goes what they retweeted.
A telling is live, later, newest first, twice with one poorer copy, or has what is gone noticed before the suspension.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from streams.core.backtest import Results
from streams.core.clock import to_us
from streams.events import Account, Deletion, Event, Post, PostRef, Retweet, Suspension
from tests.core.stories import roster_of, run_story
from tests.core.tracking.strategies import examples
from tests.pipeline.sameness import assert_same

_BEGIN: Final = datetime(2021, 3, 1, 9, tzinfo=UTC)
_OFFICIALS: Final = [Account(id=f"70000{number}", handle=f"Emb_0{number}") for number in range(8)]
_SUBJECT: Final = Account(id="999", handle="Nova_Relay", created_at=_BEGIN - timedelta(days=19))
_ROSTER: Final = roster_of(_OFFICIALS)
_SUSPENDED_DAY: Final = 60.0
# The last retweet is live in every telling and stays: it bounds when the account was suspended.
_LAST_SEEN_DAY: Final = 59.0


class _Deed(Struct, frozen=True):
    """What an official did on a day, and how many days later it took that back, if it did."""

    number: int
    official: int
    day: float
    kind: str
    taken_back_days: float | None

    def event(self) -> Event:
        actor = _OFFICIALS[self.official]
        if self.kind == "retweet":
            return Retweet(
                platform="twitter",
                id=f"e{self.number}",
                at=_day(self.day),
                actor=actor,
                subject=_SUBJECT,
                post_id=f"p{self.number}",
            )
        original = PostRef(post_id=f"p{self.number}", account=_SUBJECT)
        return Post(
            platform="twitter",
            id=f"e{self.number}",
            at=_day(self.day),
            actor=actor,
            text="a note of @Nova_Relay",
            mentions=(_SUBJECT,),
            quotes=original if self.kind == "quote" else None,
            reply_to=original if self.kind == "reply" else None,
        )


_Story = Sequence[_Deed]
_stories: st.SearchStrategy[list[_Deed]] = st.lists(
    st.tuples(
        st.integers(0, len(_OFFICIALS) - 1),
        st.integers(0, 50 * 24),
        st.sampled_from(("retweet", "retweet", "retweet", "quote", "reply", "mention")),
        st.sampled_from((None, None, None, 1.5, 6.25)),
    ),
    min_size=12,
    max_size=60,
).map(
    lambda drawn: [
        *(
            _Deed(number, official, hour / 24 + number / 86_400, kind, back)
            for number, (official, hour, kind, back) in enumerate(drawn)
        ),
        _Deed(len(drawn), 0, _LAST_SEEN_DAY, "retweet", None),
    ]
)


def _day(days: float) -> datetime:
    return _BEGIN + timedelta(days=days)


def _deletion(deed: _Deed, day: float) -> Event:
    return Deletion(
        platform="twitter",
        id=f"gone:{deed.number}",
        at=_day(day),
        post_id=f"e{deed.number}",
        actor=Account(id=_OFFICIALS[deed.official].id),
    )


def _live(story: _Story, *, gone_after_days: float = 0.001) -> list[Event]:
    """Everything as it happens; what goes with the account is noticed so long after its suspension, or before."""
    events = [deed.event() for deed in story]
    for deed in story:
        if deed.taken_back_days is not None:
            events.append(_deletion(deed, deed.day + deed.taken_back_days))
        elif deed.kind == "retweet":
            events.append(_deletion(deed, _SUSPENDED_DAY + gone_after_days))
    events.append(Suspension(platform="twitter", id="s", at=_day(_SUSPENDED_DAY), actor=_SUBJECT, status="suspended"))
    return sorted(events, key=lambda event: event.at)


def _later(story: _Story) -> list[Event]:
    """Posts and retweets as somebody fetched them an hour after they were made."""
    return [_observed(event, hours=1) for event in _live(story)]


def _newest_first(story: _Story) -> list[Event]:
    return _live(story)[::-1]


def _twice(story: _Story) -> list[Event]:
    """As it happened, and once more from an export that lacks what is quoted and answered; mixed."""
    events = _live(story)
    copies = [_poorer(_observed(event, hours=2)) for event in events]
    return Random(len(story)).sample([*events, *copies], 2 * len(events))


def _nobody_named(story: _Story) -> list[Event]:
    """As it happened, by lists that say of what is gone only its id, the originals among it."""
    events = _live(story)
    originals = [
        Deletion(platform="twitter", id=f"original:{event.post_id}", at=event.at, post_id=f"p{event.post_id[1:]}")
        for event in events
        if isinstance(event, Deletion) and event.at > _day(_SUSPENDED_DAY)
    ]
    unnamed = [msgspec.structs.replace(event, actor=None) if isinstance(event, Deletion) else event for event in events]
    return [*unnamed, *originals]


def _observed(event: Event, *, hours: float) -> Event:
    if isinstance(event, Post | Retweet) and event.at < _day(_LAST_SEEN_DAY):
        return msgspec.structs.replace(event, observed_at=event.at + timedelta(hours=hours))
    return event


def _poorer(event: Event) -> Event:
    return msgspec.structs.replace(event, quotes=None, reply_to=None) if isinstance(event, Post) else event


_ARRIVALS: Final[dict[str, Callable[[_Story], list[Event]]]] = {
    "later": _later,
    "newest first": _newest_first,
    "twice": _twice,
    "nobody named": _nobody_named,
}


def _run(events: Sequence[Event]) -> Results:
    return run_story(_ROSTER, events, now_us=to_us(_day(2_000)))


def _assert_facts_of(story: _Story, results: Results) -> None:
    """Counts are those of the story, by a look at each of its deeds."""
    kept = [deed for deed in story if deed.taken_back_days is None]
    totals = Counter(deed.kind for deed in kept)
    # A mention or an answer that is taken back stays counted: it amplified nothing.
    totals.update(deed.kind for deed in story if deed.taken_back_days is not None and deed.kind in ("reply", "mention"))
    found = results.dossiers["twitter:999"]
    assert {kind: count for kind, count in msgspec.structs.asdict(found.totals).items() if count} == totals
    back = [deed for deed in story if deed.taken_back_days is not None and deed.kind in ("retweet", "quote")]
    assert found.withdrawn == len(back)
    vanished = found.gone_with_original + found.gone_unknown
    assert (vanished, found.gone_with_official) == (totals["retweet"], 0)
    amplifying = {deed.official for deed in kept if deed.kind in ("retweet", "quote")}
    assert found.distinct_officials == len(amplifying)


@pytest.mark.slow
def test_a_story_gives_the_same_facts_in_whatever_way_its_events_arrive() -> None:
    seen: Counter[str] = Counter()

    @examples(40)
    @given(_stories)
    def check(story: list[_Deed]) -> None:
        live = _run(_live(story))
        _assert_facts_of(story, live)
        for arrival in _ARRIVALS.values():
            assert_same(_run(arrival(story)), live)
        seen["stories"] += 1
        seen["withdrawn"] += live.dossiers["twitter:999"].withdrawn > 0
        seen["gone with the account"] += live.dossiers["twitter:999"].gone_with_original > 0
        seen.update({alert.rule for alert in live.alerts.values()})

    check()
    assert min(seen[what] for what in ("withdrawn", "gone with the account", "amplified-then-suspended")) > 5, seen


@pytest.mark.slow
def test_what_is_noticed_to_be_gone_before_its_account_is_no_withdrawal_and_changes_no_alert() -> None:
    """How it went is then unknown. Everything that is counted otherwise is the same."""

    @examples(40)
    @given(_stories, st.sampled_from((-0.9, -0.1, -0.00001)))
    def check(story: list[_Deed], gone_after_days: float) -> None:
        live, early = _run(_live(story)), _run(_live(story, gone_after_days=gone_after_days))
        _assert_facts_of(story, early)
        assert {(alert.rule, alert.fired_at) for alert in early.alerts.values()} == {
            (alert.rule, alert.fired_at) for alert in live.alerts.values()
        }

    check()
