"""A file's format is told by its first lines; what is not known, or could be two, is not read."""

from collections.abc import Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cases import KHAMENEI_SITE
from streams.formats.descriptions import description_of
from streams.formats.inputs.files import open_lines
from streams.formats.inputs.lines import split_lines
from streams.formats.inputs.shapes import records_of
from streams.formats.recognition import Recognition, recognised
from streams.formats.registry import FORMATS, readers_named
from tests.formats.jetstream_frames import FRAMES
from tests.formats.mastodon_payloads import MASTODON
from tests.formats.payloads import NOTICES, SAMPLES, SHARED, STATUSES, Json, to_line
from tests.formats.tap_messages import TAP
from tests.formats.telegram_payloads import EXPORTED, TELETHON
from tests.formats.test_zeeschuimer import POSTS, capture
from tests.formats.x_v2_payloads import RETWEET, X_V2, line_of, page_of

ALL: Final = readers_named()


def recognise(lines: Iterable[bytes | Json]) -> Recognition:
    joined = b"".join((line if isinstance(line, bytes) else to_line(line)) + b"\n" for line in lines)
    return recognised(split_lines([joined]), ALL)[0]


def name_of(lines: Iterable[bytes | Json]) -> str | None:
    reader = recognise(lines).reader
    return None if reader is None else reader.name


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("canonical", KHAMENEI_SITE.events.read_bytes().splitlines()[:30]),
        ("twitter-v1", list(STATUSES.values())),
        ("twitter-v1", list(NOTICES.values())),
        ("x-v2", list(X_V2.values())),
        ("x-v2", [page_of([RETWEET])]),
        ("x-v2", [line_of(RETWEET)]),
        ("jetstream", [v1 for v1, _ in FRAMES.values()]),
        ("jetstream", [v2 for _, v2 in FRAMES.values()]),
        ("tap", list(TAP.values())),
        ("mastodon", list(MASTODON.values())),
        ("telegram", list(EXPORTED.values())),
        ("telegram", list(TELETHON.values())),
        ("zeeschuimer", [capture(each) for each in POSTS.values()]),
    ],
)
def test_each_format_is_told_by_its_lines(name: str, lines: list[bytes | Json]) -> None:
    assert name_of(lines) == name


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        *(("twitter-v1", payload) for payload in STATUSES.values()),
        *(("mastodon", payload) for payload in MASTODON.values()),
        *(("telegram", payload) for payload in (*EXPORTED.values(), *TELETHON.values())),
        *(("zeeschuimer", capture(payload)) for payload in POSTS.values()),
    ],
)
def test_one_message_is_enough(name: str, payload: Json) -> None:
    assert name_of([payload]) == name


def test_a_live_stream_waits_for_no_second_line_where_the_first_one_tells() -> None:
    """A generator that fails where it is asked for more stands for a line that has not come yet."""

    def until_it_blocks() -> Iterable[bytes]:
        yield to_line(STATUSES["retweet"]) + b"\n"
        raise AssertionError("the first line tells enough")

    recognition, lines = recognised(split_lines(until_it_blocks()), ALL)
    assert recognition.reader is not None
    assert recognition.why == "its first line is an event"
    assert next(lines).number == 1


def test_messages_that_say_nothing_do_not_hide_what_comes_after_them() -> None:
    assert name_of([b"", *[{"limit": {"track": 1}}] * 30, STATUSES["post"]]) == "twitter-v1"
    assert recognise([{"limit": {"track": 1}}] * 3).why == "3 known messages in its first 3 lines"


def test_faulty_first_lines_do_not_hide_the_format() -> None:
    broken = [STATUSES["post"] | {"created_at": "no time"}] * 20
    found = recognise([b"garbage", *broken, *[STATUSES["retweet"]] * 5])
    assert found.reader is not None
    assert (found.reader.name, found.why) == ("twitter-v1", "5 events in its first 26 lines")


@pytest.mark.parametrize(
    ("lines", "nearest"),
    [
        ([b"some text", b"and more"], "suspensions-csv"),
        ([{"key": "value"}], "canonical"),
        ([b"a;b;c", b"1;2;3"], "suspensions-csv"),
        ([b"\x00\xff"], "suspensions-csv"),
    ],
)
def test_what_no_reader_takes_is_not_read_and_the_reasons_are_told(lines: list[bytes | Json], nearest: str) -> None:
    found = recognise(lines)
    assert found.reader is None
    assert found.why.isprintable()
    assert f"no {nearest}, for " in found.why


def test_where_one_thing_is_missing_the_format_that_comes_nearest_is_named() -> None:
    found = recognise([STATUSES["post"] | {"created_at": "no time"}])
    assert found.reader is None
    assert found.why.startswith("no twitter-v1, for bad_time: ")


def test_blank_lines_alone_are_nothing() -> None:
    assert recognise([b"", b" ", b""]) == Recognition(reader=None, why="nothing but blank lines")


def test_a_format_that_is_named_is_taken_unasked() -> None:
    recognition, lines = recognised(split_lines([b"anything"]), readers_named("jetstream"))
    assert recognition == Recognition(reader=FORMATS["jetstream"], why="")
    assert [line.data for line in lines] == [b"anything"]


@given(st.lists(st.one_of(st.binary(max_size=50), st.sampled_from([to_line(each) for each in STATUSES.values()]))))
def test_no_line_is_lost_or_changed_by_being_looked_at(raw: list[bytes]) -> None:
    blocks = [b"\n".join(raw)]
    assert list(recognised(split_lines(blocks), ALL)[1]) == list(split_lines(blocks))


def test_each_format_is_described() -> None:
    for reader in FORMATS.values():
        described = description_of(reader)
        assert described.holds
        assert described.yields
        assert described.lacks


EXPECTED: Final = {
    "bluesky_jetstream_account_identity_frames.jsonl": "jetstream",
    "fr_mp_snapshot_wrapped_5.jsonl": "twitter-v1",
    "jetstream_v1_simulator_2500.jsonl": "jetstream",
    "jetstream_v2_simulator_2500.jsonl": "jetstream",
    "tw_v11_retweets_2010.json": "twitter-v1",
    "tw_v11_sample_stream_60lines.jsonl": "twitter-v1",
    "tw_v11_userstream_messages.jsonl": "twitter-v1",
    "tw_v1_compliance_firehose.jsonl": "twitter-v1",
    "x_v2_batch_compliance_tweets.jsonl": "x-compliance",
    "x_v2_batch_compliance_users.jsonl": "x-compliance",
    "x_v2_compliance_stream.jsonl": "x-compliance",
    "x_v2_edited_tweet.jsonl": "x-v2",
    "x_v2_filtered_stream.jsonl": "x-v2",
    "x_v2_retweet_single.jsonl": "x-v2",
    "x_v2_users_lookup.jsonl": "x-v2",
}


@pytest.mark.realdata
@pytest.mark.parametrize("name", EXPECTED)
def test_real_files_are_told_by_their_first_lines(name: str) -> None:
    if not SHARED.is_dir():
        pytest.skip("left out: the shared samples are not here")
    with open_lines(str(SAMPLES / name)) as lines:
        recognition, _ = recognised(lines, ALL)
    assert recognition.reader is not None, recognition.why
    assert recognition.reader.name == EXPECTED[name]


def test_a_list_of_suspensions_is_told_by_its_header() -> None:
    *_, lines = records_of(iter([b"user_id;suspended\n1359411781432246349;2021-04-01\n"]))
    found = recognised(lines, ALL)[0]
    assert found.reader is not None
    assert found.reader.name == "suspensions-csv"
