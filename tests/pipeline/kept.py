"""What must be true of the topic `evidence` once everything is through: all that was counted is there, and no more."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any

import msgspec

from streams.core.enriched import Alert
from streams.core.evidence import EvidenceEntry, EvidenceKey, EvidenceRecordError, event_key
from streams.core.evidence_records import roster_of
from streams.core.rule_files.rule_file import parse_rules
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import Screening, ScreenOutcome, ScreenPolicy
from streams.events import RAW_TOPICS, Deletion, decode_event
from streams.kafka.evidence_reading import kept_evidence
from streams.kafka.reading import read_topic
from streams.settings import Settings
from tests.core.evidence_checks import is_intact
from tests.core.screening.one_record import screen_record

__all__ = ["evidence_flaws"]

_KINDS = {"retweet": "retweet", "quote": "post", "suspension": "suspension", "deletion": "deletion"}


async def evidence_flaws(
    settings: Settings, known: AccountIndex, now_us: int, known_before: Sequence[AccountIndex] = ()
) -> dict[str, tuple[int, list[str]]]:
    """By what was compared: how much, and what is wrong. `known` is whom SCREEN knew in the end: each event by one of
    these came by, or came by again, when it did. Whom it had known before may have passed as well.
    """
    kept = await kept_evidence(settings)
    passed: set[EvidenceKey] = set()
    may_have_passed: set[EvidenceKey] = set()
    for topic in RAW_TOPICS.values():
        async for record in read_topic(settings, topic):
            for accounts, found in ((known, passed), *((each, may_have_passed) for each in known_before)):
                if (key := _passing(record, topic, accounts, now_us)) is not None:
                    found.add(key)
    events = {key for key in kept if key.kind == "event"}
    flaws = {
        "events kept": (
            len(passed),
            [f"{key!s:.200} is missing" for key in passed - events]
            + [f"{key!s:.200} did not pass" for key in events - passed - may_have_passed],
        ),
        "evidence intact": (len(kept), [f"{key!s:.200}" for key, entry in kept.items() if not is_intact(entry)]),
    }
    by_id = set(_named(kept))
    alerts = 0
    wrong: list[str] = []
    async for record in read_topic(settings, "alerts"):
        alerts += 1
        wrong += _flaws_of(record.value or b"", kept, by_id)
    versions = [
        msgspec.json.decode(entry.value or b"", type=Alert) for key, entry in kept.items() if key.kind == "alert"
    ]
    unresolved = [flaw for version in versions for flaw in _unresolved(version, kept)]
    return flaws | {
        "alerts proved": (alerts, wrong + _digests(kept)),
        "versions of alerts": (len(versions), unresolved),
    }


def _passing(record: Any, topic: str, known: AccountIndex, now_us: int) -> EvidenceKey | None:
    """The key of a raw record that passes SCREEN."""
    value = record.value or b""
    screening = screen_record(value, topic, record.partition, record.offset, known, now_us, ScreenPolicy())
    if not isinstance(screening, Screening) or screening.outcome is ScreenOutcome.CANARY:
        return None
    if not screening.events and not screening.country_events:
        return None
    return event_key(decode_event(value), sha256(value).hexdigest())


def _named(kept: Mapping[EvidenceKey, EvidenceEntry]) -> Iterator[tuple[str, str, str]]:
    """What an alert may name: platform, kind and id of events, and of a deletion the id of the post."""
    for key, entry in kept.items():
        yield key.platform, key.event_kind, key.id
        if key.event_kind == "deletion" and entry.value is not None:
            deletion = decode_event(entry.value)
            assert isinstance(deletion, Deletion)
            yield key.platform, key.event_kind, deletion.post_id


def _flaws_of(value: bytes, kept: Mapping[EvidenceKey, EvidenceEntry], by_id: set[tuple[str, str, str]]) -> list[str]:
    alert = msgspec.json.decode(value, type=Alert)
    flaws = []
    if EvidenceKey("alert", sha256(value).hexdigest(), id=alert.id) not in kept:
        flaws.append(f"a version of {alert.id} is missing")
    flaws += [
        f"{alert.id} rests on the {item.kind} {item.event_id:.100}, which is missing"
        for item in alert.evidence
        if (alert.platform, _KINDS[item.kind], item.event_id) not in by_id
    ]
    return flaws + _unresolved(alert, kept)


def _unresolved(alert: Alert, kept: Mapping[EvidenceKey, EvidenceEntry]) -> list[str]:
    """The digests of an alert that name nothing."""
    flaws = []
    if not any(key.kind == "roster" and key.digest == alert.roster_digest for key in kept):
        flaws.append(f"{alert.id} names the roster {alert.roster_digest}, which is missing")
    if not any(alert.rule_digest in entry.rule_digests for entry in kept.values()):
        flaws.append(f"{alert.id} names the rule {alert.rule_digest}, which is missing")
    return flaws


def _digests(kept: Mapping[EvidenceKey, EvidenceEntry]) -> list[str]:
    """What is wrong with rosters and rules."""
    flaws = []
    rosters: dict[str, list[EvidenceEntry]] = {}
    for key, entry in kept.items():
        if key.kind == "roster":
            rosters.setdefault(key.digest, []).append(entry)
        if key.kind == "rules":
            rules: Any = parse_rules((entry.value or b"").decode(), str(key))
            if (rules.digest, tuple(rule.digest for rule in rules.rules)) != (key.digest, entry.rule_digests):
                flaws.append(f"{key} are other rules")
    for digest, chunks in rosters.items():
        try:
            roster_of(chunks)
        except EvidenceRecordError as error:
            flaws.append(f"{digest}: {error}")
    return flaws
