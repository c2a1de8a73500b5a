"""Everything that the enriched topics say of one account, put together from their records. Pure.

Of records of one thing the last is valid; the earlier ones that a topic still holds are its versions.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic, TypeVar

from msgspec import Struct

from streams.core.clock import from_us
from streams.core.dossier_parts import OfficialFigures
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.enriched_topics import EnrichedTopic
from streams.core.notifications import Acceptance, Notification
from streams.core.platforms import post_link
from streams.core.rosters.roster import RosterEntry
from streams.core.subject_event import Coordinates, subject_key
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Account, Coverage

__all__ = [
    "AmplifiedSubject",
    "CaseFile",
    "LinkedEvidence",
    "OfficialFile",
    "Unseen",
    "Version",
    "Versions",
    "acceptances_of",
    "amplified_by",
    "linked_evidence",
    "unseen_of",
]

_R = TypeVar("_R")


class Version(Struct, Generic[_R], frozen=True, kw_only=True):
    """A record as it was written, and when the broker got it; `None` where that is not known, as in files."""

    record: _R
    written_at: datetime | None


class Versions(Generic[_R]):
    """Takes the records of a topic in their order, keeps the newest `most` of each thing, and forgets a thing that was
    deleted.
    """

    def __init__(
        self, topic: EnrichedTopic, *, concerns: Callable[[_R], bool] = lambda _record: True, most: int = 1_000
    ) -> None:
        self._topic = topic
        self._most = most
        self._concerns = concerns
        self._found: dict[str, list[Version[_R]]] = {}

    def take(self, key: str, record: _R | None, written_ms: int) -> None:
        """The next record; `None` says that the one of the key is no longer there, or is about somebody else by now."""
        if record is None:
            self._found.pop(key, None)
            return
        identity = str(self._topic.identity(record))
        if not self._concerns(record):
            self._found.pop(identity, None)
            return
        written_at = from_us(written_ms * 1_000) if written_ms > 0 else None
        kept = self._found.setdefault(identity, [])
        kept.append(Version(record=record, written_at=written_at))
        del kept[: -self._most]

    def all(self) -> list[list[Version[_R]]]:
        """The versions of each thing, oldest first; things in the order of the topic's files."""
        return sorted(self._found.values(), key=lambda versions: self._topic.order(versions[-1].record))

    def last(self) -> list[_R]:
        """The valid record of each thing, in the same order."""
        return [versions[-1].record for versions in self.all()]


class LinkedEvidence(Struct, frozen=True, kw_only=True):
    """One event that an alert rests on, with who acted as far as that is known, and where people can see the post."""

    event_id: str
    kind: str
    at: datetime
    official: str | None
    handle: str | None
    source: Coordinates
    withdrawn_at: datetime | None
    link: str | None


class Unseen(Struct, frozen=True, kw_only=True):
    """What sources say that nobody saw of a platform. `reported` is whether any source says anything at all: without,
    what went unseen is not known. `gaps` are the spans that were not brought afterwards, oldest first.
    """

    reported: bool
    seen_since: datetime | None
    gaps: tuple[Coverage, ...]


class CaseFile(Struct, frozen=True, kw_only=True):
    """Everything known of one account as a subject. `alerts` have their versions, oldest first, the last one valid.

    `amplifications` are those that the topic still holds, newest first. `successor_of` are aftermaths of other accounts
    that list this one as a possible successor. `roster` are its own terms as an official, if it has any. `unseen` is
    `None` where that could not be read, as from files. So are `notifications`, by the id of the alert: an alert that is
    not among them may have been told all the same.
    """

    key: str
    account: Account
    dossier: Dossier | None
    alerts: tuple[tuple[Version[Alert], ...], ...]
    amplifications: tuple[Amplification, ...]
    aftermaths: tuple[Aftermath, ...]
    successor_of: tuple[Aftermath, ...]
    roster: tuple[RosterEntry, ...]
    unseen: Unseen | None
    notifications: dict[str, Notification] | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known of the account as a subject."""
        return self.dossier is None and not (self.alerts or self.amplifications or self.aftermaths or self.successor_of)


class AmplifiedSubject(Struct, frozen=True, kw_only=True):
    """An account that an official amplified, with the official's part in it, and the rules of its standing alerts."""

    key: str
    subject: Account
    figures: OfficialFigures
    rules: tuple[str, ...]


class OfficialFile(Struct, frozen=True, kw_only=True):
    """Everything known of one official: the terms on the roster in force, whom it amplified (most amplified first), and
    the aftermaths in which it is listed.
    """

    key: str
    account: Account
    roster: tuple[RosterEntry, ...]
    amplified: tuple[AmplifiedSubject, ...]
    aftermaths: tuple[Aftermath, ...]


def acceptances_of(case: CaseFile, alert_id: str) -> tuple[Acceptance, ...] | None:
    """When Alertmanagers first accepted which state of an alert; `None` where that is not known."""
    notification = (case.notifications or {}).get(alert_id)
    return None if notification is None else notification.accepted


def linked_evidence(
    alert: Alert, dossier: Dossier | None, amplifications: Iterable[Amplification]
) -> list[LinkedEvidence]:
    """The events that an alert lists, newest first, with handles from the dossier and the retained amplifications."""
    handles = {each.id: each.handle for each in (() if dossier is None else dossier.officials)}
    handles |= {each.official.id: each.official.handle for each in amplifications if each.official.handle}
    posts = {each.id: each.post_id for each in amplifications}
    found = []
    for each in alert.evidence:
        handle = None if each.official is None else handles.get(each.official)
        link = None
        if each.kind in ("retweet", "quote"):
            link = post_link(alert.platform, each.official, handle, each.event_id)
            if link is None and (post := posts.get(each.event_id)) is not None:  # a repost has no page of its own
                link = post_link(alert.platform, alert.subject.id, alert.subject.handle, post)
        found.append(
            LinkedEvidence(
                event_id=each.event_id,
                kind=each.kind,
                at=each.at,
                official=each.official,
                handle=handle,
                source=each.source,
                withdrawn_at=each.withdrawn_at,
                link=link,
            )
        )
    return sorted(found, key=lambda each: (each.at, each.event_id), reverse=True)


def amplified_by(
    platform: str, is_meant: Callable[[OfficialFigures], bool], dossiers: Iterable[Dossier], alerts: Iterable[Alert]
) -> list[AmplifiedSubject]:
    """Whom an official amplified, by the dossiers that list it: at most 500 officials of an account are listed."""
    rules: dict[str, set[str]] = {}
    for alert in alerts:
        if alert.status != "retracted":
            rules.setdefault(subject_key(alert.platform, alert.subject.id), set()).add(alert.rule)
    found = []
    for dossier in dossiers:
        key = subject_key(dossier.platform, dossier.subject.id)
        if dossier.platform == platform:
            found += [
                AmplifiedSubject(
                    key=key, subject=dossier.subject, figures=each, rules=tuple(sorted(rules.get(key, ())))
                )
                for each in dossier.officials
                if is_meant(each)
            ]
    return sorted(found, key=lambda each: (-each.figures.retweets - each.figures.quotes, each.key))


def unseen_of(platform: str, records: Sequence[Coverage], since: datetime | None, until: datetime | None) -> Unseen:
    """What of a platform went unseen from `since` to `until` (`None`: no bound), by all records of `coverage`."""
    last = {record.id: record for record in records if record.platform == platform}
    starts = [record.since for record in last.values() if record.seen]
    gaps = [
        record
        for record in last.values()
        if not record.seen
        and record.closed_by is None
        and (until is None or record.since is None or record.since < until)
        and (since is None or record.until is None or record.until > since)
    ]
    return Unseen(
        reported=bool(last),
        seen_since=None if None in starts else min((start for start in starts if start is not None), default=None),
        gaps=tuple(sorted(gaps, key=lambda gap: (gap.since is not None, gap.since or gap.at, gap.id))),
    )
