"""The alerts of a topic or of files, each as its last record has it."""

from contextlib import aclosing
from typing import Final

from streams.core.case_file import Versions
from streams.core.enriched import Alert
from streams.core.enriched_topics import enriched_topic_named
from streams.jobs.case_files import Records, record_of
from streams.topic_names import ALERTS

__all__ = ["read_alerts"]

_TOPIC: Final = enriched_topic_named(ALERTS)


async def read_alerts(records: Records) -> tuple[list[Alert], int]:
    """The valid record of each alert, and how many records are none of ours."""
    versions = Versions[Alert](_TOPIC, most=1)
    unreadable = 0
    async with aclosing(records.read(ALERTS)) as stream:
        async for stored in stream:
            try:
                versions.take(stored.key.decode("utf-8", "replace"), record_of(stored), stored.written_ms)
            except ValueError:
                unreadable += 1
    return versions.last(), unreadable
