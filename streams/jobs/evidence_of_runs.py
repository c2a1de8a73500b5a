"""What a run over files rests on, for the folder that it writes: as the topic `evidence` has it, or would have.

From topics in the words of the pipeline; from a backtest, which has no broker, by the same code that SCREEN keeps with.
"""

import asyncio
import time
from collections.abc import Callable, Iterator

import msgspec

from streams.core.backtest import Results
from streams.core.evidence_records import (
    EvidenceRecord,
    alert_evidence,
    event_evidence,
    roster_evidence,
    rules_evidence,
)
from streams.core.rosters.roster import Roster
from streams.core.rulebook.rules import RuleSet
from streams.core.screening.account_index import AccountIndex
from streams.core.screening.screen import ScreenPolicy, screen_event
from streams.core.subject_event import Coordinates
from streams.deadletters import Rejection
from streams.events import encode_event
from streams.jobs.event_spool import EventSpool
from streams.kafka.reading import read_topic
from streams.settings import Settings
from streams.topic_names import EVIDENCE

__all__ = ["evidence_of_backtest", "evidence_of_topics"]

_ALERT: bytes = b"alert/"


def evidence_of_topics(settings: Settings, keep: Callable[[EvidenceRecord], object]) -> None:
    """Give what the topic has now to `keep`: by key, versions of alerts in the order in which they were told. Raises
    `BrokerError`.
    """

    async def read() -> dict[bytes, EvidenceRecord]:
        found: dict[bytes, EvidenceRecord] = {}
        async for record in read_topic(settings, EVIDENCE):
            key = record.key or b""
            found.setdefault(key, EvidenceRecord(key, record.value, list(record.headers)))
        return found

    found = asyncio.run(read())
    # Of an alert only the id sorts: its versions stay as they came.
    for key in sorted(found, key=lambda key: key.rpartition(b"/")[0] if key.startswith(_ALERT) else key):
        keep(found[key])


def evidence_of_backtest(
    results: Results, spool: EventSpool, known: AccountIndex, roster: Roster, rules: RuleSet, rules_text: str
) -> Iterator[EvidenceRecord]:
    """The raw events that SCREEN passes by all that is known in the end, the roster, the rules, and each alert, of
    which a backtest knows the last version alone.
    """
    now_us, policy = time.time_ns() // 1_000, ScreenPolicy()
    for spooled in spool:
        source = Coordinates(spooled.path, 0, spooled.line)
        screening = screen_event(spooled.event, source, known, now_us, policy)
        if not isinstance(screening, Rejection) and screening.event is not None:
            yield event_evidence(screening.event, encode_event(spooled.event), source, None)
    yield from roster_evidence(roster)
    yield rules_evidence(rules, rules_text)
    for alert in sorted(results.alerts.values(), key=lambda alert: alert.id):
        yield alert_evidence(alert.id, msgspec.json.encode(alert))
