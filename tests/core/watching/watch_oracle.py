"""WATCH said again, naively: from the set of all State events to what happened and what is said to subjects.

Written from the issue and the public docstrings of the records. Keeps no ledger and no state. Knows neither order nor
batches. What follows for aftermaths is `aftermath_oracle`.
"""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct, structs

from streams.core.clock import DAY_US
from streams.core.country_event import CountryEvent, Standing
from streams.core.officials import Official
from streams.core.texts.fingerprints import fingerprints
from streams.events import Account

__all__ = ["Fact", "WatchOracle", "is_passed_on"]

_LEDGER: Final = 90 * DAY_US
_DOUBT: Final = 14 * DAY_US
_FOLLOWS: Final = 30 * DAY_US


def is_passed_on(text: str) -> bool:
    """Whether a text is somebody else's by its own words, as of a copy of a retweet that lost its original."""
    handle, colon, _ = text.removeprefix("RT @").partition(":")
    return text.startswith("RT @") and colon == ":" and handle != "" and not any(map(str.isspace, handle))


class Fact(Struct, kw_only=True, eq=False):
    """One post of an official, however often it was reported; since when it is gone, and why."""

    event: CountryEvent
    text: str
    deleted_us: int | None = None
    removal_reason: str = ""
    noticed_us: int | None = None  # when it was noticed first that it is gone, whether or not it was seen again

    @property
    def official(self) -> Official:
        """Who wrote it."""
        assert self.event.official is not None
        return self.event.official


class WatchOracle:
    """What happened, from a set of reports of it."""

    def __init__(self, events: Sequence[CountryEvent]) -> None:
        self.events = [self._with_author(self._of_first_version(event, events), events) for event in events]
        self.posts = self._posts()
        self.unknown = self._match_deletions()
        for fact in self.posts:
            if fact.deleted_us is not None:
                fact.removal_reason = self._removal_reason(fact, fact.deleted_us)

    # What happened

    @staticmethod
    def _of_first_version(event: CountryEvent, events: Sequence[CountryEvent]) -> CountryEvent:
        """A deletion of any version of a post as one of the post; one that names its author where his State tells. What
        somebody else is said to have deleted is no version.
        """
        if event.kind not in ("deletion", "subject_deletion"):
            return event
        by = event.official and event.official.id
        for other in events:
            if other.platform != event.platform or event.country not in ("", other.country):
                continue
            poster = other.official and other.official.id
            if event.post_id in other.versions and by in (None, poster):
                return structs.replace(event, post_id=other.event_id)
            author = poster if other.subject is None else other.subject.id
            if event.post_id in other.original_versions and not other.author_unknown and by in (None, author):
                return structs.replace(event, post_id=other.post_id)
        return event

    @staticmethod
    def _with_author(event: CountryEvent, events: Sequence[CountryEvent]) -> CountryEvent:
        """A quote of which is not said whose post it quotes, with the author that others of its State's events tell."""
        if not event.author_unknown:
            return event
        for other in events:
            if (other.country, other.platform) != (event.country, event.platform) or other.subject is None:
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
        found: dict[tuple[str, str], list[CountryEvent]] = {}
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
        groups: dict[tuple[str, str, str], list[CountryEvent]] = {}
        for event in self.events:
            if event.kind == "deletion" and event.official is not None and event.post_id is not None:
                groups.setdefault((event.platform, event.post_id, event.official.id), []).append(event)
        unknown = []
        matched = set[tuple[str, str, str]]()
        for fact in self.posts:
            where = (fact.event.platform, fact.event.event_id)
            times = [
                event.at_us
                for event in self.events
                if event.kind == "deletion"
                and (event.platform, event.post_id) == where
                and event.official in (None, fact.official)
            ]
            if times and max(fact.event.at_us, self._seen_us(fact)) >= min(times) - _LEDGER:
                matched.add((*where, fact.official.id))
                fact.noticed_us = min(times)
                seen_us = self._seen_us(fact)
                fact.deleted_us = next((at for at in (min(times), max(times)) if at >= seen_us), None)
        for key, deletions in groups.items():
            if key not in matched:
                first = min(deletions, key=lambda deletion: deletion.at_us)
                unknown.append((first.country, first.at_us))
        return unknown

    def _seen_us(self, fact: Fact) -> int:
        """When the post was last seen."""
        return max(
            (
                event.observed_us
                for event in self.events
                if event.kind == "post"
                and event.observed_us is not None
                and (event.platform, event.event_id) == (fact.event.platform, fact.event.event_id)
            ),
            default=0,
        )

    def _removal_reason(self, fact: Fact, at_us: int) -> str:
        """Why a post is gone, by all that is known of its original and its author's account."""
        doubts = False
        event = fact.event
        if event.post_kind == "retweet" and event.subject is not None:
            for standing in self._newest_standings(event):
                for absence in standing.absences:
                    if absence.until_us is None or at_us < absence.until_us:
                        if at_us >= absence.from_us:
                            return "with_original"
                        doubts = doubts or at_us >= absence.doubtful_us
            for other in self.events:
                if self._says_gone(other, event):
                    if other.at_us <= at_us:
                        return "with_original"
                    doubts = doubts or other.at_us <= at_us + _DOUBT
        by_official = self._removal_reason_by_official(fact, at_us)
        return "unknown" if doubts and not by_official else by_official or "taken_back"

    @staticmethod
    def _says_gone(other: CountryEvent, retweet: CountryEvent) -> bool:
        """Whether it says that what is passed on is gone: by its author, or without saying whose it was."""
        if retweet.post_id is None or (other.platform, other.post_id) != (retweet.platform, retweet.post_id):
            return False
        if other.kind == "deletion" and other.official is None:
            return True
        if other.country != retweet.country or retweet.subject is None:
            return False
        by_author = other.official is not None and other.official.id == retweet.subject.id
        return other.kind == "subject_deletion" or (other.kind == "deletion" and by_author)

    def _newest_standings(self, event: CountryEvent) -> list[Standing]:
        found = [
            (other.standing.version, other.standing)
            for other in self.events
            if other.kind == "standing"
            and other.standing is not None
            and other.subject is not None
            and event.subject is not None
            and (other.country, other.platform, other.subject.id) == (event.country, event.platform, event.subject.id)
        ]
        return [max(found, key=lambda pair: pair[0])[1]] if found else []

    def _removal_reason_by_official(self, fact: Fact, at_us: int) -> str:
        notices = sorted(
            {
                (event.at_us, event.status != "reinstated")
                for event in self.events
                if event.kind == "notice"
                and (event.country, event.platform) == (fact.event.country, fact.event.platform)
                and event.official is not None
                and event.official.id == fact.official.id
            }
        )
        posted = [
            other.event.at_us
            for other in self.posts
            if (other.event.country, other.official.id) == (fact.event.country, fact.official.id)
        ]
        before = [notice for notice in notices if notice[0] <= at_us]
        after = [notice for notice in notices if notice[0] > at_us]
        if before and before[-1][1]:
            # The first notice of the absence: those after it say nothing new.
            from_us = before[-1][0]
            for notice_us, gone in reversed(before):
                if not gone:
                    break
                from_us = notice_us
            if at_us < from_us + _FOLLOWS:
                return "" if any(from_us < posted_us <= at_us for posted_us in posted) else "with_official"
            return ""
        if after and after[0][1] and after[0][0] - at_us <= _DOUBT:
            return "" if any(at_us <= posted_us < after[0][0] for posted_us in posted) else "unknown"
        return ""

    def watermark_us(self) -> int:
        """How far event time has come: what ticks say, whatever the State's own events say."""
        return max((event.at_us for event in self.events if event.kind == "tick"), default=0)

    # What is said to subjects

    def withdrawals(self) -> dict[tuple[str, str], tuple[str, int, str]]:
        """By platform and post: whose account is no longer amplified, when, and by whom."""
        return {
            (fact.event.platform, fact.event.event_id): (fact.event.subject.id, fact.noticed_us, fact.official.id)
            for fact in self.posts
            if fact.noticed_us is not None
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
            key = (event.country, event.platform, post_id)
            subject, first_us, last_us, text = found.get(key, (event.subject.id, event.at_us, event.at_us, event.text))
            longest = max(text, event.text, key=lambda each: (len(each), each))
            times = (min(first_us, event.at_us), max(last_us, event.at_us))
            found[key] = (min(subject, event.subject.id), *times, longest)
        return found

    def text_matches(self) -> dict[tuple[str, str, str], tuple[str, int, int, int]]:
        """By State, platform and post of a subject: the official post, fingerprints shared, of how many, its time."""
        found = {}
        for (country, platform, post_id), (subject, first_us, last_us, text) in self.texts().items():
            prints = set(fingerprints(text))
            candidates = []
            for fact in self.posts:
                event = fact.event
                shared = len(prints & set(fingerprints(fact.text)))
                if (
                    (event.country, event.platform) == (country, platform)
                    and event.post_kind != "retweet"
                    and not is_passed_on(fact.text)
                    and fact.official.id != subject
                    and first_us - _LEDGER <= event.at_us <= last_us + _LEDGER
                    and shared >= (1 if len(prints) < 4 else max(2, len(prints) / 4))
                ):
                    candidates.append((-shared, event.at_us, event.event_id))
            if candidates:
                minus, matched_us, match = min(candidates)
                found[country, platform, post_id] = (match, -minus, len(prints), matched_us)
        return found
