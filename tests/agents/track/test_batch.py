"""TRACK's work on one batch."""

from streams.agents.track.batch import track_batch
from streams.core.canary import canary_retweet, screened_canary
from streams.core.country_event import decode_country_event
from streams.core.evidence import read_evidence_record
from streams.core.rule_files.rule_file import parse_rules
from streams.core.subject_event import Coordinates, SubjectEvent, encode_subject_event
from streams.core.tracked import decode_tracked
from streams.core.tracking.subject import Subject, TrackPolicy
from streams.core.tracking.tracker import Tracker
from streams.events import Account
from streams.rules_loading import bundled_rules
from tests.agents.records import batch_of, retweet_of
from tests.core.evidence_checks import is_intact

_OFTEN = """
[rules.often]
description = "Often."
severity = "info"
quiet = "7d"

[rules.often.when]
amplifications = { at_least = 10 }
"""


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


def test_states_hear_of_a_suspension_and_screen_of_whom_to_follow() -> None:
    """Beside the dossier, under the keys by which they are read: the State, and what kind of account it is."""
    suspension = SubjectEvent(
        kind="suspension",
        platform="twitter",
        event_id="s1",
        at_us=1_640_995_300_000_000,
        subject=Account(id="7"),
        source=Coordinates("suspensions", 0, 1),
        status="suspended",
    )
    records = [*(retweet_of(number) for number in range(3)), encode_subject_event(suspension)]
    tracked = track_batch(batch_of("subject-events", records), 0, _tracker())
    by_topic = {record.topic: record for record in tracked.outputs}
    assert by_topic["tracked-accounts"].key == b"subject/twitter:7"
    assert decode_tracked(by_topic["tracked-accounts"].value or b"").countries == ("IR",)
    assert by_topic["country-events"].key == b"IR"
    standing = decode_country_event(by_topic["country-events"].value or b"").standing
    assert standing is not None
    assert [(each.id, each.amplifications) for each in standing.amplifiers] == [("9", 3)]
    assert [(period.opened_us, period.status) for period in standing.periods] == [(suspension.at_us, "suspended")]


def test_canaries_come_out_where_they_are_looked_for_and_change_nothing() -> None:
    tracker = _tracker()
    events = [canary_retweet(f"c-0-{number}", "canary-1") for number in range(3)]
    canaries = [screened_canary(event, Coordinates("retweets", 0, 9)) for event in events]
    tracked = track_batch(
        batch_of("subject-events", [encode_subject_event(each) for each in canaries if each]), 0, tracker
    )
    assert [(out.topic, out.value) for out in tracked.outputs] == [("canaries", event.id.encode()) for event in events]
    assert (tracked.changed, tracked.newest_us, tracked.position, tracker.outcomes.total()) == ({}, None, 3, 0)


def test_amplifications_are_counted_by_state_and_category_and_subjects_once() -> None:
    """A subject is new with its first amplification, in whatever batch, and never again."""
    first = track_batch(batch_of("subject-events", [retweet_of(1), retweet_of(2), retweet_of(2)]), 0, _tracker())
    assert (first.amplified, first.new_subjects) == ({("IR", "diplomat"): 2}, 1)
    known = Tracker(bundled_rules(), TrackPolicy(), first.changed.get)
    more = [retweet_of(3), retweet_of(1), retweet_of(4, subject="8")]
    again = track_batch(batch_of("subject-events", more, first=3), 3, known)
    assert (again.amplified, again.new_subjects) == ({("IR", "diplomat"): 2}, 1)


def test_each_version_of_an_alert_is_kept_beside_it() -> None:
    """The very bytes that `alerts` gets, in the same transaction: what it said first is not lost with the next one."""
    states: dict[str, Subject] = {}
    alerts: list[tuple[str, bytes | None]] = []
    kept: list[tuple[str, bytes | None]] = []
    for begin in (0, 40):
        tracker = Tracker(parse_rules(_OFTEN, "rules"), TrackPolicy(), states.get)
        batch = batch_of("subject-events", [retweet_of(n) for n in range(begin, begin + 40)], first=begin)
        tracked = track_batch(batch, begin, tracker)
        states |= tracked.changed
        alerts += [((out.key or b"").decode(), out.value) for out in tracked.outputs if out.topic == "alerts"]
        entries = [
            read_evidence_record(out.key, out.value, out.headers, 0)
            for out in tracked.outputs
            if out.topic == "evidence"
        ]
        kept += [(entry.key.id, entry.value) for entry in entries if is_intact(entry)]
    assert len({value for _id, value in alerts}) >= 2
    assert kept == alerts
