"""Passages that two texts share stand where they stand, in whatever spelling."""

from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streams.core.texts.fingerprints import ALPHABETIC, DENSE_SAMPLING, fingerprints
from streams.core.texts.passages import shared_passages
from streams.core.texts.text import letters_of, placed_letters
from tests.core.texts.scripts import ALPHABETS, DENSE_SCRIPTS, found_length, noise, passages, rewritten, words_of


@given(st.text(max_size=200) | st.lists(st.sampled_from(sorted(ALPHABETS)).flatmap(words_of) | noise).map(" ".join))
@example("ÆRT @x: ｶﾞ https://t.co/x각 e\u0301 &amp; ＠someone ﷺ")
def test_letters_are_those_that_fingerprints_see(text: str) -> None:
    """Each has its place in the text as it was written, and places never go back."""
    letters, places = placed_letters(text)
    assert letters in ("", letters_of(text))
    assert len(letters) == len(places)
    assert places == sorted(places)
    assert all(0 <= start < end <= len(text) for start, end in places)


def test_decomposed_and_joined_characters_are_placed() -> None:
    """What is one letter for a reader and several for a machine, and the other way round."""
    letters, places = placed_letters("e\u0301æ각 \u1100\u1161\u11a8 ﷺ")
    assert letters == letters_of("e\u0301æ각 \u1100\u1161\u11a8 ﷺ")
    assert places[:4] == [(0, 2), (2, 3), (2, 3), (3, 4)]
    assert places[4] == (5, 8)
    assert set(places[5:]) == {(9, 10)}


@pytest.mark.slow
@pytest.mark.parametrize("script", ALPHABETS)
def test_two_texts_that_share_a_fingerprint_share_a_passage(script: str) -> None:
    """It is found in both, and what is marked in one is in the other."""
    covered: Counter[str] = Counter()

    @settings(max_examples=25)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        sampling = DENSE_SAMPLING if script in DENSE_SCRIPTS else ALPHABETIC
        passage = data.draw(passages(script, found_length(script)))
        around = st.lists(st.sampled_from(sorted(ALPHABETS)).flatmap(words_of) | noise, max_size=6).map(" ".join)
        one = f"{data.draw(around)} {passage} {data.draw(around)}"
        other = f"{data.draw(around)} {data.draw(rewritten(passage, script))} {data.draw(around)}"
        first, second = shared_passages(one, other)
        assert bool(first) == bool(second)
        if set(fingerprints(one)) & set(fingerprints(other)):
            assert first
            covered["shared"] += 1
        for found, text, counterpart in ((first, one, other), (second, other, one)):
            assert list(found) == sorted(found)
            assert all(end <= begin for (_, end), (begin, _) in pairwise(found))
            letters, places = placed_letters(text)
            for start, end in found:
                said = "".join(letter for letter, place in zip(letters, places, strict=True) if start <= place[0] < end)
                # One written character, such as ﷺ, may be several letters, of which a passage has the last ones.
                begins = (said[at : at + sampling.gram] for at in range(20))
                assert any(part in placed_letters(counterpart)[0] for part in begins)

    check()
    assert covered["shared"] > 10


def test_nothing_is_marked_of_texts_that_share_a_word() -> None:
    """Nor of none."""
    assert shared_passages("The ministry met today", "The ministry rested") == ((), ())
    assert shared_passages("", "") == ((), ())


def test_a_passage_keeps_what_stands_within_it() -> None:
    """A link in one of the two, accents, capitals, and another way to write the same letters."""
    one = "Look: Young people can bring great works https://t.co/x to an end with hope."
    other = "«YOUNG PEOPLE can bring gréat works to an end!» said he"
    first, second = shared_passages(one, other)
    assert [one[start:end] for start, end in first] == ["Young people can bring great works https://t.co/x to an end"]
    assert [other[start:end] for start, end in second] == ["YOUNG PEOPLE can bring gréat works to an end"]
