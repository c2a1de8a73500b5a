"""The page of an alert: its numbers are those of the record, and every figure can be followed down to the post."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema
import msgspec
import pytest
from msgspec.structs import replace

from streams.console.pages.alert_acceptances import acceptance_words
from streams.console.pages.alert_model import AlertPage
from streams.console.store.reading import Store
from streams.console.web.answers import RefusedRequest
from streams.core.enriched import Alert, Amplification
from streams.core.notifications import Acceptance, Notification
from streams.core.rule_files.rule_words import value_words
from streams.proofs.readme_text import CANNOT_SHOW, DOES_NOT_SAY
from streams.schemas.documents import schema_document
from streams.schemas.payloads import Payload
from tests.console.case_records import in_file
from tests.console.pages.asked import ask
from tests.console.pages.made_stores import store_of

_RULES = ("new-account-sustained", "single-patron", "amplified-then-suspended", "clean-up", "silence")


@pytest.fixture(scope="module")
def alerts(case_folder: Path) -> dict[str, Alert]:
    return {alert.rule: alert for alert in in_file(case_folder, "alerts")}


def _model(store: Store, address: str) -> AlertPage:
    model = ask(store, address).answer.model
    assert isinstance(model, AlertPage)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("rule", _RULES)
def test_the_numbers_of_the_page_are_those_of_the_record(
    case_store: Store, alerts: dict[str, Alert], rule: str
) -> None:
    """Every figure, as fired and as of the last event, in the words of the record's own values; and in `.json`."""
    alert = alerts[rule]
    page = ask(case_store, f"/alerts/{alert.id}").dom
    shown: dict[str, tuple[str, str]] = {}
    model = _model(case_store, f"/alerts/{alert.id}")
    assert model.rule is not None
    by_words = {line.words: line.figure for line in model.rule.conditions}
    for words, fired, as_of in page.texts("Conditions of the rule, with the figures of the alert"):
        shown[by_words[words]] = fired, as_of
    for escalation in model.rule.escalations:
        for line, row in zip(escalation.conditions, page.texts(f"Conditions for {escalation.severity}"), strict=True):
            shown.setdefault(line.figure, (row[1], row[2]))
    by_meaning = {line.meaning: line.figure for line in model.rule.others}
    for meaning, fired, as_of in page.texts("Figures that no condition looks at"):
        shown[by_meaning[meaning]] = fired, as_of
    assert shown.keys() == alert.figures.keys()
    for figure, (fired, as_of) in shown.items():
        assert fired.startswith(value_words(figure, alert.fired_figures[figure]))
        assert as_of.startswith(value_words(figure, alert.figures[figure]))
    assert json.loads(msgspec.json.encode(model))["alert"] == json.loads(msgspec.json.encode(alert))


@pytest.mark.slow
@pytest.mark.parametrize("rule", _RULES)
def test_the_model_is_what_its_schema_says(case_store: Store, alerts: dict[str, Alert], rule: str) -> None:
    """What `.json` gives is valid."""
    schema = schema_document(Payload(name="console-alert", type=AlertPage, directions=("output",)), [])
    for address in (f"/alerts/{alerts[rule].id}", f"/alerts/{alerts[rule].id}?at=2020-12-01&v=1"):
        jsonschema.validate(json.loads(msgspec.json.encode(_model(case_store, address))), schema)


def test_a_person_sees_what_happened_who_and_what_it_does_not_say(case_store: Store, alerts: dict[str, Alert]) -> None:
    """The sentence, the times with their hours, the official with most, and the caveat of the proofs."""
    alert = alerts["amplified-then-suspended"]
    page = ask(case_store, f"/alerts/{alert.id}").dom
    text = page.root.text
    assert alert.summary in text
    facts = page.facts()
    assert facts["Fired (UTC)"] == "2021-01-21 14:20:00"
    assert facts["Account created (UTC)"].startswith("2020-07-06 04:45:55")
    assert all(sentence in text for sentence in DOES_NOT_SAY)
    assert {sentence.partition(":")[0] for sentence in DOES_NOT_SAY} == {
        sentence.partition(":")[0] for sentence in CANNOT_SHOW
    }
    officials = page.texts("Officials, those with most events first")
    assert officials[0][:6] == ["@Khamenei_fa", "The leader, in Farsi", "IR", "leader", "37", "0"]
    assert officials[0][-1].startswith("source")
    assert len(officials) == alert.figures["distinct_officials"] == 19
    assert sum(int(row[4]) for row in officials) == alert.figures["amplifications"] == 84
    assert "https://example.org/officials/khamenei_fa" in page.links()
    [of_the_first] = [link for link in page.links() if "official=twitter:90000001009" in link]
    theirs = ask(case_store, of_the_first.partition("#")[0]).dom
    assert len(theirs.texts("Amplifications, the newest first")) == 37
    assert theirs.by_id("amplifications").text == "Amplifications by @Khamenei_fa"


def test_without_the_amplifications_no_figure_ends_at_nought(tmp_path: Path, alerts: dict[str, Alert]) -> None:
    """They expire before their alert: what it counted stays on the page, and nothing is drawn or linked to."""
    alert = alerts["amplified-then-suspended"]
    with store_of(tmp_path, alerts=[alert]) as store:
        asked = ask(store, f"/alerts/{alert.id}")
    assert asked.answer.figures.keys() == {"strip"}
    first, *_ = asked.dom.texts("Officials, those with most events first")
    assert first[4] == "37"
    assert not any("official=" in link for link in asked.dom.links())


@pytest.mark.slow
def test_every_event_has_who_when_its_post_its_hash_and_its_bytes(
    case_store: Store, case_folder: Path, alerts: dict[str, Alert]
) -> None:
    """All 84 amplifications and the notice, as the topics have them; a link leads to the whole of each."""
    alert = alerts["amplified-then-suspended"]
    page = ask(case_store, f"/alerts/{alert.id}").dom
    rows = page.texts("Events, newest first")
    amplified: list[Amplification] = [
        each for each in in_file(case_folder, "amplifications") if each.subject.id == alert.subject.id
    ]
    assert len(rows) == alert.evidence_total == len(amplified) + 1
    expected = sorted(
        [(f"{each.at:%Y-%m-%d %H:%M:%S}", f"@{each.official.handle}", each.id) for each in amplified], reverse=True
    )
    assert rows[0][0] == f"{alert.as_of:%Y-%m-%d %H:%M:%S}"
    assert rows[0][2] == "suspension"
    for row, (at, handle, post) in zip(rows[1:], expected, strict=True):
        assert (row[0], row[1].split()[0], row[2]) == (at, handle, "retweet")
        assert f"Id {post}" in row[5]
        assert f'"id":"{post}"' in row[5]
    assert f"https://x.com/{expected[0][1][1:]}/status/{expected[0][2]}" in page.links()
    model = _model(case_store, f"/alerts/{alert.id}")
    for event in model.events:
        assert f"/events/{event.sha256}" in page.links()
    assert page.texts("Events by official")[0][:2] == ["@Khamenei_fa", "37"]


def test_deleted_posts_are_there_with_their_texts(case_store: Store, alerts: dict[str, Alert]) -> None:
    """Of an alert on an aftermath: who deleted what, folded, in the language of the post."""
    page = ask(case_store, f"/alerts/{alerts['clean-up'].id}").dom
    texts = page.root.all("blockquote", "post")
    assert len(texts) == alerts["clean-up"].figures["deletions"] == 9
    assert all(each.attributes["dir"] == "auto" for each in texts)
    assert sorted(each.attributes["lang"] for each in texts) == ["en", *["fa"] * 8]
    assert [row[1].split()[0] for row in page.texts("Events, newest first")].count("@Khamenei_fa") == 8
    assert page.root.all("img") == []


def test_an_alert_on_what_officials_left_undone_leads_to_them_and_draws_nothing_empty(
    case_store: Store, alerts: dict[str, Alert]
) -> None:
    """What silence rests on is the notice alone: who was silent is on the page of the aftermath."""
    page = ask(case_store, f"/alerts/{alerts['silence'].id}").dom
    links = [each for each in page.links() if each.startswith("/aftermaths/")]
    assert len(links) == 2
    assert page.root.all("figure") == []
    assert ask(case_store, f"/alerts/{alerts['clean-up'].id}").dom.root.all("figure") != []


def test_an_alert_that_nobody_knows_is_said_to_be_unknown(case_store: Store, alerts: dict[str, Alert]) -> None:
    """As are versions that it does not have, and parameters that the page does not have."""
    with pytest.raises(RefusedRequest, match="no alert"):
        ask(case_store, "/alerts/0123")
    with pytest.raises(RefusedRequest, match="1 version"):
        ask(case_store, f"/alerts/{alerts['silence'].id}?v=2")
    with pytest.raises(RefusedRequest, match="no parameter 'when'"):
        ask(case_store, f"/alerts/{alerts['silence'].id}?when=now")
    with pytest.raises(RefusedRequest, match="at cannot be"):
        ask(case_store, f"/alerts/{alerts['silence'].id}?at=yesterday")


def test_a_version_is_shown_as_it_was_told_and_differences_are_named(tmp_path: Path, alerts: dict[str, Alert]) -> None:
    """`?v=1` has the sentence and the figures of the first; the last one says what changed."""
    last = alerts["new-account-sustained"]
    first = replace(
        last,
        severity="warning",
        figures={**last.figures, "amplifications": 20},
        as_of=last.fired_at,
        summary="@Khamenei_site was amplified 20 times.",
    )
    with store_of(tmp_path, alerts=[last], versions=[first, last]) as store:
        old, new = (ask(store, f"/alerts/{last.id}{query}").dom for query in ("?v=1", ""))
        assert old.root.all("p", "said")[0].text == first.summary
        assert "This is version 1 of 2" in old.root.all("div", "banner")[0].text
        assert new.root.all("p", "said")[0].text == last.summary
        assert ["figures.amplifications", "20", "84"] in new.texts("Differences")
        assert ["severity", "warning", "critical"] in new.texts("Differences")
        assert _model(store, f"/alerts/{last.id}").version == 2


def test_an_alert_that_was_taken_back_says_so_first(tmp_path: Path, alerts: dict[str, Alert]) -> None:
    """By whom and why: by later events, as part of another alert, or by a person."""
    alert = alerts["single-patron"]
    at = datetime(2021, 2, 1, 9, tzinfo=UTC)
    made = [
        replace(alert, id="a" * 32, status="retracted"),
        replace(alert, id="b" * 32, status="retracted", superseded_by="c" * 32),
        replace(alert, id="c" * 32, status="retracted", retracted_at=at, retracted_because="The roster was <wrong>."),
    ]
    with store_of(tmp_path, alerts=made) as store:
        words = [ask(store, f"/alerts/{each.id}").dom.root.all("div", "caution")[0].text for each in made]
        assert "the rule does not hold any more" in words[0]
        assert "part of another alert. That alert" in words[1]
        assert "on 2021-02-01 09:00 UTC. The reason given: The roster was <wrong>." in words[2]
        assert f"/alerts/{'c' * 32}" in ask(store, f"/alerts/{'b' * 32}").dom.links()
        assert _model(store, f"/alerts/{'b' * 32}").state == "superseded"


def test_what_is_not_kept_is_said(tmp_path: Path, case_folder: Path, alerts: dict[str, Alert]) -> None:
    """A store without evidence has no rule, no roster, no bytes: the page says so and shows what the records have."""
    alert = alerts["amplified-then-suspended"]
    amplified = [each for each in in_file(case_folder, "amplifications") if each.subject.id == alert.subject.id]
    with store_of(tmp_path, alerts=[alert], amplifications=amplified[:10]) as store:
        page = ask(store, f"/alerts/{alert.id}").dom
        note = page.root.all("div", "note")[0].text
        assert "rule file" in note
        assert "roster" in note
        assert "bytes" in note
        assert len(page.texts("Figures of the alert")) == len(alert.figures)
        model = _model(store, f"/alerts/{alert.id}")
        assert len(model.events) > 32
        assert f"{len(model.events)} of the 85 events" in model.events_words


def test_when_it_was_told_is_said_as_far_as_it_is_recorded(tmp_path: Path, alerts: dict[str, Alert]) -> None:
    """Of the record and of messages to people. What is not recorded is not known, and never that nobody was told."""
    alert = alerts["amplified-then-suspended"]
    late = alert.as_of + timedelta(hours=3, minutes=5)
    notification = Notification(
        alert_id=alert.id,
        accepted=(
            Acceptance(
                severity="warning",
                state="firing",
                receiver="pager.example",
                accepted_at=late + timedelta(seconds=2),
                published_at=late,
            ),
            Acceptance(
                severity="warning",
                state="expired",
                receiver="pager.example",
                accepted_at=late + timedelta(days=1),
                published_at=late,
            ),
        ),
    )
    address = f"/alerts/{alert.id}"
    with store_of(tmp_path, alerts=[alert], written_at=late, notifications=[notification]) as store:
        asked, model = ask(store, address), _model(store, address)
        assert model.acceptances == notification.accepted
        assert model.written_words.startswith("This record was written 2021-01-21 17:25:00 UTC, 3 h 5 min after")
        rows = asked.dom.texts("When Alertmanagers first accepted it")
        assert [row[1] for row in rows] == ["fires", "over: it expired"]
        assert {row[3] for row in rows} == {"pager.example"}
        assert [each["state"] for each in asked.json["acceptances"]] == ["firing", "expired"]
    shadow = replace(alert, mode="shadow")
    for number, (one, recorded, words) in enumerate(
        [(shadow, (), "None is recorded. The rule is on trial"), (alert, (), "Not known:"), (alert, None, "Not known:")]
    ):
        with store_of(tmp_path / str(number), alerts=[one], notifications=recorded) as store:
            model = _model(store, address)
            assert (model.acceptances, model.acceptance_words.startswith(words)) == ((), True)
            assert ("is not there" in model.acceptance_words) is (recorded is None)
            of_files = acceptance_words(one, (), replace(store.status(), kind="folder"))
            assert of_files == "Files of a run have no notifications: such a run sends nothing to anybody."
