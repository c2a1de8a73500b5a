"""A file followed through what programs do to their files, by one follower and by one that was killed meanwhile."""

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from streams.collectors.source import SourceError
from streams.collectors.tail.marks import MARK_BYTES
from streams.deadletters import Reason
from tests.collectors.tail.writing import Reading, Writer, line_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.ndjson"


def _compressed(writer: Writer) -> None:
    writer.compress(writer.rename())


def _compressed_by_bz2(writer: Writer) -> None:
    writer.compress(writer.rename(), with_bz2=True)


_ROTATIONS: list[Callable[[Writer], object]] = [
    Writer.rename,
    Writer.copy_truncate,
    _compressed,
    _compressed_by_bz2,
]


@pytest.mark.parametrize("is_killed", [False, True])
@pytest.mark.parametrize("lines_before", [1, 40, 1_500])
@pytest.mark.parametrize("rotate", _ROTATIONS, ids=["renamed", "copied", "gz", "bz2"])
def test_what_was_written_before_a_rotation_and_not_read_is_read_from_the_rotated_file(
    path: Path, rotate: Callable[[Writer], object], lines_before: int, is_killed: bool
) -> None:
    """Whether the collector runs meanwhile or not: once, in order, and before what follows."""
    writer, reading = Writer(path), Reading(path)
    writer.write(lines_before)
    reading.read()
    writer.write(3)
    if is_killed:
        reading.kill()
    rotate(writer)
    writer.write(2)
    reading.read(until=lambda: len(reading.ids) >= writer.written)
    assert reading.ids == list(range(writer.written))
    assert False not in reading.resumed, "nothing was lost"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_writing_rotating_and_dying_loses_nothing_and_repeats_nothing(path: Path, seed: int) -> None:
    """Several rotations may pass while nobody reads; rotated files are numbered up, and compressed later."""
    random = Random(seed)
    writer, reading = Writer(path), Reading(path)
    copies = seed % 2  # who copies does not rename
    writer.write(random.randint(1, 50))
    reading.read()
    for _ in range(30):
        match random.randint(0, 5):
            case 0 | 1:
                writer.write(random.randint(1, 400))
            case 2:
                writer.write(random.randint(1, 30))
                writer.copy_truncate() if copies else writer.rename()
                writer.write(random.randint(1, 30))
            case 3 if not copies:
                writer.write(1)
                _compressed(writer)
                writer.write(1)
            case 4:
                reading.read(until=lambda: random.random() < 0.3 or len(reading.ids) >= writer.written)
                reading.kill()
            case _:
                reading.read()
    reading.read(until=lambda: len(reading.ids) >= writer.written)
    assert reading.ids == list(range(writer.written))
    assert False not in reading.resumed


@pytest.mark.parametrize("is_killed", [False, True])
def test_what_was_truncated_before_it_was_read_is_told_to_be_missing(path: Path, is_killed: bool) -> None:
    """No copy has it: the next connection begins later than asked, which makes a gap on `coverage`."""
    writer, reading = Writer(path), Reading(path)
    writer.write(10)
    reading.read()
    writer.write(1)
    if is_killed:
        reading.kill()
    writer.copy_truncate(with_copy=False)
    writer.write(2)
    if not is_killed:
        with pytest.raises(SourceError, match="truncated or replaced before all of it was read"):
            reading.read()
        reading.kill()
    reading.read(until=lambda: len(reading.ids) >= 12)
    assert reading.ids == [*range(10), 11, 12]
    assert reading.resumed[-1] is False
    reading.kill()
    reading.read()
    assert reading.resumed[-1] is True, "the gap is told once"


@pytest.mark.parametrize("is_killed", [False, True])
def test_a_file_that_is_replaced_by_a_shorter_one_is_read_from_its_beginning(path: Path, is_killed: bool) -> None:
    """As an editor does it. What the one before still had is read only by whoever had it open."""
    writer, reading = Writer(path), Reading(path)
    writer.write(100)
    reading.read()
    writer.write(1)
    if is_killed:
        reading.kill()
    other = path.with_name("other")
    other.write_bytes(line_of(1_000) + line_of(1_001))
    other.rename(path)
    reading.read(until=lambda: 1_001 in reading.ids)
    kept = range(100) if is_killed else range(101)
    assert reading.ids == [*kept, 1_000, 1_001]
    assert reading.resumed[-1] is (False if is_killed else None)


def test_a_file_written_anew_in_place_to_the_same_length_and_more_is_noticed(path: Path) -> None:
    """Its size says nothing: what stands before the place is another text."""
    writer, reading = Writer(path), Reading(path)
    writer.write(20)
    reading.read()
    path.write_bytes(b"".join(line_of(each) for each in range(500, 550)))
    with pytest.raises(SourceError, match="truncated or replaced"):
        reading.read()
    reading.kill()
    reading.read(until=lambda: len(reading.ids) >= 70)
    assert reading.ids == [*range(20), *range(500, 550)]
    assert reading.resumed[-1] is False


def test_a_deleted_file_is_read_to_its_end_and_then_the_new_one(path: Path) -> None:
    writer, reading = Writer(path), Reading(path)
    writer.write(10)
    reading.read()
    writer.write(5)
    writer.delete()
    reading.read()
    writer.write(5)
    reading.read(until=lambda: len(reading.ids) >= 20)
    assert reading.ids == list(range(20))


def test_while_the_new_file_is_not_there_yet_the_old_one_is_read_on(path: Path) -> None:
    writer, reading = Writer(path), Reading(path)
    writer.write(10)
    reading.read()
    writer.rename_only()
    reading.read()
    writer.write(5)  # to the file that has another name now
    reading.read()
    assert reading.ids == list(range(15))
    writer._reopen()
    writer.write(5)
    reading.read(until=lambda: len(reading.ids) >= 20)
    assert reading.ids == list(range(20))


def test_a_line_is_taken_when_it_is_whole_and_a_last_one_when_its_file_is_left(path: Path) -> None:
    """Until then nothing is said to be seen, either; the cursor stands before it."""
    writer, reading = Writer(path), Reading(path)
    writer.write(2)
    reading.read()
    half = line_of(2)
    writer.write_bytes(half[:50])
    reading.read()
    assert reading.ids == [0, 1]
    assert not reading.chunks[-1].newest_us
    reading.kill()
    reading.read()
    writer.write_bytes(half[50:-1])
    reading.read()
    assert reading.ids == [0, 1]
    writer.rename()
    writer.written = 3
    writer.write(1)
    reading.read(until=lambda: len(reading.ids) >= 4)
    assert reading.ids == [0, 1, 2, 3]


def test_a_file_to_which_nothing_is_written_is_said_to_be_seen(path: Path) -> None:
    """Coverage rests on it."""
    writer, reading = Writer(path), Reading(path)
    writer.write(2)
    reading.read()
    assert reading.chunks[-1].newest_us
    assert not reading.chunks[-1].events


def test_another_file_under_the_number_of_the_old_one_is_no_continuation(path: Path) -> None:
    """File systems give the number of a deleted file to the next one."""
    writer, reading = Writer(path), Reading(path)
    writer.write(10)
    reading.read()
    reading.kill()
    assert reading.cursor is not None
    path.write_bytes(b"".join(line_of(each) for each in range(100, 400)))  # the same number, another content
    reading.read(until=lambda: len(reading.ids) >= 310)
    assert reading.ids == [*range(10), *range(100, 400)]
    assert reading.resumed[-1] is False


def test_a_hole_that_truncation_leaves_is_no_line(path: Path) -> None:
    """A writer that does not append goes on where it was: zeros stand before its next line."""
    reading = Reading(path)
    with path.open("wb", buffering=0) as file:
        file.write(line_of(0) + line_of(1))
        reading.read()
        path.with_name("events.ndjson.1").write_bytes(path.read_bytes())
        path.open("r+b").truncate(0)
        file.write(line_of(2))
        reading.read(until=lambda: len(reading.ids) >= 3)
    assert reading.ids == [0, 1, 2]
    assert not any(chunk.letters for chunk in reading.chunks)


def test_a_line_that_cannot_be_read_is_a_dead_letter_with_its_bytes_and_place(path: Path) -> None:
    writer, reading = Writer(path), Reading(path)
    writer.write(1)
    reading.read()
    writer.write_bytes(b'{"kind":"post"}\n' + b"\xff\xfe\n" + b"x" * 3_000_000 + b"\n")
    writer.write(1)
    reading.read(until=lambda: len(reading.ids) >= 2)
    letters = [letter for chunk in reading.chunks for letter in chunk.letters]
    assert [letter.reason for letter in letters] == [Reason.NOT_AN_EVENT, Reason.NOT_JSON, Reason.TOO_LARGE]
    assert letters[0].payload == b'{"kind":"post"}'
    assert (letters[0].topic, letters[0].offset) == (str(path), len(line_of(0)))
    assert letters[2].size == 3_000_000
    assert reading.cursor is not None
    assert json.loads(reading.cursor)["mark"]["offset"] == path.stat().st_size


def test_a_compressed_file_that_is_damaged_costs_what_is_damaged_and_is_told(path: Path) -> None:
    writer, reading = Writer(path), Reading(path)
    writer.write(5)
    reading.read()
    reading.kill()
    writer.write(20_000)
    rotated = writer.rename()
    writer.compress(rotated)
    packed = rotated.with_name(rotated.name + ".gz")
    data = packed.read_bytes()
    packed.write_bytes(data[: len(data) // 2])
    writer.write(3)
    with pytest.raises(SourceError, match="breaks off"):
        reading.read(until=lambda: False)
    reading.kill()
    reading.read(until=lambda: reading.ids[-1] == writer.written - 1)
    assert reading.ids == sorted(set(reading.ids))
    assert 5_000 < len(reading.ids) < 20_000
    assert reading.resumed[-1] is False
    reasons = [letter.reason for chunk in reading.chunks for letter in chunk.letters]
    assert Reason.BAD_FILE in reasons


def test_it_can_begin_at_the_end(path: Path) -> None:
    writer, reading = Writer(path), Reading(path, from_end=True)
    writer.write(50)
    reading.read()
    writer.write(1)
    reading.read()
    reading.kill()
    writer.write(1)
    reading.read()
    assert reading.ids == [50, 51]
    assert path.stat().st_size > MARK_BYTES


def test_a_path_that_is_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="there is no such file"):
        Reading(tmp_path / "nothing").read()
    with pytest.raises(OSError, match="no regular file"):
        Reading(tmp_path).read()


@pytest.mark.slow
@pytest.mark.parametrize("is_packed", [False, True])
def test_names_that_change_while_the_folder_is_looked_at_hide_no_file(path: Path, is_packed: bool) -> None:
    """Forty rotated files and more are numbered up at each rotation, which come every few milliseconds."""
    writer, reading = Writer(path), Reading(path)
    for _ in range(40):
        writer.write(1)
        writer.rename()
    ended = threading.Event()
    random = Random(19)

    def write() -> None:
        for _ in range(40):
            writer.write(20)
            rotated = writer.rename()
            if is_packed and random.random() < 0.5:
                writer.compress(rotated)
            time.sleep(random.uniform(0.0, 0.01))
        ended.set()

    begin = writer.written
    writer.write(1)
    reading.read()
    thread = threading.Thread(target=write)
    thread.start()
    reading.read(until=lambda: ended.is_set() and begin + len(reading.ids) >= writer.written)
    thread.join()
    assert reading.ids == list(range(begin, writer.written))
