"""How long X wants to be left alone after a stream that ended or could not be opened. Pure: durations are passed in.

Source: X's "Handling disconnections". Three schedules, each of its own kind of failure.
"""

from typing import Final, Literal, TypeAlias

__all__ = ["Failure", "Pauses"]

Failure: TypeAlias = Literal["network", "http", "throttled"]
"""`network`: it could not be reached, fell silent or was cut; `http`: it answered with an error; `throttled`: 429."""

_STEP: Final = 0.25  # seconds that each network failure adds
_MOST_NETWORK: Final = 16.0
_FIRST_HTTP: Final = 5.0
_MOST_HTTP: Final = 320.0
_FIRST_THROTTLED: Final = 60.0
_MOST_THROTTLED: Final = 3_600.0  # X names no end: each window is over after 15 minutes
# X answers, and cuts again at once: that is no connection after which the pauses begin again. Its keep-alive is 20 s.
_LASTING_SECONDS: Final = 30.0


class Pauses:
    """The pauses of one stream. After one that lasted the next attempt is made at once, as X asks."""

    def __init__(self) -> None:
        self._failures: dict[Failure, int] = {"network": 0, "http": 0, "throttled": 0}

    def after(self, failure: Failure, lasted_seconds: float, asked_seconds: float = 0.0) -> float:
        """Seconds to wait after a stream that lasted so long (0: it was never open), at least what a server asks for.

        Failures of one kind do not lengthen the pauses of another one.
        """
        if lasted_seconds >= _LASTING_SECONDS:
            self._failures = dict.fromkeys(self._failures, 0)
            if failure == "network":
                return asked_seconds
        self._failures[failure] += 1
        return max(_pause(failure, self._failures[failure]), asked_seconds)


def _pause(failure: Failure, times: int) -> float:
    doubled = min(times - 1, 10)
    match failure:
        case "network":
            return min(_STEP * times, _MOST_NETWORK)
        case "http":
            return min(_FIRST_HTTP * 2.0**doubled, _MOST_HTTP)
        case "throttled":
            return min(_FIRST_THROTTLED * 2.0**doubled, _MOST_THROTTLED)
