"""One target under Atheris, in a process of its own: `python -m tests.fuzz.engine TARGET SECONDS DIRECTORY`.

Writes each kind of finding, with its smallest input, and goes on. Ends by `os._exit`, as libFuzzer does.
"""

import hashlib
import json
import resource
import sys
import traceback
from pathlib import Path
from random import Random
from types import FunctionType
from typing import Final

import atheris

from tests.fuzz.mutations import choices_of, repeat_part
from tests.fuzz.target import MOST_SECONDS, kept_inputs, timed

# With the import hook: the product's branches and comparisons are what guides the fuzzer.
with atheris.instrument_imports(include=["streams"]):
    from tests.fuzz.targets import target_named

_MOST_BYTES: Final = 65_536
_MOST_GROWTH_KIB: Final = 131_072  # of the process, by one input; xz alone may take 64 MiB and more for its dictionary
_MOST_SECONDS: Final = 4 * MOST_SECONDS  # instrumented code takes three to four times as long
_HANGS_SECONDS: Final = 20
_LONG_EVERY: Final = 250  # of so many inputs one is checked again with a part of it repeated
_MOST_LONG: Final = 32_768


class MemoryGrownError(AssertionError):
    """An input made the process grow by more than 128 MiB."""


class _Findings:
    """The kinds of faults that were found, each with its smallest input as a file."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._smallest: dict[str, int] = {}

    def add(self, data: bytes, error: Exception) -> None:
        """Keep it, if it is of a new kind or smaller than the last one of its kind."""
        frames = traceback.extract_tb(error.__traceback__)
        place = next((frame for frame in reversed(frames) if "/streams/" in frame.filename), frames[-1])
        last = frames[-1]
        what = f"{type(error).__name__} {Path(place.filename).name}:{place.lineno} {last.lineno}"
        kind = f"{type(error).__name__}-{hashlib.sha256(what.encode()).hexdigest()[:8]}"
        if len(data) >= self._smallest.get(kind, _MOST_BYTES + 1):
            return
        self._smallest[kind] = len(data)
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / kind).write_bytes(data)
        said = "".join(traceback.format_exception(error))
        (self._directory / f"{kind}.txt").write_text(said, "utf-8", "backslashreplace")


def _grown_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _words(seeds: list[bytes]) -> list[bytes]:
    """Keys and short texts of the seeds: a dictionary for the fuzzer."""
    found: dict[bytes, None] = {}

    def look(value: object) -> None:
        if isinstance(value, dict):
            for key, each in value.items():
                found.setdefault(f'"{key}":'.encode())
                look(each)
        elif isinstance(value, list):
            for each in value:
                look(each)
        elif isinstance(value, str) and len(value) < 32:
            found.setdefault(value.encode("utf-8", "surrogatepass"))

    for seed in seeds:
        try:
            look(json.loads(seed))
        except (ValueError, RecursionError):
            for word in seed.split(b"\n")[0].replace(b";", b",").split(b",")[:10]:
                found.setdefault(word[:32])
    return [word for word in found if word]


def _escaped(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


def main(name: str, seconds: int, directory: Path) -> None:
    """Fuzz for so long. `directory` gets `corpus`, `findings` and what else the fuzzer needs."""
    target = target_named(name)
    seeds = [*target.seeds(), *kept_inputs(name)]
    corpus = directory / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed[:_MOST_BYTES])
    words = directory / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in _words(seeds)), "ascii")
    findings = _Findings(directory / "findings")
    if isinstance(target.check, FunctionType):
        atheris.instrument_func(target.check)
    most_kib, count = _grown_kib(), 0

    def checked(data: bytes) -> None:
        nonlocal most_kib
        try:
            timed(target, data, _MOST_SECONDS)
            grown, most_kib = _grown_kib() - most_kib, _grown_kib()
            if grown > _MOST_GROWTH_KIB:
                raise MemoryGrownError(f"{len(data):,} bytes made the process grow by {grown / 1_024:.0f} MiB")
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a finding, and the fuzzing goes on
            findings.add(data, error)

    def one(data: bytes) -> None:
        nonlocal count
        count += 1
        checked(data)
        if count % _LONG_EVERY == 0:
            checked(repeat_part(data, _MOST_LONG, choices_of(data)))

    def mutate(data: bytes, most: int, seed: int) -> bytes:
        assert target.mutate is not None
        return target.mutate(data, most, Random(seed), atheris.Mutate)

    for seed in seeds:
        one(seed)
    options = [
        f"-max_total_time={seconds}",
        f"-max_len={_MOST_BYTES}",
        f"-timeout={_HANGS_SECONDS}",
        "-rss_limit_mb=2048",
        f"-dict={words}",
        f"-artifact_prefix={directory / 'findings'}/",
        "-print_final_stats=1",
    ]
    (directory / "findings").mkdir(exist_ok=True)
    more = {}
    if target.mutate is not None:
        options.append("-mutate_depth=1")  # one of ours changes several places, and writes the whole input again
        more["custom_mutator"] = mutate
    atheris.Setup([name, *options, str(corpus)], one, **more)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
