"""One trial of an implementation in a test: what it needs may be missing on a developer's machine, and never in CI."""

import os
from typing import Final

import pytest

from bench.implementations import Implementation
from bench.trial import Trial, run_trial
from bench.workload import Workload
from tools.kafka.jars import Unavailable

_IN_CI: Final = os.environ.get("CI", "").lower() in {"1", "true"}


def trial_of(implementation: Implementation, workload: Workload) -> Trial:
    """The trial, or a test that says what it leaves out."""
    try:
        return run_trial(implementation, workload, 1)
    except Unavailable as reason:
        if _IN_CI:
            pytest.fail(f"CI must not leave out {implementation.name}: {reason}", pytrace=False)
        pytest.skip(f"left out: {implementation.name}: {reason}")
