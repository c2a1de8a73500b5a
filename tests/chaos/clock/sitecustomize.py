"""Makes the clock of the Python process that finds this on its path jump, as a file says.

Python imports `sitecustomize` before anything else. What asks `time.time` or `time.time_ns` gets the shifted clock:
all of this project, aiokafka and Faust. The monotonic clock keeps its own, as on a machine whose date is set; so do the
kernel and code in C, unlike there.
"""

import os
import time

__all__: list[str] = []

_LOOK_SECONDS = 0.05
_file = os.environ.get("CHAOS_CLOCK_FILE")

if _file:
    _real, _real_ns, _monotonic = time.time, time.time_ns, time.monotonic
    _looked_at = 0.0
    _shift_seconds = 0

    def _shift(file_name: str = _file) -> int:
        global _looked_at, _shift_seconds
        if _monotonic() - _looked_at > _LOOK_SECONDS:
            _looked_at = _monotonic()
            try:
                with open(file_name, encoding="ascii") as file:
                    _shift_seconds = int(file.read() or 0)
            except OSError:
                _shift_seconds = 0
        return _shift_seconds

    time.time = lambda: _real() + _shift()
    time.time_ns = lambda: _real_ns() + _shift() * 1_000_000_000
