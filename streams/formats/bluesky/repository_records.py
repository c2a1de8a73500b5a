"""Records as they stand in a repository, read long after they were written: history, never news."""

from datetime import datetime, timedelta
from typing import Final

from msgspec import Raw

from streams.formats.bluesky.jetstream_fields import key_time
from streams.formats.bluesky.jetstream_payloads import Commit
from streams.formats.bluesky.jetstream_records import read_commit
from streams.formats.reader import Reading, Skipped

__all__ = ["UNDATED_NAME", "read_stored"]

UNDATED_NAME: Final = "record_without_time"
_UNDATED: Final = Skipped(UNDATED_NAME)
_CLOCKS_DIFFER: Final = timedelta(minutes=1)


def read_stored(
    did: str | None, collection: str | None, record_key: str | None, record: Raw, seen_at: datetime
) -> Reading:
    """What a record says that stood there at `seen_at`. Raises `Refused` or one of `DECODE_ERRORS`.

    Its time is that of its key. A record whose key has none, or one that is still to come, is skipped: nobody knows
    when it was written, and it must not pass for news.
    """
    written_at = key_time(record_key or "")
    if record_key is not None and (written_at is None or written_at > seen_at + _CLOCKS_DIFFER):
        return _UNDATED
    commit = Commit(collection=collection, operation="create", rkey=record_key, record=record)
    at = seen_at if written_at is None else min(written_at, seen_at)
    return read_commit(did, commit, at, seen_at)
