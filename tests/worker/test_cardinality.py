"""How many series a worker can have: a number that no subject, handle or event ever adds to."""

import os
from collections.abc import Iterator
from math import prod
from typing import Any, get_args

import pytest
from prometheus_client import CollectorRegistry, Histogram

from streams.agents.track.agent import Track
from streams.agents.track.batch import track_batch
from streams.agents.watch.agent import Watch
from streams.core.countries import COUNTRIES
from streams.core.officials import CATEGORIES, Category, Official
from streams.core.screening.handle_use import HANDLE_FINDINGS
from streams.core.screening.screen import ScreenOutcome
from streams.core.subject_event import Coordinates, SubjectEvent, encode_subject_event
from streams.core.tracking.subject import TrackPolicy
from streams.core.tracking.track import TrackOutcome
from streams.core.tracking.tracker import Tracker
from streams.core.watching.aftermath_records import AftermathStatus
from streams.core.watching.watch_step import WatchOutcome
from streams.deadletters import Reason
from streams.events import Account
from streams.metrics import NOTIFY_OUTCOMES, Metrics
from streams.rules_loading import bundled_rules
from streams.settings import Settings
from streams.topics import TOPICS
from tests.agents.records import batch_of

_SUBJECTS = int(os.environ.get("CARDINALITY_SUBJECTS", "6000"))
_AT_ONCE = 2_000
_MOST_SERIES = 4_000  # Prometheus takes millions; of them 250 States by 5 categories, twice, make 2,500
_RULES = bundled_rules()
_SIZES = {
    "topic": len(TOPICS),
    "country": len(COUNTRIES) + 1,
    "category": len(CATEGORIES),
    "rule": len(_RULES.rules) + 10,  # somebody's own
    "severity": 3,
    "finding": len(HANDLE_FINDINGS),
    "reason": len(Reason),
    "outcome": max(len(ScreenOutcome), len(TrackOutcome), len(WatchOutcome), len(NOTIFY_OUTCOMES)),
    "status": len(get_args(AftermathStatus)),
    "version": 1,
}


def _series(metrics: Metrics) -> set[tuple[str, ...]]:
    return {
        (sample.name, *map(str, sorted(sample.labels.items())))
        for family in metrics.registry.collect()
        for sample in family.samples
    }


def _events(begin: int, end: int) -> Iterator[bytes]:
    countries = [*sorted(COUNTRIES), "!?"]  # a roster topic may be written by anybody
    for number in range(begin, end):
        category: Category = get_args(Category)[number % len(CATEGORIES)]
        official = Official(id="9", handle="o", country=countries[number % len(countries)], category=category)
        yield encode_subject_event(
            SubjectEvent(
                kind="retweet",
                platform="twitter",
                event_id=f"e{number}",
                at_us=1_640_995_200_000_000 + number,
                subject=Account(id=f"7{number}", handle=f"subject_{number}"),
                source=Coordinates("retweets", number % 12, number),
                official=official,
            )
        )


@pytest.mark.slow
def test_new_subjects_add_no_series() -> None:
    """The long version: `CARDINALITY_SUBJECTS=1000000`."""
    metrics = Metrics(CollectorRegistry())
    track = Track(Settings(), metrics, _RULES, lambda _batch: None, lambda: 1)
    after = list[set[tuple[str, ...]]]()
    for begin in range(0, _SUBJECTS, _AT_ONCE):
        batch = batch_of("subject-events", list(_events(begin, begin + _AT_ONCE)), first=begin)
        tracked = track_batch(batch, 0, Tracker(_RULES, TrackPolicy(), lambda _key: None))
        track._count(batch, tracked)
        after.append(_series(metrics))
    assert len(after) > 2
    assert after[-1] == after[0]  # 1,255 pairs of State and category are all among the first two thousand
    assert len(after[0]) < _MOST_SERIES
    assert metrics.registry.get_sample_value("antiphon_new_subjects_total") == len(after) * _AT_ONCE
    assert not [each for each in after[0] if any("7" in part and "subject" in part for part in each[1:])]


def test_what_a_roster_and_the_rules_announce_is_there_at_0_and_events_add_nothing_to_it() -> None:
    """Every State there is and one that is none, all rules with all they can reach."""
    metrics = Metrics(CollectorRegistry())
    Track(Settings(), metrics, _RULES, lambda _batch: None, lambda: 1)
    Watch(Settings(), metrics, _RULES, lambda _batch: None, lambda: 1)
    metrics.expect_amplifications(
        (country, category) for country in [*COUNTRIES, "!?", "??"] for category in CATEGORIES
    )
    announced = _values(metrics)
    assert len(announced) == (len(COUNTRIES) + 1) * len(CATEGORIES) + sum(1 + len(r.escalations) for r in _RULES.rules)
    assert set(announced.values()) == {0.0}
    assert ("new-account-burst", "warning") in announced
    assert ("new-account-burst", "critical") in announced
    assert ("silence", "info") in announced
    assert ("silence", "critical") not in announced

    track = Track(Settings(), metrics, _RULES, lambda _batch: None, lambda: 1)
    batch = batch_of("subject-events", list(_events(0, 2_000)), first=0)
    track._count(batch, track_batch(batch, 0, Tracker(_RULES, TrackPolicy(), lambda _key: None)))
    counted = _values(metrics)
    assert counted.keys() == announced.keys()
    assert sum(counted.values()) == 2_000
    assert len(_series(metrics)) < _MOST_SERIES


def _values(metrics: Metrics) -> dict[tuple[str, ...], float]:
    return {
        tuple(sample.labels[name] for name in names): sample.value
        for counter, names in (
            (metrics.amplifications, ("country", "category")),
            (metrics.alerts, ("rule", "severity")),
        )
        for family in counter.collect()
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def test_every_label_is_from_a_closed_set_and_all_of_them_together_are_few() -> None:
    metrics = Metrics(CollectorRegistry())
    collectors: list[Any] = list(metrics.registry._collector_to_names)
    assert len(collectors) > 20
    most = 0
    for collector in collectors:
        labels = collector._labelnames
        assert set(labels) <= _SIZES.keys(), f"{collector._name}: say how many there can be of {labels}"
        # Of a histogram its buckets and the endless one, sum, count, time of birth; of all else a value and that.
        each = len(collector._kwargs["buckets"]) + 4 if isinstance(collector, Histogram) else 2
        most += each * prod(_SIZES[label] for label in labels)
    assert most < _MOST_SERIES


def test_each_help_text_says_what_it_is_and_what_a_change_of_it_means() -> None:
    for family in Metrics(CollectorRegistry()).registry.collect():
        assert family.name.startswith("antiphon_")
        assert len(family.documentation) > 20
        plain = ("antiphon_build_info", "antiphon_outputs", "antiphon_subjects")
        assert family.name in plain or any(word in family.documentation for word in ("rise", "fall", "0 means")), (
            family.name
        )
