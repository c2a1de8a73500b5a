"""The command: `python -m tests.e2e [--json] [--keep DIRECTORY]`; status 1 if anything is not as it should be."""

import argparse
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import pytest

from tests.e2e.finding import Finding, table
from tests.e2e.hurry import FACTOR
from tests.e2e.play import play
from tests.ops.alertmanager import require_alertmanager
from tests.ops.prometheus import require_prometheus
from tools.kafka.jars import Unavailable
from tools.kafka.node import Kafka, KafkaFailed

__all__ = ["main"]

_HURRY: Final = f"The rules are those of ops/prometheus, with each time in them divided by {FACTOR}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Shows on a real Kafka, Prometheus and Alertmanager that alerts arrive and that the pipeline's own faults page."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=main.__doc__)
    parser.add_argument("--json", action="store_true", help="write the findings as JSON to standard output")
    parser.add_argument("--keep", type=Path, help="keep the workers' logs in this directory")
    wanted = parser.parse_args(arguments)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a client's complaints while everything comes and goes
    began = time.monotonic()
    findings: list[Finding] = []
    with tempfile.TemporaryDirectory(prefix="antiphon-e2e-") as scratch:
        directory = wanted.keep or Path(scratch)
        directory.mkdir(parents=True, exist_ok=True)
        try:
            require_prometheus()
            require_alertmanager()
            with Kafka() as kafka:
                for finding in play(kafka.address, "", directory):
                    findings.append(finding)
                    sys.stderr.write(f"{time.monotonic() - began:5.0f} s  {finding.what}: {_word(finding)}\n")
                    sys.stderr.flush()
        except (Unavailable, KafkaFailed, pytest.skip.Exception, pytest.fail.Exception, AssertionError) as reason:
            sys.stderr.write(f"{reason}\n")
            return 1
    if wanted.json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(findings)).decode() + "\n")
    else:
        sys.stdout.write(f"\n{table(findings)}{time.monotonic() - began:.0f} s in all. {_HURRY}\n")
    return 0 if all(finding.ok for finding in findings) else 1


def _word(finding: Finding) -> str:
    return "yes" if finding.ok else "NO"


if __name__ == "__main__":
    sys.exit(main())
