"""A proof from a broker: what was published is on the enriched topics, and what it rests on is on `evidence`.

Reads committed records outside any group, each topic once, and writes nothing to it.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.core.clock import to_us
from streams.core.enriched import Alert
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.core.evidence import EvidenceEntry, EvidenceFold, EvidenceKey
from streams.core.evidence_records import roster_of
from streams.core.rosters.roster import Roster, handle_key
from streams.core.rosters.roster_text import roster_text
from streams.core.rule_files.rule_file import parse_rules
from streams.core.screening.account_index import AccountIndex
from streams.core.subject_event import Coordinates, subject_key
from streams.core.tracked import decode_tracked
from streams.errors import InputError
from streams.events import EventKind, decode_event
from streams.jobs.scratch import scratch_folder
from streams.kafka.enriched_log import EnrichedLog, open_log
from streams.kafka.evidence_reading import read_evidence
from streams.kafka.reading import read_topic
from streams.printable import printable
from streams.proofs.building import is_on_aftermath
from streams.proofs.closure import Closure, Reach, Received, events_under
from streams.proofs.finding import Proof, smallest_proof
from streams.proofs.layout import IndexedEvent
from streams.proofs.material import KeptEvent, ProofMaterial, rosters_that_fit
from streams.proofs.proof_target import ProofTarget, RecordsByTopic, target_in
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import AFTERMATHS, ALERTS, DOSSIERS, TRACKED_ACCOUNTS

__all__ = ["proof_of_topics"]

_LENGTH_BYTES: Final = 4
_NO_ROSTER: Final = "put it back with `antiphon roster keep FILE`, or name files and their roster"


async def proof_of_topics(
    settings: Settings, what: str, *, redact: bool = False, progress: Callable[[int], None] | None = None
) -> Proof:
    """The proof of an alert (its id or the beginning of one) or a subject (`platform:id` or `@handle`).

    Raises `InputError` where nothing of it was published or its roster or rules are not kept, and `BrokerError`.
    """
    async with open_log(settings) as log:
        wanted = target_in(await _published(log, what), what)
    known = AccountIndex()
    with scratch_folder() as folder, _Spool(folder / "events") as spool:
        kept = EvidenceFold()
        async for entry in read_evidence(settings, _is_needed(wanted), progress):
            if entry.key.kind == "event":
                spool.take(entry)
            else:
                kept.apply(entry)
        entries = kept.entries()
        roster = _roster(entries, wanted)
        rules_toml = _rules(entries, wanted)
        async for record in read_topic(settings, TRACKED_ACCOUNTS):
            if record.value is not None:
                known.add(decode_tracked(record.value))
        wanted = msgspec.structs.replace(
            wanted, published=msgspec.structs.replace(wanted.published, versions=_versions(entries, wanted))
        )
        others = _other_rosters(entries, wanted, roster)
        rules = parse_rules(rules_toml.decode("utf-8-sig"), "the rules of the evidence")
        on_aftermath = any(is_on_aftermath(alert.rule, rules) for alert, _ in wanted.published.alerts)

        def material(reach: Reach) -> ProofMaterial:
            events = _closure(wanted, known, (roster, *others), reach, spool)
            last_us = max((to_us(each.index.at) for each in events if each.index.at is not None), default=0)
            return ProofMaterial(
                about=wanted.about,
                platform=wanted.platform,
                subject_id=wanted.subject_id,
                published=wanted.published,
                events=events,
                roster_csv=roster_text(roster),
                rules_toml=rules_toml,
                read_up_to_us=spool.newest_us if on_aftermath else last_us,
                other_rosters={each.digest: roster_text(each) for each in others},
            )

        least = Reach.COUNTRIES if on_aftermath else Reach.SUBJECT
        return smallest_proof(material, least=least, redact=redact)


async def _published(log: EnrichedLog, what: str) -> RecordsByTopic:
    """What may be meant: all alerts and aftermaths, and the dossiers that may be the subject's."""
    records: dict[str, list[tuple[Any, bytes]]] = {topic.name: [] for topic in ENRICHED_TOPICS}
    records["alerts"] = await _valid(log, ALERTS)
    records["aftermaths"] = await _valid(log, AFTERMATHS)
    if what.startswith("@"):
        records["dossiers"] = await _valid(log, DOSSIERS, lambda each: _has_handle(each, what))
    else:
        alerts = {
            subject_key(alert.platform, alert.subject.id) for alert, _ in records["alerts"] if alert.id.startswith(what)
        }
        for key in sorted({what} if ":" in what else alerts):
            records["dossiers"] += await _valid(log, DOSSIERS, key=key)
    return records


async def _valid(
    log: EnrichedLog, topic: str, concerns: Callable[[Any], bool] = lambda _: True, key: str | None = None
) -> list[tuple[Any, bytes]]:
    """The last record of each key that stands. What somebody else wrote there is passed over."""
    described = next(each for each in ENRICHED_TOPICS if each.name == topic)
    decode = msgspec.json.Decoder(described.record).decode
    last: dict[bytes, tuple[Any, bytes]] = {}
    async for stored in log.read(topic, key):
        if stored.value is None:
            last.pop(stored.key, None)
            continue
        try:
            record = decode(stored.value)
        except DECODE_ERRORS:
            continue
        if concerns(record):
            last[stored.key] = record, stored.value
    return [each for each in last.values() if described.stands(each[0])]


def _has_handle(record: Any, what: str) -> bool:
    return record.subject.handle is not None and handle_key(record.subject.handle) == handle_key(what)


def _is_needed(wanted: ProofTarget) -> Callable[[EvidenceKey], bool]:
    ids = {alert.id for alert, _ in wanted.published.alerts}
    return lambda key: key.platform == wanted.platform if key.kind == "event" else key.kind != "alert" or key.id in ids


def _roster(entries: dict[EvidenceKey, EvidenceEntry], wanted: ProofTarget) -> Roster:
    """The roster of the alert, or that of the dossier."""
    published = wanted.published
    digest = published.alerts[0][0].roster_digest if wanted.about.kind == "alert" or published.dossier is None else ""
    digest = digest or (published.dossier[0].roster_digest if published.dossier is not None else "")
    try:
        return _kept_roster(entries, digest)
    except ValueError as error:
        raise InputError(f"the roster {digest[:12]} is not kept: {error}", remedy=_NO_ROSTER) from error


def _kept_roster(entries: dict[EvidenceKey, EvidenceEntry], digest: str) -> Roster:
    """Raises `ValueError` where not all of it is kept."""
    return roster_of(entry for key, entry in entries.items() if key.kind == "roster" and key.digest == digest)


def _other_rosters(
    entries: dict[EvidenceKey, EvidenceEntry], wanted: ProofTarget, roster: Roster
) -> tuple[Roster, ...]:
    """Those by which earlier versions or other alerts were counted, the newest first, as far as they are kept and a
    proof may have them.
    """
    published = wanted.published
    versions = (msgspec.json.decode(value, type=Alert) for value in reversed(published.versions))
    digests = [each.roster_digest for each in (*(alert for alert, _ in published.alerts), *versions)]
    if published.dossier is not None and wanted.about.kind == "subject":
        digests.append(published.dossier[0].roster_digest)
    return rosters_that_fit(roster, _kept(entries, dict.fromkeys(digests)))


def _kept(entries: dict[EvidenceKey, EvidenceEntry], digests: Iterable[str]) -> Iterator[Roster]:
    for digest in digests:
        with suppress(ValueError):
            yield _kept_roster(entries, digest)


def _rules(entries: dict[EvidenceKey, EvidenceEntry], wanted: ProofTarget) -> bytes:
    """The rule file that has the most of the alerts' rules, the newest of those."""
    digests = {alert.rule_digest for alert, _ in wanted.published.alerts}
    files = [entry for key, entry in entries.items() if key.kind == "rules" and entry.value is not None]
    if not files:
        raise InputError("no rules are kept", remedy="start a worker of this version, or name files and --rules")
    best = max(files, key=lambda each: (len(digests.intersection(each.rule_digests)), each.written_ms, each.key))
    return best.value or b""


def _versions(entries: dict[EvidenceKey, EvidenceEntry], wanted: ProofTarget) -> tuple[bytes, ...]:
    ids = {alert.id for alert, _ in wanted.published.alerts}
    kept = [entry for key, entry in entries.items() if key.kind == "alert" and key.id in ids and entry.value]
    return tuple(entry.value or b"" for entry in sorted(kept, key=lambda each: (each.written_ms, each.key)))


def _closure(
    wanted: ProofTarget, known: AccountIndex, rosters: Iterable[Roster], reach: Reach, spool: "_Spool"
) -> list[KeptEvent]:
    taken = events_under(
        rosters,
        known,
        lambda: Closure(
            platform=wanted.platform,
            subject_id=wanted.subject_id,
            countries=frozenset(country for alert, _ in wanted.published.alerts for country in alert.countries),
            known=known,
            reach=reach,
        ),
        spool.events,
    )
    named = {(str(each.kind), each.event_id) for alert, _ in wanted.published.alerts for each in alert.evidence}
    return taken + [_withheld(entry) for entry in spool.withheld() if _is_named(entry, named)]


def _is_named(entry: EvidenceEntry, named: set[tuple[str, str]]) -> bool:
    kinds = ("quote",) if entry.key.event_kind == "post" else (entry.key.event_kind,)
    return any((kind, entry.key.id) in named for kind in kinds)


def _withheld(entry: EvidenceEntry) -> KeptEvent:
    kind: EventKind = msgspec.convert(entry.key.event_kind, EventKind)
    source = entry.source
    index = IndexedEvent(
        platform=entry.key.platform,
        kind=kind,
        id=entry.key.id,
        sha256=entry.sha256,
        source=None if source is None else (source.topic, source.partition, source.offset),
        withheld=printable(entry.withheld, 500) or "withheld",
    )
    return KeptEvent(index=index, value=None)


class _Spooled(Struct, frozen=True, array_like=True, gc=False):
    key: str
    value: bytes
    source: Coordinates | None
    received_us: int | None


class _Spool:
    """The events of the evidence in a file, to be gone through more than once; without what was deleted later."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("w+b")
        self._gone: dict[str, EvidenceEntry] = {}
        self._encode = msgspec.msgpack.Encoder().encode
        self._decode = msgspec.msgpack.Decoder(_Spooled).decode
        self.newest_us = 0

    def __enter__(self) -> "_Spool":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        self._path.unlink(missing_ok=True)

    def take(self, entry: EvidenceEntry) -> None:
        """The next entry, in the order of its partition."""
        key = str(entry.key)
        gone = self._gone.get(key)
        if entry.value is None:
            if gone is None or not gone.marker:
                self._gone[key] = entry
            return
        if gone is not None:
            if gone.marker:
                return
            del self._gone[key]
        try:
            event = decode_event(entry.value)
        except DECODE_ERRORS:
            return
        self.newest_us = max(self.newest_us, to_us(event.at))
        packed = self._encode(_Spooled(key, entry.value, entry.source, entry.received_at))
        self._file.write(len(packed).to_bytes(_LENGTH_BYTES, "little") + packed)

    def events(self) -> Iterator[Received]:
        """Each event that was not deleted."""
        self._file.flush()
        with self._path.open("rb") as file:
            while length := file.read(_LENGTH_BYTES):
                spooled = self._decode(file.read(int.from_bytes(length, "little")))
                if spooled.key not in self._gone:
                    source = spooled.source or Coordinates("evidence", 0, 0)
                    yield decode_event(spooled.value), spooled.value, source, spooled.received_us

    def withheld(self) -> list[EvidenceEntry]:
        """Those of which only the hash is kept."""
        return [entry for _, entry in sorted(self._gone.items()) if entry.withheld]
