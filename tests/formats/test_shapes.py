"""How a file is laid out and encoded is told from its beginning; its records are the same either way."""

import json
from collections.abc import Iterator

import pytest

from streams.deadletters import Reason
from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.lines import MAX_LINE_BYTES
from streams.formats.inputs.shapes import records_of

_RECORDS = [{"id": number, "text": f'["a", {{"b": {number}}}] = نشست'} for number in range(3)]
_LINES = [json.dumps(record, ensure_ascii=False) for record in _RECORDS]
_TEXTS = {
    "lines": "\n".join(_LINES),
    "lines with CRLF": "\r\n".join(_LINES) + "\r\n",
    "lines after blank ones": "\n\n" + "\n".join(_LINES),
    "JSON array": json.dumps(_RECORDS, ensure_ascii=False),
    "JSON array, pretty": json.dumps(_RECORDS, indent=2),
    "JSON values": "\n".join(json.dumps(record, indent=2) for record in _RECORDS),
    "JavaScript assignment": "window.YTD.tweets.part0 = " + json.dumps(_RECORDS, indent=1),
    "JavaScript assignment, short": "var tweets=" + json.dumps(_RECORDS),
}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("name", _TEXTS)
def test_every_shape_in_every_unicode_encoding_has_the_same_records(name: str, encoding: str) -> None:
    data = _TEXTS[name].encode(encoding)
    found, shape, lines = records_of(iter([data[:5], data[5:11], data[11:]]))
    assert [json.loads(line.data) for line in lines if line.data] == _RECORDS
    assert name.startswith(shape)
    assert found.startswith(encoding.removesuffix("-sig"))


@pytest.mark.parametrize("before", ["\n\n", "\n", " \n \n", " "])
def test_the_value_of_an_assignment_may_be_on_a_later_line_wherever_the_stream_is_cut(before: str) -> None:
    data = f"window.YTD.tweets.part0 ={before}{json.dumps(_RECORDS)}".encode()
    for cut in range(len(data)):
        _, shape, lines = records_of(iter([data[:cut], data[cut:]]))
        assert (shape, [json.loads(line.data) for line in lines]) == ("JavaScript assignment", _RECORDS), cut


@pytest.mark.parametrize(
    "data",
    [
        b'{"id":1}{"id":2}\n{"id":3}\n',  # for the reader of the line
        b'{"id":1,,}\n{"id":2}\n',
        b"2021-03-04,12,handle\n2021-03-05,13,other\n",
        b"1348\n" + b'{"id":1}\n',
        b"total =\n",
        b"total\n= [1]\n",
    ],
)
def test_what_is_no_json_broken_over_lines_is_read_by_lines(data: bytes) -> None:
    _, shape, lines = records_of(iter([data]))
    assert shape == "lines"
    assert b"\n".join(line.data for line in lines) + b"\n" == data


def test_a_wrapper_longer_than_a_line_may_be_is_one_value() -> None:
    data = b'{"statuses":[' + b'{"id":1},' * (MAX_LINE_BYTES // 8) + b"{}]}"
    _, shape, lines = records_of(iter([data[:300_000], data[300_000:]]))
    (line,) = lines
    assert (shape, line.refusal, len(line.data)) == ("JSON values", None, len(data))


def test_a_line_that_is_there_is_given_before_the_next_one_comes() -> None:
    """As of a live stream."""
    asked = 0

    def blocks() -> Iterator[bytes]:
        nonlocal asked
        for block in (b"\n", b'{"id":1}\n', b'{"id":2}\n'):
            asked += 1
            yield block

    _, _, lines = records_of(blocks())
    assert [next(lines).data, next(lines).data] == [b"", b'{"id":1}']
    assert asked == 2


@pytest.mark.parametrize("head", [b"", b'{"id":1}\n{"i', b'[{"id":1},{"i', b"\xff\xfe{\x00"])
def test_damage_ends_the_records_wherever_it_comes(head: bytes) -> None:
    def blocks() -> Iterator[bytes]:
        yield head
        raise Damaged("the compressed data breaks off")

    *_, lines = records_of(blocks())
    *_, last = lines
    assert last.refusal is not None
    assert last.refusal.reason is Reason.BAD_FILE
    assert "breaks off" in last.refusal.detail
