"""What was not seen is no silence, and no deletion that did not happen: whole runs, with and without coverage."""

from collections.abc import Sequence
from random import Random
from typing import Final

import pytest
from msgspec.structs import replace

from streams.core.backtest import Results
from streams.core.clock import to_us
from streams.core.rosters.roster import Roster
from streams.core.watching.aftermath_records import Aftermath, AftermathCoverage
from streams.events import Event
from tests.core.stories import run_story
from tests.core.unseen_stories import (
    ROSTER,
    at,
    clean_up,
    collector_down,
    gap,
    reposted_a_year_before,
    seen,
    silence,
)

_NOW_US: Final = to_us(at(100))
_SIX_DAYS: Final = 6 / 14


def _run(*parts: Sequence[Event]) -> Results:
    """The same in three orders."""
    events = [event for part in parts for event in part]
    results = run_story(ROSTER, events, now_us=_NOW_US)
    for seed in range(2):
        shuffled = Random(seed).sample(events, len(events))
        other = run_story(ROSTER, shuffled, now_us=_NOW_US)
        assert other.aftermaths == results.aftermaths
        assert other.alerts.keys() == results.alerts.keys()
        assert [each.seen_since for _, each in sorted(other.dossiers.items())] == [
            each.seen_since for _, each in sorted(results.dossiers.items())
        ]
    return results


def _rules(results: Results) -> set[str]:
    return {alert.rule for alert in results.alerts.values()} & {"silence", "clean-up"}


def _aftermath(results: Results) -> Aftermath:
    (aftermath,) = results.aftermaths.values()
    return aftermath


def _coverage(results: Results) -> AftermathCoverage:
    coverage = _aftermath(results).coverage
    assert coverage is not None
    return coverage


def test_a_gap_names_officials_that_the_roster_has_by_handle_alone() -> None:
    """It names ids. Which of them the roster means is known only once the officials have acted, maybe long after it."""
    by_handle = Roster(replace(entry, account_id=None) for entry in ROSTER.entries)
    events = [*silence(), *seen(-60, 19.5), *gap(3, 9, officials=("0", "1"))]
    expected = _coverage(_run(events))
    assert expected.unseen_share == pytest.approx(_SIX_DAYS / 3)
    for seed in range(3):
        shuffled = Random(seed).sample(events, len(events))
        assert _coverage(run_story(by_handle, shuffled, now_us=_NOW_US)) == expected


def test_a_collector_that_was_down_for_six_of_fourteen_days_makes_nobody_silent() -> None:
    """Without the record of it the same run calls all six of them silent."""
    unaware, aware = _run(silence()), _run(silence(), collector_down())
    assert _rules(unaware) == {"silence"}
    assert (_aftermath(unaware).silent_officials, _aftermath(unaware).coverage) == (6, None)
    assert _rules(aware) == set()
    assert _aftermath(aware).silent_officials == 0
    coverage = _coverage(aware)
    assert coverage.unseen_share == pytest.approx(_SIX_DAYS)
    assert [(span.since, span.until, span.officials) for span in coverage.unseen] == [(at(3), at(9), 6)]
    assert (coverage.seen_since, coverage.says_nothing_of_silence) == (at(-60), True)


def test_where_everything_was_seen_officials_are_as_silent_as_without_a_source_that_says_so() -> None:
    results = _run(silence(), seen(-60, 0, 10, 19.5))
    assert _rules(results) == {"silence"}
    assert (_coverage(results).unseen_share, _coverage(results).unseen) == (0, ())


@pytest.mark.slow
@pytest.mark.parametrize("hours", [16, 17])
def test_a_gap_of_up_to_a_twentieth_of_a_watch_takes_nothing_back_and_is_told_in_the_alert(hours: float) -> None:
    """A twentieth of fourteen days is 16.8 hours."""
    results = _run(silence(), seen(-60, 19.5), gap(3, 3 + hours / 24))
    assert _rules(results) == ({"silence"} if hours < 16.8 else set())
    if hours < 16.8:
        (alert,) = (each for each in results.alerts.values() if each.rule == "silence")
        assert "2022-01-23 00:00" in alert.summary
        assert "4.8% of the time" in alert.summary
        assert alert.figures["unseen_share"] == pytest.approx(16 / 24 / 14)


def test_a_gap_that_a_replay_closed_was_seen_and_one_that_a_back_fill_closed_but_for_deletions() -> None:
    replayed, filled = (_run(silence(), clean_up(), collector_down(how)) for how in ("replay", "back_fill"))
    assert _rules(replayed) == {"silence", "clean-up"}
    assert _coverage(replayed).unseen_spans == 0
    assert _coverage(filled).unseen_share == 0
    assert _coverage(filled).deletions_unseen_share == pytest.approx(_SIX_DAYS)
    assert _coverage(filled).says_nothing_of_deletions
    assert "silence" in _rules(filled)


def test_deletions_are_not_compared_with_a_baseline_that_was_not_seen() -> None:
    """A collector that started five days before the suspension saw no deletions before."""
    whole, late = (_run(silence(), clean_up(), seen(since, 19.5)) for since in (-60, -5))
    assert "clean-up" in _rules(whole)
    assert "clean-up" not in _rules(late)
    assert _aftermath(late).deletions == _aftermath(whole).deletions == 9
    assert _coverage(late).deletions_unseen_share_before == pytest.approx(25 / 30)


def test_a_source_that_saw_what_another_missed_closes_its_gap() -> None:
    results = _run(silence(), collector_down(), seen(-1, 19.5, source="archive"))
    assert _rules(results) == {"silence"}
    assert _coverage(results).unseen_spans == 0


def test_a_source_that_fell_silent_for_good_saw_nothing_since() -> None:
    """Nobody wrote a gap: after a source's last word everything counts as unseen once the watch is over."""
    results = _run(silence(), seen(-60, 0, 7))
    assert _rules(results) == set()
    assert _coverage(results).unseen_share == pytest.approx(0.5)


def test_an_official_that_was_not_seen_is_not_silent_while_the_others_are() -> None:
    """One of six for a day: little of the whole, and too much of that one."""
    results = _run(silence(), seen(-60, 19.5), gap(3, 4, officials=("2",)))
    assert _coverage(results).unseen_share == pytest.approx(1 / 14 / 6)
    assert _aftermath(results).silent_officials == 5
    assert [each.id for each in _aftermath(results).officials if not each.silent] == ["2"]
    assert [span.officials for span in _coverage(results).unseen] == [1]


def test_a_repost_a_year_old_is_taken_back_as_one_a_second_after_it_was_seen() -> None:
    """Else nothing that officials passed on before a collector started could ever be taken back."""
    events = reposted_a_year_before()
    before, after = (_run(part).dossiers["twitter:800"] for part in (events[:2], events))
    assert (before.totals.retweet, before.withdrawn) == (2, 0)
    assert (after.totals.retweet, after.withdrawn) == (1, 1)


def test_a_dossier_says_since_when_the_officials_that_amplified_the_account_have_been_seen() -> None:
    """Whoever sees them first counts; of a platform that no source says to have seen nothing is said."""
    seen_since = [
        _run(silence(), part).dossiers["twitter:700"].seen_since
        for part in ((), gap(3, 9), seen(-5, 19.5), [*seen(-5, 19.5), *seen(-9.5, 2, source="archive")], seen(None, 3))
    ]
    assert seen_since == [{}, {}, {"IR": at(-5)}, {"IR": at(-9.5)}, {"IR": None}]
