"""How a reader refuses a line: what a decoder said becomes one bounded, printable rejection.

Knows JSON errors, not any format's shapes.
"""

from typing import Final

import msgspec

from streams.deadletters import Reason, Rejection
from streams.printable import printable

__all__ = ["DECODE_ERRORS", "Refused", "refused_at", "refused_line", "rejection", "undecodable"]

_MAX_DETAIL: Final = 200  # characters: a line on a terminal, however long an untrusted name is

# All that msgspec's decoders raise. UnicodeDecodeError is not one of its own errors, but it lets it through.
DECODE_ERRORS: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Refused(Exception):  # noqa: N818 - never seen outside a reader, where it becomes a Rejection
    """Raised inside a reader, below its `read`, to give up on the line."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def refused_at(place: str, error: Exception) -> Refused:
    """Why a member that was decoded apart is of no use. It stands at `place`; its decoder knows the place within it."""
    said, _, within = str(error).partition(" - at `$")
    return Refused(Reason.NOT_AN_EVENT, f"{said} - at `{place}{within or '`'}")


def rejection(reason: Reason, detail: str) -> Rejection:
    """A `Rejection` whose detail is bounded and printable."""
    return Rejection(reason=reason, detail=printable(detail, _MAX_DETAIL))


def undecodable(line: bytes, error: Exception) -> Rejection:
    """The rejection for one of `DECODE_ERRORS`.

    A typed decoder stops at the first wrong type, perhaps before a syntax error: only a line that is JSON to its end
    is refused as not an event.
    """
    match error:
        case RecursionError():
            return rejection(Reason.TOO_DEEP, "nested too deeply")
        case UnicodeDecodeError():
            return rejection(Reason.NOT_JSON, f"not UTF-8: {error.reason}")
        case msgspec.ValidationError():
            try:
                msgspec.json.decode(line)
            except msgspec.ValidationError:
                pass  # well-formed, with a number beyond all bounds
            except DECODE_ERRORS as syntax_error:
                return undecodable(line, syntax_error)
            return rejection(Reason.NOT_AN_EVENT, str(error))
        case _:
            return rejection(Reason.NOT_JSON, str(error))


def refused_line(line: bytes, refused: Refused) -> Rejection:
    """The rejection for `Refused`, of a line with members that nobody decoded: one that is no JSON comes first."""
    try:
        msgspec.json.decode(line)
    except DECODE_ERRORS as error:
        return undecodable(line, error)
    return rejection(refused.reason, refused.detail)
