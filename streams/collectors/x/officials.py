"""Which officials a source of X is to show, and since when it does: those of the roster, as far as X's limits allow."""

import logging
import time
from collections import deque
from collections.abc import Sequence
from typing import Final, Protocol

from streams.core.clock import from_us
from streams.core.rosters.roster import Roster
from streams.events import Coverage, Event

__all__ = ["PLATFORM", "TAG", "Notices", "Officials", "wanted_officials"]

_log: Final = logging.getLogger(__name__)
PLATFORM: Final = "twitter"
TAG: Final = "antiphon"
"""What marks subscriptions and rules as ours: others of the same app are left alone."""


class Officials(Protocol):
    """Keeps what X is asked to show in step with the roster, beside the stream."""

    notices: "Notices"

    @property
    def asked(self) -> Sequence[str]:
        """Who is shown by now: account ids, and `@handle` where the roster has no id."""
        ...

    def use(self, roster: Roster) -> None:
        """This roster is in force."""
        ...

    async def run(self) -> None:
        """Until cancelled."""
        ...

    async def until_reconciled(self) -> None:
        """Returns when what X shows has been in step once. Raises `SourceError` where X has refused to be asked."""
        ...


def wanted_officials(roster: Roster, now_us: int) -> tuple[list[str], list[str]]:
    """The ids, and the handles of those without an id, of who is an official now or will be; in the roster's order."""
    ids = [name for name, terms in roster.ids_of(PLATFORM).items() if terms[-1].to_us > now_us]
    handles = [name for name, terms in roster.handles_of(PLATFORM).items() if terms[-1].to_us > now_us]
    return ids, handles


class Notices:
    """Gaps of officials that X did not show before it was asked to: `take` gives those that are new.

    A gap has no beginning. It is published while it is open, and again with its end; the id is the same.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._published: dict[str, int | None] = {}
        self._waiting: deque[Event] = deque()

    def shown(self, official: str, since_us: int | None) -> None:
        """X shows him since then (Unix µs); `None`: not yet."""
        if official.startswith("@") or (official in self._published and self._published[official] == since_us):
            return
        self._published[official] = since_us
        now = from_us(time.time_ns() // 1_000)
        until = None if since_us is None else from_us(since_us)
        self._waiting.append(
            Coverage(
                platform=PLATFORM,
                id=f"{self._source}:added:{official}",
                at=until or now,
                observed_at=now,
                source=self._source,
                seen=False,
                until=until,
                officials=(official,),
                reason="added",
            )
        )

    def forget(self, official: str) -> None:
        """He is no official any more."""
        self._published.pop(official, None)

    def take(self) -> list[Event]:
        """What has not been taken yet."""
        taken = list(self._waiting)
        self._waiting.clear()
        return taken
