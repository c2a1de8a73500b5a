"""What the properties of WATCH draw of coverage: two sources that see a platform, with gaps, some of them closed.

Times cluster around the first suspensions. Words on one span come in several versions, as heartbeats do.
"""

from typing import Final, Literal

from hypothesis import strategies as st

from streams.core.clock import DAY_US, HOUR_US
from streams.core.country_event import CountryEvent, SourceCoverage
from streams.events import Account
from tests.core.tracking.strategies import BASE_US, NOWHERE
from tests.core.watching.watch_events import IRAN, amplification, deletion, post, standing, tick

__all__ = ["covered_watches"]

_DAYS: Final = (-45, -31, -30, -20, -3, 0, 1, 2, 5, 7, 13, 14, 15, 20, 25, 34, 35, 60)
_times: Final = st.builds(
    lambda day, nudge: BASE_US + day * DAY_US + nudge, st.sampled_from(_DAYS), st.sampled_from((0, 0, -1, 1, HOUR_US))
)
_officials: Final = st.sampled_from((None, ("1",), ("1", "2"), ("9",), ("3", "2", "5"), ("6",), None))
_closings: Final[st.SearchStrategy[Literal["replay", "back_fill"] | None]] = st.sampled_from(
    ("back_fill", None, "replay", "back_fill")
)


@st.composite
def _coverage_of(draw: st.DrawFn, platform: str, country: str) -> list[CountryEvent]:
    """What sources tell a State of a platform; now and then of another platform or State."""
    events: list[CountryEvent] = []
    whole = draw(st.sampled_from((True, True, False)))
    if whole:  # a source that saw all, but for what follows
        since_us = draw(st.sampled_from((BASE_US - 100 * DAY_US, None)))
        until_us = draw(st.sampled_from((BASE_US + 90 * DAY_US, None)))
        events += _reported(platform, country, "a", "whole", True, since_us, [until_us])
    for number in range(draw(st.sampled_from((0, 1, 0)) if whole else st.sampled_from((1, 2, 3)))):
        since_us = draw(st.none() | _times)
        until = draw(st.lists(_times, min_size=1, max_size=3))
        until = [each for each in until if each >= (since_us or 0)] or [BASE_US + 70 * DAY_US]
        source, officials = draw(st.sampled_from("ab")), draw(_officials)
        events += _reported(platform, country, source, f"seen{number}", True, since_us, until, officials)
    for number in range(draw(st.sampled_from((1, 2, 0)))):
        since_us, until_us = draw(_times | st.none()), draw(_times | st.none())
        if since_us is not None and until_us is not None and until_us < since_us:
            since_us, until_us = until_us, since_us
        source, officials = draw(st.sampled_from("aab")), draw(_officials)
        reported = _reported(platform, country, source, f"gap{number}", False, since_us, [until_us], officials)
        closed_by = draw(_closings)
        if closed_by is not None:
            ended_us = max(until_us or draw(_times), since_us or 0)
            reported += _reported(
                platform, country, source, f"gap{number}", False, since_us, [ended_us], officials, closed_by
            )
        events += reported
    if draw(st.integers(0, 7)) == 7:
        events += _reported("mastodon", "FR", "a", "other", True, BASE_US, [BASE_US + DAY_US])
    return events


@st.composite
def covered_watches(draw: st.DrawFn) -> list[CountryEvent]:
    """The watch of one suspension, a few posts and deletions of the officials, and what sources saw of them."""
    back = draw(st.sampled_from((None, None, 7.0)))
    events = [standing(by=draw(st.sampled_from((4, 1, 6, 2))), reinstated=back)]
    for number in range(draw(st.integers(0, 5))):
        by = IRAN[draw(st.integers(0, 3))]
        text = draw(st.sampled_from(("Good morning", "What became of @Khamenei_site")))
        events.append(post(f"p{number}", draw(st.sampled_from((-20, -5, 1, 4, 12))), by, text=text))
        gone = draw(st.sampled_from((None, 0.5, 1.0)))
        if gone is not None:
            events.append(deletion(f"p{number}", draw(st.sampled_from((-3, 2, 6, 13))) + gone, by))
    for number in range(draw(st.sampled_from((3, 0, 2, 1)))):
        subject = Account(id=str(70 + draw(st.integers(0, 3))))
        days = draw(st.sampled_from((-40, -2, 3, 8)))
        events.append(amplification(f"r{number}", days, IRAN[draw(st.integers(0, 3))], of=subject))
    events += draw(_coverage_of("twitter", "IR"))
    if draw(st.integers(0, 4)):
        events.append(tick(draw(st.sampled_from((20, 14, 5, 40)))))
    return events


def _reported(
    platform: str,
    country: str,
    source: str,
    name: str,
    seen: bool,
    since_us: int | None,
    until: list[int | None] | list[int] | list[None],
    officials: tuple[str, ...] | None = None,
    closed_by: Literal["replay", "back_fill"] | None = None,
) -> list[CountryEvent]:
    """One span, in as many words as it has ends."""
    return [
        CountryEvent(
            kind="coverage",
            country=country,
            platform=platform,
            event_id=f"{source}-{name}",
            at_us=(until_us or since_us or BASE_US),
            source=NOWHERE,
            coverage=SourceCoverage(
                source=source,
                seen=seen,
                since_us=since_us,
                until_us=until_us,
                officials=officials,
                closed_by=closed_by,
            ),
        )
        for until_us in until
    ]
