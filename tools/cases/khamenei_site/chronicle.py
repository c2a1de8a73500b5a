"""Writes down what happens in the case: gives events ids like the platform's and a realistic delay in observing."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Final, TypeVar

from streams.events import (
    Deletion,
    Event,
    Follow,
    Post,
    PostRef,
    Profile,
    Retweet,
    Suspension,
    SuspensionStatus,
)
from tools.cases.khamenei_site.cast import Persona, snowflake

__all__ = ["Chronicle"]

T = TypeVar("T")

_PLATFORM: Final = "twitter"


class Chronicle:
    """All events so far, and the one source of chance. The same seed gives the same chronicle on every Python.

    Only `Random.random` is used: its sequence is the one that Python promises to keep.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random  # made-up events, nothing to keep secret
        self._events: list[tuple[datetime, Event]] = []
        self._ids: set[str] = set()
        self._texts: set[str] = set()
        self._posts: dict[str, list[Post]] = {}
        self._retweets: dict[str, list[Retweet]] = {}
        self._passed_on: set[tuple[str, str]] = set()

    def events(self) -> list[Event]:
        """All events in the order in which they were observed."""
        return [event for _, event in sorted(self._events, key=lambda pair: (pair[0], int(pair[1].id)))]

    def chance(self, probability: float) -> bool:
        """True that often."""
        return self._random() < probability

    def pick(self, options: Sequence[T]) -> T:
        """One of the options, each as likely."""
        return options[int(self._random() * len(options))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """The items in any order."""
        left = list(items)
        return [left.pop(int(self._random() * len(left))) for _ in range(len(left))]

    def between(self, low: float, high: float) -> float:
        """A number of that range."""
        return low + (high - low) * self._random()

    def on(self, day: date) -> datetime:
        """A second of the waking hours of that day."""
        return datetime.combine(day, time(5), UTC) + timedelta(seconds=int(self.between(0, 15 * 3_600)))

    def compose(self, pool: Sequence[str], sentences: int) -> str:
        """A text of that many sentences that nobody has written yet; numbered once the pool is used up."""
        for _ in range(20):
            text = " ".join(self.shuffled(pool)[:sentences])
            if text not in self._texts:
                break
        else:
            text = f"{text} ({len(self._texts)})"
        self._texts.add(text)
        return text

    def posts_of(self, author: Persona) -> list[Post]:
        """What that account has posted so far, in the order of event time."""
        return sorted(self._posts.get(author.id, []), key=lambda post: post.at)

    def retweets_of(self, author: Persona) -> list[Retweet]:
        """All retweets of that account so far, in the order of event time."""
        return sorted(self._retweets.get(author.id, []), key=lambda retweet: retweet.at)

    def has_passed_on(self, actor: Persona, post: Post) -> bool:
        """Whether `actor` has retweeted that post already; a platform lets nobody do it twice."""
        return (actor.id, post.id) in self._passed_on

    def post(
        self,
        at: datetime,
        author: Persona,
        text: str,
        *,
        lang: str = "",
        links: tuple[str, ...] = (),
        mentions: tuple[Persona, ...] = (),
        reply_to: Post | None = None,
        quotes: Post | None = None,
    ) -> Post:
        """`author` posts, answers or quotes."""
        post = Post(
            platform=_PLATFORM,
            id=self._id(at),
            at=at,
            observed_at=self._observed(at),
            actor=author.account,
            text=text,
            lang=lang or author.lang,
            links=links,
            mentions=tuple(persona.mention for persona in mentions),
            reply_to=PostRef(post_id=reply_to.id, account=reply_to.actor) if reply_to else None,
            quotes=PostRef(post_id=quotes.id, account=quotes.actor) if quotes else None,
        )
        self._posts.setdefault(author.id, []).append(post)
        self._add(post)
        return post

    def retweet(self, at: datetime, actor: Persona, post: Post) -> Retweet:
        """`actor` passes a post on."""
        retweet = Retweet(
            platform=_PLATFORM,
            id=self._id(at),
            at=at,
            observed_at=self._observed(at),
            actor=actor.account,
            subject=post.actor,
            post_id=post.id,
        )
        self._passed_on.add((actor.id, post.id))
        self._retweets.setdefault(post.actor.id, []).append(retweet)
        self._add(retweet)
        return retweet

    def follow(self, at: datetime, actor: Persona, subject: Persona, *, active: bool = True) -> None:
        """`actor` follows `subject`, or stops."""
        self._add(
            Follow(
                platform=_PLATFORM,
                id=self._id(at),
                at=at,
                observed_at=self._observed(at),
                actor=actor.account,
                subject=subject.account,
                active=active,
            )
        )

    def suspend(self, at: datetime, account: Persona, status: SuspensionStatus = "suspended") -> None:
        """The platform says that it suspended the account, or took that back."""
        self._add(
            Suspension(
                platform=_PLATFORM,
                id=self._id(at),
                at=at,
                observed_at=self._observed(at),
                actor=account.account,
                status=status,
                precision="exact",
            )
        )

    def delete(self, at: datetime, actor: Persona | None, gone: Post | Retweet) -> None:
        """A post or a retweet of `actor` is gone; with `None` only its id is told, and not whose it was."""
        self._add(
            Deletion(
                platform=_PLATFORM,
                id=self._id(at),
                at=at,
                observed_at=self._observed(at),
                post_id=gone.id,
                actor=None if actor is None else actor.mention,
            )
        )

    def profile(self, at: datetime, account: Persona, changed: tuple[str, ...] = ()) -> None:
        """A collector takes a snapshot of the account."""
        self._add(
            Profile(
                platform=_PLATFORM,
                id=self._id(at),
                at=at,
                observed_at=self._observed(at),
                actor=account.account,
                changed=changed,
            )
        )

    def _add(self, event: Event) -> None:
        self._events.append((event.observed_at or event.at, event))

    def _id(self, at: datetime) -> str:
        # Some millisecond of the event's second, some machine and sequence number.
        while True:
            moment = at + timedelta(milliseconds=int(self._random() * 1_000))
            found = snowflake(moment, rest=int(self._random() * 2**22))
            if found not in self._ids:
                self._ids.add(found)
                return found

    def _observed(self, at: datetime) -> datetime:
        # Most are seen within two minutes, some after hours, a few only by the back-fill of the next day.
        kind = self._random()
        longest, shortest = (120, 1) if kind < 0.88 else (3 * 3_600, 120) if kind < 0.97 else (22 * 3_600, 3 * 3_600)
        return at + timedelta(seconds=int(self.between(shortest, longest)))
