"""WATCH said again, naively: from the set of all State events to what happened and what is said to subjects.

Written from the issue and the public docstrings of the records. Keeps no ledger and no state. Knows neither order nor
batches. What follows for aftermaths is `aftermath_oracle`.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, structs

from streams.core.clock import DAY_US
from streams.core.officials import Official
from streams.core.state_event import StateEvent
from streams.core.texts.fingerprints import fingerprints
from streams.events import Account

__all__ = ["Fact", "WatchOracle"]

_LEDGER: Final = 90 * DAY_US


class Fact(Struct, kw_only=True, eq=False):
    """One post of an official, however often it was reported, and when its author took it back."""

    event: StateEvent
    text: str
    deleted_us: int | None = None

    @property
    def official(self) -> Official:
        """Who wrote it."""
        assert self.event.official is not None
        return self.event.official


class WatchOracle:
    """What happened, from a set of reports of it."""

    def __init__(self, events: Sequence[StateEvent]) -> None:
        self.events = [self._with_author(event, events) for event in events]
        self.posts = self._posts()
        self.unknown = self._match_deletions()

    # What happened

    @staticmethod
    def _with_author(event: StateEvent, events: Sequence[StateEvent]) -> StateEvent:
        """A quote of which is not said whose post it quotes, with the author that others of its State's events tell."""
        if not event.author_unknown:
            return event
        for other in events:
            if (other.state, other.platform) != (event.state, event.platform) or other.subject is None:
                continue
            passed_on = other.kind == "post" and other.post_id == event.post_id
            posted = other.kind == "subject_post" and other.event_id == event.post_id and len(other.text) >= 20
            if passed_on or posted:
                return structs.replace(event, subject=Account(id=other.subject.id))
        return event

    def attributed(self) -> dict[tuple[str, str], str]:
        """The quotes of which only that says whose post they quote, by platform and post."""
        return {
            (fact.event.platform, fact.event.event_id): fact.event.subject.id
            for fact in self.posts
            if fact.event.author_unknown and fact.event.subject is not None
        }

    def _posts(self) -> list[Fact]:
        """Each post once: by the copy that says most of what it passes on, quotes or answers; of those, the whole of a
        text that was cut short somewhere.
        """
        found: dict[tuple[str, str], list[StateEvent]] = {}
        for event in self.events:
            if event.kind == "post":
                found.setdefault((event.platform, event.event_id), []).append(event)
        kinds = ("retweet", "quote", "reply", "post")
        best = [
            min(copies, key=lambda copy: (kinds.index(copy.post_kind), copy.author_unknown, -len(copy.text)))
            for copies in found.values()
        ]
        return [Fact(event=event, text=event.text) for event in best]

    def _match_deletions(self) -> list[tuple[str, int]]:
        """Give each post the first deletion by its author within 90 days; the rest is unknown, by State and time."""
        groups: dict[tuple[str, str, str], list[StateEvent]] = {}
        for event in self.events:
            if event.kind == "deletion" and event.official is not None and event.post_id is not None:
                groups.setdefault((event.platform, event.post_id, event.official.id), []).append(event)
        unknown = []
        for (platform, post_id, official), deletions in groups.items():
            valid = [
                (deletion.at_us, fact)
                for fact in self.posts
                for deletion in deletions
                if (fact.event.platform, fact.event.event_id, fact.official.id) == (platform, post_id, official)
                and fact.event.at_us >= deletion.at_us - _LEDGER
            ]
            if valid:
                deleted_us, fact = min(valid, key=lambda pair: pair[0])
                fact.deleted_us = deleted_us
            else:
                first = min(deletions, key=lambda deletion: deletion.at_us)
                unknown.append((first.state, first.at_us))
        return unknown

    def heard_us(self) -> int:
        """How far event time has come: what ticks say, whatever the State's own events say."""
        return max((event.at_us for event in self.events if event.kind == "tick"), default=0)

    # What is said to subjects

    def withdrawals(self) -> dict[tuple[str, str], tuple[str, int, str]]:
        """By platform and post: whose account is no longer amplified, when, and by whom."""
        return {
            (fact.event.platform, fact.event.event_id): (fact.event.subject.id, fact.deleted_us, fact.official.id)
            for fact in self.posts
            if fact.deleted_us is not None
            and fact.event.post_kind in ("retweet", "quote")
            and fact.event.subject is not None
        }

    def texts(self) -> dict[tuple[str, str, str], tuple[str, int, int, str]]:
        """The texts of subjects by State, platform and post: whose, first and last seen, and the longest report."""
        found: dict[tuple[str, str, str], tuple[str, int, int, str]] = {}
        for event in self.events:
            passed_on = event.kind == "post" and event.post_kind == "retweet" and not event.subject_is_official
            if event.subject is None or len(event.text) < 20 or not (passed_on or event.kind == "subject_post"):
                continue
            post_id = event.event_id if event.kind == "subject_post" else event.post_id
            assert post_id is not None
            key = (event.state, event.platform, post_id)
            subject, first_us, last_us, text = found.get(key, (event.subject.id, event.at_us, event.at_us, event.text))
            longest = max(text, event.text, key=lambda each: (len(each), each))
            times = (min(first_us, event.at_us), max(last_us, event.at_us))
            found[key] = (min(subject, event.subject.id), *times, longest)
        return found

    def text_matches(self) -> dict[tuple[str, str, str], tuple[str, int, int, int]]:
        """By State, platform and post of a subject: the official post, fingerprints shared, of how many, its time."""
        found = {}
        for (state, platform, post_id), (subject, first_us, last_us, text) in self.texts().items():
            prints = set(fingerprints(text))
            candidates = []
            for fact in self.posts:
                event = fact.event
                shared = len(prints & set(fingerprints(fact.text)))
                if (
                    (event.state, event.platform) == (state, platform)
                    and event.post_kind != "retweet"
                    and fact.official.id != subject
                    and first_us - _LEDGER <= event.at_us <= last_us + _LEDGER
                    and shared >= (1 if len(prints) < 4 else max(2, len(prints) / 4))
                ):
                    candidates.append((-shared, event.at_us, event.event_id))
            if candidates:
                minus, matched_us, match = min(candidates)
                found[state, platform, post_id] = (match, -minus, len(prints), matched_us)
        return found
