"""An object that is too long for a list in it is read element by element, each with what is short beside the list."""

import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.deadletters import Reason
from streams.formats.inputs import json_values
from streams.formats.inputs.files import open_lines
from streams.formats.inputs.json_values import MAX_VALUE_BYTES, split_values
from streams.formats.inputs.lines import Line
from streams.formats.tally import Tally, read_lines
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from tests.formats.payloads import Json, status

_MESSAGES = [{"id": number, "text": "x" * 40, "entities": [{"type": "bold"}, "}]"]} for number in range(40)]
_CHAT = {"name": 'A "chat"', "id": 777, "closed": False, "messages": _MESSAGES}


def _records(value: Json, *, max_value_bytes: int = 1_000, indent: int | None = None) -> list[Json]:
    lines = list(split_values([json.dumps(value, indent=indent).encode()], max_value_bytes=max_value_bytes))
    assert [line.number for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.refusal is None for line in lines), lines
    return [json.loads(line.data) for line in lines]


@pytest.mark.parametrize("indent", [None, 1])
def test_each_element_of_a_long_list_is_a_value_with_the_short_members_before_the_list(indent: int | None) -> None:
    assert _records(_CHAT, indent=indent) == [_CHAT | {"messages": [message]} for message in _MESSAGES]


def test_an_object_that_can_be_held_stays_whole() -> None:
    assert _records(_CHAT, max_value_bytes=100_000) == [_CHAT]


def test_what_is_long_beside_the_list_and_what_comes_after_it_is_left_out() -> None:
    value = {"about": "x" * 300, "id": 1, "messages": _MESSAGES, "next": "later"}
    assert _records(value) == [{"id": 1, "messages": [message]} for message in _MESSAGES]


def test_every_list_of_an_opened_object_is_read_and_the_values_after_it() -> None:
    value = {"first": [{"id": 1}], "about": {"kind": 2}, "second": _MESSAGES, "third": [{"id": 3}], "last": 4}
    text = json.dumps(value) + '\n{"id":5}'
    found = [json.loads(line.data) for line in split_values([text.encode()], max_value_bytes=1_000)]
    expected: list[Json] = [{"first": [{"id": 1}]}]
    expected += [{"second": [message]} for message in _MESSAGES]
    assert found == [*expected, {"third": [{"id": 3}]}, {"id": 5}]


def test_a_long_object_in_a_long_list_is_opened_too() -> None:
    """As in an export of all chats of an account, where one chat is longer than what may be held."""
    short = {"name": "B", "id": 8, "messages": [{"id": 1}]}
    export = {"about": "all", "chats": {"about": "these", "list": [short, _CHAT, short]}, "left": {"list": [short]}}

    def within(chat: Json) -> Json:
        return {"about": "all", "chats": {"about": "these", "list": [chat]}}

    assert _records(export) == [
        within(short),
        *(within(_CHAT | {"messages": [message]}) for message in _MESSAGES),
        within(short),
        {"about": "all", "left": {"list": [short]}},
    ]


def test_elements_of_a_long_array_are_opened_too() -> None:
    assert _records([{"id": 1}, _CHAT]) == [{"id": 1}, *(_CHAT | {"messages": [each]} for each in _MESSAGES)]


@pytest.mark.slow
@settings(max_examples=200)
@given(seed=st.integers(0, 999), indent=st.sampled_from((None, 2)), together_bytes=st.sampled_from((1, 16_384)))
def test_where_the_blocks_are_cut_changes_nothing(seed: int, indent: int | None, together_bytes: int) -> None:
    random = Random(seed)
    chats = [_CHAT | {"name": '\\"]}{[' * random.randrange(5)} for _ in range(3)]
    text = json.dumps({"id": 1, "chats": {"list": chats}}, indent=indent).encode()

    def blocks() -> Iterator[bytes]:
        at = 0
        while at < len(text):
            size = random.choice((1, 2, 17, 900))
            yield text[at : at + size]
            at += size

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_values, "_TOGETHER_BYTES", together_bytes)
        lines = list(split_values(blocks(), max_value_bytes=1_000))
    assert [json.loads(line.data) for line in lines] == [
        {"id": 1, "chats": {"list": [chat | {"messages": [message]}]}} for chat in chats for message in _MESSAGES
    ]


@pytest.mark.parametrize(
    "value",
    [
        {"map": {str(number): {"id": number, "tags": [{"x": 1}]} for number in range(200)}},
        {"ids": list(range(1_000))},
        {"text": "x", "deep": {"values": ["text"] * 300}},
    ],
    ids=["objects by name", "numbers", "texts"],
)
def test_an_object_that_is_long_for_another_reason_is_refused_as_a_whole(value: Json) -> None:
    """Where exactly it is cut does not matter: no limit falls into a list of objects that makes it long."""
    text = json.dumps(value).encode()
    for limit in range(900, 1_000):
        (line,) = split_values([text], max_value_bytes=limit)
        assert line.refusal is not None
        assert (line.refusal.reason, line.size) == (Reason.TOO_LARGE, len(text))


def test_an_element_that_is_too_long_by_itself_is_refused_and_the_next_one_read() -> None:
    value = {"id": 1, "messages": [{"id": 1}, {"text": ["x" * 50] * 50}, *_MESSAGES]}
    lines = list(split_values([json.dumps(value).encode()], max_value_bytes=1_000))
    refused = [line for line in lines if line.refusal is not None]
    assert [(line.number, line.refusal and line.refusal.reason) for line in refused] == [(2, Reason.TOO_LARGE)]
    assert len(lines) == 42


def _last(text: bytes) -> Line:
    *_, last = split_values([text], max_value_bytes=1_000)
    return last


@pytest.mark.parametrize(
    "end", ["", ",", ',{"id":5', "]", '],"na', '],"name"', '],"name":', '],"name":5', '],"a":{"b":5']
)
def test_a_long_object_that_breaks_off_is_said(end: str) -> None:
    last = _last((json.dumps(_CHAT)[:-2] + end).encode())
    assert last.refusal is not None
    assert (last.refusal.reason, last.refusal.detail) == (Reason.BAD_FILE, "the JSON breaks off")


@pytest.mark.parametrize("end", ['],5:6,"list":[{}]}', '],"name" 5}', '],"name":}', '],"name":,"id":5}', "]]"])
def test_what_is_no_member_ends_the_reading_and_is_said(end: str) -> None:
    last = _last((json.dumps(_CHAT)[:-2] + end).encode())
    assert last.refusal is not None
    assert last.refusal.reason is Reason.BAD_FILE
    assert "no member" in last.refusal.detail


@pytest.mark.slow
def test_a_list_without_end_is_read_in_bounded_memory() -> None:
    element = json.dumps({"id": 1, "text": "x" * 200}).encode() + b","
    lists = (b'{"name":"A","messages":[' if number == 0 else element * 300 for number in range(250))
    tracemalloc.start()
    try:
        count = sum(1 for line in split_values(lists, max_value_bytes=262_144) if line.refusal is None)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count == 249 * 300
    assert peak < 2_000_000


@pytest.mark.slow
def test_lists_in_lists_without_end_are_read_in_bounded_memory() -> None:
    blocks = (b'{"a":[' * 2_000 for _ in range(8))
    tracemalloc.start()
    try:
        *_, last = split_values(blocks, max_value_bytes=32_768)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert last.refusal is not None
    assert peak < 500_000


@pytest.mark.slow
def test_a_search_response_of_more_than_a_value_may_have_is_read_status_by_status(tmp_path: Path) -> None:
    count = MAX_VALUE_BYTES // 1_000
    statuses = ",".join(json.dumps(status(str(10**17 + number), "x" * 500)) for number in range(count))
    path = tmp_path / "search.json"
    path.write_text(f'{{"statuses":[{statuses}],"search_metadata":{{"count":{count}}}}}')
    assert path.stat().st_size > MAX_VALUE_BYTES
    tally = Tally()
    with open_lines(str(path)) as lines:
        for _ in read_lines(lines, TwitterV1Reader(), tally):
            pass
    assert (tally.lines, tally.events) == (count, count)
