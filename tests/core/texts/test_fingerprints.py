"""A passage that two texts share is found wherever it stands, however it is written."""

import os
import subprocess
import sys
import time
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.core.texts.fingerprints import ALPHABETIC, DENSE_SAMPLING, MOST_FINGERPRINTS, fingerprints
from streams.core.texts.text import normalised
from tests.core.texts.scripts import ALPHABETS, DENSE_SCRIPTS, found_length, noise, passages, rewritten, words_of


@pytest.mark.slow
@pytest.mark.parametrize("script", ALPHABETS)
def test_two_texts_that_share_a_passage_share_a_fingerprint(script: str) -> None:
    """Other words around it, of any script, and another spelling of it."""
    covered: Counter[str] = Counter()

    @settings(max_examples=60)
    @given(st.data())
    def check(data: st.DataObject) -> None:
        passage = data.draw(passages(script, found_length(script)))
        around = st.lists(st.sampled_from(sorted(ALPHABETS)).flatmap(words_of) | noise, max_size=8).map(" ".join)
        one = f"{data.draw(around)} {passage} {data.draw(around)}"
        other = f"{data.draw(around)} {data.draw(rewritten(passage, script))} {data.draw(around)}"
        first, second = fingerprints(one), fingerprints(other)
        if max(len(first), len(second)) == MOST_FINGERPRINTS:
            covered["too long"] += 1
            return
        assert set(first) & set(second)
        length = len(passage.replace(" ", ""))
        covered["no longer than needed" if length == found_length(script) else "longer"] += 1
        covered["different"] += first != second

    check()
    assert covered["no longer than needed"] > 3, covered
    assert covered["different"] > 15, covered
    assert covered["too long"] < 10, covered


@given(st.data())
def test_of_a_passage_that_mixes_chinese_with_short_words_all_counts(data: st.DataObject) -> None:
    """Such as a year, or a name in Latin letters."""
    clause = st.text(ALPHABETS["chinese"], min_size=3, max_size=5)
    passage = f"{data.draw(clause)}2021{data.draw(clause)}covid{data.draw(clause)}"
    before, after = data.draw(words_of("chinese")), data.draw(words_of("chinese"))
    assert set(fingerprints(f"{before}{passage} and so on")) & set(fingerprints(f"we say: {passage}{after}"))


@given(st.sampled_from(sorted(ALPHABETS)).flatmap(lambda script: st.tuples(st.just(script), passages(script, 40))))
def test_fingerprints_depend_on_the_normalised_words_alone(drawn: tuple[str, str]) -> None:
    _, text = drawn
    assert fingerprints(f"RT @someone: {text.upper()} https://t.co/abc") == fingerprints(text)
    assert fingerprints(normalised(text)) == fingerprints(text)


@given(st.text(max_size=300))
def test_fingerprints_are_sorted_distinct_bounded_and_exact_everywhere(text: str) -> None:
    found = fingerprints(text)
    assert list(found) == sorted(set(found))
    assert len(found) <= MOST_FINGERPRINTS
    assert all(0 <= fingerprint < 2**53 for fingerprint in found)


@pytest.mark.slow
@pytest.mark.parametrize("script", ALPHABETS)
def test_texts_that_share_nothing_long_share_nothing(script: str) -> None:
    """All grams of one text, found by plain comparison, are looked for in the other."""
    gram = (DENSE_SAMPLING if script in DENSE_SCRIPTS else ALPHABETIC).gram
    covered: Counter[bool] = Counter()

    @given(passages(script, 30), passages(script, 30))
    def check(one: str, other: str) -> None:
        run, other_run = one.replace(" ", ""), other.replace(" ", "")
        common = any(run[place : place + gram] in other_run for place in range(len(run) - gram + 1))
        if not common:
            assert not set(fingerprints(one)) & set(fingerprints(other))
        covered[common] += 1

    check()
    assert covered[False] > 50


def test_of_two_long_texts_that_share_much_some_of_it_is_found() -> None:
    """More fingerprints than are kept: those with the smallest values are kept on both sides."""
    sentences = [f"number {n} of the sentences that stand in both of these very long texts." for n in range(200)]
    one, other = " ".join(sentences[:40]), " ".join(sentences[8:48])
    assert len(fingerprints(one)) == MOST_FINGERPRINTS
    assert len(set(fingerprints(one)) & set(fingerprints(other))) > MOST_FINGERPRINTS // 2


# The smallest three at most. A ledger keeps fingerprints for months: a change would part new posts from old ones.
_RECORDED = {
    "علم و پژوهش ستون پیشرفت هر کشور است و باید برای آن وقت و حوصله گذاشت.": (
        998356253402948,
        5153878230731652,
        5777166698931076,
    ),
    "حفظ الغابات والأنهار واجب لا ينتهي بجيل واحد.": (3892799903140003, 8493609321008590),
    "Министерство иностранных дел сообщает о встрече министров в Москве.": (
        1108089876438507,
        5869355593546178,
        6028918651232453,
    ),
    "外交部发言人就近日有关问题答记者问时表示，中方坚决反对任何形式的干涉。": (
        717897738336838,
        1113067227048440,
        2152674844850233,
    ),
    "Teachers build the future with knowledge and with patience.": (3019605823593241, 8366904393254743),
}


@pytest.mark.parametrize("text", _RECORDED)
def test_fingerprints_are_those_of_earlier_versions(text: str) -> None:
    assert fingerprints(text)[:3] == _RECORDED[text]


def test_fingerprints_are_the_same_in_another_process() -> None:
    code = f"from streams.core.texts.fingerprints import *; print([fingerprints(t) for t in {list(_RECORDED)!r}])"
    command = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    printed = subprocess.run(command, check=True, capture_output=True, env=environment, encoding="utf-8").stdout
    assert printed.strip() == str([fingerprints(text) for text in _RECORDED])


@pytest.mark.parametrize(
    "text", ["a" * 100_000, "خ" * 100_000, "中a" * 50_000, ("中" + "a" * 12) * 8_000, "\ud800" * 9]
)
def test_a_hostile_text_takes_milliseconds(text: str) -> None:
    start = time.process_time()
    assert len(fingerprints(text)) <= MOST_FINGERPRINTS
    assert time.process_time() - start < 0.25
