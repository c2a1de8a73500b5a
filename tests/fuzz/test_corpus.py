"""The short version of fuzzing: what the fuzzer found worth keeping, and the seeds, are checked again, without it."""

import tracemalloc
from typing import Final

import pytest

from streams.formats.registry import FORMATS
from streams.formats.tally import readings_of
from tests.fuzz.reader_targets import LINES, READERS
from tests.fuzz.target import CORPUS, kept_inputs, timed
from tests.fuzz.targets import TARGETS

_MOST_BYTES: Final = 134_217_728  # in memory, for one small input: the dictionary of an xz can take half of it


@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_no_kept_input_breaks_a_promise_or_takes_much_time_or_memory(name: str) -> None:
    target = TARGETS[name]
    inputs = [*target.seeds(), *kept_inputs(name)]
    assert len(inputs) > 2
    tracemalloc.start()
    try:
        for data in inputs:
            timed(target, data)
        assert tracemalloc.get_traced_memory()[1] < _MOST_BYTES
    finally:
        tracemalloc.stop()


def test_every_reader_is_fuzzed_from_lines_of_its_own_that_have_events() -> None:
    assert LINES.keys() == READERS.keys()
    assert READERS.keys() > FORMATS.keys()
    for name, reader in READERS.items():
        assert any(isinstance(each, tuple) for line in LINES[name] for each in readings_of(line, reader)), name


def test_the_kept_inputs_are_of_targets_and_few() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert {path.relative_to(CORPUS).parts[0] for path in files} <= TARGETS.keys()
    assert 0 < sum(path.stat().st_size for path in files) < 100_000
