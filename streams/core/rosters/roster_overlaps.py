"""Which lines of a roster speak of one account at one time."""

from collections.abc import Iterator

from msgspec import Struct

from streams.core.platforms import written_handle
from streams.core.rosters.roster import account_key, handle_key
from streams.core.rosters.roster_problems import Problems
from streams.core.rosters.roster_row import Row, bound_us

__all__ = ["Validities"]


class _Span(Struct, frozen=True):
    # The validity of one line; the bounds are whole microseconds or infinite.
    from_us: float
    to_us: float
    line: int
    by_id: bool


class Validities:
    """Collects the validity of each line, then says which of them clash."""

    def __init__(self) -> None:
        self._accounts: dict[str, list[_Span]] = {}
        self._handles: dict[tuple[str, str], list[_Span]] = {}

    def add(self, line: int, row: Row) -> None:
        """Take one line in which platform, account and dates are right."""
        platform, account_id = row["platform"], row["account_id"] or None
        handle = written_handle(row["handle"], platform) or None
        from_us, to_us = bound_us(row, "valid_from"), bound_us(row, "valid_to")
        span = _Span(
            float("-inf") if from_us is None else from_us,
            float("inf") if to_us is None else to_us,
            line,
            account_id is not None,
        )
        self._accounts.setdefault(account_key(platform, account_id, handle), []).append(span)
        if handle is not None:
            self._handles.setdefault((platform, handle_key(handle)), []).append(span)

    def check(self, problems: Problems) -> None:
        """Say for each clash both lines: two lines with one account, or an id and a bare handle that are one."""
        for spans in self._accounts.values():
            for first, second in _overlaps(spans, across=False):
                if (first.from_us, first.to_us) == (second.from_us, second.to_us):
                    problems.say(second.line, None, f"duplicate of line {first.line}", "remove one of the two lines")
                else:
                    what = f"the validity overlaps that of line {first.line}, which is about the same account"
                    problems.say(second.line, "valid_from", what, "end the one term before the other begins")
        for spans in self._handles.values():
            for first, second in _overlaps(spans, across=True):
                what = f"the same handle is on line {first.line}, once with an id and once without"
                problems.say(second.line, "handle", what, "keep the line with the id")


def _overlaps(spans: list[_Span], *, across: bool) -> Iterator[tuple[_Span, _Span]]:
    # Pairs, in the order of lines, whose times overlap: lines that name the account alike or, `across`, one by id and
    # one by handle. One pair for each span that begins inside another: sorted, so that no file can make it slow.
    widest: dict[bool, _Span] = {}
    for span in sorted(spans, key=lambda s: (s.from_us, s.line)):
        rival = widest.get(span.by_id != across)
        if rival is not None and rival.to_us > span.from_us:
            yield (rival, span) if rival.line < span.line else (span, rival)
        known = widest.get(span.by_id)
        if known is None or span.to_us > known.to_us:
            widest[span.by_id] = span
