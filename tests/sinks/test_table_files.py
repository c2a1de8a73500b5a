"""Files of records: no cell is a formula, NDJSON is what stood on the topic, and a file is there whole or not."""

import csv
import io
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.enriched import Amplification
from streams.core.enriched_topics import enriched_topic_named
from streams.errors import InputError
from streams.schemas.examples import EXAMPLES
from streams.sinks.table_files import TableFormat, defused, written_whole

_TOPIC = enriched_topic_named("amplifications")


def _example() -> Amplification:
    example = EXAMPLES["amplification"][1]
    assert isinstance(example, Amplification)
    return example


def _of(handle: str) -> bytes:
    official = msgspec.structs.replace(_example().official, handle=handle)
    return msgspec.json.encode(msgspec.structs.replace(_example(), official=official))


def _written(path: Path, file_format: TableFormat, *values: bytes) -> bytes:
    with written_whole(path, _TOPIC, file_format) as write:
        assert write(values) == len(values)
    return path.read_bytes()


def _rows(content: bytes) -> list[dict[str, str]]:
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content[3:].decode(), newline="")))


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'"])
def test_a_text_that_a_spreadsheet_would_compute_has_a_mark_before_it(first: str, tmp_path: Path) -> None:
    handle = f'{first}HYPERLINK("https://example.org","x")'
    assert defused(handle) == f"'{handle}"
    [row] = _rows(_written(tmp_path / "a.csv", "csv", _of(handle)))
    assert row["official.handle"] == f"'{handle}"


@given(st.text(max_size=30))
def test_no_text_begins_a_formula_and_every_text_can_be_had_back(text: str) -> None:
    assert defused(text)[:1] not in ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
    assert defused(text).removeprefix("'") == text or not defused(text).startswith("'")


def test_persian_commas_quotes_and_line_breaks_stay_what_they_are(tmp_path: Path) -> None:
    handle = 'می‌دارد, "quoted"\nnext'
    [row] = _rows(_written(tmp_path / "a.csv", "csv", _of(handle)))
    assert row["official.handle"] == handle
    assert row["at"] == "2020-07-20T09:30:00Z"
    assert row["subject_is_official"] == "false"


def test_ndjson_is_the_records_byte_for_byte_each_on_a_line(tmp_path: Path) -> None:
    value = b'{ "id" : "1" , "unknown field" : 1e2 }'
    assert _written(tmp_path / "a.ndjson", "ndjson", value, b'{\n"id":"2"\n}') == value + b'\n{"id":"2"}\n'


def test_parquet_has_a_typed_column_for_each_of_csv(tmp_path: Path) -> None:
    from pyarrow import parquet

    _written(tmp_path / "a.csv", "csv", _of("one"))
    _written(tmp_path / "a.parquet", "parquet", _of("one"), _of("two"))
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == list(_rows((tmp_path / "a.csv").read_bytes())[0])
    assert table.column("official.handle").to_pylist() == ["one", "two"]
    assert table.column("at").to_pylist() == [_example().at] * 2
    assert str(table.schema.field("source.offset").type) == "int64"


def test_after_an_error_the_file_is_as_it_was_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("before")
    with pytest.raises(msgspec.DecodeError), written_whole(path, _TOPIC, "csv") as write:
        write([_of("one"), b"not a record"])
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be written"), written_whole(tmp_path / "no" / "a.csv", _TOPIC, "csv"):
        pass
