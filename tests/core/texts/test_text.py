"""The same words are the same text, however a keyboard or a platform writes them."""

import re
import time
import unicodedata
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.country_event import STATE_TEXT
from streams.core.texts.text import MOST_CHARACTERS, letters_of, normalised, shared_words, words
from tests.core.texts.scripts import ALPHABETS, noise, passages, rewritten


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("RT @Khamenei_fa: علمِ نافع را به‌کار گیرید https://t.co/AbC", "علم نافع را بهكار گيريد"),
        ("#هفته_وحدت مبارک", "هفته وحدت مبارك"),
        ("المَدْرَسَةُ الكبـــيرة", "المدرسه الكبيره"),
        ("إلى الأمام آمال ٱلله", "الي الامام امال الله"),
        ("۱۴ خرداد ١٤٤٢ ２０２１", "14 خرداد 1442 2021"),
        ("Ёлка, й и Ї", "елка и и і"),
        ("Straße İSTANBUL ısparta Øst Łódź ŒUVRE", "strasse istanbul isparta ost lodz oeuvre"),
        ("ﻻ ﷲ ﬁn ①", "لا الله fin 1"),
        ("外交部：坚决反对！#中国 https://t.co/x详情", "外交部 坚决反对 中国 详情"),
        ("ｶﾞｷﾞ が か\u3099", "ガギ が が"),
        ("हिन्दी में", "हिन्दी में"),
        ("Q&amp;A &lt;3", "q a 3"),
        ("don’t & don't", "don t don t"),
        (".@someone: hello@world", "hello"),
        ("see pic.twitter.com/abc,now", "see"),
        ("START @x", "start"),
    ],
)
def test_what_a_reader_would_call_the_same_words_is_what_stays(written: str, read: str) -> None:
    assert normalised(written) == read


@pytest.mark.slow
@pytest.mark.parametrize("script", ALPHABETS)
def test_spelling_and_noise_do_not_change_the_words(script: str) -> None:
    """Variants, case, diacritics, ZWNJ, direction marks, hash signs; links, handles, emoji between the words."""
    covered: Counter[str] = Counter()

    @settings(max_examples=60)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        plain = data.draw(passages(script, 1))
        written = data.draw(rewritten(plain, script))
        parts = written.split(" ")
        for _ in range(data.draw(st.integers(0, 3))):
            parts.insert(data.draw(st.integers(0, len(parts))), data.draw(noise))
        text = " ".join(parts)
        if script != "chinese":  # where a space would be a sign between clauses
            assert normalised(text) == plain
        assert normalised(text).replace(" ", "") == plain.replace(" ", "")
        covered["spelling"] += written != plain
        covered["noise"] += len(parts) > written.count(" ") + 1

    check()
    assert min(covered["spelling"], covered["noise"]) > 10, covered


@given(st.text(max_size=80) | st.text("aا@rRtT.:/_-#& \u0300\u0323\u200c\u3099か中0٠ßİ", max_size=60))
def test_what_is_normalised_is_letters_marks_and_digits_between_single_spaces(text: str) -> None:
    found = normalised(text)
    assert found == " ".join(found.split())
    assert all(character == " " or unicodedata.category(character)[0] in "LMN" for character in found)
    assert not any(character.isupper() and character.isascii() for character in found)


@given(st.text("aक ", max_size=70), st.integers(1, 120), st.sampled_from(("\u094d", "\u093c\u094d", "\u0301\u094d")))
def test_no_letter_keeps_more_than_thirty_marks_wherever_it_stands(before: str, times: int, marks: str) -> None:
    """Of up to thirty all stay."""
    flood = (marks * times)[:times]
    found = normalised(f"{before}क{flood}क")
    kept = max(map(len, re.findall("[\u094d\u093c]+", found)), default=0)
    assert kept <= 30
    assert marks != "\u094d" or kept == min(times, 30)


def test_all_that_travels_to_watch_is_looked_at() -> None:
    assert MOST_CHARACTERS >= STATE_TEXT


@given(st.lists(st.sampled_from(["сегодня", "мир", "peace", "2021", "و", "علم", "کتاب‌ها", "中国人民", "中", "한국"])))
def test_content_words_are_long_words_and_pairs_of_dense_characters(drawn: list[str]) -> None:
    expected = {
        "сегодня": {"сегодня"},
        "peace": {"peace"},
        "کتاب‌ها": {"كتابها"},
        "中国人民": {"中国", "国人", "人民"},
        "한국": {"한국"},
    }
    assert words(" ".join(drawn)) == frozenset[str]().union(*(expected.get(word, set()) for word in drawn))


def test_shared_words_are_those_of_the_text_that_the_vocabulary_has() -> None:
    vocabulary = words("Teachers build the future") | words("معلمان آینده را می‌سازند")
    assert shared_words("the #FUTURE of teachers, و آينده", vocabulary) == ("future", "teachers", "اينده")
    assert shared_words("nothing of it", vocabulary) == ()


_FLOODS = {
    "combining marks": "a" + "\u0300\u0323" * 50_000,
    "marks that stay": "क" + "\u094d\u093c" * 50_000,
    "lone surrogates": "\ud800\udfff" * 50_000,
    "expanding characters": "\ufdfa" * 100_000,
    "handles": "@a." * 33_000,
    "links": "http" * 25_000,
    "retweets": "rt " * 33_000,
    "a word and spaces": "rt" + " " * 100_000,
    "rare characters": "".join(map(chr, range(0x20000, 0x20000 + 50_000))) * 2,
    "dense and not": "中a" * 50_000,
    "nothing": "",
}


@pytest.mark.parametrize("name", _FLOODS)
def test_a_hostile_text_takes_milliseconds(name: str) -> None:
    """Quadratic work on it would take seconds; ten times the usual time leaves room for a busy machine."""
    start = time.process_time()
    found = normalised(_FLOODS[name])
    words(_FLOODS[name])
    assert time.process_time() - start < 0.25
    assert len(found) <= 2 * MOST_CHARACTERS


@pytest.mark.slow
def test_the_letters_are_the_words_without_their_spaces_in_every_script() -> None:
    """Also where one table for bytes says what the letters are, which it cannot for every character."""
    covered: Counter[str] = Counter()
    western = st.characters(codec="cp1252", exclude_categories=())
    others = st.characters(exclude_categories=["Cs"])

    @settings(max_examples=500)
    @given(st.lists(western, max_size=30), st.lists(others, max_size=3))
    def check(some: list[str], more: list[str]) -> None:
        text = "".join([*some, *more])
        letters = letters_of(text)
        assert letters == normalised(text).replace(" ", "")
        covered["by the table"] += not more and not text.isascii() and letters.isascii()
        covered["not of the code page"] += bool(more)
        covered["beyond ASCII"] += not letters.isascii()

    check()
    assert min(covered.values()) >= 20, covered
    assert len(covered) == 3
    assert letters_of("L’œuvre : « Être », straße\u00ad.\x00") == "loeuvreetrestrasse"
