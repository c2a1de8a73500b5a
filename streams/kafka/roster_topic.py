"""The roster on the broker: what is in force there, and putting another in its place."""

import asyncio
from collections.abc import Sequence
from typing import Final, TypeAlias

from aiokafka import AIOKafkaProducer
from msgspec import Struct

from streams.core.evidence_records import roster_evidence
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.rosters.roster_log import Manifest, RosterLog, RosterRecordError, publication
from streams.kafka.client import started_producer
from streams.kafka.evidence_writing import send_evidence
from streams.kafka.failures import BrokerError
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.topic_names import OFFICIALS

__all__ = ["PublishedRoster", "RosterChange", "keep_roster", "publish_roster", "published_roster", "roster_change"]

_ON_THE_WAY: Final = 1_000  # records sent before the acknowledgements are awaited

_Record: TypeAlias = tuple[bytes, bytes | None]


class PublishedRoster(Struct, frozen=True, kw_only=True):
    """What stands on the topic: the roster in force (`None`: none) with its manifest, all keys with a value, and how
    many records are none of ours.
    """

    roster: Roster | None
    manifest: Manifest | None
    keys: frozenset[str]
    foreign: int


class RosterChange(Struct, frozen=True, kw_only=True):
    """What a publication changes, by account key: an account is `changed` if any of its terms differs."""

    before: str | None
    after: str
    entries: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def is_none(self) -> bool:
        """Whether that very roster is in force already."""
        return self.before == self.after


async def published_roster(settings: Settings) -> PublishedRoster:
    """Read the topic. Raises `BrokerError`."""
    log = RosterLog()
    keys: set[str] = set()
    foreign = 0
    async for record in read_topic(settings, OFFICIALS):
        key = record.key or b""
        try:
            log.apply(key, record.value)
        except RosterRecordError:
            foreign += record.value is not None
        try:
            text = key.decode()
        except UnicodeDecodeError:
            continue  # no publication can name such a key, so none can remove it
        if record.value is None:
            keys.discard(text)
        elif text:
            keys.add(text)
    return PublishedRoster(roster=log.roster, manifest=log.manifest, keys=frozenset(keys), foreign=foreign)


def roster_change(before: Roster | None, after: Roster) -> RosterChange:
    """How two rosters differ, account by account."""
    old, new = _terms(before), _terms(after)
    return RosterChange(
        before=None if before is None else before.digest,
        after=after.digest,
        entries=len(after.entries),
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(key for key in old.keys() & new.keys() if old[key] != new[key])),
    )


async def keep_roster(settings: Settings, roster: Roster, reason: str = "") -> None:
    """Write the roster to `evidence` alone; what is in force stays. Raises `BrokerError`."""
    async with started_producer(settings) as client:
        await send_evidence(client, settings, list(roster_evidence(roster, reason)))


async def publish_roster(
    settings: Settings,
    roster: Roster,
    reason: str = "",
    *,
    correction: bool = False,
    shown: RosterChange | None = None,
) -> RosterChange:
    """Put the roster in force for every worker, and read it back to be sure. `reason` says why, `correction` that it
    puts the one before right; both stay with the roster. `shown` is the change that somebody agreed to.

    The accounts are acknowledged before the manifest is written, and the manifest before anything older is removed: an
    interruption leaves the old roster in force. It is kept as evidence before it is in force, and also where that very
    roster is in force already, when nothing else is written. Raises `BrokerError`, also where another roster came into
    force since the change was `shown`.
    """
    published = await published_roster(settings)
    change = roster_change(published.roster, roster)
    if shown is not None and shown.before != change.before:
        raise BrokerError(
            f"another roster came into force on {settings.topic(OFFICIALS)} meanwhile",
            remedy="look at what it changes, and publish again",
        )
    if change.is_none and not reason and published.manifest is not None:  # what was said of it stays
        reason, correction = published.manifest.reason, published.manifest.correction
    records = publication(published.keys, roster, reason, correction=correction)
    manifest = next(n for n, (key, _) in enumerate(records) if key.endswith(b"/roster"))
    async with started_producer(settings) as client:
        await send_evidence(client, settings, list(roster_evidence(roster, reason, correction=correction)))
        if change.is_none:
            return change
        for stage in (records[:manifest], records[manifest : manifest + 1], records[manifest + 1 :]):
            await _write(client, settings.topic(OFFICIALS), stage)
    in_force = (await published_roster(settings)).roster
    if in_force != roster:
        raise BrokerError(
            f"the roster was written to {settings.topic(OFFICIALS)}, but another one is in force",
            remedy="somebody published at the same time: agree on one roster and publish it again",
        )
    return change


async def _write(client: AIOKafkaProducer, topic: str, records: Sequence[_Record]) -> None:
    """Send the records in order; returns when the broker has acknowledged all of them."""
    for begin in range(0, len(records), _ON_THE_WAY):
        part = records[begin : begin + _ON_THE_WAY]
        # One partition, always: the order of the records is what makes a publication whole.
        await asyncio.gather(*[await client.send(topic, value, key=key, partition=0) for key, value in part])


def _terms(roster: Roster | None) -> dict[str, list[RosterEntry]]:
    terms: dict[str, list[RosterEntry]] = {}
    for entry in roster.entries if roster is not None else ():
        terms.setdefault(entry.account_key, []).append(entry)
    return terms
