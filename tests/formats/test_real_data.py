"""Real Twitter v1.1 data, in full: every line accounted for, and the figures that others counted independently."""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from streams.deadletters import Reason
from streams.events import Deletion, Event, Post, Retweet, decode_event, encode_event
from streams.formats.inputs.files import open_lines
from streams.formats.tally import Tally, read_lines
from streams.formats.twitter.twitter_v1 import TwitterV1Reader

pytestmark = pytest.mark.slow

# What each sample file holds, by name: events, skipped messages, rejections.
SAMPLES: Final[dict[str, dict[str, int]]] = {
    "tw_v11_sample_stream_60lines.jsonl": {"Post": 31, "Retweet": 27, "Deletion": 2},
    "tw_v11_userstream_messages.jsonl": {
        "Post": 1,
        "Follow": 1,
        "friends": 1,
        "direct_message": 1,
        "delete_without_time": 1,
        "warning": 1,
    },
    "tw_v1_compliance_firehose.jsonl": {
        "Deletion": 1,
        "Suspension": 4,
        "status_withheld": 1,
        "user_withheld": 1,
        "drop": 1,
        "undrop": 1,
        "scrub_geo": 1,
        "user_protect": 1,
        "user_unprotect": 1,
    },
    "tw_v11_list_members_official_accounts_3.jsonl": {"user_object": 3},
    "fr_mp_snapshot_wrapped_5.jsonl": {"Retweet": 5},
    "tw_v11_retweets_2010.json": {"Retweet": 1},  # a page of the REST API: an array of one
}


def events_of(path: Path, tally: Tally) -> Iterator[Event]:
    with open_lines(str(path)) as lines:
        for _, reading in read_lines(lines, TwitterV1Reader(), tally):
            if isinstance(reading, tuple):
                yield from reading


@pytest.mark.parametrize("name", SAMPLES)
def test_each_line_of_the_samples_is_what_it_is(name: str, shared_data: Path) -> None:
    tally = Tally()
    kinds = Counter(type(event).__name__ for event in events_of(shared_data.parent / "samples" / name, tally))
    assert kinds | tally.skipped | tally.rejected == SAMPLES[name]


def test_ten_minutes_of_the_stream_are_accounted_for_line_by_line(shared_data: Path) -> None:
    """No rejections, and nothing skipped but the deletes of 2013, which did not say when."""
    tally, kinds, posts = Tally(), Counter[str](), Counter[str]()
    for path in sorted((shared_data / "twitter_v11_stream").glob("*.bz2")):
        for event in events_of(path, tally):
            kinds[type(event).__name__] += 1
            assert decode_event(encode_event(event)) == event
            match event:
                case Post():
                    posts["answers"] += event.reply_to is not None
                    posts["quotes with author"] += event.quotes is not None and event.quotes.account is not None
                case Retweet():
                    assert event.subject.created_at is not None
                    assert event.subject.followers is not None
                case Deletion():
                    assert event.actor is not None
    assert tally.lines == 60_949
    assert tally.lines == tally.event_lines + tally.skipped.total() + tally.rejected.total()
    assert kinds == {"Post": 11_392, "Retweet": 8_522, "Deletion": 40_742}
    assert tally.skipped == {"delete_without_time": 293}
    assert not tally.rejected
    assert posts["answers"] > 4_000
    assert posts["quotes with author"] > 500


def test_the_french_set_gives_the_figures_that_were_counted_independently(shared_data: Path) -> None:
    with (shared_data / "fr_parliament" / "roster.csv").open(newline="") as roster:
        officials = {row["account_id"] for row in csv.DictReader(roster)}
    retweets: Counter[str] = Counter()
    by: defaultdict[str, set[str]] = defaultdict(set)
    tally = Tally()
    for event in events_of(shared_data / "fr_parliament" / "statuses_2015-2020.jsonl.xz", tally):
        if isinstance(event, Retweet) and event.actor.id in officials and event.subject.id != event.actor.id:
            retweets[event.subject.id] += 1
            by[event.subject.id].add(event.actor.id)
    assert (retweets.total(), len(retweets)) == (24_259, 6_313)
    figures = {subject: (retweets[subject], len(by[subject])) for subject in retweets}
    assert figures["85362553"] == (227, 58)  # LCP
    assert figures["1976143068"] == (864, 52)  # EmmanuelMacron
    assert figures["242694507"] == (125, 41)  # AssembleeNat
    assert figures["155948847"] == (94, 40)  # Senat
    assert figures["1110890216"] == (240, 39)  # EPhilippe_LH
    # The one rejection: an account passes on a gone author, and the first mention left is of the account itself.
    assert (tally.lines, tally.rejected) == (48_929, {Reason.NO_SUBJECT: 1})
