"""What ends a command from outside: SIGTERM and SIGHUP let a short one clean up, as Ctrl-C does."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["ended_by_ctrl_c", "stopped_at_once", "stopped_in_order"]


@contextmanager
def stopped_in_order() -> Iterator[None]:
    """Inside the block SIGTERM and SIGHUP end it as Ctrl-C does, and the program with status 128 plus the number.

    A signal that was ignored before, as `nohup` does with SIGHUP, stays ignored; a second one changes nothing.
    """
    received: list[int] = []

    def stop(number: int, _frame: object) -> None:
        if not received:
            received.append(number)
            if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # so it is for what a shell starts with `&`
                signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.raise_signal(signal.SIGINT)

    numbers = [n for n in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    except KeyboardInterrupt:
        if received:
            sys.exit(128 + received[0])
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def stopped_at_once() -> Iterator[None]:
    """A stop before there is anything to stop is as good as one after: status 0, at once. An exception instead would be
    lost in an import or a finalizer, and the process would go on.
    """

    def stop(_number: int, _frame: object) -> None:
        os._exit(0)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def ended_by_ctrl_c(without_end: bool) -> Iterator[None]:
    """For a command that goes on `without_end` until somebody presses Ctrl-C: that is its end, with status 0."""
    try:
        yield
    except KeyboardInterrupt:
        if not without_end:
            raise
