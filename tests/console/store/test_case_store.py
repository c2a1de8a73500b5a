"""The bundled case in a store: what is asked of it is what the files have."""

from hashlib import sha256
from itertools import pairwise
from pathlib import Path

import pytest

from streams.console.store.filters import AftermathFilter, AlertFilter, PageOf, SubjectFilter
from streams.console.store.paging import CursorError
from streams.console.store.reading import NoStoreError, Store, TooLongError
from streams.events import Post
from streams.rules_loading import bundled_rules_text
from tests.console.case_records import in_file

SUBJECT = "twitter:1280000000000000001"


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


def test_every_event_that_an_alert_rests_on_is_kept_with_its_bytes(case_store: Store) -> None:
    looked_at = 0
    for row in case_store.alerts(AlertFilter(), PageOf()).rows:
        stored = case_store.alert(row.id)
        assert stored is not None
        assert stored.alert is not None
        by_id = case_store.events("twitter", [each.event_id for each in stored.alert.evidence])
        for evidence in stored.alert.evidence:
            if evidence.kind == "deletion":  # it has an id of its own
                continue
            [event] = by_id[evidence.event_id]
            assert event.value is not None
            assert sha256(event.value).hexdigest() == event.sha256
            assert case_store.event_of_digest(event.sha256) == event
            looked_at += 1
    assert looked_at > 50


def test_events_are_found_by_whom_they_name_and_by_their_words(case_store: Store) -> None:
    named = case_store.events_of_subject(SUBJECT, PageOf(size=1_000)).rows
    assert len(named) > 80
    with_text = next(each.event for each in named if isinstance(each.event, Post) and len(each.event.text) > 20)
    found = case_store.posts_with(" ".join(with_text.text.split()[:3]), PageOf()).rows
    assert with_text.id in {each.key.id for each in found}


def test_roster_and_rules_are_those_of_the_run(case_store: Store) -> None:
    in_force = case_store.roster_in_force()
    assert in_force is not None
    assert in_force.roster is not None
    assert in_force.digest == in_force.roster.digest == case_store.status().roster_digest
    assert [each.digest for each in case_store.rosters()] == [in_force.digest]
    assert case_store.roster(in_force.digest) == in_force
    for digest in case_store.alerts_by_rule():
        file = case_store.rule_file_of(digest)
        assert file is not None
        assert file.text == bundled_rules_text()
        assert case_store.rule_file(file.digest) == file
    official = case_store.official(case_store.matrix("IR", 1).officials[0].key)
    assert official is not None
    assert official.terms[0].source_url.startswith("https://")
