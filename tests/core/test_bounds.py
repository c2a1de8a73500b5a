"""Values and records that are made to fit: never too long, never mistaken for each other, untouched where they fit."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from streams.core.bounds import RECORD_BYTES, VALUE_BYTES, bounded_id, bounded_text, fitted

_CHARACTERS = st.characters(exclude_categories=["Cs"])
_TEXTS = st.text(st.sampled_from('aé€\U0001d538\x00"\\') | _CHARACTERS, max_size=300)


class _Listing(Struct, frozen=True):
    count: int
    first: tuple[str, ...]
    second: tuple[str, ...]


def _bytes(value: object) -> int:
    return len(msgspec.json.encode(value))


@given(_TEXTS)
def test_what_is_kept_of_an_id_fits_and_is_the_id_where_that_fits(value: str) -> None:
    """As JSON and as MessagePack; and what is kept of it once more is the same."""
    kept = bounded_id(value)
    assert _bytes(kept) <= VALUE_BYTES + 2
    assert len(msgspec.msgpack.encode(kept)) <= VALUE_BYTES + 3
    assert bounded_id(kept) == kept
    assert (kept == value) is (_bytes(value) <= VALUE_BYTES + 2)


@given(_TEXTS, _TEXTS)
def test_two_ids_stay_two(one: str, other: str) -> None:
    """Also where they begin alike."""
    begin = "\U0001d538" * 200
    assert (bounded_id(begin + one) == bounded_id(begin + other)) is (one == other)


@given(_TEXTS, st.integers(3, 400))
def test_a_text_is_cut_to_its_bytes_and_says_so(value: str, most: int) -> None:
    kept = bounded_text(value, most)
    assert _bytes(kept) <= most + 2
    assert kept == value or (kept.endswith("…") and value.startswith(kept[:-1]))
    assert (kept == value) is (_bytes(value) <= most + 2) or value.endswith("…")


@pytest.mark.parametrize("character", ["a", "\U0001d538", "\x01"])
def test_a_record_that_is_too_large_loses_the_ends_of_its_longest_lists(character: str) -> None:
    """Counts stay, and so do the first items; one that fits stays as it is."""
    small = _Listing(3, ("a", "b"), ("c",))
    assert fitted(small, ("first", "second")) is small
    record = _Listing(5_000, tuple(f"{n} {character * 200}" for n in range(5_000)), ("kept",))
    made = fitted(record, ("first", "second"))
    assert RECORD_BYTES / 4 < _bytes(made) <= RECORD_BYTES
    assert made.count == 5_000
    assert made.first == record.first[: len(made.first)]
    assert made.second == ("kept",)


def test_a_record_that_cannot_fit_is_an_error_with_its_name() -> None:
    with pytest.raises(ValueError, match="_Listing"):
        fitted(_Listing(1, (), ("x" * RECORD_BYTES,)), ("first",))
