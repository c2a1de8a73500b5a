"""How fast each reader makes canonical events of real files: the product's own loop over lines in memory, one process.

No broker. The files are not part of the project; quick, the bundled case alone is read.
"""

import gc
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from bench.figures.environment import Environment
from streams.cases import KHAMENEI_SITE
from streams.formats.inputs.csv_rows import split_rows
from streams.formats.inputs.files import open_lines
from streams.formats.inputs.lines import Line
from streams.formats.reader import FormatReader
from streams.formats.registry import reader_named
from streams.formats.tally import Tally, read_lines
from tools.kafka.jars import Unavailable

__all__ = ["ReaderRow", "ReadersFigure", "measure_readers"]

_SHARED: Final = Path(__file__).parents[2] / ".." / "shared"
_ROUNDS: Final = 7
_BLOCK: Final = 262_144  # bytes
_LEAST_LINES: Final = 20_000  # a small file is read again and again
_WORDS: Final = "the minister received the ambassador this morning and spoke of the meeting in the spring; more follows"


class ReaderRow(Struct, frozen=True, kw_only=True):
    """One file: what it is and how many of it a processor second reads, the best of several rounds. `target` is the
    least that there must be; `counted` says of what.
    """

    format: str
    file: str
    line_bytes: float
    lines_per_cpu_second: float
    events_per_cpu_second: float
    counted: str = "events"
    target: float | None = None


class ReadersFigure(Struct, frozen=True, kw_only=True):
    """All files."""

    rows: list[ReaderRow]


class _Input(Struct, frozen=True):
    format: str
    path: Path | None  # none: the table that `_table` makes
    about: str
    counted: str = "events"
    target: float | None = None


_INPUTS: Final = (
    _Input("twitter-v1", _SHARED / "data/fr_parliament/statuses_2015-2020.jsonl.xz", "French statuses", target=30_000),
    _Input(
        "twitter-v1", _SHARED / "data/twitter_v11_stream/hs11046-test_2019-07-03T0629.json.bz2", "a minute of stream"
    ),
    _Input("x-v2", _SHARED / "data/x_v2/twarc-csv_brexit.jsonl.gz", "a page of a search", target=30_000),
    _Input("x-v2", _SHARED / "data/x_v2/twarc-csv_noflat.jsonl.gz", "a page of a search"),
    _Input("jetstream", _SHARED / "samples/jetstream_v2_simulator_2500.jsonl", "v2 frames", "lines", 60_000),
    _Input("jetstream", _SHARED / "samples/jetstream_v1_simulator_2500.jsonl", "v1 frames", "lines"),
    _Input("mapped:4cat", None, "a table as 4CAT exports it, made up", "lines", 40_000),
)
_QUICK_INPUTS: Final = (_Input("canonical", KHAMENEI_SITE.events, "the bundled case"),)


def measure_readers(environment: Environment) -> ReadersFigure:
    """Every file that stands for a format. Raises `Unavailable` where the files are absent."""
    inputs = _QUICK_INPUTS if environment.quick else _INPUTS
    if any(each.path is not None and not each.path.is_file() for each in inputs):
        raise Unavailable("readers are measured on real files, which are not in ../shared")
    return ReadersFigure(rows=[_measured(each, environment) for each in inputs])


def _measured(each: _Input, environment: Environment) -> ReaderRow:
    if each.path is None:
        text = _table(_LEAST_LINES)
        blocks = [text[start : start + _BLOCK] for start in range(0, len(text), _BLOCK)]
        again: Callable[[], Iterable[Line]] = partial(split_rows, blocks)
        lines = list(again())
    else:
        with open_lines(str(each.path)) as opened:
            once = list(opened)
        lines = once * (1 if environment.quick else max(1, _LEAST_LINES // len(once) // 10))
        again = partial(iter, lines)
    environment.echo(f"{len(lines):,} lines of {each.about} as {each.format}")
    reader = reader_named(each.format)
    best, tally = min((_read(again(), reader) for _ in range(_ROUNDS)), key=lambda round_: round_[0])
    if not tally.events or tally.rejected.total() > len(lines) / 100:
        raise RuntimeError(f"{each.about} was not read: {tally}")
    return ReaderRow(
        format=each.format,
        file=each.about,
        line_bytes=sum(len(line.data) for line in lines) / len(lines),
        lines_per_cpu_second=len(lines) / best,
        events_per_cpu_second=tally.events / best,
        counted=each.counted,
        target=each.target,
    )


def _table(rows: int) -> bytes:
    """Posts and retweets by turns, of 2,000 accounts, with links, mentions and quoted line breaks."""
    header = (
        "id,thread_id,timestamp,unix_timestamp,link,body,author,author_fullname,author_id,language_guess,is_retweet,"
        "retweeted_user,is_reply,urls,mentions"
    )
    lines = [header]
    for number in range(rows):
        author, at, mentioned = number % 2_000, 1_619_355_907 + number, f"office_{number % 300}"
        begin = f"{10**18 + number},{10**18 + number},{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S},{at},"
        body = f"RT @{mentioned}: " + _WORDS if number % 2 else f'"{_WORDS}\nhttps://example.org/{number}"'
        who = f"minister_{author},The ministry {author},{2 * 10**9 + author},en"
        rest = f"yes,{mentioned},no,," if number % 2 else f"no,,no,https://example.org/{number},{mentioned}"
        lines.append(f"{begin}https://x.com/minister_{author}/status/{10**18 + number},{body},{who},{rest}")
    return "\n".join(lines).encode()


def _read(lines: Iterable[Line], reader: FormatReader) -> tuple[float, Tally]:
    gc.collect()
    tally = Tally()
    began = time.process_time()
    for _ in read_lines(lines, reader, tally):
        pass
    return time.process_time() - began, tally
