"""The watermark: how far event time has come over all raw partitions, from what the workers tell of theirs.

It is the least event time of the partitions that are not idle. What it would be is a candidate at first, and confirmed
when each idle partition was found idle twice more: the worker that has it looked at it after the others had read so
far, so whatever was written to it by then counts. Clocks of different workers are not compared. Where a partition goes
and which worker died does not matter: a report counts for the partitions that it names.
"""

from typing import Final

from streams.core.country_event import RawProgress
from streams.core.watching.records import RawRead

__all__ = ["with_report"]

# A worker begins a look when the broker has its last report. Of two reports behind a candidate in the log, the look of
# the second therefore began after the candidate was there.
_CONFIRMING_REPORTS: Final = 3  # the one before the candidate counts as the first


def with_report(known: RawRead, report: RawProgress, reached_us: int) -> tuple[RawRead, int]:
    """What is known after one more report, and how far event time has come with it (µs), never less than `reached_us`.

    Where every partition is idle the clock stands for event time, once anything was read.
    """
    read = {topic: _merged(topic, count, known, report) for topic, count in sorted(report.partitions.items())}
    cells = [cell for row in read.values() for cell in row]
    active = [at_us for at_us, idle_reports in cells if not idle_reports]
    clock_us = report.as_of_us if any(at_us for at_us, _idle_reports in cells) else 0
    now_us = min(active) if active else clock_us
    candidate_us = 0 if known.candidate_us is None else min(known.candidate_us, now_us)
    if all(idle_reports in (0, _CONFIRMING_REPORTS) for _at_us, idle_reports in cells):
        reached_us = max(reached_us, now_us if len(active) == len(cells) else candidate_us)
    if candidate_us > reached_us:
        return RawRead(read, candidate_us), reached_us
    if now_us <= reached_us:
        return RawRead(read, None), reached_us
    read = {topic: tuple((at_us, min(idle, 1)) for at_us, idle in row) for topic, row in read.items()}
    return RawRead(read, now_us), reached_us


def _merged(topic: str, count: int, known: RawRead, report: RawProgress) -> tuple[tuple[int, int], ...]:
    row = list(known.read.get(topic, ())[:count])
    row += [(0, 0)] * (count - len(row))
    for reported in report.read.get(topic, ()):
        if reported.partition < count:
            at_us, idle_reports = row[reported.partition]
            idle_reports = min(idle_reports + 1, _CONFIRMING_REPORTS) if reported.idle else 0
            row[reported.partition] = (max(at_us, reported.at_us), idle_reports)
    return tuple(row)
