"""Which evidence has served its time: old, and nothing that a living alert rests on. Pure: time is passed in.

An alert *lives* from the moment it is written until so long after it expired, or after its last version. Rosters and
rules are always kept: any alert may name them.
"""

from collections.abc import Iterable, Mapping, Set
from typing import Final

from msgspec import Struct

from streams.core.clock import DAY_US, to_us
from streams.core.enriched import Alert
from streams.core.evidence import EvidenceEntry, EvidenceKey
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_figures import AFTERMATH_FIGURES
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account, AccountEvent, Coverage, Deletion, Event, Follow, Post, Retweet, decode_event
from streams.refusal import DECODE_ERRORS

__all__ = ["DeletedPosts", "Held", "Retention", "accounts_of", "held_by", "named_accounts", "names"]

# A figure that every alert on an aftermath has, and no other.
_OF_AFTERMATHS: Final = next(iter(AFTERMATH_FIGURES))


class Held(Struct, frozen=True, kw_only=True):
    """What living alerts rest on: their ids, the `platform:id` of their subjects, and for those on an aftermath the
    spans (platform, from, to; µs) of which everything counts, whoever it is by.
    """

    alerts: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    spans: tuple[tuple[str, int, int], ...] = ()


def held_by(alerts: Iterable[tuple[Alert, int]], now_us: int, kept_days: int, policy: WatchPolicy) -> Held:
    """What the living among these rest on: each with the time (µs) at which its last version was written."""
    living = [alert for alert, written_us in alerts if _lives(alert, written_us, now_us, kept_days * DAY_US)]
    around_us = (policy.baseline_days + policy.watch_days + 1) * DAY_US
    return Held(
        alerts=frozenset(alert.id for alert in living),
        subjects=frozenset(subject_key(alert.platform, alert.subject.id) for alert in living),
        spans=tuple(
            sorted(
                {
                    (alert.platform, to_us(alert.fired_at) - around_us, to_us(alert.expires_at))
                    for alert in living
                    if _OF_AFTERMATHS in alert.figures
                }
            )
        ),
    )


def _lives(alert: Alert, written_us: int, now_us: int, kept_us: int) -> bool:
    ended_us = written_us if alert.status == "retracted" else max(written_us, to_us(alert.expires_at))
    return ended_us + kept_us > now_us


class Retention:
    """Takes every entry of the topic twice: `meet` all of them first, then `consider` all of them.

    Raw events of the platforms in `by_platform` are kept for those days, all else for `kept_days`.
    """

    def __init__(self, held: Held, now_us: int, kept_days: int, by_platform: Mapping[str, int] | None = None) -> None:
        self.rests = 0
        self._held = held
        self._before_us = now_us - kept_days * DAY_US
        self._platforms = {name: now_us - days * DAY_US for name, days in (by_platform or {}).items()}
        self._posts: set[tuple[str, str]] = set()
        self._markers: set[EvidenceKey] = set()
        self._due: dict[EvidenceKey, int] = {}
        self._back: dict[EvidenceKey, EvidenceEntry] = {}
        self._marks: dict[EvidenceKey, EvidenceEntry] = {}

    def meet(self, entry: EvidenceEntry) -> None:
        """Note what others rest on: a deletion on the post that it takes back."""
        if entry.marker:
            self._markers.add(entry.key)
        if entry.value is None or entry.key.kind != "event" or not self._is_old(entry):
            return
        event = _event_of(entry)
        if event is not None and not isinstance(event, Deletion) and self._is_about_held(event):
            self._posts.add((event.platform, event.id))

    def consider(self, entry: EvidenceEntry) -> None:
        """Note whether the entry is due; a later one of its key decides anew."""
        key = entry.key
        if entry.marker:
            self._marks[key] = entry
            return
        self._due.pop(key, None)
        self._back.pop(key, None)
        if entry.value is None:
            return
        if key in self._markers:
            self._back[key] = entry
        elif self._is_old(entry):
            if self._is_held(entry):
                self.rests += 1
            else:
                self._due[key] = len(entry.value)

    @property
    def withheld(self) -> Set[EvidenceKey]:
        """What is withheld already."""
        return self._markers

    def due(self) -> dict[EvidenceKey, int]:
        """What may go, with the bytes of each."""
        return self._due

    def come_back(self) -> list[tuple[EvidenceEntry, str]]:
        """What is withheld and was written again, with the reason for which it is withheld."""
        return [(entry, self._marks[key].withheld) for key, entry in self._back.items()]

    def _is_old(self, entry: EvidenceEntry) -> bool:
        if entry.key.kind in ("roster", "rules"):
            return False
        since_us = entry.received_at if entry.received_at is not None else entry.written_ms * 1_000
        before_us = self._before_us
        if entry.key.kind == "event":
            before_us = self._platforms.get(entry.key.platform, before_us)
        return since_us < before_us

    def _is_held(self, entry: EvidenceEntry) -> bool:
        if entry.key.kind == "alert":
            return entry.key.id in self._held.alerts
        event = _event_of(entry)
        if event is None:
            return False
        if isinstance(event, Deletion) and (event.platform, event.post_id) in self._posts:
            return True
        return self._is_about_held(event) or self._is_within_span(event)

    def _is_about_held(self, event: Event) -> bool:
        return not self._held.subjects.isdisjoint(accounts_of(event))

    def _is_within_span(self, event: Event) -> bool:
        since_us = until_us = to_us(event.at)
        if isinstance(event, Coverage):
            since_us = 0 if event.since is None else to_us(event.since)
            until_us = 2**63 if event.until is None else to_us(event.until)
        return any(
            event.platform == platform and since_us <= end_us and until_us >= begin_us
            for platform, begin_us, end_us in self._held.spans
        )


class DeletedPosts:
    """Which evidence brings posts that are gone, of platforms on which nobody may keep such posts.

    Told of every deletion that is known (`note`), it says of each entry whether that brings the post, or passes it on.
    """

    def __init__(self, platforms: frozenset[str]) -> None:
        self._platforms = platforms
        self._gone: set[tuple[str, str]] = set()

    def note(self, event: Event) -> None:
        """Note a post that is gone."""
        if isinstance(event, Deletion) and event.platform in self._platforms:
            self._gone.add((event.platform, event.post_id))

    def meet(self, entry: EvidenceEntry) -> None:
        """Note the deletion that an entry is, if it is one."""
        if entry.value is not None and entry.key.event_kind == "deletion":
            event = _event_of(entry)
            if event is not None:
                self.note(event)

    def brought_by(self, entry: EvidenceEntry) -> bool:
        """Whether the entry has a post that is gone."""
        key = entry.key
        if entry.value is None or key.event_kind not in ("post", "retweet") or key.platform not in self._platforms:
            return False
        event = _event_of(entry)
        if not isinstance(event, Post | Retweet):
            return False
        posts = [event.id, *filter(None, [event.post_id if isinstance(event, Retweet) else None])]
        return any((event.platform, post_id) in self._gone for post_id in posts)


def _event_of(entry: EvidenceEntry) -> Event | None:
    """The raw event; `None` for bytes that SCREEN did not pass."""
    try:
        return decode_event(entry.value or b"")
    except DECODE_ERRORS:
        return None


def names(entry: EvidenceEntry, account: str) -> bool:
    """Whether an entry is a raw event that names the account (`platform:id`)."""
    event = _event_of(entry)
    return event is not None and account in accounts_of(event)


def accounts_of(event: Event) -> set[str]:
    """The `platform:id` of every account that an event names, whatever its part."""
    if isinstance(event, Coverage):
        return {subject_key(event.platform, official) for official in event.officials or ()}
    return {subject_key(event.platform, account.id) for account in named_accounts(event)}


def named_accounts(event: AccountEvent) -> list[Account]:
    """Every account that an event names, as it names it."""
    accounts: list[Account | None] = [event.actor]
    if isinstance(event, Retweet | Follow):
        accounts.append(event.subject)
    if isinstance(event, Post):
        accounts += event.mentions
        accounts += [part.account for part in (event.quotes, event.reply_to) if part is not None]
    return [account for account in accounts if account is not None]
