"""Coverage in WATCH, batch by batch: what becomes known later corrects, and a heartbeat costs nothing."""

from collections.abc import Sequence

import msgspec
import pytest

from streams.core.country_event import CountryEvent, RawProgress, SourceCoverage
from streams.core.watching.aftermath_records import AftermathCoverage
from streams.core.watching.keys import source_spans_key
from streams.core.watching.ledger import Ledger, encode_record
from streams.core.watching.records import Entry, Forgotten
from streams.core.watching.source_spans import SourceSpan, SourceSpans
from streams.core.watching.watch_policy import WatchPolicy
from streams.core.watching.watch_step import WatchOutcome
from streams.ledger.sqlite import SqliteLedger
from streams.rules_loading import bundled_rules
from streams.topics import topic_named
from tests.core.watching.plain_ledger import PlainLedger
from tests.core.watching.watch_events import IRAN, SUBJECT, amplification, day, standing, tick
from tests.core.watching.watch_run import WatchRun


def _reported(
    name: str,
    since: float | None,
    until: float | None,
    *,
    seen: bool = True,
    closed: bool = False,
    observed: float | None = None,
    officials: tuple[str, ...] | None = None,
) -> CountryEvent:
    at = until if until is not None else since
    return CountryEvent(
        kind="coverage",
        country="IR",
        platform="twitter",
        event_id=name,
        at_us=day(0 if at is None else at),
        source=standing().source,
        observed_us=None if observed is None else day(observed),
        coverage=SourceCoverage(
            source="collector",
            seen=seen,
            since_us=None if since is None else day(since),
            until_us=None if until is None else day(until),
            officials=officials,
            closed_by="back_fill" if closed else None,
        ),
    )


def _silence() -> list[CountryEvent]:
    """Six officials had amplified the subject eighteen times, and then nothing; the watch is over."""
    amplifications = [amplification(f"r{number}", -9 + number / 10, IRAN[number % 6]) for number in range(18)]
    return [*amplifications, standing(), tick(20)]


def _run(*batches: list[CountryEvent], policy: WatchPolicy | None = None, ledger: Ledger | None = None) -> WatchRun:
    return WatchRun(bundled_rules(), policy, ledger).run(batches)


def _rules(run: WatchRun) -> set[str]:
    return {alert.rule for alert in run.standing_alerts.values()}


def _coverage(run: WatchRun) -> AftermathCoverage:
    (aftermath,) = run.standing.values()
    assert aftermath.coverage is not None
    return aftermath.coverage


def test_a_gap_that_becomes_known_late_takes_a_silence_back_and_one_that_is_closed_brings_it_again() -> None:
    whole, gap = _reported("s", -60, 19.9), _reported("g", 3, 9, seen=False)
    run = _run([whole], _silence())
    assert "silence" in _rules(run)
    run.batch([gap])
    assert "silence" not in _rules(run)
    assert {alert.status for alert in run.alerts.values() if alert.rule == "silence"} == {"retracted"}
    assert _coverage(run).says_nothing_of_silence
    run.batch([_reported("g", 3, 9, seen=False, closed=True)])
    assert "silence" in _rules(run)
    assert _coverage(run).unseen_share == 0
    assert _coverage(run).deletions_unseen_share == pytest.approx(6 / 14)


def test_the_first_word_of_a_source_says_that_nothing_before_was_seen() -> None:
    run = _run(_silence())
    assert "silence" in _rules(run)
    run.batch([_reported("s", 30, 30.1)])
    assert "silence" not in _rules(run)
    assert _coverage(run).unseen_share == 1


def test_a_heart_beat_that_comes_behind_the_end_of_a_watch_says_that_its_last_days_were_seen() -> None:
    run = _run([_reported("s", -60, 10)], _silence())
    assert "silence" not in _rules(run)
    run.batch([_reported("s", -60, 14)])
    assert "silence" in _rules(run)
    assert _coverage(run).unseen_spans == 0


@pytest.mark.slow
def test_heart_beats_publish_nothing_and_look_at_no_open_watch() -> None:
    """A thousand of them, of a State with a hundred open watches."""

    class Counting(PlainLedger):
        counted = 0

        def references(self, country: str, keys: Sequence[str], from_us: int, to_us: int) -> list[Entry]:
            self.counted += 1
            return super().references(country, keys, from_us, to_us)

    ledger = Counting()
    subjects = [msgspec.structs.replace(SUBJECT, id=f"{SUBJECT.id}{number}") for number in range(100)]
    standings = [msgspec.structs.replace(standing(), subject=subject) for subject in subjects]
    run = _run([_reported("s", -60, 1), *standings, tick(1)], ledger=ledger)
    assert len(run.standing) == 100
    assert ledger.counted >= 100
    published, ledger.counted = run.published, 0
    for number in range(1_000):
        run.batch([_reported("s", -60, 1 + number / 1_440)])
    assert (run.published, ledger.counted) == (published, 0)


def test_an_open_watch_does_not_count_the_time_that_is_still_to_be_told() -> None:
    run = _run([_reported("s", -60, 1), standing(), amplification("r", -3), tick(5)])
    assert _coverage(run).unseen_share == 0
    run.batch([_reported("g", 1, None, seen=False)])
    assert _coverage(run).unseen_share == pytest.approx(13 / 14)


def test_the_word_that_was_said_last_stands_whichever_comes_first() -> None:
    """By the time at which it was said; a source may take a word back."""
    open_, shorter = (_reported("g", 3, until, seen=False, observed=at) for until, at in ((13, 4.0), (3.1, 5.0)))
    whole = _reported("s", -60, 19.9)
    runs = [_run([whole], _silence(), *([each] for each in order)) for order in ((open_, shorter), (shorter, open_))]
    assert runs[0].standing == runs[1].standing
    assert _coverage(runs[0]).unseen_share == pytest.approx(0.1 / 14)
    assert runs[1].outcomes[WatchOutcome.OUTDATED] == 1


def test_beyond_the_bounds_the_oldest_time_counts_as_unseen_and_that_is_counted() -> None:
    policy = WatchPolicy(coverage_spans=3, coverage_officials=4, coverage_sources=1)
    spans = [_reported(f"s{number}", number, number + 1) for number in range(-4, 14)]
    run = _run(spans, _silence(), policy=policy)
    assert run.outcomes[WatchOutcome.COVERAGE_BOUND] == len(spans) - 3
    assert _coverage(run).unseen_share == pytest.approx(11 / 14)
    assert _coverage(run).seen_since == _coverage(_run([_reported("s", -4, 20)], _silence())).seen_since
    gaps = [_reported(f"g{number}", number, number + 0.1, seen=False, officials=("1", "2")) for number in (1, 3, 6)]
    run = _run([_reported("s", -60, 19.9), *gaps], _silence(), policy=policy)
    assert _coverage(run).unseen[0].officials == 6  # two of the gaps became one, for everybody
    other = msgspec.structs.replace(spans[0], coverage=SourceCoverage(source="another", seen=True))
    assert _run([spans[0], other], policy=policy).outcomes[WatchOutcome.COVERAGE_BOUND] == 1


def test_each_official_of_a_large_roster_may_have_a_gap_of_its_own_and_none_is_one_for_everybody() -> None:
    """A collector tells of each that is new on the roster since when it is in the filter."""
    until = [-20] * 999 + [10]
    added = [_reported(f"added{n}", None, until[n], seen=False, officials=(str(n + 1_000),)) for n in range(len(until))]
    run = _run([_reported("s", -60, 19.9), *added], _silence())
    assert run.outcomes[WatchOutcome.COVERAGE_BOUND] == 0
    assert _coverage(run).unseen_spans == 0
    assert "silence" in _rules(run)


def test_the_largest_record_of_gaps_fits_into_the_changelogs_message() -> None:
    """As many officials as are kept, with the longest ids."""
    policy = WatchPolicy()
    spans = tuple(
        SourceSpan(f"{number:0>256}", day(0), 0, day(1), (f"{number:0>256}",), "back_fill")
        for number in range(policy.coverage_officials)
    )
    record = SourceSpans("twitter", "IR", "x" * 64, seen=False, spans=spans)
    assert len(encode_record(record)) < topic_named("country-ledger").max_message_bytes


def test_what_is_older_than_every_watch_that_can_still_change_is_forgotten_but_for_since_when_was_seen() -> None:
    ledger = PlainLedger()
    ledger.put(Forgotten("IR", day(500)))
    run = _run([_reported("s0", -60, 100), _reported("s1", 480, 490)], ledger=ledger)
    spans = run.ledger.get(source_spans_key("IR", "twitter", "collector", seen=True))
    assert isinstance(spans, SourceSpans)
    assert [span.id for span in spans.spans] == ["s1"]
    assert spans.first_us == day(-60)


def _reports(days: float) -> CountryEvent:
    """A worker's tick, which ends no run."""
    progress = RawProgress(as_of_us=day(days), partitions={}, read={})
    return msgspec.structs.replace(tick(days), progress=progress)


def test_an_account_is_told_since_when_its_officials_have_been_seen_once_and_again_when_that_changes() -> None:
    run = _run([_reported("s", -60, 1)], [amplification("r1", -9), amplification("r2", -8, IRAN[1])])
    assert (run.seen_since, run.seen["told since when"]) == ({("twitter", SUBJECT.id, "IR"): day(-60)}, 1)
    run.batch([_reported("s", -60, 2), amplification("r3", -7, IRAN[2]), _reports(3)])
    assert run.seen["told since when"] == 2, "the answer was new, so all were told again"
    run.batch([_reported("s", -60, 3), _reports(4), _reports(5)])
    assert run.seen["told since when"] == 2
    run.batch([_reported("older", -90, -80), _reports(6)])
    assert run.seen_since == {("twitter", SUBJECT.id, "IR"): day(-90)}
    run.batch([_reported("ever", None, -90), _reports(6)])
    assert run.seen_since == {("twitter", SUBJECT.id, "IR"): 0}


def test_where_no_source_says_that_it_saw_the_platform_nobody_is_told_anything() -> None:
    run = _run([amplification("r1", -9), _reported("g", 1, 2, seen=False), tick(20)])
    assert run.seen_since == {}


def test_a_first_word_of_a_source_is_told_to_all_that_its_officials_amplified_some_with_each_tick() -> None:
    """Also to one that turns out meanwhile to have been amplified before those who know already; a crash after any
    batch forgets nobody."""
    subjects = [msgspec.structs.replace(SUBJECT, id=f"{SUBJECT.id}{number}") for number in range(20)]
    amplified = [amplification(f"r{number}", number - 30, of=subject) for number, subject in enumerate(subjects)]
    for store in (PlainLedger, SqliteLedger):
        run = _run(amplified, [_reported("s", -60, 1)], policy=WatchPolicy(seen_since_per_tick=3), ledger=store())
        counts = []
        for number in range(3):
            run.batch([_reports(1 + number)])
            counts.append(len(run.seen_since))
        assert counts == [3, 6, 9]
        run.batch([amplification("earlier", -40, of=subjects[15])])
        assert len(run.seen_since) == 10
        for number in range(4):
            run.batch([_reports(5 + number)])
        assert set(run.seen_since.values()) == {day(-60)}
        assert len(run.seen_since) == len(subjects)
        published = run.seen["told since when"]
        run.batch([_reports(9)])
        assert run.seen["told since when"] == published
