"""The process whose memory is measured: opens the real subject store of partition 0 and says how large that made it."""

import asyncio
import gc
import os
import resource
import sys
import time
from pathlib import Path

from msgspec import Struct, json
from prometheus_client import CollectorRegistry

from streams.agents.track.subject_store import SubjectStore
from streams.metrics import Metrics
from streams.settings import Settings, load_settings

__all__ = ["Recovered"]


class Recovered(Struct, frozen=True, kw_only=True):
    """What opening the subject store took. `before_bytes` and `after_bytes` are resident memory without and with the
    states.
    """

    subjects: int
    seconds: float
    before_bytes: int
    after_bytes: int
    peak_bytes: int


async def recover(settings: Settings) -> Recovered:
    """Open the subject store and close it again."""
    store = SubjectStore(0, settings, Metrics(CollectorRegistry()))
    gc.collect()
    before = _rss_bytes()
    began = time.monotonic()
    await store.open()
    seconds = time.monotonic() - began
    gc.collect()
    recovered = Recovered(
        subjects=len(store),
        seconds=seconds,
        before_bytes=before,
        after_bytes=_rss_bytes(),
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1_024,
    )
    await store.close()
    return recovered


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    sys.stdout.write(json.encode(asyncio.run(recover(load_settings()))).decode())
