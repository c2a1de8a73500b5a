"""A busy process makes its pauses longer, and shorter again."""

import time

from streams.partitions.pace import Pace, busy_seconds


class _Clocks:
    """Seconds that passed, and seconds of a processor that the process wanted of them."""

    def __init__(self) -> None:
        self.now = self.wanted = 100.0

    def run(self, seconds: float, share: float) -> None:
        self.now += seconds
        self.wanted += seconds * share


def test_pauses_are_longer_while_nine_tenths_of_a_core_are_wanted() -> None:
    clocks = _Clocks()
    pace = Pace(lambda: clocks.now, lambda: clocks.wanted)
    pauses = []
    for seconds, share in ((0.5, 1.0), (0.5, 0.7), (1.0, 0.9), (0.9, 0.1), (0.1, 0.1), (1.0, 1.7), (60.0, 0.89)):
        clocks.run(seconds, share)
        pauses.append(round(pace.pause(0.2), 3))
    #       too soon, 85 % of it, busy, too soon, idle, two threads, long idle
    assert pauses == [0.2, 0.2, 0.6, 0.6, 0.2, 0.6, 0.2]


def test_pauses_are_up_to_ten_times_as_long_and_a_tenth_of_what_is_late_while_a_backlog_is_read() -> None:
    clocks = _Clocks()
    pace = Pace(lambda: clocks.now, lambda: clocks.wanted)

    def after(*read: tuple[float, int]) -> float:
        """The pause once a second has passed in which that was read: how long each had waited, what was left."""
        clocks.run(1.0, 0.0)
        for waited_seconds, left in read:
            pace.note_read(waited_seconds, left)
        return round(pace.pause(0.2), 3)

    assert after((9.0, 500), (7.0, 400)) == 0.7  # by the newest
    assert after((0.0, 7), (9.0, 500)) == 0.2
    assert after((3_600.0, 500)) == 2.0
    clocks.run(0.2, 0.0)
    assert pace.pause(0.2) == 2.0
    clocks.run(0.1, 0.0)
    assert pace.pause(0.2) == 0.2  # nothing more comes
    assert after((3_600.0, 0)) == 0.2  # all is read: the broker's clock is another
    assert after((-5.0, 9)) == 0.2


def test_a_process_wants_what_it_uses_and_what_it_waits_for() -> None:
    """Whatever else runs here: a loop that never rests wants nearly all the time there is."""
    began, wanted = time.monotonic(), busy_seconds()
    while time.monotonic() < began + 0.3:
        pass
    assert busy_seconds() - wanted >= 0.9 * 0.3
