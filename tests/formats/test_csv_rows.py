"""Rows of a table: which text is one, where a record ends, and what a stray quote costs."""

import csv
import io
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.deadletters import Reason
from streams.formats.inputs.compression import Damaged
from streams.formats.inputs.csv_rows import (
    MAX_HEADER_BYTES,
    Plans,
    Table,
    fields_of,
    is_header,
    split_rows,
    table_of,
)
from streams.formats.inputs.lines import MAX_LINE_BYTES
from streams.formats.inputs.shapes import records_of
from streams.refusal import Refused

_HEADER = b"id,text,at"


def _rows(data: bytes, **limits: int) -> list[tuple[int, bytes]]:
    return [(line.number, line.data) for line in split_rows([data], **limits)]


def _shape(data: bytes) -> str:
    return records_of(iter([data]))[1]


def test_a_record_carries_its_header_and_the_number_of_its_first_line() -> None:
    data = b'id,text,at\r\n1,"a\nb ""c"", d",x\r\n\n2,e,y'
    assert _rows(data) == [
        (1, _HEADER),
        (2, _HEADER + b'\n1,"a\nb ""c"", d",x'),
        (4, b""),
        (5, _HEADER + b"\n2,e,y"),
    ]


@pytest.mark.slow
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_records_are_what_a_csv_writer_has_written(delimiter: str) -> None:
    cells = st.text(st.sampled_from('a",;\t|\n é'), max_size=12)

    @given(st.lists(st.tuples(cells, cells, cells), max_size=8), st.integers(1, 40))
    def check(rows: list[tuple[str, str, str]], size: int) -> None:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator="\r\n", quoting=csv.QUOTE_ALL)
        writer.writerows([("id", "text", "at"), *rows])
        data = out.getvalue().encode()
        blocks = [data[start : start + size] for start in range(0, len(data), size)]
        header, *records = [line.data for line in split_rows(blocks) if line.data]
        table = table_of(header)
        assert table.columns == ("id", "text", "at")
        found = [fields_of(record.removeprefix(header + b"\n"), table.delimiter) for record in records]
        assert found == [list(row) for row in rows]

    check()


def test_a_quote_within_a_field_opens_nothing() -> None:
    assert len(_rows(b'id,text,at\n1,5" gun,x\n2,b,y\n')) == 3


def test_a_quote_that_is_never_closed_costs_its_own_line() -> None:
    rows = b"".join(b"%d,b,y\n" % number for number in range(50))
    found = _rows(b'id,text,at\n1,"open,x\n' + rows, max_line_bytes=300)
    assert [number for number, _ in found] == list(range(1, 53))
    assert found[1][1] == _HEADER + b'\n1,"open,x'
    assert found[-1][1] == _HEADER + b"\n49,b,y"
    assert _rows(b'id,text,at\n1,"open,x\n2,b,y')[1:] == [(2, _HEADER + b'\n1,"open,x'), (3, _HEADER + b"\n2,b,y")]


def test_lines_that_a_quote_too_many_has_joined_are_there_one_by_one() -> None:
    plans = Plans(lambda table: table)
    (record,) = _rows(b'id,text,at\n1,"open,x\n2,b,y\n3,"quoted",z\n')[1:]
    assert plans.physical_rows(record[1]) == [
        _HEADER + b'\n1,"open,x',
        _HEADER + b"\n2,b,y",
        _HEADER + b'\n3,"quoted",z',
    ]
    assert plans.physical_rows(_HEADER + b'\n1,"a\nb",x') == [], "it is a row of its table"
    assert plans.physical_rows(_HEADER + b"\n1,b") == [], "it is one line"


def test_a_header_is_looked_at_once_for_all_its_rows_also_where_it_is_refused() -> None:
    made: list[bytes] = []

    def refuse(table: Table) -> Table:
        made.append(table.delimiter.encode())
        raise Refused(Reason.UNKNOWN_SHAPE, "no column")

    plans = Plans(refuse)
    for _ in range(3):
        with pytest.raises(Refused, match="no column"):
            plans.of(_HEADER)
    assert made == [b","]
    assert plans.physical_rows(_HEADER + b'\n"a\nb') == [], "no line of it could be read either"


@pytest.mark.slow
def test_quotes_that_never_close_take_time_in_proportion_to_the_file() -> None:
    """Each line closes a quote and opens the next one."""
    data = b"id,text,at\n" + b'a","b\n' * 500_000
    begun = time.process_time()
    count = sum(1 for _ in split_rows([data]))
    assert count > 500
    assert time.process_time() - begun < 20, "a hundred times as long where each line is looked through to the limit"


def test_a_line_that_is_too_long_ends_the_record_before_it() -> None:
    found = list(split_rows([b'id,text,at\n1,"open\n' + b"x" * 400 + b"\n2,b,y\n"], max_line_bytes=100))
    assert [line.refusal is not None and line.refusal.reason for line in found] == [
        False,
        False,
        Reason.TOO_LARGE,
        False,
    ]


@pytest.mark.parametrize("most", [20, 27, 28])
def test_the_newlines_of_a_record_count_towards_its_limit(most: int) -> None:
    record = b'1,"a' + b"\n" * 20 + b'b",x'
    found = [data for _, data in _rows(_HEADER + b"\n" + record + b"\n", max_line_bytes=most)]
    if len(record) <= most:
        assert found == [_HEADER, _HEADER + b"\n" + record]
    else:
        assert max(map(len, found)) <= len(_HEADER) + 1 + most


def test_a_file_that_breaks_off_within_a_record_says_so_last() -> None:
    def blocks() -> Iterator[bytes]:
        yield b'id,text,at\n1,"a\nb'
        raise Damaged("the compressed data breaks off")

    *_, first, last = split_rows(blocks())
    assert first.data == _HEADER + b'\n1,"a'
    assert last.refusal is not None
    assert last.refusal.reason is Reason.BAD_FILE


def test_json_among_the_rows_comes_as_it_is() -> None:
    """A log that somebody wrote before the first message, with a comma in it."""
    assert _rows(b'starting, then, going\nagain, and, on\n{"id": 1, "text": "x"}\n')[-1] == (
        3,
        b'{"id": 1, "text": "x"}',
    )


@pytest.mark.parametrize(
    "data",
    [
        b"id,text\n1,a\n",
        b"\n\nid;text\r\n1;a\r\n",
        b"sep=;\nid;text\n1;a\n",
        b"\xef\xbb\xbfid\ttext\n1\ta",
        b',id,text\n0,1,"a\n',
        b'"user id","date (DD/MM/YYYY)"\n"1","2"\n',
        "идентификатор,текст\n1,a\n".encode("utf-16"),
    ],
)
def test_a_table_is_known_by_its_header(data: bytes) -> None:
    assert _shape(data) == "CSV rows"


@pytest.mark.parametrize(
    "data",
    [
        b"2021-03-04,12,handle\n2021-03-05,13,other\n",
        b"12,handle\n13,other\n",
        b"@someone,@other\n@a,@b\n",
        b'hello, there\n{"id": 1, "text": "x"}\n',
        b"hello, there\nnothing more\n",
        b"one\ntwo,three\n",
        b"id,text\n",
        b"<html>,<body>\na,b\n",
        b"https://example.org/a,b\nc,d\n",
        b",".join([b"name"] * 4_000) + b"\n1,2\n",
        b"id,te\xffxt\n1,\xc3\xa9\n",  # no UTF-8 in the header, and UTF-8 below it
    ],
)
def test_what_is_no_table_is_read_by_lines(data: bytes) -> None:
    assert _shape(data) == "lines"


def test_a_row_that_is_there_is_given_before_the_next_one_comes() -> None:
    """As of a live stream."""
    asked = 0

    def blocks() -> Iterator[bytes]:
        nonlocal asked
        for block in (b"id,text\n", b"1,a\n", b"2,b\n"):
            asked += 1
            yield block

    *_, lines = records_of(blocks())
    assert [next(lines).data, next(lines).data] == [b"id,text", b"id,text\n1,a"]
    assert asked == 2


def test_the_delimiter_is_the_one_that_gives_most_columns() -> None:
    assert table_of(b'"a,b";c;d').columns == ("a,b", "c", "d")
    assert table_of(b"alone").columns == ("alone",)
    with pytest.raises(Refused, match="a quote"):
        table_of(b'"a,b')


def test_quotes_between_tabs_may_be_part_of_the_text() -> None:
    """Programs that write tabs mostly write no quotes around fields, and those of a text as they are."""
    assert fields_of(b'1\t"Hello", he said\tx', "\t") == ["1", '"Hello", he said', "x"]
    assert fields_of(b'1\t"Hello\tx', "\t") == ["1", '"Hello', "x"]
    assert fields_of(b'1\t"a\tb"\tx', "\t") == ["1", "a\tb", "x"]
    with pytest.raises(Refused, match="a quote"):
        fields_of(b'1,"Hello" he said,x', ",")


def test_a_header_has_its_limit() -> None:
    """Every record carries it."""
    assert not is_header(b"a," * (MAX_HEADER_BYTES // 2) + b"b")
    assert MAX_HEADER_BYTES * 10 < MAX_LINE_BYTES
