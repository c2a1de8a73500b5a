"""The bundled case in a store: what is asked of it is what the files have."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.console.store.paging import CursorError
from streams.console.store.questions import AftermathFilter, AlertFilter, PageOf, SubjectFilter
from streams.console.store.reading import NoStoreError, Store, TooLongError
from streams.core.enriched_topics import enriched_topic_named

SUBJECT = "twitter:1280000000000000001"


def in_file(folder: Path, topic: str) -> list[Any]:
    decode = msgspec.json.Decoder(enriched_topic_named(topic).record).decode
    return [decode(line) for line in (folder / f"{topic}.ndjson").read_bytes().splitlines()]


def test_every_record_is_what_its_file_says(case_store: Store, case_folder: Path) -> None:
    alerts, dossiers = in_file(case_folder, "alerts"), in_file(case_folder, "dossiers")
    assert {alert.id: alert for alert in alerts} == {
        row.id: stored.alert
        for row in case_store.alerts(AlertFilter(), PageOf()).rows
        if (stored := case_store.alert(row.id)) is not None
    }
    for dossier in dossiers:
        assert case_store.dossier(f"{dossier.platform}:{dossier.subject.id}") == dossier
    for aftermath in in_file(case_folder, "aftermaths"):
        of_store = case_store.aftermath(aftermath.id)
        assert of_store is not None
        assert of_store.aftermath == aftermath
    amplified = [each for each in in_file(case_folder, "amplifications") if each.subject.id == SUBJECT.split(":")[1]]
    assert sorted(case_store.amplifications(SUBJECT, PageOf(size=1_000)).rows, key=lambda each: each.id) == sorted(
        amplified, key=lambda each: each.id
    )
    assert len(amplified) > 80
    assert case_store.status().counts["subjects"] == len(dossiers)


def test_what_one_official_amplified_is_found_from_both_sides(case_store: Store) -> None:
    (top, *_others) = case_store.matrix("IR", 5).officials
    of_official = case_store.amplifications(SUBJECT, PageOf(size=1_000), top.key).rows
    (amplified, *_rest) = case_store.amplified_by(top.key, PageOf()).rows
    assert amplified.subject.key == SUBJECT
    assert amplified.amplifications == len(of_official) == 37
    official = case_store.official(top.key)
    assert official is not None
    assert official.country == "IR"


def test_pages_go_through_a_list_once_and_back_again(case_store: Store) -> None:
    whole = [row.key for row in case_store.subjects(SubjectFilter(sort="last"), PageOf(size=1_000)).rows]
    assert len(whole) > 20
    forwards, page = list[str](), PageOf(size=7)
    found = case_store.subjects(SubjectFilter(sort="last"), page)
    assert found.previous is None
    while True:
        forwards += [row.key for row in found.rows]
        if found.next is None:
            break
        found = case_store.subjects(SubjectFilter(sort="last"), PageOf(size=7, after=found.next))
    assert forwards == whole
    backwards = [row.key for row in found.rows]
    while found.previous is not None:
        found = case_store.subjects(SubjectFilter(sort="last"), PageOf(size=7, before=found.previous))
        backwards = [row.key for row in found.rows] + backwards
    assert backwards == whole


def test_lists_are_sorted_as_asked(case_store: Store) -> None:
    scores = [row.score for row in case_store.subjects(SubjectFilter(), PageOf()).rows]
    assert scores == sorted(scores, reverse=True)
    of_country = case_store.subjects(SubjectFilter(countries=("IR",), sort="amplifications"), PageOf()).rows
    assert all(one.amplifications >= other.amplifications for one, other in pairwise(of_country))
    assert case_store.subjects(SubjectFilter(countries=("FR",)), PageOf()).rows == ()
    ranks = [row.severity for row in case_store.alerts(AlertFilter(sort="severity"), PageOf()).rows]
    assert ranks == sorted(ranks, key=["critical", "warning", "info"].index)


def test_facets_count_what_a_click_would_give(case_store: Store) -> None:
    wanted = AlertFilter(severities=("critical",))
    facets = case_store.facets(wanted)
    assert facets.total == len(case_store.alerts(wanted, PageOf()).rows) == facets.severities["critical"]
    for rule, count in facets.rules.items():
        assert len(case_store.alerts(AlertFilter(severities=("critical",), rules=(rule,)), PageOf()).rows) == count
    everything = case_store.facets(AlertFilter())
    assert everything.severities == facets.severities
    assert everything.total == sum(everything.rules.values()) > facets.total


@pytest.mark.parametrize(
    "text", ["Khamenei_site", "khamenei site", "ＫＨＡＭＥＮＥＩ", "site khamenei", "kh", "1280000000000000001"]
)
def test_a_subject_is_found_by_any_part_of_its_names(case_store: Store, text: str) -> None:
    assert SUBJECT in {row.key for row in case_store.subjects(SubjectFilter(text=text), PageOf()).rows}


@pytest.mark.parametrize("text", ['"', "khamenei OR site", "NEAR(", "*", "%", "kh%", "\x00", "@@@", "' --"])
def test_signs_of_a_query_language_are_signs(case_store: Store, text: str) -> None:
    found = case_store.subjects(SubjectFilter(text=text), PageOf())
    assert len(found.rows) < 44
    case_store.alerts(AlertFilter(text=text), PageOf())
    case_store.posts_with(text, PageOf())


@pytest.mark.parametrize("cursor", ["x", "1", "1.x", "9" * 30 + ".1", "1.2.3", "\u0661.1"])
def test_a_cursor_that_no_page_gave_is_refused(case_store: Store, cursor: str) -> None:
    with pytest.raises(CursorError, match="cursor"):
        case_store.aftermaths(AftermathFilter(), PageOf(after=cursor))


def test_a_question_that_takes_too_long_is_broken_off(case_store: Store) -> None:
    hasty = Store(case_store.folder, deadline_seconds=0.0)
    with pytest.raises(TooLongError):
        hasty.rows("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
    hasty.close()


def test_nobody_can_write_by_asking(case_store: Store) -> None:
    with pytest.raises(Exception, match="readonly"):
        case_store.rows("DELETE FROM alerts")


def test_a_folder_without_a_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.status().kind == "empty"
    with pytest.raises(NoStoreError):
        store.alerts(AlertFilter(), PageOf())
