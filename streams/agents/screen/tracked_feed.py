"""The tracked accounts as a worker sees them: follows the topic `tracked-accounts` for as long as the worker runs.

Reads with a consumer of its own, outside the group, since every worker that screens needs all of it. So each start
finds again what is broken there, and writes it to `dead-letters` again.
"""

import asyncio
import logging
from contextlib import aclosing
from typing import Any, Final

from streams.core.screening.account_index import AccountIndex
from streams.core.screening.handle_use import HandleFinding, HandleUse
from streams.core.tracked import decode_tracked
from streams.kafka.batch_writer import OutgoingRecord
from streams.kafka.reading import follow_topic
from streams.metrics import Metrics
from streams.partitions.set_aside import letter_for, write_letters
from streams.refusal import DECODE_ERRORS
from streams.settings import Settings
from streams.topic_names import TRACKED_ACCOUNTS

__all__ = ["TrackedFeed"]

_log: Final = logging.getLogger(__name__)
_MOST_NAMED: Final = 20  # in one line of the log


class TrackedFeed:
    """`known` gets each account, and `handles` whose the roster's handles are.

    `ready` is set once all that was there at the start has been read.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self.ready = asyncio.Event()
        self.known = AccountIndex()
        self.handles = HandleUse()
        self._settings = settings
        self._metrics = metrics
        self._logged: dict[HandleFinding, tuple[str, ...]] = {}

    async def follow(self) -> None:
        """Read until cancelled; broker errors are the caller's to handle."""
        async with aclosing(follow_topic(self._settings, TRACKED_ACCOUNTS)) as fetches:
            async for fetched in fetches:
                letters = [letter for record in fetched.records if (letter := self._take(record)) is not None]
                await write_letters(self._settings, self._metrics, TRACKED_ACCOUNTS, letters)
                self._metrics.tracked_accounts.set(self.known.tracked)
                self._report_handles()
                if fetched.whole and not self.ready.is_set():
                    self.ready.set()
                    _log.info("tracked accounts read", extra={"accounts": self.known.tracked})

    def _take(self, record: Any) -> OutgoingRecord | None:
        """The dead letter of a record that no agent writes."""
        if record.value is not None:  # nobody is ever taken back
            try:
                account = decode_tracked(record.value)
            except DECODE_ERRORS as error:
                return letter_for(record, TRACKED_ACCOUNTS, 0, error)
            self.known.add(account)
            if account.handle is not None:
                self.handles.note_id(account.platform, account.id, account.handle)
        return None

    def _report_handles(self) -> None:
        """Metrics say how many of the roster's handles are in doubt, the log which."""
        if not self.handles.changed:
            return
        for finding, handles in self.handles.findings().items():
            self._metrics.roster_handles_in_doubt.labels(finding).set(len(handles))
            if handles and handles != self._logged.get(finding):
                _log.warning(
                    "roster handles in doubt", extra={"finding": finding, "handles": ", ".join(handles[:_MOST_NAMED])}
                )
            self._logged[finding] = handles
