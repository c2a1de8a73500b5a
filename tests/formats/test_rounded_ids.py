"""Whether ids went through floating point is seen from the whole file: exact ones are believed, others refused."""

import json
import random
from collections.abc import Callable, Iterable
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rounded_ids import IdEvidence, may_be_rounded
from streams.deadletters import Rejection
from streams.errors import InputError
from streams.events import Suspension
from streams.formats.canonical import CanonicalReader
from streams.formats.inputs.lines import Line, split_lines
from streams.formats.reader import FormatReader
from streams.formats.suspensions.suspensions_csv import SuspensionsCsvReader
from streams.formats.tally import Tally, read_lines
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from tests.core.tracking.strategies import examples
from tests.formats.payloads import Json, status

_long_ids = st.integers(10**17, 2 * 10**18)


def _excel(number: int) -> int:
    return int(str(number)[:15].ljust(len(str(number)), "0"))


def _shortest(number: int) -> int:
    digits, _, exponent = repr(float(number)).partition("e+")
    whole, _, fraction = digits.partition(".")
    return int((whole + fraction).ljust(int(exponent) + 1, "0"))


_ROUNDERS: Final[dict[str, Callable[[int], int]]] = {
    "JavaScript": _shortest,
    "Excel": _excel,
}


def _suspensions(numbers: Iterable[int]) -> list[Json]:
    return [{"user_suspend": {"id": number, "timestamp_ms": "1616673600000"}} for number in numbers]


def _lines(payloads: Iterable[Json]) -> list[Line]:
    return list(split_lines([b"".join(json.dumps(payload).encode() + b"\n" for payload in payloads)]))


def _read(payloads: Iterable[Json], reader: FormatReader | None = None) -> Tally:
    tally = Tally()
    for _ in read_lines(_lines(payloads), reader or TwitterV1Reader(), tally):
        pass
    return tally


@pytest.mark.parametrize("rounder", sorted(_ROUNDERS))
def test_every_id_that_was_rounded_looks_like_it(rounder: str) -> None:
    @examples(200)
    @given(_long_ids)
    def check(number: int) -> None:
        assert may_be_rounded(_ROUNDERS[rounder](number))

    check()


def _snowflake(chance: random.Random) -> int:
    """An id of 2016 to 2023: milliseconds, the machine, and a sequence number that is nearly always 0."""
    sequence = chance.randrange(4_096) if chance.random() < 0.05 else 0
    return (chance.randrange(163_000_000_000, 420_000_000_000) << 22) | chance.randrange(1_024) << 12 | sequence


@pytest.mark.parametrize("digits", [17, 18, 19])
def test_a_thousand_notices_with_bare_exact_numbers_are_all_read(digits: int) -> None:
    """Every tenth id of 18 digits ends in 0; one that cannot have been rounded speaks for all."""
    chance = random.Random(digits)
    numbers = [chance.randrange(10 ** (digits - 1), min(10**digits, 2**63)) for _ in range(500)]
    numbers += [_snowflake(chance) for _ in range(500)]
    assert any(map(may_be_rounded, numbers))
    tally = _read(_suspensions(numbers))
    assert (tally.events, tally.rejected.total()) == (1_000, 0)


@pytest.mark.parametrize("rounder", sorted(_ROUNDERS))
def test_notices_with_rounded_numbers_are_refused(rounder: str) -> None:
    chance = random.Random(7)
    numbers = [_ROUNDERS[rounder](chance.randrange(10**18, 2 * 10**18)) for _ in range(50)]
    assert _read(_suspensions(numbers)).rejected.total() == 50


def test_a_number_that_ends_in_00_is_believed_where_statuses_show_exact_numbers() -> None:
    exact = status("1366312250373046372")
    exact["id"] = 1366312250373046372
    notice = _suspensions([1359411781432246300])
    assert may_be_rounded(1359411781432246300)
    assert _read(notice).rejected.total() == 1
    assert _read([exact, *notice]).rejected.total() == 0
    assert _read([*notice, exact]).rejected.total() == 0, "also where the evidence comes later"


def test_a_number_is_refused_where_statuses_show_rounded_numbers() -> None:
    """The number beside the string differs from it: so the sender rounds."""
    rounded = status("1366312250373046372")
    assert rounded["id"] != 1366312250373046372
    tally = _read([rounded, *_suspensions([1359411781432246300])])
    assert (tally.events, tally.rejected.total()) == (1, 1)


def _csv(ids: Iterable[int]) -> list[Line]:
    rows = [f"2021-04-01,{number},someone,,,,,,\n" for number in ids]
    return list(split_lines(["".join(rows).encode()]))


@pytest.mark.parametrize("rounder", sorted(_ROUNDERS))
def test_a_file_whose_ids_were_all_rounded_is_refused_whole_with_examples(rounder: str) -> None:
    chance = random.Random(3)
    ids = [_ROUNDERS[rounder](chance.randrange(10**18, 2 * 10**18)) for _ in range(5)]
    with pytest.raises(InputError, match=str(ids[0])):
        list(read_lines(_csv(ids), SuspensionsCsvReader(), Tally()))
    events = [
        {"kind": "deletion", "platform": "twitter", "id": str(n), "post_id": str(n), "at": "2021-01-01T00:00:00Z"}
        for n in ids
    ]
    with pytest.raises(InputError, match="floating point"):
        _read(events, CanonicalReader())
    with pytest.raises(InputError, match="floating point"):
        _read([status(str(n)) | {"id": None, "user": {"id_str": str(n)}} for n in ids])


def test_one_row_with_an_id_as_a_spreadsheet_leaves_it_is_enough() -> None:
    with pytest.raises(InputError, match="1359411781432240000"):
        list(read_lines(_csv([1359411781432240000]), SuspensionsCsvReader(), Tally()))


_ROUNDED_TO_17 = [
    1359411781432246300,
    1359411781432246400,
    1359411781432250000,
]  # the second is no double's shortest form


def test_a_small_list_of_which_all_ids_end_in_00_is_refused() -> None:
    """Whatever rounded them; one in 25 ends so by chance, so two do not tell, nor one that stands there three times."""
    assert [may_be_rounded(number) for number in _ROUNDED_TO_17] == [True, False, True]
    with pytest.raises(InputError, match="1359411781432246400"):
        list(read_lines(_csv(_ROUNDED_TO_17), SuspensionsCsvReader(), Tally()))
    for ids in (
        _ROUNDED_TO_17[:2],
        _ROUNDED_TO_17[:1] * 3,
        [*_ROUNDED_TO_17[:2], 1359411781432246349, *_ROUNDED_TO_17[2:]],
    ):
        assert len(list(read_lines(_csv(ids), SuspensionsCsvReader(), Tally()))) == len(ids)
    assert len(list(read_lines(_csv([*_ROUNDED_TO_17, 1359411781432246349]), SuspensionsCsvReader(), Tally()))) == 4


@examples(300)
@given(
    st.lists(st.sampled_from((10**19, 10**18, 10**17)).flatmap(lambda top: st.integers(top // 10, top - 1)), max_size=9)
)
def test_the_verdict_is_that_of_all_ids_however_often_and_in_which_order_they_come(numbers: list[int]) -> None:
    """And what was once known to be exact stays so."""
    numbers = [number // 100 * 100 for number in numbers[:5]] + numbers[5:]
    evidence, turned = IdEvidence(), IdEvidence()
    decided = None
    for number in numbers:
        evidence.add(number)
        decided = decided or (evidence.verdict if evidence.is_decided else None)
    for number in [*reversed(numbers), *numbers]:
        turned.add(number)
    assert evidence.verdict == turned.verdict
    assert decided != "exact" or evidence.verdict == "exact"


def test_exact_ids_are_hardly_ever_taken_for_rounded_ones() -> None:
    """Of 10,000 files with three ids each, made as Twitter makes them: at most one in 5^6 in the long run."""
    chance = random.Random(11)
    wrong = 0
    for _ in range(10_000):
        evidence = IdEvidence()
        for _ in range(3):
            evidence.add(_snowflake(chance))
        wrong += evidence.verdict == "rounded"
    assert wrong <= 5


def test_lines_come_at_once_where_ids_of_a_platform_are_no_numbers() -> None:
    """Whoever pipes events in does not wait for a thousand of them."""
    taken = 0

    def lines() -> Iterable[Line]:
        nonlocal taken
        for taken in range(1, 100):  # read after the loop
            yield Line(taken, b'{"kind":"post","platform":"bluesky","id":"at://x/%d"}' % taken)

    next(iter(read_lines(lines(), CanonicalReader(), Tally())))
    assert taken <= 20


def test_the_id_of_a_notice_is_the_exact_number() -> None:
    lines = _lines(_suspensions([1359411781432246349, 1359411781432246300]))
    readings = [reading for _, reading in read_lines(lines, TwitterV1Reader(), Tally())]
    events = [reading[0] for reading in readings if isinstance(reading, tuple)]
    assert not any(isinstance(reading, Rejection) for reading in readings)
    assert [event.actor.id for event in events if isinstance(event, Suspension)] == [
        "1359411781432246349",
        "1359411781432246300",
    ]
