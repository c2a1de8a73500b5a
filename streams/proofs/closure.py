"""The closure: which events a proof needs so that its records follow from them.

It is shown every event three times: to learn what the officials did to the subject, what of that is gone, and to take.
"""

from collections.abc import Callable, Iterable
from enum import IntEnum
from typing import Final, TypeAlias

from msgspec import Struct, field

from streams.core.rosters.roster import Roster
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenOutcome, screen_event
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.subject_event import AMPLIFICATION_KINDS, Coordinates
from streams.deadletters import Rejection
from streams.events import Coverage, Deletion, Event, Suspension
from streams.proofs.material import KeptEvent, kept_event

__all__ = ["Closure", "Reach", "Received", "events_needed", "events_under"]

Received: TypeAlias = tuple[Event, bytes, Coordinates, int | None]
"""An event, its bytes, where it stood, and when it was received (µs)."""

_ANY_TIME_US: Final = 2**62
_DROPPED: Final = frozenset({ScreenOutcome.NOT_OFFICIAL, ScreenOutcome.NO_EVIDENCE, ScreenOutcome.CANARY})


class Reach(IntEnum):
    """How much is taken."""

    SUBJECT = 0  # what concerns the subject: rules on subjects look at nothing else
    COUNTRIES = 1  # and everything that the officials of the States concerned did: rules on an aftermath
    ALL = 2  # everything that SCREEN passes


class Closure(Struct, kw_only=True):
    """The events that concern one subject, by platform and id, and the States whose officials amplified it."""

    platform: str
    subject_id: str
    countries: frozenset[str]
    known: AccountIndex
    reach: Reach
    _amplifications: dict[str, str] = field(default_factory=dict)  # id of the post -> id of the official
    _withdrawn_by: set[str] = field(default_factory=set)
    _taken_posts: set[str] = field(default_factory=set)

    def note(self, event: Event, source: Coordinates) -> None:
        """The first look at an event."""
        screening = screen_event(event, source, self.known, _ANY_TIME_US, ScreenPolicy())
        if isinstance(screening, Rejection):
            return
        for each in screening.events:
            amplifies = each.kind in AMPLIFICATION_KINDS and self._is_subject(each.platform, each.subject.id)
            if amplifies and each.official is not None:
                self._amplifications[each.event_id] = each.official.id
        if self.reach >= Reach.COUNTRIES:
            for report in screening.country_events:
                if report.kind == "post" and report.country in self.countries:
                    self._taken_posts.add(report.event_id)

    def note_deletions(self, event: Event) -> None:
        """The second look: whose amplifications of the subject are gone."""
        if isinstance(event, Deletion) and event.platform == self.platform:
            official = self._amplifications.get(event.post_id)
            if official is not None:
                self._withdrawn_by.add(official)

    def takes(self, event: Event, source: Coordinates) -> bool:
        """The last look: whether the proof needs the event."""
        if event.platform != self.platform:
            return False
        screening = screen_event(event, source, self.known, _ANY_TIME_US, ScreenPolicy())
        if isinstance(screening, Rejection) or screening.outcome in _DROPPED:
            return False
        if self.reach is Reach.ALL or isinstance(event, Coverage):
            return True
        if any(self._is_subject(each.platform, each.subject.id) for each in screening.events):
            return True
        if isinstance(event, Deletion) and event.post_id in self._amplifications:
            return True
        # Whether an official took a post back, or was gone itself, decides whether an amplification is withdrawn.
        if isinstance(event, Suspension) and event.actor.id in self._withdrawn_by:
            return True
        if self.reach is Reach.SUBJECT:
            return False
        if isinstance(event, Deletion) and event.actor is None:
            return event.post_id in self._taken_posts
        return any(report.country in self.countries for report in screening.country_events)

    def _is_subject(self, platform: str, account_id: str) -> bool:
        return platform == self.platform and account_id == self.subject_id


def events_needed(closure: Closure, events: Callable[[], Iterable[Received]]) -> list[KeptEvent]:
    """What the proof needs of all events, which are gone through three times in the same order."""
    for event, _, source, _ in events():
        closure.note(event, source)
    for event, _, _, _ in events():
        closure.note_deletions(event)
    return [
        kept_event(event, value, source, received_us)
        for event, value, source, received_us in events()
        if closure.takes(event, source)
    ]


def events_under(
    rosters: Iterable[Roster],
    known: AccountIndex,
    closure: Callable[[], Closure],
    events: Callable[[], Iterable[Received]],
) -> list[KeptEvent]:
    """What the proof needs under one roster or another. `known` is what the closures look at; the first roster is in
    force in it at the end.
    """
    taken: dict[tuple[int, str, str, str, str], KeptEvent] = {}
    for roster in reversed(tuple(rosters)):
        known.use(roster)
        taken |= {event.order: event for event in events_needed(closure(), events)}
    return list(taken.values())
