"""Lines of a byte stream: what a plain split gives, however the bytes arrive, and never more in memory than allowed."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason
from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.lines import KEPT_BYTES, Line, split_lines

text = st.lists(st.sampled_from([b"\n", b"\r", b"\r\n", b"a", b"bc", b"\x00", b"x" * 30]), max_size=40).map(b"".join)


def cut_anywhere(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(places)]


def plain_split(data: bytes) -> list[bytes]:
    lines = data.split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def matches(line: Line, number: int, raw: bytes, limit: int) -> bool:
    """Whether the line is what `raw`, the bytes between two newlines, must become."""
    if len(raw) <= limit:
        return line == Line(number, raw.removesuffix(b"\r"))
    return (
        line.refusal is not None
        and line.refusal.reason is Reason.TOO_LARGE
        and (line.number, line.data, line.size) == (number, raw[:KEPT_BYTES], len(raw))
        and line.sha256 == hashlib.sha256(raw).hexdigest()
    )


@pytest.mark.slow
def test_lines_are_those_of_a_plain_split_however_the_blocks_fall() -> None:
    seen: Counter[str] = Counter()

    @given(text, st.lists(st.integers(0, 2_000), max_size=10), st.integers(1, 80))
    @settings(max_examples=500)
    def check(data: bytes, cuts: list[int], limit: int) -> None:
        lines = list(split_lines(cut_anywhere(data, cuts), max_line_bytes=limit))
        expected = plain_split(data)
        assert len(lines) == len(expected)
        for number, (line, raw) in enumerate(zip(lines, expected, strict=True), start=1):
            assert matches(line, number, raw, limit)
            seen["too long" if line.refusal else "whole"] += 1

    check()
    assert seen["too long"] > 50
    assert seen["whole"] > 500


@given(text, st.lists(st.integers(0, 2_000), max_size=10))
def test_a_damaged_end_is_one_more_line_after_the_good_ones(data: bytes, cuts: list[int]) -> None:
    def blocks() -> Iterator[bytes]:
        yield from cut_anywhere(data, cuts)
        raise Damaged("it broke")

    *good, last = split_lines(blocks())
    finished, _, unfinished = data.rpartition(b"\n")
    assert [line.data for line in good] == ([raw.removesuffix(b"\r") for raw in finished.split(b"\n")] if _ else [])
    assert last.refusal is not None
    assert (last.refusal.reason, last.refusal.detail) == (Reason.BAD_FILE, "it broke")
    assert (last.number, last.data, last.size) == (len(good) + 1, unfinished, len(unfinished))
    assert last.sha256 == hashlib.sha256(unfinished).hexdigest()
