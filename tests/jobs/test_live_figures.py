"""What a live view shows, counted independently."""

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.core.clock import to_us
from streams.core.enriched import Amplification
from streams.core.officials import Official
from streams.core.subject_event import Coordinates
from streams.events import Account, Profile
from streams.jobs.live_figures import LiveFigures

_NOW: Final = datetime(2026, 5, 1, 12, tzinfo=UTC)
_DID: Final = "did:plc:subject"


def _amplification(number: int, official: int, subject: int, minutes_ago: int) -> Amplification:
    return Amplification(
        id=f"at://{number}",
        kind="retweet",
        platform="bluesky",
        at=_NOW - timedelta(minutes=minutes_ago),
        official=Official(
            id=f"o{official}", handle=None, country=("FR", "IR")[official % 2], category="diplomat", name=None
        ),
        subject=Account(id=f"{_DID}{subject}"),
        subject_is_official=False,
        post_id=None,
        roster_digest="roster",
        source=Coordinates("retweets", 0, number),
    )


@given(
    st.lists(
        st.builds(_amplification, *[st.integers(0, 12), st.integers(0, 3), st.integers(0, 2)], st.integers(0, 3_000))
    )
)
def test_rows_count_each_amplification_of_a_day_once(seen: list[Amplification]) -> None:
    figures = LiveFigures()
    for each in seen:
        figures.amplified(each)
    last = {each.id: each for each in seen}.values()
    recent = [each for each in last if each.at >= _NOW - timedelta(days=1)]
    rows = {each.subject.id: each for each in figures.rows(to_us(_NOW), 10)}
    assert rows.keys() == {each.subject.id for each in recent}
    for name, found in rows.items():
        mine = [each for each in recent if each.subject.id == name]
        assert found.last_day == len(mine)
        assert found.last_hour == sum(each.at > _NOW - timedelta(hours=1) for each in mine)
        assert found.officials == len({each.official.id for each in mine})
        assert found.countries == tuple(sorted({each.official.country for each in mine}))
        assert found.last_us == max(to_us(each.at) for each in mine)


def test_what_several_profiles_say_of_an_account_is_put_together() -> None:
    figures = LiveFigures()
    figures.amplified(_amplification(1, 1, 1, 5))
    profile = Profile(platform="bluesky", id="p", at=_NOW, actor=Account(id=f"{_DID}1", created_at=_NOW))
    figures.learned(profile)
    figures.learned(replace(profile, actor=Account(id=f"{_DID}1", handle="name.example", followers=3)))
    (row,) = figures.rows(to_us(_NOW), 10)
    assert row.subject == Account(id=f"{_DID}1", handle="name.example", followers=3, created_at=_NOW)


@pytest.mark.slow
def test_memory_is_bounded_and_says_what_had_to_go() -> None:
    figures = LiveFigures()
    for number in range(100_500):
        figures.amplified(_amplification(number, 1, number, 5))
    assert (figures.amplifications, figures.dropped) == (100_500, 500)
    assert len(figures.rows(to_us(_NOW), 200_000)) == 100_000
