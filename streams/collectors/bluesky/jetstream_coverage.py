"""Which officials the filter has had since when, as records of coverage. Pure."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Final

from streams.core.clock import from_us
from streams.events import Coverage, CoverageReason
from streams.formats.bluesky.jetstream_fields import BLUESKY, microseconds

__all__ = ["SOURCE", "FilterLog", "late_begin"]

SOURCE: Final = "jetstream"


class FilterLog:
    """The officials that were ever in the filter, and whether they are. Fed with the records that it makes.

    What was there before an official entered the filter is a gap of his own: `added`, without a beginning. When he
    leaves it, another one opens, `dropped`, and ends when he comes back.
    """

    def __init__(self) -> None:
        self._dropped: dict[str, datetime | None] = {}  # when an official left the filter; `None`: he is in it

    def take(self, record: Coverage) -> None:
        """A record from the topic, in order."""
        if record.source != SOURCE or record.seen or record.officials is None or len(record.officials) != 1:
            return
        if record.reason == "added":
            self._dropped.setdefault(record.officials[0], None)
        elif record.reason == "dropped":
            self._dropped[record.officials[0]] = record.since if record.until is None else None

    def assume(self, officials: frozenset[str]) -> None:
        """These were in the filter before, whatever the topic still knows."""
        for did in officials:
            self._dropped.setdefault(did, None)

    def use(self, officials: frozenset[str], at_us: int) -> list[Coverage]:
        """From `at_us` on these are in the filter: what is to be published of that."""
        at = from_us(at_us)
        records: list[Coverage] = []
        for did in sorted(officials):
            if did not in self._dropped:
                self._dropped[did] = None
                records.append(_gap(did, None, at, "added"))
            elif (since := self._dropped[did]) is not None:
                self._dropped[did] = None
                records.append(_gap(did, since, max(since, at), "dropped"))
        for did in sorted(did for did, since in self._dropped.items() if since is None and did not in officials):
            self._dropped[did] = at
            records.append(_gap(did, at, None, "dropped"))
        return records


def late_begin(since_us: int, until_us: int, *, is_other_host: bool) -> Coverage:
    """A server that began later than it was asked to, in the middle of what a source calls one connection."""
    reason: CoverageReason = "host_changed" if is_other_host else "clamped"
    return _gap(None, from_us(since_us), from_us(until_us), reason)


def _gap(did: str | None, since: datetime | None, until: datetime | None, reason: CoverageReason) -> Coverage:
    officials = None if did is None else (did,)
    at = until or since
    assert at is not None  # noqa: S101  # one of the two is always known
    return Coverage(
        platform=BLUESKY,
        id=gap_id(since, reason, officials),
        at=at,
        source=SOURCE,
        seen=False,
        since=since,
        until=until,
        officials=officials,
        reason=reason,
    )


def gap_id(since: datetime | None, reason: str, officials: Iterable[str] | None) -> str:
    """The id of a gap: the same for all records of it."""
    began = "ever" if since is None else str(microseconds(since))
    whose = "" if officials is None else ":" + sha256("\n".join(sorted(officials)).encode()).hexdigest()[:16]
    return f"{SOURCE}:gap:{began}:{reason}{whose}"
