"""Handles and names that are alike come out close; strangers, short ones and networks' endings do not."""

import csv
import gzip
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.texts.closeness import CLOSE_HANDLES, CLOSE_NAMES, handle_closeness, name_closeness

_handles = st.text("abcKLM_01239.-@ü中", max_size=20)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Khamenei_site", "KhameneiSite"),
        ("Khamenei_site", "@khamenei_SITE"),
        ("Khamenei_site", "Khamene1_s1te"),
        ("khamenei_site.bsky.social", "KhameneiSite"),
        ("khamenei_site@example.social", "KhameneiSite@other.example"),
    ],
)
def test_separators_case_look_alikes_and_networks_do_not_count(one: str, other: str) -> None:
    assert handle_closeness(one, other) == 1.0


@pytest.mark.parametrize("other", ["Khamenei_site2", "KhameneiSite_2021", "The_Khamenei_site", "Khamenei_site_ir"])
def test_a_number_or_a_few_letters_more_count_a_little(other: str) -> None:
    assert CLOSE_HANDLES < handle_closeness("Khamenei_site", other) < 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cnn", "cnn1"),
        ("bbc_ar", "bbc_fa"),
        ("a.bsky.social", "b.bsky.social"),
        ("12345678", "12345679"),
        ("Khamenei_site", "Khamenei_page"),
        ("Khamenei_site", "FarsNews_Agency"),
        ("", ""),
        ("___", "___"),
    ],
)
def test_short_and_other_handles_are_not_close(one: str, other: str) -> None:
    assert handle_closeness(one, other) < CLOSE_HANDLES


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("سایت خامنه‌ای", "سايت خامنه اي 🇮🇷"),
        ("Jean-Pierre DUPONT 🇫🇷", "Dupont Jean-Pierre"),
        ("新华社新闻", "新华社新闻！"),
        ("Посольство России", "ПОСОЛЬСТВО РОССИИ"),
    ],
)
def test_the_same_name_in_another_spelling_or_order_is_close(one: str, other: str) -> None:
    assert name_closeness(one, other) == 1.0


@pytest.mark.parametrize(("one", "other"), [("Marie", "Marie"), ("新华社", "新华网"), ("🇮🇷", "🇮🇷"), ("", "")])
def test_short_and_empty_names_are_not_close(one: str, other: str) -> None:
    assert name_closeness(one, other) < CLOSE_NAMES


@given(_handles | st.text(max_size=300), _handles | st.text(max_size=300))
def test_closeness_is_symmetric_and_between_nothing_and_one(one: str, other: str) -> None:
    for closeness in (handle_closeness, name_closeness):
        assert 0.0 <= closeness(one, other) == closeness(other, one) <= 1.0
        assert closeness(one, one) >= closeness(one, other)


@pytest.mark.slow
@pytest.mark.realdata
def test_unrelated_texts_hardly_ever_come_out_close(shared_data: Path) -> None:
    """About five in a million: among 60,000 pairs that is none, and by chance a few."""
    (path,) = (shared_data / "suspensions").glob("*.csv.gz")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        handles = sorted({row["screen_name"] for row in csv.DictReader(file)})
    assert len(handles) > 60_000
    chance = random.Random(20210121)
    pairs = [chance.sample(handles, 2) for _ in range(60_000)]
    close = [pair for pair in pairs if handle_closeness(*pair) >= CLOSE_HANDLES]
    assert len(close) <= 4, close
