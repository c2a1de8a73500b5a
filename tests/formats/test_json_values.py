"""JSON values of a stream: the same ones, however they are laid out and wherever the blocks are cut."""

import json
import tracemalloc
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason
from streams.formats.inputs import json_values
from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.json_values import split_values
from streams.formats.inputs.lines import Line

_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(['"', "\\", '\\"', "]}", "[{", ","]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just('"}'), inner, max_size=3),
    max_leaves=8,
)
_objects = st.dictionaries(st.text(max_size=4), _json, max_size=4)
_LAYOUTS = ("array", "a line each in an array", "pretty array", "lines", "pretty values", "nothing between", "commas")


def _laid_out(values: list[object], layout: str) -> bytes:
    compact = [json.dumps(value, ensure_ascii=False) for value in values]
    pretty = [json.dumps(value, indent=2) for value in values]
    texts = {
        "array": json.dumps(values),
        "a line each in an array": "[" + ",\n".join(compact) + "]\n",
        "pretty array": json.dumps(values, indent="\t"),
        "lines": "\r\n".join(compact),
        "pretty values": "\n".join(pretty),
        "nothing between": "".join(compact),
        "commas": " ,\n".join(pretty),
    }
    return texts[layout].encode("utf-8", "surrogatepass")


def _cut(data: bytes, random: Random) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        size = random.choice((1, 2, 3, 17, 200))
        yield data[at : at + size]
        at += size


def _values(data: bytes, **limits: int) -> list[Line]:
    return list(split_values([data], **limits))


@pytest.mark.slow
@settings(max_examples=200)
@given(
    values=st.lists(_objects, min_size=1, max_size=6),
    layout=st.sampled_from(_LAYOUTS),
    seed=st.integers(0, 99),
    together_bytes=st.sampled_from((1, json_values._TOGETHER_BYTES)),
)
def test_the_layout_and_the_cuts_between_blocks_change_nothing(
    values: list[object], layout: str, seed: int, together_bytes: int
) -> None:
    """Whether elements of an array are taken one by one or together."""
    data = _laid_out(values, layout)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "_TOGETHER_BYTES", together_bytes)
        lines = list(split_values(_cut(data, Random(seed))))
    assert [json.loads(line.data.decode("utf-8", "surrogatepass")) for line in lines] == values
    assert [line.number for line in lines] == list(range(1, len(values) + 1))
    assert all(line.refusal is None for line in lines)


def test_a_large_array_with_a_broken_element_gives_all_others() -> None:
    elements = [json.dumps({"id": number, "user": {"id": 1, "text": "x" * 50}}) for number in range(5_000)]
    elements[3_000] = '{"id": 3000,, "user": {"id": 1}}'
    data = ("[" + ", ".join(elements) + "]").encode()
    lines = list(split_values(data[at : at + 65_536] for at in range(0, len(data), 65_536)))
    assert [line.data.decode() for line in lines] == elements


def test_elements_that_are_no_objects_are_values_too() -> None:
    assert [line.data for line in _values(b'[null, 12 ,"a ] b", [1,[2]], {"a":[]}, true]')] == [
        b"null",
        b"12",
        b'"a ] b"',
        b"[1,[2]]",
        b'{"a":[]}',
        b"true",
    ]


def test_a_broken_value_costs_only_itself() -> None:
    """As long as its brackets are in pairs: the reader says what is wrong with it."""
    data = b'[{"id":1},{"id":2,,"x"},{id:3},{"id":4}]'
    assert [line.data for line in _values(data)] == [b'{"id":1}', b'{"id":2,,"x"}', b"{id:3}", b'{"id":4}']


@pytest.mark.parametrize(
    "data", [b'[{"id":1},{"id":', b'[{"id":1},', b'[{"id":1}', b'[{"id":1},"te', b'[{"id":1},{"a":"\\']
)
def test_where_the_json_breaks_off_is_said(data: bytes) -> None:
    first, last = _values(data)
    assert (first.data, first.refusal) == (b'{"id":1}', None)
    assert last.number == 2
    assert last.refusal is not None
    assert (last.refusal.reason, last.refusal.detail) == (Reason.BAD_FILE, "the JSON breaks off")


def test_damage_is_said_with_what_there_was_of_the_value() -> None:
    def blocks() -> Iterator[bytes]:
        yield b'[{"id":1},{"id":'
        raise Damaged("the compressed data breaks off")

    first, last = split_values(blocks())
    assert first.data == b'{"id":1}'
    assert (last.data, last.size) == (b'{"id":', 6)
    assert last.refusal is not None
    assert "breaks off" in last.refusal.detail


def test_a_value_that_is_too_long_is_refused_and_the_next_one_read() -> None:
    data = b'[{"a":[' + b"1," * 500 + b'1]},{"id":2}]'
    long, short = _values(data, max_value_bytes=100)
    assert long.refusal is not None
    assert (long.refusal.reason, long.size) == (Reason.TOO_LARGE, len(data) - len(b'[,{"id":2}]'))
    assert (short.number, short.data) == (2, b'{"id":2}')


@pytest.mark.slow
@pytest.mark.parametrize(("begin", "endless"), [(b'{"a":"', b"a"), (b"", b"["), (b"", b'{"a":')])
def test_a_value_without_an_end_is_read_in_bounded_memory(begin: bytes, endless: bytes) -> None:
    """Megabytes of a text or of brackets, where a value may have a quarter of one."""
    block = endless * (65_536 // len(endless))
    blocks = (begin if number == 0 else block for number in range(128 if endless == b"a" else 8))
    tracemalloc.start()
    try:
        *_, last = split_values(blocks, max_value_bytes=262_144)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last.refusal is not None
    assert last.refusal.reason is Reason.BAD_FILE
    assert peak < 2_000_000
