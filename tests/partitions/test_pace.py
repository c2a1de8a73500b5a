"""A busy process makes its pauses longer, and shorter again."""

from streams.partitions.pace import Pace


class _Clocks:
    """Seconds that passed, and seconds of a processor that the process used of them."""

    def __init__(self) -> None:
        self.now = self.used = 100.0

    def run(self, seconds: float, share: float) -> None:
        self.now += seconds
        self.used += seconds * share


def test_pauses_are_longer_while_the_last_second_took_nine_tenths_of_a_core() -> None:
    clocks = _Clocks()
    pace = Pace(lambda: clocks.now, lambda: clocks.used)
    told = []
    for seconds, share in ((0.5, 1.0), (0.5, 0.7), (1.0, 0.9), (0.9, 0.1), (0.1, 0.1), (1.0, 1.7), (60.0, 0.89)):
        clocks.run(seconds, share)
        told.append(round(pace.pause(0.2), 3))
    #       too soon, 85 % of it, busy, too soon, idle, two threads, long idle
    assert told == [0.2, 0.2, 0.6, 0.6, 0.2, 0.6, 0.2]
