"""What ends a short command from outside: SIGTERM and SIGHUP let it clean up, as Ctrl-C does."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["stopped_in_order"]


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
