"""TRACK's work on one batch."""

from streams.agents.tracking import track_batch
from streams.core.subject import TrackPolicy
from streams.core.tracker import Tracker
from streams.rules_loading import bundled_rules
from tests.agents.records import batch_of, retweet_of


def _tracker() -> Tracker:
    return Tracker(bundled_rules(), TrackPolicy(), lambda _key: None)


def test_what_was_applied_in_an_earlier_life_is_passed_over() -> None:
    """By offset alone: the second record before the position looks like a new event and must not count."""
    tracker = _tracker()
    batch = batch_of("subject-events", [retweet_of(number) for number in range(4)], first=10)
    tracked = track_batch(batch, 12, tracker)
    assert tracker.outcomes.total() == 2
    assert list(tracked.changed) == ["twitter:7"]
    assert len(tracked.changed["twitter:7"].state.amplifications) == 2
    assert tracked.position == 14


def test_a_batch_that_was_applied_whole_changes_nothing() -> None:
    """And does not take the position back."""
    tracked = track_batch(batch_of("subject-events", [retweet_of(1), retweet_of(2)], first=10), 40, _tracker())
    assert (tracked.changed, tracked.outputs, tracked.position) == ({}, [], 40)
