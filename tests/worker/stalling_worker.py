"""`antiphon worker` with a fault in it, named by the first argument: a program of its own, for tests that end it."""

import asyncio
import sys
import time
from typing import Any

from streams.agents.notify.agent import Notify
from streams.agents.screen.agent import Screen
from streams.agents.track.agent import Track
from streams.agents.watch.agent import Watch
from streams.agents.watch.ledger_store import LedgerStore
from streams.cli.main import main
from streams.faust_driver.batches import Batch


async def _stall_for_ever(*_arguments: Any) -> None:
    await asyncio.Event().wait()


_apply_to_the_ledger = Watch._apply


async def _stall_in_partition_0(watch: Watch, store: LedgerStore, batch: Batch) -> None:
    await (asyncio.Event().wait() if store.partition == 0 else _apply_to_the_ledger(watch, store, batch))


def _keep_the_loop(*_arguments: Any) -> None:
    time.sleep(3_600)


async def _fail(*_arguments: Any) -> None:
    raise OverflowError("date value out of range")


if __name__ == "__main__":
    fault = sys.argv.pop(1)
    if fault == "TRACK":
        Track._apply = _stall_for_ever  # type: ignore[method-assign,assignment]  # the fault
    elif fault == "WATCH in partition 0":
        Watch._apply = _stall_in_partition_0  # type: ignore[method-assign,assignment]  # the fault
    elif fault == "loop":
        Screen._screen = _keep_the_loop  # type: ignore[method-assign,assignment]  # the fault
    elif fault == "NOTIFY":
        Notify._read_to = _fail  # type: ignore[method-assign,assignment]  # the fault
    else:
        raise SystemExit(f"there is no fault {fault!r}")
    main()
