"""The roster as a worker sees it: follows the topic `officials` from its beginning, for as long as the worker runs.

Reads with a consumer of its own, outside the group, since every worker needs all of it. So each start finds again what
is broken there, and writes it to `dead-letters` again; the next publication removes it.
"""

import asyncio
import logging
from contextlib import aclosing
from typing import Any, Final

from streams.core.rosters.roster import Roster
from streams.core.rosters.roster_log import RosterLog, RosterRecordError
from streams.deadletters import Reason
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.reading import follow_topic
from streams.metrics import Metrics, digest_number
from streams.partitions.set_aside import letter_for, write_letters
from streams.refusal import DECODE_ERRORS, rejection, undecodable
from streams.settings import Settings
from streams.topic_names import OFFICIALS

__all__ = ["RosterFeed"]

_log: Final = logging.getLogger(__name__)


class RosterFeed:
    """Holds the roster in force. `ready` is set once all that was published at the start has been read."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.ready = asyncio.Event()
        self._settings = settings
        self._metrics = metrics
        self._log = RosterLog()
        self._roster: Roster | None = None
        self._warned = False

    @property
    def roster(self) -> Roster:
        """The roster in force. Raises `RuntimeError` before `ready`."""
        if self._roster is None:
            raise RuntimeError("no roster yet: wait for ready")
        return self._roster

    async def follow(self) -> None:
        """Read until cancelled; broker errors are the caller's to handle."""
        async with aclosing(follow_topic(self._settings, OFFICIALS)) as fetches:
            async for fetched in fetches:
                if fetched.empty and not self._warned:
                    self._warned = True
                    _log.warning("no roster is published yet; `antiphon roster publish FILE` does it")
                letters = [letter for record in fetched.records if (letter := self._take(record)) is not None]
                await write_letters(self._settings, self._metrics, OFFICIALS, letters)
                if fetched.whole and self._log.roster is not None and not self.ready.is_set():
                    self._use(self._log.roster)
                    self.ready.set()

    def _take(self, record: Any) -> OutgoingRecord | None:
        """The dead letter of a record that no publication writes. A tombstone of any key says nothing by itself: the
        next publication removes what is not its own.
        """
        try:
            roster = self._log.apply(record.key or b"", record.value)
        except RosterRecordError as error:
            if record.value is None:
                return None
            reason = Reason.NOT_AN_EVENT
            if isinstance(error.__cause__, DECODE_ERRORS):
                reason = undecodable(record.value, error.__cause__).reason
            return letter_for(record, OFFICIALS, 0, rejection(reason, str(error)))
        if roster is not None and self.ready.is_set():
            self._use(roster)
        return None

    def _use(self, roster: Roster) -> None:
        self._roster = roster
        self._metrics.roster_entries.set(len(roster.entries))
        self._metrics.roster_digest.set(digest_number(roster.digest))
        self._metrics.expect_amplifications({(entry.country, entry.category) for entry in roster.entries})
        _log.info("roster in force", extra={"entries": len(roster.entries), "digest": roster.digest})
