"""The verdict: every difference between what the pipeline wrote and what a single-threaded oracle makes of the same.

The oracle is the backtest's core, fed once and in order. Dead letters are judged by the same screen over the raw topics
as they stand on the broker, since their places are part of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import sha256
from typing import Any, Final

import msgspec
from msgspec import Struct

from streams.agents.track.subject_store import UNTIL_HEADER
from streams.core.backtest import Backtest, Results
from streams.core.clock import DAY_US
from streams.core.enriched import Alert
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy
from streams.core.subject_event import Coordinates
from streams.core.tracked import decode_tracked
from streams.deadletters import DeadLetter, Rejection
from streams.events import RAW_TOPICS, decode_event
from streams.jobs.collection import collect_results
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.checkpoints import CHECKPOINT_KEY
from streams.kafka.corrections_topic import read_corrections
from streams.kafka.dead_letter_record import letter_of
from streams.kafka.dead_letter_topic import StoredLetter, stored_letters
from streams.kafka.reading import read_topic
from streams.ledger.memory import MemoryLedger
from streams.settings import Settings
from streams.topic_names import SUBJECT_STATES
from tests.chaos.corrected import comparable, flaws_of_corrections
from tests.chaos.corrections import changed_entries
from tests.core.screening.one_record import screen_record
from tests.pipeline.kept import evidence_flaws

__all__ = ["Oracle", "Verdict", "judge_run"]

# 2026: every event of the flood is past, every poison of the future is not. Workers ask their clocks, which jump.
_NOW_US: Final = 1_767_225_600_000_000
_WHOLE_BYTES: Final = 850_000  # a payload of no more is never cut
_EXAMPLES: Final = 3
_EXAMPLE_LENGTH: Final = 600


class Verdict(Struct, kw_only=True):
    """What was compared, by kind of result, the differences, and a few of them in words."""

    compared: dict[str, int] = {}
    differences: dict[str, int] = {}
    examples: list[str] = []

    @property
    def is_clean(self) -> bool:
        """Nothing lost, nothing double, nothing else."""
        return not any(self.differences.values())

    def note(self, what: str, compared: int, wrong: Iterable[str]) -> None:
        """Take note of one comparison."""
        differences = list(wrong)
        self.compared[what] = compared
        self.differences[what] = len(differences)
        self.examples += [f"{what}: {text[:_EXAMPLE_LENGTH]}" for text in differences[:_EXAMPLES]]


class Oracle:
    """Takes every record that the source was given once, in order."""

    def __init__(self, roster: Roster, rules: RuleSet) -> None:
        self.fingerprints: set[int] = set()
        self._known = AccountIndex(roster)
        self._backtest = Backtest(roster, rules, MemoryLedger(), now_us=_NOW_US)
        self._fed = 0

    def feed(self, records: Iterable[OutgoingRecord]) -> None:
        """Screen each as SCREEN does and apply what passes."""
        for record in records:
            value = record.value or b""
            self._fed += 1
            self.fingerprints.add(_fingerprint(record.topic, record))
            screening = screen_record(value, record.topic, 0, self._fed, self._known, _NOW_US, ScreenPolicy())
            if screening is not None and not isinstance(screening, Rejection):
                self._backtest.feed(decode_event(value), Coordinates(record.topic, 0, self._fed))

    @property
    def newest_us(self) -> int:
        """The time of the newest event that anybody took."""
        return self._backtest.newest_us

    def final_accounts(self) -> AccountIndex:
        """Whom SCREEN is to know once everything fed is through."""
        self._backtest.needs_second_reading()
        return self._backtest.known

    @property
    def known(self) -> AccountIndex:
        """The roster, and the accounts tracked so far."""
        return self._backtest.known

    def feed_again(self, records: Iterable[OutgoingRecord]) -> None:
        """What tracked accounts posted and deleted before anybody knew that they would be."""
        for record in records:
            self._fed += 1
            self._backtest.again(decode_event(record.value or b""), Coordinates(record.topic, 0, self._fed))

    def finish(self) -> Results:
        """The results of everything fed."""
        return self._backtest.finish()


async def judge_run(
    settings: Settings, rosters: Sequence[Roster], oracle: Oracle, *, may_repeat: bool = False
) -> Verdict:
    """Compare everything on the topics of a run with the oracle. Call it once. `rosters` were in force one after the
    other; the oracle has the last one.

    `may_repeat` where logs were cut back: amplifications may stand twice then, and dead letters of lost records remain.
    """
    changed = {entry.account_id for entry in changed_entries(rosters)}
    verdict = Verdict()
    expected = oracle.finish()
    results = await collect_results(settings)
    if changed:
        corrections = await read_corrections(settings)
        results = comparable(results, expected, rosters, corrections)
        verdict.note("corrections", len(corrections), flaws_of_corrections(corrections))
    seen: set[int] = set()
    refused: dict[tuple[Any, ...], Any] = {}
    known = AccountIndex(rosters[-1])
    for topic in RAW_TOPICS.values():
        async for record in read_topic(settings, topic):
            value = record.value or b""
            seen.add(_fingerprint(topic, record))
            place = (topic, record.partition, record.offset)
            judged = screen_record(value, *place, known, _NOW_US, ScreenPolicy())
            if isinstance(judged, Rejection):
                refused[_identity(letter_of(judged, value, *place))] = record
    verdict.note(
        "raw records on the broker", len(seen), [f"{n} never arrived" for n in [len(oracle.fingerprints - seen)] if n]
    )
    verdict.note("dossiers", len(expected.dossiers), _unlike(results.dossiers, expected.dossiers))
    verdict.note("aftermaths", len(expected.aftermaths), _unlike(results.aftermaths, expected.aftermaths))
    alerts = {key: _without_places(alert) for key, alert in results.alerts.items()}
    verdict.note(
        "alerts",
        len(expected.alerts),
        _unlike(alerts, {key: _without_places(alert) for key, alert in expected.alerts.items()}),
    )
    written = Counter[tuple[str, str, str]]()
    by_changed: set[tuple[str, str, str]] = set()  # the topic is a log: what was said of these stays, and is said again
    async for record in read_topic(settings, "amplifications"):
        amplification = msgspec.json.decode(record.value or b"")
        key = amplification["kind"], amplification["id"], amplification["subject"]["id"]
        written[key] += 1
        if amplification["official"]["id"] in changed:
            by_changed.add(key)
    wanted = {(a.kind, a.id, a.subject.id) for a in expected.amplifications}
    verdict.note("amplifications", len(wanted), _missing_or_foreign(set(written) - (by_changed - wanted), wanted))
    verdict.note(
        "amplifications written once",
        len(written),
        [
            f"{key} was written {count} times"
            for key, count in written.items()
            if count > 1 and not may_repeat and key not in by_changed
        ],
    )
    kept = await _states_kept(settings)
    verdict.note("states kept", len(kept), _kept_too_long(kept, expected.dossiers, oracle.newest_us))
    written_letters: set[tuple[Any, ...]] = set()
    unlike: list[str] = []
    async for stored in stored_letters(settings):
        identity = None if stored is None else _identity(stored.letter)
        if stored is None or identity is None:
            unlike.append("a record that is no dead letter")
        elif identity in refused:
            written_letters.add(identity)
            unlike += [f"{identity}: {what}" for what in _unlike_letter(stored, refused[identity])]
        elif not may_repeat:
            written_letters.add(identity)
    verdict.note("dead letters", len(refused), [*_missing_or_foreign(written_letters, set(refused)), *unlike])
    known_before = await _ever_known(settings, rosters) if changed else []
    for what, (compared, flaws) in (await evidence_flaws(settings, oracle.known, _NOW_US, known_before)).items():
        verdict.note(what, compared, flaws)
    return verdict


async def _ever_known(settings: Settings, rosters: Iterable[Roster]) -> list[AccountIndex]:
    """Whom SCREEN may have known under each roster: whoever was once followed is followed still."""
    found = [AccountIndex(roster) for roster in rosters]
    async for record in read_topic(settings, "tracked-accounts"):
        if record.value is not None:
            for known in found:
                known.add(decode_tracked(record.value))
    return found


async def _states_kept(settings: Settings) -> dict[str, int | None]:
    """Each subject that TRACK still has a state of, and from when on (µs) that may go; `None` for an engaged one."""
    kept: dict[str, int | None] = {}
    async for record in read_topic(settings, SUBJECT_STATES):
        if record.key == CHECKPOINT_KEY:
            continue
        if record.value is None:
            kept.pop(record.key.decode(), None)
        else:
            until = dict(record.headers).get(UNTIL_HEADER)
            kept[record.key.decode()] = None if until is None else int.from_bytes(until)
    return kept


def _kept_too_long(kept: Mapping[str, int | None], engaged: Mapping[str, Any], newest_us: int) -> Iterator[str]:
    """Strangers whose time is over. TRACK is told of event time by days, and forgets with what follows."""
    for key, until_us in kept.items():
        if until_us is None and key not in engaged:
            yield f"{key[:200]} is kept for ever, and nobody engaged with it"
        elif until_us is not None and until_us <= newest_us - 2 * DAY_US:
            yield f"{key[:200]} should have been forgotten"


def _fingerprint(topic: str, record: Any) -> int:
    """Of a record as the source was given it, or as it stands on the broker."""
    return hash((topic, record.key, record.value or b"", tuple(map(tuple, record.headers))))


def _identity(letter: DeadLetter) -> tuple[Any, ...]:
    """A dead letter may be written again after a crash: what makes two the same."""
    return letter.topic, letter.partition, letter.offset, str(letter.reason), letter.sha256, letter.size


def _unlike_letter(stored: StoredLetter, record: Any) -> Iterator[str]:
    """What of the refused record is neither in its dead letter nor said there to have been cut."""
    letter, value, key, headers = stored.letter, record.value or b"", record.key or b"", list(record.headers)
    if not value.startswith(letter.payload) or len(letter.payload) < min(len(value), _WHOLE_BYTES):
        yield "the payload"
    kept_key = stored.key or b""
    if kept_key != key and not (
        key.startswith(kept_key) and (letter.key_size, letter.key_sha256) == (len(key), sha256(key).hexdigest())
    ):
        yield "the key"
    kept = [tuple(header) for header in stored.headers]
    if kept != headers and not (kept == headers[: len(kept)] and letter.headers_count == len(headers)):
        yield "the headers"


def _without_places(alert: Alert) -> Alert:
    """Where a repeated event is first seen depends on chance; everything else must not."""
    return msgspec.structs.replace(
        alert, evidence=tuple(msgspec.structs.replace(item, source=None) for item in alert.evidence)
    )


def _missing_or_foreign(ours: set[Any], wanted: set[Any]) -> Iterator[str]:
    yield from (f"{str(key)[:200]} is missing" for key in wanted - ours)
    yield from (f"{str(key)[:200]} should not be there" for key in ours - wanted)


def _unlike(ours: dict[str, Any], wanted: dict[str, Any]) -> Iterator[str]:
    yield from _missing_or_foreign(set(ours), set(wanted))
    for key in ours.keys() & wanted.keys():
        if ours[key] != wanted[key]:
            fields = msgspec.structs.asdict(ours[key])
            yield f"{key}: " + "; ".join(
                f"{name} is {str(fields[name])[:150]} and should be {str(value)[:150]}"
                for name, value in msgspec.structs.asdict(wanted[key]).items()
                if fields[name] != value
            )
