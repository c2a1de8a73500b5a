"""Whose history is to be read, and since when: by the gaps on the topic `coverage` that nothing has closed. Pure: the
clock and the roster are passed in.

A gap of single officials, who came onto the roster, asks for all that they did. A gap of everybody, after a time in
which a source saw nothing, asks every official of the roster for what he did since it began.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from streams.events import Coverage

__all__ = ["BackFill", "OpenGaps"]

_OWN: Final = ("added", "dropped")  # of officials who came onto the roster, and who came back


class BackFill(NamedTuple):
    """Whose history to read, and since when; `None` for all of it."""

    did: str
    since: datetime | None


class _Wide(Struct):
    """A gap of everybody; `left` are those still to be read, `None` while there is no roster."""

    gap: Coverage
    since: datetime
    left: set[str] | None = None


class OpenGaps:
    """`officials` are those of the roster by now."""

    def __init__(self, platform: str, officials: Callable[[], frozenset[str]]) -> None:
        self._platform = platform
        self._officials = officials
        self._own: dict[str, Coverage] = {}
        self._wide: dict[str, _Wide] = {}
        self._not_before: dict[str, float] = {}

    def clear(self) -> None:
        """Nothing is known of the topic any more; who was put off still is."""
        self._own.clear()
        self._wide.clear()

    def add(self, gap: Coverage) -> None:
        """A record of the topic, in its order."""
        if gap.platform != self._platform or gap.seen:
            return
        is_open = gap.until is not None and gap.closed_by is None
        if is_open and gap.reason in _OWN and gap.officials:
            self._own[gap.id] = gap
        elif is_open and gap.officials is None and gap.since is not None:
            known = self._wide.get(gap.id)
            left = known.left if known is not None and known.since == gap.since else None
            self._wide[gap.id] = _Wide(gap, gap.since, left)
        else:
            self._own.pop(gap.id, None)
            self._wide.pop(gap.id, None)

    def next(self, now: float) -> BackFill | None:
        """The next official to read, who was not put off: first those who are new, in the order in which they came."""
        for gap in self._own.values():
            for did in gap.officials or ():
                if self._is_due(did, now):
                    return BackFill(did, None)
        officials = self._officials()
        for wide in self._wide.values():
            if officials:  # who left the roster meanwhile is not asked any more
                wide.left = set(officials) if wide.left is None else wide.left & officials
            for did in sorted(wide.left or ()):
                if self._is_due(did, now):
                    return BackFill(did, min(each.since for each in self._wide.values() if did in (each.left or ())))
        return None

    def put_off(self, did: str, until: float) -> None:
        """An official is not to be read before that time."""
        self._not_before[did] = until

    def done(self, back_fill: BackFill) -> list[Coverage]:
        """An official was read: the records that say so. A gap of which he was the last is closed."""
        closed: list[Coverage] = []
        for wide in self._wide.values():
            if wide.left is not None and (back_fill.since is None or back_fill.since <= wide.since):
                wide.left.discard(back_fill.did)
                if not wide.left:
                    closed.append(replace(wide.gap, closed_by="back_fill"))
        if back_fill.since is None:
            for gap in [each for each in self._own.values() if back_fill.did in (each.officials or ())]:
                rest = tuple(other for other in gap.officials or () if other != back_fill.did)
                closed.append(replace(gap, officials=rest) if rest else replace(gap, closed_by="back_fill"))
        for gap in closed:
            self.add(gap)
        return closed

    def _is_due(self, did: str, now: float) -> bool:
        return self._not_before.get(did, now) <= now
