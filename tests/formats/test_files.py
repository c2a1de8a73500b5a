"""Input files: whatever is on disk or on standard input comes as lines, or as an error that a person can read."""

import bz2
import gzip
import hashlib
import io
import lzma
import os
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final, cast

import pytest
import zstandard

from streams.deadletters import Reason
from streams.errors import InputError
from streams.formats.inputs.files import open_inputs, open_lines
from streams.formats.inputs.lines import KEPT_BYTES, MAX_LINE_BYTES, Line

MIB: Final = 2**20
KINDS: Final = ("plain", "gz", "bz2", "xz", "zst")
all_kinds = pytest.mark.parametrize("kind", KINDS)


def opened_for_writing(path: Path, kind: str) -> IO[bytes]:
    match kind:
        case "gz":
            return cast("IO[bytes]", gzip.open(path, "wb", 1))
        case "bz2":
            return bz2.open(path, "wb")
        case "xz":
            return lzma.open(path, "wb", preset=0)
        case "zst":
            return cast("IO[bytes]", zstandard.open(path, "wb"))
        case _:
            return path.open("wb")


def write(path: Path, kind: str, *pieces: bytes) -> Path:
    with opened_for_writing(path, kind) as file:
        for piece in pieces:  # zstandard's file has no writelines
            file.write(piece)
    return path


def lines_of(path: Path) -> list[Line]:
    with open_lines(str(path)) as lines:
        return list(lines)


@contextmanager
def standard_input(*pieces: bytes) -> Iterator[None]:
    """A real pipe as standard input, into which the pieces are written one after the other."""
    read_end, write_end = os.pipe()

    def feed() -> None:
        with open(write_end, "wb", buffering=0) as pipe:
            pipe.writelines(pieces)

    before, writer = sys.stdin, threading.Thread(target=feed)
    writer.start()
    try:
        with io.TextIOWrapper(open(read_end, "rb")) as sys.stdin:
            yield
    finally:
        sys.stdin = before
        writer.join(timeout=10)


@all_kinds
def test_the_first_bytes_tell_the_compression_and_the_name_does_not(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "misleading.json.zip", kind, b'{"a": 1}\r\n', b"\n", b'{"b": 2}')
    assert lines_of(path) == [Line(1, b'{"a": 1}'), Line(2, b""), Line(3, b'{"b": 2}')]


@all_kinds
def test_standard_input_may_be_compressed_too(kind: str, tmp_path: Path) -> None:
    data = write(tmp_path / "input", kind, b"one\ntwo\n").read_bytes()
    with standard_input(data), open_lines("-") as lines:
        assert lines.total_bytes is None
        assert [line.data for line in lines] == [b"one", b"two"]
        assert lines.consumed_bytes == len(data)


def test_lines_of_a_live_stream_come_as_they_arrive() -> None:
    """The writer waits for the reader: a reader that waited for a full block would wait for ever."""
    read_end, write_end = os.pipe()
    before = sys.stdin
    try:
        with io.TextIOWrapper(open(read_end, "rb")) as sys.stdin, open(write_end, "wb", buffering=0) as writer:
            writer.write(b"a first line, long enough to tell\nthe second\n")
            with open_lines("-") as opened:
                lines = iter(opened)
                assert next(lines).number == 1
                assert next(lines).data == b"the second"
                writer.write(b"the third\n")
                assert next(lines).data == b"the third"
    finally:
        sys.stdin = before


@pytest.mark.parametrize("kind", ["gz", "bz2", "xz", "zst"])
def test_a_truncated_file_gives_its_good_lines_and_then_one_refusal(kind: str, tmp_path: Path) -> None:
    whole = write(tmp_path / "whole", kind, b"".join(b"line %d\n" % n for n in range(1, 5_001))).read_bytes()
    path = tmp_path / "truncated"
    path.write_bytes(whole * 3 + whole[: len(whole) // 2])
    *good, last = lines_of(path)
    assert [line.number for line in good] == list(range(1, len(good) + 1))
    assert [line.data for line in good[:15_000]] == [b"line %d" % n for n in range(1, 5_001)] * 3
    assert all(line.refusal is None for line in good)
    assert last.refusal is not None
    assert (last.number, last.refusal.reason) == (len(good) + 1, Reason.BAD_FILE)


@pytest.mark.slow
@all_kinds
def test_a_line_of_fifty_megabytes_is_cut_and_its_whole_described(kind: str, tmp_path: Path) -> None:
    long_line = [b"a" * MIB] * 50
    path = write(tmp_path / "long", kind, b"before\n", *long_line, b"\nafter\n")
    before, cut, after = lines_of(path)
    assert (before, after) == (Line(1, b"before"), Line(3, b"after"))
    assert cut.refusal is not None
    assert cut.refusal.reason is Reason.TOO_LARGE
    assert cut.refusal.detail == "52,428,800 bytes, 1,048,576 at most"
    assert (cut.data, cut.size) == (b"".join(long_line)[:KEPT_BYTES], 50 * MIB)
    assert cut.sha256 == hashlib.sha256(b"".join(long_line)).hexdigest()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "at_most_mib"), [("plain", 8), ("gz", 8), ("bz2", 8), ("xz", 16), ("zst", 80)])
def test_a_line_beyond_all_bounds_is_never_held_whole(kind: str, at_most_mib: int, tmp_path: Path) -> None:
    """zstd is the worst: 1 KiB of it can be 32 MiB of text, which is there twice for a moment."""
    path = write(tmp_path / "bomb", kind, *[bytes(MIB)] * 200)
    tracemalloc.start()
    try:
        (line,) = lines_of(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert line.size == 200 * MIB
    assert peak < at_most_mib * MIB


def test_a_line_as_long_as_the_limit_is_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "edge", "plain", b"x" * MAX_LINE_BYTES, b"\n", b"x" * (MAX_LINE_BYTES + 1))
    whole, cut = lines_of(path)
    assert (len(whole.data), whole.refusal) == (MAX_LINE_BYTES, None)
    assert cut.refusal is not None


@pytest.mark.slow
@all_kinds
def test_progress_goes_from_nothing_to_the_size_on_disk(kind: str, tmp_path: Path) -> None:
    noise = hashlib.shake_128(b"seed").digest(2 * MIB).hex(" ", 40).replace(" ", "\n").encode()
    path = write(tmp_path / "input", kind, noise)
    with open_lines(str(path)) as lines:
        assert lines.total_bytes == path.stat().st_size
        seen = [lines.consumed_bytes for _ in lines]
    assert seen == sorted(seen)
    assert seen[0] < path.stat().st_size == seen[-1] == lines.consumed_bytes


def test_a_named_pipe_is_read_without_a_size(tmp_path: Path) -> None:
    """As in `<(zcat …)`: there is no telling how much will come."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(b"one\ntwo\n",))
    writer.start()
    with open_lines(str(pipe)) as lines:
        assert lines.total_bytes is None
        assert [line.data for line in lines] == [b"one", b"two"]
    writer.join(timeout=10)


def test_binary_garbage_is_lines_like_any_other(tmp_path: Path) -> None:
    garbage = hashlib.shake_128(b"garbage").digest(300_000)
    path = write(tmp_path / "garbage", "plain", garbage)
    assert [line.number for line in lines_of(path)] == list(range(1, garbage.count(b"\n") + 2))


@all_kinds
def test_an_empty_input_is_an_error_that_names_it(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "nothing.json", kind)
    with pytest.raises(InputError, match=r"nothing\.json is empty") as raised:
        next(open_inputs(str(path)))
    assert raised.value.remedy


def test_an_empty_standard_input_is_an_error() -> None:
    with standard_input(b""), pytest.raises(InputError, match="Standard input is empty"):
        next(open_inputs("-"))


def test_a_path_that_cannot_be_read_is_an_error_that_names_it_and_the_remedy(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (tmp_path / "empty folder").mkdir()
    for path, says in [
        (tmp_path / "missing.json", "missing.json: there is no such file"),
        (tmp_path / "empty folder", "holds no files"),
        (loop, "cannot be opened"),
        (tmp_path / ("n" * 5_000), "cannot be opened"),
        ("nul\x00", "cannot be opened"),
        ("\x1b[2J\udcff", "there is no such file"),
    ]:
        with pytest.raises(InputError) as raised:
            next(open_inputs(str(path)))
        assert says in raised.value.message
        assert raised.value.remedy
        assert raised.value.message.isprintable()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / "secret", "plain", b"text\n")
    path.chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        next(open_inputs(str(path)))


def test_no_standard_input_at_all_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """As under a service manager that closes it."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputError, match="no standard input"):
        next(open_inputs("-"))
