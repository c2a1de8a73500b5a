"""The account of an input: no line is counted twice, and none not at all."""

import time
from collections import Counter
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason, Rejection
from streams.formats.inputs.files import open_lines
from streams.formats.inputs.lines import split_lines
from streams.formats.reader import Skipped
from streams.formats.suspensions.suspensions_csv import SuspensionsCsvReader
from streams.formats.tally import Tally, read_lines
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from tests.formats.payloads import SYNTHETIC, mutated_lines, to_line


@given(st.lists(mutated_lines(list(SYNTHETIC.values())) | st.binary(max_size=10), max_size=10))
@settings(max_examples=100)
def test_events_skipped_and_rejected_add_up_to_the_lines(raw: list[bytes]) -> None:
    tally, kinds = Tally(), Counter[str]()
    blocks = [b"\n".join(raw) + b"\n"]
    for _, reading in read_lines(split_lines(blocks, max_line_bytes=1_000), TwitterV1Reader(), tally):
        kinds[type(reading).__name__] += 1
    assert tally.lines == kinds.total()
    assert tally.lines >= blocks[0].count(b"\n"), "a line may hold several messages"
    assert tally.lines == tally.event_lines + tally.skipped.total() + tally.rejected.total()
    assert (tally.event_lines, tally.events) == (kinds["tuple"], kinds["tuple"])
    assert (tally.skipped.total(), tally.rejected.total()) == (kinds["Skipped"], kinds["Rejection"])


def test_a_line_refused_as_a_line_is_never_read(tmp_path: Path) -> None:
    path = tmp_path / "input.json"
    good = to_line(SYNTHETIC["post"])
    path.write_bytes(b"\n".join([good, b" " * len(good) * 2, b"", b"[]", good]))
    tally = Tally()
    with open_lines(str(path), max_line_bytes=len(good)) as lines:
        readings = [reading for _, reading in read_lines(lines, TwitterV1Reader(), tally)]
    assert isinstance(readings[1], Rejection)
    assert readings[1].reason is Reason.TOO_LARGE
    assert readings[2] == Skipped("blank")
    assert tally == Tally(
        lines=5,
        event_lines=2,
        events=2,
        skipped=Counter(blank=1),
        rejected=Counter({Reason.TOO_LARGE: 1, Reason.NOT_AN_EVENT: 1}),
    )


def _tallied(data: bytes) -> Tally:
    tally = Tally()
    for _ in read_lines(split_lines([data]), TwitterV1Reader(), tally):
        pass
    return tally


def test_values_with_nothing_between_them_are_read_each() -> None:
    """Files that were joined where the first has no last newline; and one that is broken costs only itself."""
    post, retweet = to_line(SYNTHETIC["post"]), to_line(SYNTHETIC["retweet"])
    assert _tallied(post + retweet + b"\n" + post) == Tally(lines=3, event_lines=3, events=3)
    broken = _tallied(post + b'{"id":,}' + retweet)
    assert (broken.lines, broken.events, broken.rejected) == (3, 2, Counter({Reason.NOT_JSON: 1}))


def test_a_line_that_holds_half_a_million_values_and_no_record_is_refused_at_its_second_value() -> None:
    begun = time.process_time()
    tally = _tallied(b"{o]" + b"o]" * 500_000)
    assert tally.rejected == Counter({Reason.NOT_JSON: 1})
    assert time.process_time() - begun < 0.5, "all its values were looked at"


def test_a_byte_order_mark_before_a_line_costs_nothing() -> None:
    post = to_line(SYNTHETIC["post"])
    assert _tallied(post + b"\n\xef\xbb\xbf" + post) == Tally(lines=2, event_lines=2, events=2)


def test_a_line_that_is_the_length_of_the_next_is_skipped_by_name() -> None:
    post = to_line(SYNTHETIC["post"])
    assert _tallied(b"%d\n%s\n" % (len(post), post)) == Tally(
        lines=2, event_lines=1, events=1, skipped=Counter(length=1)
    )


def test_digits_alone_are_a_length_in_no_other_format() -> None:
    """In a list of suspensions they are an id without all that belongs to it."""
    tally = Tally()
    assert [*read_lines(split_lines([b"1050118621198921728\n"]), SuspensionsCsvReader(), tally)]
    assert (tally.skipped.total(), tally.rejected.total()) == (0, 1)


def test_what_wraps_itself_without_end_is_refused() -> None:
    data = to_line(SYNTHETIC["post"])
    for _ in range(50):
        data = b'{"message":' + data + b"}"
    assert _tallied(data).rejected.total() == 1
