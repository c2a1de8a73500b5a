"""What a run ran on: processor, memory, versions. Never a host name or a path."""

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams import __version__

__all__ = ["Machine", "this_machine"]

_PACKAGES: Final = ("faust-streaming", "aiokafka", "msgspec", "orjson")


class Machine(Struct, frozen=True, kw_only=True):
    """`memory_bytes` is all of it; `versions` are by name, Antiphon's and Python's among them."""

    processor: str
    cores: int
    memory_bytes: int
    kernel: str
    broker: str
    versions: dict[str, str]


def this_machine(broker: str) -> Machine:
    """This one. `broker` says in words what serves."""
    versions = {"antiphon": __version__, "Python": platform.python_version()}
    return Machine(
        processor=_field(Path("/proc/cpuinfo"), "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        kernel=platform.release().partition("-")[0],
        broker=broker,
        versions=versions | {name: version(name) for name in _PACKAGES},
    )


def _field(path: Path, name: str) -> str | None:
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
