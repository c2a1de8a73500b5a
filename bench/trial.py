"""One trial of one implementation: a process on a core of its own, measured from outside in the same way for all."""

import os
import time
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.cores import IMPLEMENTATION_CORES, confined_to
from bench.implementations.implementation import WARM_UP_SHARE, Implementation, Progress, RunningImplementation
from bench.workload import Workload
from streams.kafka.child_process import stop_child

__all__ = ["Trial", "TrialFailed", "cpu_seconds", "peak_rss_bytes", "require_steady_phase", "run_trial"]

_SHORTEST_WAIT_SECONDS: Final = 0.02
_LONGEST_WAIT_SECONDS: Final = 0.5  # to ask how far a worker is costs that worker a millisecond or two
_SILENCE_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0
_TICKS_PER_SECOND: Final = os.sysconf("SC_CLK_TCK")
_LOG_TAIL: Final = 3_000


class TrialFailed(Exception):  # noqa: N818 - reads as what happened
    """An implementation ended or made no progress before it was through; the text ends with its log."""


class Trial(Struct, frozen=True, kw_only=True):
    """What was measured in the steady phase. `cpu_seconds` is the process's user and system time in it.

    `complaints` say in what the results differ from the plain count; with any, the figures are worth nothing.
    """

    implementation: str
    number: int
    events: int
    seconds: float
    cpu_seconds: float
    peak_rss_bytes: int
    complaints: list[str]

    @property
    def events_per_second(self) -> float:
        """By the clock on the wall."""
        return self.events / self.seconds

    @property
    def events_per_cpu_second(self) -> float:
        """By the time that the process really had a core."""
        return self.events / self.cpu_seconds


class _Sample(Struct, frozen=True):
    at: float
    cpu_seconds: float
    progress: Progress


def run_trial(implementation: Implementation, workload: Workload, number: int) -> Trial:
    """Let one implementation run once. Raises `TrialFailed`."""
    name = f"{implementation.name}-{number}"
    implementation.prepare(workload, name)
    log_path = workload.scratch / f"{name}.log"
    with log_path.open("wb") as log, confined_to(IMPLEMENTATION_CORES):
        running = implementation.start(workload, name, log)
    is_part = implementation.share is not None and implementation.share < workload.tally.events
    share = implementation.share if is_part and implementation.share is not None else workload.tally.events
    try:
        begin = _watch(running, int(share * WARM_UP_SHARE))
        end = _watch(running, share, begin, least_seconds=implementation.seconds if is_part else 0.0)
        peak = peak_rss_bytes(running.process.pid)
    except TrialFailed as failure:
        tail = log_path.read_text(encoding="utf-8", errors="replace")[-_LOG_TAIL:]
        raise TrialFailed(f"{name}: {failure}. The end of its log:\n{tail}") from None
    finally:
        stop_child(running.process, timeout_seconds=_STOP_SECONDS)
    return Trial(
        implementation=implementation.name,
        number=number,
        events=end.progress.events - begin.progress.events,
        seconds=end.at - begin.at,
        cpu_seconds=end.cpu_seconds - begin.cpu_seconds,
        peak_rss_bytes=peak,
        complaints=implementation.complaints(workload, name, end.progress),
    )


def require_steady_phase(trial: Trial) -> None:
    """Raises `TrialFailed` where the trial was over with the warm-up: of such a trial there are no figures."""
    if trial.events <= 0 or trial.seconds <= 0 or trial.cpu_seconds <= 0:
        raise TrialFailed(
            f"{trial.implementation}-{trial.number}: the warm-up was the whole trial and left nothing to measure: "
            "give more --events"
        )


def _watch(
    running: RunningImplementation, events: int, begin: _Sample | None = None, *, least_seconds: float = 0.0
) -> _Sample:
    """Look again and again until so many events are dealt with: without `begin`, and all stages are warm; with it, and
    nothing is left to do, and so many seconds have passed since then.
    """
    last = _look(running)
    moved_at = last.at
    while True:
        if last.progress.events >= events:
            if begin is None and last.progress.is_warm:
                return last
            if begin is not None and last.progress.is_finished and last.at - begin.at >= least_seconds:
                return last
        if running.process.poll() is not None:
            raise TrialFailed(f"ended with status {running.process.returncode} after {last.progress.events} events")
        if last.at - moved_at > _SILENCE_SECONDS:
            raise TrialFailed(f"made no progress for {_SILENCE_SECONDS:.0f} s after {last.progress.events} events")
        time.sleep(_pause(begin, last, events))
        before, last = last, _look(running)
        if last.progress != before.progress:
            moved_at = last.at


def _pause(begin: _Sample | None, last: _Sample, events: int) -> float:
    """Half of the time it will still take: few looks on the way, many at the end."""
    if begin is None or last.progress.events <= begin.progress.events:
        return _SHORTEST_WAIT_SECONDS if begin is None else _LONGEST_WAIT_SECONDS
    rate = (last.progress.events - begin.progress.events) / (last.at - begin.at)
    left = (events - last.progress.events) / rate
    return min(max(left / 2, _SHORTEST_WAIT_SECONDS), _LONGEST_WAIT_SECONDS)


def _look(running: RunningImplementation) -> _Sample:
    progress = running.progress()
    return _Sample(time.monotonic(), cpu_seconds(running.process.pid), progress)


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used so far; 0 where it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except (OSError, ValueError):
        return 0.0  # it has ended, which its status says
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND  # utime and stime: proc(5), fields 14 and 15


def peak_rss_bytes(pid: int) -> int:
    """The most memory that a process had so far. Raises `TrialFailed` where it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1_024
    raise TrialFailed("ended before its memory could be read")
