"""The watermark: no partition that lags is overtaken, whoever reads it and whoever dies, and none holds it for ever."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.agents.screen.progress_reports import ProgressReporter
from streams.core.clock import DAY_US, HOUR_US, SECOND_US
from streams.core.country_event import CountryEvent, RawProgress, ReadUpTo
from streams.core.watching.records import RawRead
from streams.core.watching.watermark import with_report
from streams.events import RAW_TOPICS
from streams.rules_loading import bundled_rules
from tests.core.tracking.strategies import NOWHERE, examples
from tests.core.watching.watch_events import day, post, standing, tick
from tests.core.watching.watch_run import WatchRun

_IDLE_SECONDS = 10.0
_CLOCK_US = 10**15  # far ahead of all event times here
_TOPIC = "posts"
_OTHERS = dict.fromkeys(sorted(RAW_TOPICS.values()), 0)


class _Event:
    def __init__(self, at_us: int, written_at: float) -> None:
        self.at_us, self.written_at, self.read_at = at_us, written_at, float("inf")


class _Worker:
    def __init__(self) -> None:
        self.ticker = ProgressReporter(_IDLE_SECONDS)
        self.ends: dict[int, int] = {}
        self.sent: list[RawProgress] = []


class _Cluster:
    """Raw partitions, whose events come in order; workers with the real ticker; and WATCH. Time in seconds."""

    def __init__(self, partitions: int, workers: int) -> None:
        self.now = 0.0
        self.logs: list[list[_Event]] = [[] for _ in range(partitions)]
        self.done = [0] * partitions
        self.workers = [_Worker() for _ in range(workers)]
        self.owners = [number % workers for number in range(partitions)]
        self.known = RawRead()
        self.watermark_us = 0
        self.seen = Counter[str]()

    def write(self, partition: int, step_us: int) -> None:
        log = self.logs[partition]
        log.append(_Event((log[-1].at_us if log else 0) + step_us, self.now))

    def read(self, partition: int, count: int) -> None:
        """What a worker reads is through at once; what is not committed is read again after a rebalance."""
        begin = self.done[partition]
        events = self.logs[partition][begin : begin + count]
        for event in events:
            event.read_at = min(event.read_at, self.now)
        self.done[partition] += len(events)
        if events:
            ticker = self.workers[self.owners[partition]].ticker
            ticker.note_batch(_TOPIC, partition, events[-1].at_us, self.now)

    def look(self, number: int) -> None:
        worker = self.workers[number]
        worker.ticker.look(self.now, _CLOCK_US + round(self.now * SECOND_US))
        worker.ends = {p: len(self.logs[p]) for p, owner in enumerate(self.owners) if owner == number}

    def answer(self, number: int) -> None:
        worker = self.workers[number]
        lags = {(_TOPIC, p): max(0, end - self.done[p]) for p, end in worker.ends.items() if self.owners[p] == number}
        report = worker.ticker.found(lags, {**_OTHERS, _TOPIC: len(self.logs)})
        if report is not None:
            worker.sent.append(report)

    def deliver(self, number: int) -> None:
        worker = self.workers[number]
        for report in worker.sent:
            before_us = self.watermark_us
            self.known, self.watermark_us = with_report(self.known, report, before_us)
            if self.watermark_us > before_us:
                self._check()
            assert self.watermark_us >= before_us
        if worker.sent:
            worker.ticker.reported()
        worker.sent = []

    def rebalance(self, owners: list[int], dead: int | None) -> None:
        if dead is not None:
            self.workers[dead] = _Worker()
        self.owners = [number % len(self.workers) for number, _ in zip(owners, self.logs, strict=False)]
        for worker in self.workers:
            worker.ticker.assigned()

    def _check(self) -> None:
        """Whatever is still unread and older was written after somebody had read up to the watermark."""
        overtaken_at = min(
            (event.read_at for log in self.logs for event in log if event.at_us >= self.watermark_us),
            default=(self.watermark_us - _CLOCK_US) / SECOND_US,
        )
        unread = [
            event
            for log, done in zip(self.logs, self.done, strict=True)
            for event in log[done:]
            if event.at_us < self.watermark_us
        ]
        assert all(event.written_at >= overtaken_at for event in unread)
        self.seen["clock" if self.watermark_us >= _CLOCK_US else "events"] += 1
        self.seen["lag"] += any(len(log) > done for log, done in zip(self.logs, self.done, strict=True))
        idle = sum(reports > 0 for row in self.known.read.values() for _at_us, reports in row)
        self.seen["some idle"] += 0 < idle < len(self.logs)


_actions = st.lists(
    st.tuples(
        st.sampled_from(("write", "write", "read", "look", "answer", "deliver", "pass", "round", "quiet", "rebalance")),
        st.integers(0, 11),
        st.integers(0, 11),
    ),
    min_size=10,
    max_size=80,
)


def _play(cluster: _Cluster, actions: list[tuple[str, int, int]]) -> None:
    partitions, workers = len(cluster.logs), len(cluster.workers)
    for action, which, much in actions:
        match action:
            case "write":
                cluster.write(which % partitions, much * HOUR_US)
            case "read":
                cluster.read(which % partitions, 1 + much)
            case "look":
                cluster.look(which % workers)
            case "answer":
                cluster.answer(which % workers)
            case "deliver":
                cluster.deliver(which % workers)
            case "round":
                for number in range(workers):
                    cluster.look(number)
                    cluster.answer(number)
                    cluster.deliver(number)
            case "pass":
                cluster.now += much
            case "quiet":  # one partition is read to its end, one has news all the time, the others say nothing
                cluster.read(which % partitions, 1_000)
                for _ in range(4):
                    cluster.now += _IDLE_SECONDS / 2
                    cluster.write(much % partitions, HOUR_US)
                    cluster.read(much % partitions, 1)
                    _play(cluster, [("round", 0, 0)])
            case _:
                owners = [which, much, which + much, which * much]
                cluster.rebalance(owners, which % workers if much % 2 else None)
        cluster.now += 0.1


@pytest.mark.slow
def test_nothing_that_was_written_before_a_time_was_reached_is_unread_when_the_watermark_reaches_it() -> None:
    """Any interleaving of writes, reads, looks, reports, rebalances and deaths; and in the end it passes everything."""
    seen = Counter[str]()

    @examples(200)
    @given(st.integers(1, 4), st.integers(1, 3), _actions)
    def check(partitions: int, workers: int, actions: list[tuple[str, int, int]]) -> None:
        cluster = _Cluster(partitions, workers)
        _play(cluster, actions)
        for partition in range(partitions):
            cluster.read(partition, 1_000)
        for _ in range(8):  # all may be assigned anew, then becomes idle; two candidates are told thrice
            cluster.now += _IDLE_SECONDS
            _play(cluster, [("round", 0, 0)])
        any_read = any(at_us for row in cluster.known.read.values() for at_us, _idle_reports in row)
        assert cluster.watermark_us >= (_CLOCK_US if any_read else 0)
        seen.update(cluster.seen)

    check()
    assert {what: seen[what] for what in ("events", "clock", "some idle", "lag") if seen[what] < 20} == {}


def test_without_idle_partitions_it_is_the_event_time_of_the_slowest() -> None:
    cluster = _Cluster(3, 2)
    _play(cluster, [("round", 0, 0)])
    for hours in range(1, 30):
        for partition in range(3):
            cluster.write(partition, HOUR_US * (1 + partition))
            cluster.read(partition, 9)
        cluster.now += _IDLE_SECONDS / 2
        _play(cluster, [("round", 0, 0)])
        assert hours < 2 or cluster.watermark_us in ((hours - 1) * HOUR_US, hours * HOUR_US)


def _progress(at: dict[str, float], *, idle: bool = False, topics: int = 2, clock: float = 1_000) -> CountryEvent:
    read: dict[str, tuple[ReadUpTo, ...]] = {topic: (ReadUpTo(0, day(days), idle),) for topic, days in at.items()}
    counts = {**_OTHERS, **dict.fromkeys(("posts", "retweets")[:topics], 1)}
    return CountryEvent(
        kind="tick",
        country="",
        platform="",
        event_id="t",
        at_us=day(clock),
        source=NOWHERE,
        progress=RawProgress(as_of_us=day(clock), partitions=counts, read=read),
    )


def _status(run: WatchRun) -> str:
    [aftermath] = run.standing.values()
    return aftermath.status


def test_a_partition_that_is_fifteen_days_behind_keeps_the_watch_open_and_no_alert_is_retracted() -> None:
    """Its officials' references are still unread: neither another partition's events nor the State's own close it."""
    run = WatchRun(bundled_rules())
    run.run([[standing()], [_progress({"posts": 20, "retweets": 5})], [post("new", 20)]])
    assert (_status(run), run.standing_alerts.keys() & {"silence"}) == ("open", set())
    said = [post(f"reference-{number}", 6 + number / 10, text="@khamenei_site") for number in range(6)]
    run.run([[each] for each in said])
    run.run([[_progress({"retweets": 13.9})]])
    assert _status(run) == "open"
    run.run([[_progress({"retweets": 14})]])
    assert _status(run) == "closed"
    assert run.seen["retracted"] == 0


def test_a_partition_that_nobody_has_reported_yet_holds_the_watch_open_and_one_that_is_gone_does_not() -> None:
    run = WatchRun(bundled_rules()).run([[standing()], [_progress({"posts": 20})]])
    assert _status(run) == "open"
    run.run([[_progress({"posts": 20}, topics=1)]])
    assert _status(run) == "closed"


def test_idle_partitions_are_left_out_when_they_are_found_idle_after_the_others_came_so_far() -> None:
    run = WatchRun(bundled_rules()).run(
        [[standing()], [_progress({"retweets": -3}, idle=True)], [_progress({"posts": 20})]]
    )
    assert _status(run) == "open"
    run.run([[_progress({"retweets": -3}, idle=True)]])
    assert _status(run) == "open"  # that look may have begun before
    run.run([[_progress({"retweets": -3}, idle=True)]])
    assert _status(run) == "closed"


def test_where_all_is_idle_the_clock_counts_once_anything_was_read() -> None:
    """A fresh installation waits for its first events, however old; a silent one closes its watches."""
    quiet = WatchRun(bundled_rules()).run([[standing()], *[[_progress({}, clock=50)] for _ in range(9)]])
    nothing = CountryEvent(
        kind="tick",
        country="",
        platform="",
        event_id="t",
        at_us=day(50),
        source=NOWHERE,
        progress=RawProgress(
            as_of_us=day(50),
            partitions={**_OTHERS, "posts": 1},
            read={"posts": (ReadUpTo(0, 0, idle=True),)},
        ),
    )
    quiet.run([[nothing]] * 9)
    assert _status(quiet) == "open"
    read = [_progress({"posts": -9}, idle=True, topics=1, clock=50)]
    quiet.run([read, read, read])
    assert _status(quiet) == "closed"


def test_the_end_of_a_run_over_files_needs_no_report() -> None:
    run = WatchRun(bundled_rules()).run([[standing()], [_progress({"posts": 20, "retweets": 5})], [tick(14)]])
    assert _status(run) == "closed"
    assert day(14) - day(0) == 14 * DAY_US
