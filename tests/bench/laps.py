"""One lap of a contestant in a test: what it needs may be missing on a developer's machine, and never in CI."""

import os
from typing import Final

import pytest

from bench.contestants import Contestant
from bench.course import Course
from bench.lap import Lap, run_lap
from tools.kafka.jars import Unavailable

_IN_CI: Final = os.environ.get("CI", "").lower() in {"1", "true"}


def lap_of(contestant: Contestant, course: Course) -> Lap:
    """The lap, or a test that says what it leaves out."""
    try:
        return run_lap(contestant, course, 1)
    except Unavailable as reason:
        if _IN_CI:
            pytest.fail(f"CI must not leave out {contestant.name}: {reason}", pytrace=False)
        pytest.skip(f"left out: {contestant.name}: {reason}")
