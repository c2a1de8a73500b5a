"""The command: `python -m tests.chaos [--seed N] [--events N] [--faults N] [--json]`; status 1 if anything differs."""

import argparse
import faulthandler
import logging
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from tests.chaos.report import report
from tests.chaos.run import STUCK_SECONDS, Stuck, run_chaos
from tools.kafka.jars import Unavailable
from tools.kafka.node import KafkaFailed

__all__ = ["main"]

# The longest that anything may take between two signs of life, beyond what the run waits. It bounds its own waits; this
# is for the rest.
_WATCHDOG_SECONDS: Final = 180.0
# In a log a line now and then is enough.
_LINE_SECONDS: Final = 30.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Injects faults into a real pipeline on a real Kafka and compares its results with a single-threaded oracle."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=main.__doc__)
    parser.add_argument("--seed", type=int, help="replays the run of that seed: same events, same faults")
    parser.add_argument("--events", type=int, default=1_000_000, help="raw events (default: 1,000,000)")
    parser.add_argument("--faults", type=int, default=200, help="faults (default: 200)")
    parser.add_argument("--power-cuts", type=int, default=0, help="power cuts besides the faults (default: 0)")
    parser.add_argument("--corrections", type=int, default=3, help="corrections of the roster besides (default: 3)")
    parser.add_argument(
        "--stuck-after",
        type=float,
        default=STUCK_SECONDS,
        metavar="SECONDS",
        help=f"give up where nothing moves for so long (default: {STUCK_SECONDS:.0f}); more for a busy machine",
    )
    parser.add_argument("--keep", type=Path, help="keep the logs and Kafka's data in this new directory")
    parser.add_argument("--json", action="store_true", help="write the result as JSON to standard output")
    wanted = parser.parse_args(arguments)
    if (
        wanted.events < 1
        or wanted.faults < 0
        or wanted.power_cuts < 0
        or wanted.corrections < 0
        or wanted.stuck_after <= 0
    ):
        parser.error("there is no run of that size")
    seed = secrets.randbelow(10**6) if wanted.seed is None else wanted.seed
    on_terminal = sys.stderr.isatty()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the source's complaints about the broker: we know

    printed_at = 0.0

    def progress(text: str) -> None:
        nonlocal printed_at
        faulthandler.dump_traceback_later(_WATCHDOG_SECONDS + wanted.stuck_after, exit=True)
        if on_terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
        elif time.monotonic() - printed_at > _LINE_SECONDS:
            printed_at = time.monotonic()
            sys.stderr.write(f"{text}\n")

    sys.stderr.write(
        f"seed {seed}, {wanted.events} events, {wanted.faults} faults, {wanted.power_cuts} power cuts, "
        f"{wanted.corrections} corrections\n"
    )
    with tempfile.TemporaryDirectory(prefix="antiphon-chaos-") as scratch:
        directory = wanted.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        try:
            run = run_chaos(
                seed,
                events=wanted.events,
                faults=wanted.faults,
                power_cuts=wanted.power_cuts,
                corrections=wanted.corrections,
                directory=directory,
                progress=progress,
                stuck_seconds=wanted.stuck_after,
            )
        except (Unavailable, KafkaFailed, Stuck) as reason:
            sys.stderr.write(f"\nseed {seed}: {reason}\n")
            return 1
        finally:
            faulthandler.cancel_dump_traceback_later()
            if on_terminal:
                sys.stderr.write("\r\x1b[K")
    if wanted.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(run)).decode() + "\n")
    else:
        sys.stdout.write(report(run))
    return 0 if run.verdict.is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
