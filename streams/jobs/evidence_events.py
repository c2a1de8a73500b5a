"""The raw events of `evidence`, read once and then what came since, for whoever counts anew."""

from contextlib import aclosing

from streams.core.evidence import EVIDENCE_TOPIC, EvidenceRecordError, read_evidence_record
from streams.events import decode_event
from streams.jobs.recount_orders import RecountPlan
from streams.kafka.failures import broker_errors
from streams.kafka.reading import EndsBeforeError, read_partition, require_topic
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings

__all__ = ["EvidenceEvents"]


class EvidenceEvents:
    """Adds the events to a plan. `withheld` counts those whose bytes nobody may keep; they are left out."""

    def __init__(self, settings: Settings, plan: RecountPlan) -> None:
        self._settings = settings
        self._plan = plan
        self._positions: dict[int, int] = {}
        self.withheld = 0

    async def read(self) -> None:
        """Everything that is committed and was not read before. Raises `BrokerError`."""
        partitions = await require_topic(self._settings, EVIDENCE_TOPIC)
        with broker_errors(self._settings):
            for partition in range(partitions):
                await self._read_partition(partition)

    async def _read_partition(self, partition: int) -> None:
        begin = self._positions.get(partition, 0)

        def ended(offset: int) -> None:
            self._positions[partition] = offset

        fetches = read_partition(self._settings, EVIDENCE_TOPIC, partition, begin, ended)
        try:
            async with aclosing(fetches):
                async for fetched in fetches:
                    for record in fetched:
                        self._take(record.key, record.value, record.headers, record.timestamp)
        except EndsBeforeError:
            return  # nothing came since

    def _take(
        self, key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes | None]], written_ms: int
    ) -> None:
        try:
            entry = read_evidence_record(key, value, headers, written_ms)
        except EvidenceRecordError:
            return
        if entry.key.kind != "event" or entry.source is None:
            return
        if entry.withheld:
            self.withheld += not entry.marker
            self._plan.withhold(entry.source)
            return
        try:
            self._plan.add(decode_event(entry.value or b""), entry.source)
        except DECODE_ERRORS:
            return  # of another version: SCREEN had read it
