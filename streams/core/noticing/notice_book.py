"""What one Alertmanager was told so far, and what is due for it. Pure; each Alertmanager has a book of its own."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from streams.core.noticing.notices import Notice, NoticePolicy

__all__ = ["Book", "Line", "LineKey"]

LineKey: TypeAlias = tuple[str, frozenset[tuple[str, str]]]
"""What an Alertmanager tells alerts apart by: the incident (for reading) and its labels."""


class Line(Struct, kw_only=True, gc=False):
    """Something to tell until it is over, and then that it is. Times in µs since 1970 UTC.

    `ends_us` is when it ends as far as is known, 0 for at once; `announced_us` the latest end that may have been told
    to anybody: an Alertmanager that hears nothing more ends it by itself then. `told_us` is when any Alertmanager first
    dealt with it, `over_us` when its end was found: the same for every round, so that the last round counts even where
    the Alertmanager's clock is behind. `incident` is empty for what stands for no single one.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_us: int
    ends_us: int
    announced_us: int
    link: str = ""
    incident: str = ""
    published_us: int = 0
    told_us: int | None = None
    over_us: int | None = None

    def notice(self, now_us: int, policy: NoticePolicy) -> Notice:
        """As it is told now: firing for three intervals at least, so that one lost round does not end it."""
        firing_until_us = max(self.ends_us, now_us + 3 * policy.resend_us)
        ends_us = firing_until_us if self.over_us is None else self.over_us
        latest_start_us = (now_us if self.over_us is None else self.over_us) - 1_000_000
        return Notice(
            labels=self.labels,
            annotations=self.annotations,
            starts_us=min(self.starts_us, latest_start_us),
            ends_us=ends_us,
            link=self.link,
        )


class _Sent(Struct, gc=False):
    at_us: int
    rounds: int  # in which its end was told
    refused: Mapping[str, str] | None = None  # the annotations with which it was refused


class Book:
    """The lines that one Alertmanager has dealt with."""

    def __init__(self, policy: NoticePolicy) -> None:
        self._policy = policy
        self._sent: dict[LineKey, _Sent] = {}

    def due(self, lines: Mapping[LineKey, Line], now_us: int) -> list[LineKey]:
        """What is to be sent now; ends first, since they make room for people. Forgets lines that are gone."""
        for key in [key for key in self._sent if key not in lines]:
            del self._sent[key]
        found = [key for key, line in lines.items() if self._is_due(key, line, now_us)]
        found.sort(key=lambda key: lines[key].over_us is None)
        return found

    def _is_due(self, key: LineKey, line: Line, now_us: int) -> bool:
        sent = self._sent.get(key)
        if sent is None:
            return True
        if sent.refused is not None:
            return sent.refused is not line.annotations
        waited = not 0 <= now_us - sent.at_us < self._policy.resend_us  # also where the clock was set back
        if line.over_us is None:
            return waited or sent.rounds > 0
        return sent.rounds == 0 or (waited and sent.rounds < self._policy.rounds)

    def accepted(self, key: LineKey, now_us: int, *, as_over: bool) -> None:
        """The Alertmanager took the line, as over or as firing."""
        before = self._sent.get(key)
        rounds = 0 if not as_over else 1 + (before.rounds if before is not None else 0)
        self._sent[key] = _Sent(now_us, rounds)

    def refused(self, key: LineKey, line: Line, now_us: int) -> None:
        """The Alertmanager will not have this line, as it is."""
        self._sent[key] = _Sent(now_us, self._policy.rounds, line.annotations)

    def has_told_end_of(self, key: LineKey) -> bool:
        """Whether all rounds of the end are done."""
        sent = self._sent.get(key)
        return sent is not None and sent.rounds >= self._policy.rounds
