"""Which subjects there are, and when each is to be looked up: in memory, bounded. No I/O; times are monotonic seconds.

The topics of the pipeline are where it is all known from: nothing here has to outlive the process.
"""

import heapq
from collections import OrderedDict
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from streams.events import SuspensionStatus

__all__ = ["BEING_ASKED", "SubjectProfile", "Subjects"]

BEING_ASKED: Final = float("inf")
"""When a subject is due that is being looked up: not before somebody says so."""

_BACK: Final = frozenset({"reinstated", None})


class SubjectProfile(Struct, kw_only=True):
    """What is known of one. `seen`: its profile was seen; `aged`: no more can be learnt of its age; `status`: its last
    suspension notice; `missing_since`: since when the AppView does not know it.
    """

    did: str
    due: float
    seen: bool = False
    aged: bool = False
    status: SuspensionStatus | None = None
    missing_since: float | None = None

    @property
    def is_gone(self) -> bool:
        """Whether somebody noted that the account is not there, and nobody that it is back."""
        return self.status not in _BACK


class Subjects:
    """At most `most` subjects: those that were amplified last."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._by_did: OrderedDict[str, SubjectProfile] = OrderedDict()
        self._due: list[tuple[float, str]] = []

    def __len__(self) -> int:
        return len(self._by_did)

    def get(self, did: str) -> SubjectProfile | None:
        """What is known of a subject."""
        return self._by_did.get(did)

    def all(self) -> Iterable[SubjectProfile]:
        """All of them."""
        return self._by_did.values()

    def amplified(self, did: str, now: float) -> bool:
        """An official amplified the account just now; true if it is new here, and to be looked up at once."""
        if did in self._by_did:
            self._by_did.move_to_end(did)
            return False
        self.put(SubjectProfile(did=did, due=now))
        return True

    def put(self, subject: SubjectProfile) -> None:
        """A subject, or what is known of it by now."""
        self._by_did[subject.did] = subject
        self.visit(subject, subject.due)
        while len(self._by_did) > self._most:
            self._by_did.popitem(last=False)

    def visit(self, subject: SubjectProfile, due: float) -> None:
        """Look it up then."""
        subject.due = due
        heapq.heappush(self._due, (due, subject.did))
        if len(self._due) > 4 * self._most + 1_000:
            self._due = [(each.due, each.did) for each in self._by_did.values()]
            heapq.heapify(self._due)

    def next_due(self) -> float:
        """Not before then is any subject to be looked up again."""
        return self._due[0][0] if self._due else BEING_ASKED

    def due(self, now: float, limit: int) -> list[SubjectProfile]:
        """Up to `limit` subjects that are to be looked up by now, the longest due first. They are due no more."""
        found: list[SubjectProfile] = []
        while self._due and self._due[0][0] <= now and len(found) < limit:
            due, did = heapq.heappop(self._due)
            subject = self._by_did.get(did)
            if subject is not None and subject.due == due:
                subject.due = BEING_ASKED
                found.append(subject)
        return found
