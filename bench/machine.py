"""What a run ran on: processor, memory, versions. Never a host name or a path."""

import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams import __version__

__all__ = ["Machine", "this_machine"]

_PACKAGES: Final = ("faust-streaming", "aiokafka", "msgspec", "orjson")
_PEERS: Final = ("confluent-kafka", "quixstreams", "bytewax")


class Machine(Struct, frozen=True, kw_only=True):
    """`memory_bytes` is all of it; `versions` are by name, Antiphon's and Python's among them."""

    processor: str
    cores: int
    memory_bytes: int
    kernel: str
    broker: str
    versions: dict[str, str]

    def __str__(self) -> str:
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f"{self.processor}, {self.cores} cores, {self.memory_bytes / 1e9:.0f} GB, Linux {self.kernel}; "
            f"broker: {self.broker}; {versions}."
        )


def this_machine(broker: str) -> Machine:
    """This one. `broker` says in words what serves."""
    versions = {"antiphon": __version__, "Python": platform.python_version()}
    return Machine(
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        kernel=platform.release().partition("-")[0],
        broker=broker,
        versions=versions | {name: version(name) for name in _PACKAGES} | dict(_installed(_PEERS)),
    )


def _installed(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue  # it does not race


def _field(path: Path, name: str) -> str | None:
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
