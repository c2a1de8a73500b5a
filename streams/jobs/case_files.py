"""Finds accounts in the enriched topics and reads what is known of them: from Kafka, or from a folder of files.

By key where the key is known: one partition of each topic that is keyed by subject. By a scan where only a handle is.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec
from msgspec import Struct

from streams.core.account_query import AccountQuery
from streams.core.case_file import CaseFile, OfficialFile, Version, Versions, amplified_by, unseen_of
from streams.core.clock import FIRST_US, from_us
from streams.core.dossier_parts import OfficialFigures
from streams.core.enriched import Alert, Amplification, Dossier
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.core.notifications import Notification, decode_notification
from streams.core.officials import Official
from streams.core.rosters.roster import Roster, RosterEntry
from streams.core.subject_event import subject_key
from streams.core.watching.aftermath_records import Aftermath, AftermathOfficial
from streams.events import Account, Coverage, decode_event
from streams.kafka.enriched_log import EnrichedLog, StoredRecord
from streams.refusal import DECODE_ERRORS
from streams.topic_names import AFTERMATHS, ALERTS, AMPLIFICATIONS, COVERAGE, DOSSIERS, EVIDENCE, NOTIFICATIONS

__all__ = ["CaseFiles", "Match", "Records", "record_of"]

_TOPICS: Final = {topic.name: topic for topic in ENRICHED_TOPICS}
_DECODERS: Final = {topic.name: msgspec.json.Decoder(topic.record) for topic in ENRICHED_TOPICS}
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Records(Protocol):
    """Where enriched records are read: a topic's, in order, or those of one key."""

    @property
    def looked_at(self) -> int:
        """Records looked at so far."""

    def read(self, topic: str, key: str | None = None) -> AsyncGenerator[StoredRecord, None]:
        """The records of a topic."""


class Match(Struct, frozen=True, kw_only=True):
    """An account that was asked for: what its dossier or else the roster says of it, and its terms on the roster. Where
    the roster knows a handle alone, the key is `platform:@handle`.
    """

    key: str
    account: Account
    is_subject: bool
    roster: tuple[RosterEntry, ...] = ()


class _Head(Struct, frozen=True):
    platform: str
    subject: Account


class _ByOfficial(Struct, frozen=True):
    platform: str
    official: Official


_decode_alert: Final = msgspec.json.Decoder(Alert).decode
_decode_official: Final = msgspec.json.Decoder(_ByOfficial).decode
_decode_head: Final = msgspec.json.Decoder(_Head).decode


def record_of(stored: StoredRecord) -> Any:
    """The record, `None` where it says that the key was deleted. Raises `ValueError` where it is none of ours."""
    if stored.value is None:
        return None
    try:
        return _DECODERS[stored.topic].decode(stored.value)
    except _UNREADABLE as error:
        raise ValueError(f"{stored.topic}/{stored.partition}@{stored.offset}: {error}") from error


class CaseFiles:
    """Answers from `records`, with the `roster` in force. `unreadable` counts records that are none of ours."""

    def __init__(self, records: Records, roster: Roster | None) -> None:
        self._records = records
        self._roster = roster
        self.unreadable = 0

    async def find(self, wanted: AccountQuery) -> list[Match]:
        """The accounts that can be meant, those of the roster among them, by key. Empty where none is known."""
        found: dict[str, Match] = {}
        if wanted.record_id is not None:
            for topic in ("alerts", "aftermaths"):
                async for record in self._valid(topic, key=wanted.record_id):
                    key = subject_key(record.platform, record.subject.id)
                    found[key] = Match(key=key, account=record.subject, is_subject=True)
        for key in wanted.keys:
            async for dossier in self._valid(DOSSIERS, key=key):
                found[key] = Match(key=key, account=dossier.subject, is_subject=True)
        if not found and (wanted.handle is not None or wanted.account_id is not None):
            await self._scan(wanted, found)
        for entry in () if self._roster is None else self._roster.entries:
            self._meet(entry, wanted, found)
        if not found:  # an official may have left the roster, and files have none
            await self._scan_officials(wanted, found)
        return [found[key] for key in sorted(found)]

    async def case_file(self, match: Match, *, kept_versions: bool = False) -> CaseFile:
        """Everything known of one account as a subject; with `kept_versions` every version of its alerts, for
        which the whole of `evidence` is read.
        """
        key = match.key
        platform, _, account_id = key.partition(":")
        needle = _json_text(account_id)

        def is_about(record: Alert | Aftermath) -> bool:
            return record.platform == platform and record.subject.id == account_id

        def is_successor(record: Aftermath) -> bool:
            return record.platform == platform and any(
                each.subject.id == account_id for each in record.possible_successors
            )

        dossiers = Versions[Dossier](_TOPICS[DOSSIERS])
        await self._take(DOSSIERS, dossiers, key=key)
        dossier = next(iter(dossiers.last()), None)
        amplifications = Versions[Amplification](_TOPICS[AMPLIFICATIONS])
        await self._take(AMPLIFICATIONS, amplifications, key=key)
        alerts = Versions[Alert](_TOPICS[ALERTS], concerns=is_about)
        await self._take(ALERTS, alerts, needle=needle)
        aftermaths = Versions[Aftermath](_TOPICS[AFTERMATHS], concerns=lambda r: is_about(r) or is_successor(r))
        await self._take(AFTERMATHS, aftermaths, needle=needle)
        unseen = None
        if isinstance(self._records, EnrichedLog):
            since = None if dossier is None else dossier.first_amplified_at
            unseen = unseen_of(platform, await self._coverage(platform), since, None)
        return CaseFile(
            key=key,
            account=match.account,
            dossier=dossier,
            alerts=tuple(map(tuple, await self._kept_versions(alerts.all()) if kept_versions else alerts.all())),
            amplifications=tuple(reversed(amplifications.last())),
            aftermaths=tuple(each for each in aftermaths.last() if is_about(each)),
            successor_of=tuple(each for each in aftermaths.last() if not is_about(each)),
            roster=match.roster,
            unseen=unseen,
            notifications=await self._notifications({versions[-1].record.id for versions in alerts.all()}),
        )

    async def official_file(self, match: Match) -> OfficialFile:
        """Everything known of one account as an official."""
        platform, _, account_id = match.key.partition(":")
        handle = match.account.handle if account_id.startswith("@") else None
        needle = _json_text(account_id) if handle is None else b""

        def is_meant(each: OfficialFigures | AftermathOfficial) -> bool:
            return each.id == account_id or (
                handle is not None and each.handle is not None and each.handle.casefold() == handle.casefold()
            )

        dossiers = Versions[Dossier](_TOPICS[DOSSIERS])
        await self._take(DOSSIERS, dossiers, needle=needle)
        alerts = Versions[Alert](_TOPICS[ALERTS])
        await self._take(ALERTS, alerts)
        aftermaths = Versions[Aftermath](_TOPICS[AFTERMATHS], concerns=lambda each: any(map(is_meant, each.officials)))
        await self._take(AFTERMATHS, aftermaths, needle=needle)
        return OfficialFile(
            key=match.key,
            account=match.account,
            roster=match.roster,
            amplified=tuple(amplified_by(platform, is_meant, dossiers.last(), alerts.last())),
            aftermaths=tuple(each for each in aftermaths.last() if each.platform == platform),
        )

    async def _take(self, topic: str, versions: Versions[Any], *, key: str | None = None, needle: bytes = b"") -> None:
        """Feed the records of a topic: those of a key, or those whose bytes hold the needle. Of a compacted topic alone
        a needle may be wanted: there a later record without it takes the place of an earlier one with it.
        """
        async with aclosing(self._records.read(topic, key)) as stream:
            async for stored in stream:
                own = stored.key.decode("utf-8", "replace")
                try:
                    held = stored.value is not None and needle in stored.value
                    versions.take(own, record_of(stored) if held else None, stored.written_ms)
                except ValueError:
                    self.unreadable += 1

    async def _valid(self, topic: str, *, key: str) -> AsyncGenerator[Any, None]:
        versions = Versions[Any](_TOPICS[topic])
        await self._take(topic, versions, key=key)
        for record in versions.last()[-1:]:
            yield record

    async def _scan(self, wanted: AccountQuery, found: dict[str, Match]) -> None:
        """Look through all dossiers. The last record of a key decides: who is called otherwise by now is not found."""
        handle = wanted.handle or ""
        needle = _json_text(handle).lower() if handle.isascii() else b""
        ending = None if wanted.account_id is None else f":{wanted.account_id}".encode()
        async with aclosing(self._records.read(DOSSIERS)) as stream:
            async for stored in stream:
                by_id = ending is not None and stored.key.endswith(ending)
                if stored.value is None or not (by_id or needle in stored.value.lower()):
                    if found:
                        found.pop(stored.key.decode("utf-8", "replace"), None)
                    continue
                try:
                    head = _decode_head(stored.value)
                except _UNREADABLE:
                    self.unreadable += 1
                    continue
                key = subject_key(head.platform, head.subject.id)
                is_meant = head.subject.id == wanted.account_id or wanted.is_handle(head.subject.handle)
                if is_meant and wanted.platform in (None, head.platform):
                    found[key] = Match(key=key, account=head.subject, is_subject=True)
                else:
                    found.pop(key, None)

    async def _scan_officials(self, wanted: AccountQuery, found: dict[str, Match]) -> None:
        """Look through the amplifications for whoever made them."""
        async with aclosing(self._records.read(AMPLIFICATIONS)) as stream:
            async for stored in stream:
                try:
                    head = _decode_official(stored.value or b"")
                except _UNREADABLE:
                    self.unreadable += stored.value is not None
                    continue
                official, key = head.official, subject_key(head.platform, head.official.id)
                is_meant = key in wanted.keys or official.id == wanted.account_id or wanted.is_handle(official.handle)
                if is_meant and wanted.platform in (None, head.platform):
                    account = Account(id=official.id, handle=official.handle, name=official.name)
                    found[key] = Match(key=key, account=account, is_subject=False)

    def _meet(self, entry: RosterEntry, wanted: AccountQuery, found: dict[str, Match]) -> None:
        """Note a term on the roster, if it is of an account that is meant."""
        key = entry.account_key
        if entry.account_id is None and entry.handle is not None:  # the account may be known with its id by now
            key = next((each.key for each in found.values() if _is_called(each, entry)), key)
        is_meant = key in wanted.keys or (entry.account_id is not None and entry.account_id == wanted.account_id)
        if key in found or ((is_meant or wanted.is_handle(entry.handle)) and wanted.platform in (None, entry.platform)):
            account = Account(id=entry.account_id or f"@{entry.handle}", handle=entry.handle, name=entry.name)
            known = found.get(key, Match(key=key, account=account, is_subject=False))
            terms = sorted((*known.roster, entry), key=lambda each: each.valid_from_us or FIRST_US)
            found[key] = msgspec.structs.replace(known, roster=tuple(terms))

    async def _kept_versions(self, alerts: list[list[Version[Alert]]]) -> list[list[Version[Alert]]]:
        """The versions of each alert with those that the topic holds no more: `evidence` has each once."""
        kept: dict[str, dict[bytes, Version[Alert]]] = {versions[-1].record.id: {} for versions in alerts}
        async with aclosing(self._records.read(EVIDENCE)) as stream:
            async for stored in stream:
                kind, _, rest = stored.key.partition(b"/")
                alert_id = rest.partition(b"/")[0].decode("ascii", "replace")
                if kind != b"alert" or alert_id not in kept or not stored.value:  # withheld: nobody may see it
                    continue
                try:
                    record = _decode_alert(stored.value)
                except _UNREADABLE:
                    self.unreadable += 1
                    continue
                written_at = from_us(stored.written_ms * 1_000)
                kept[alert_id].setdefault(stored.value, Version(record=record, written_at=written_at))
        merged = []
        for versions in alerts:
            earlier = kept[versions[-1].record.id].values()
            known = [version.record for version in versions]
            merged.append([*(each for each in earlier if each.record not in known), *versions])
            merged[-1].sort(key=lambda each: each.written_at or datetime.min.replace(tzinfo=UTC))
        return merged

    async def _notifications(self, alert_ids: set[str]) -> dict[str, Notification] | None:
        if not isinstance(self._records, EnrichedLog) or not self._records.has(NOTIFICATIONS):
            return None
        found: dict[str, Notification] = {}
        async with aclosing(self._records.read(NOTIFICATIONS)) as stream:
            async for stored in stream:
                alert_id = stored.key.decode("ascii", "replace")
                if alert_id not in alert_ids:
                    continue
                found.pop(alert_id, None)
                try:
                    notification = None if stored.value is None else decode_notification(stored.value)
                except DECODE_ERRORS:
                    self.unreadable += 1
                    continue
                if notification is not None:
                    found[alert_id] = notification
        return found

    async def _coverage(self, platform: str) -> list[Coverage]:
        found = []
        async with aclosing(self._records.read(COVERAGE)) as stream:
            async for stored in stream:
                try:
                    event = decode_event(stored.value or b"")
                except _UNREADABLE:
                    self.unreadable += stored.value is not None
                    continue
                if isinstance(event, Coverage) and event.platform == platform:
                    found.append(event)
        return found


def _is_called(match: Match, entry: RosterEntry) -> bool:
    handle = match.account.handle
    return (
        match.key.startswith(f"{entry.platform}:")
        and None not in (handle, entry.handle)
        and str(handle).casefold() == str(entry.handle).casefold()
    )


def _json_text(text: str) -> bytes:
    """The text as it stands within a JSON string that we wrote."""
    return msgspec.json.encode(text)[1:-1]
