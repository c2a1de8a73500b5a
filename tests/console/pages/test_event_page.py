"""The page of an event: the very bytes, their hash, where they stood, and as what they count."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import jsonschema
import msgspec
import pytest

from streams.console.pages.event import EventPage
from streams.console.store.reading import Store
from streams.console.web.answers import RefusedRequest
from streams.core.subject_event import Coordinates
from streams.events import Account, Post, Retweet, encode_event
from streams.schemas.documents import schema_document
from streams.schemas.payloads import Payload
from tests.console.case_records import in_file
from tests.console.pages.asked import ask
from tests.console.pages.made_stores import store_of
from tests.console.store.test_case_store import SUBJECT


def _model(store: Store, digest: str) -> EventPage:
    model = ask(store, f"/events/{digest}").answer.model
    assert isinstance(model, EventPage)
    return model


@pytest.mark.slow
def test_bytes_are_exactly_those_that_were_received(case_store: Store) -> None:
    """Their hash is that of the address; of every kept event of the subject the model is valid."""
    schema = schema_document(Payload(name="console-event", type=EventPage, directions=("output",)), [])
    kept = case_store.events_of_subject(SUBJECT).rows
    assert len(kept) > 40
    for each in kept:
        model = _model(case_store, each.sha256)
        assert model.text is not None
        assert sha256(model.text.encode()).hexdigest() == model.sha256 == each.sha256
        jsonschema.validate(json.loads(msgspec.json.encode(model)), schema)


def test_a_retweet_says_who_did_what_and_which_alerts_name_it(case_store: Store, case_folder: Path) -> None:
    """As what it counts goes by the roster in force."""
    alert = next(each for each in in_file(case_folder, "alerts") if each.rule == "single-patron")
    event = alert.evidence[-1]
    (kept,) = case_store.events("twitter", [event.event_id])[event.event_id]
    page = ask(case_store, f"/events/{kept.sha256}").dom
    assert "@Khamenei_site" in page.root.all("h1")[0].text
    counts = dict(page.texts("Accounts that it names"))
    assert counts["@Khamenei_site"] == f"retweet by {event.official}"
    assert f"/alerts/{alert.id}" in page.links()
    assert page.facts()["When (UTC)"] == f"{event.at:%Y-%m-%d %H:%M:%S}"
    (code,) = [each for pre in page.root.all("pre", "bytes") for each in pre.all("code")]
    assert code.attributes["data-copy"].encode() == kept.value


def test_bytes_that_are_no_text_are_digits_and_long_ones_are_whole(tmp_path: Path) -> None:
    """A text that is longer than any page shows of a name is there to its end."""
    text = "\u202e<script>" + "سلام " * 15_000 + "the end"
    at = datetime(2026, 1, 1, tzinfo=UTC)
    event = Post(platform="twitter", id="1", at=at, actor=Account(id="2", handle="h"), text=text)
    digest = sha256(encode_event(event)).hexdigest()
    with store_of(tmp_path, events=[(event, Coordinates("posts", 1, 7))]) as store:
        page = ask(store, f"/events/{digest}").dom
        (code,) = [each for pre in page.root.all("pre", "bytes") for each in pre.all("code")]
        assert code.text.count("سلام") == 15_000
        assert "the end" in code.text
        assert "\\u202e<script>" in code.text
        assert page.facts()["Place in Kafka"].startswith("posts 1/7")
        assert page.root.all("script")[1:] == []


def test_copies_of_one_event_have_their_own_pages(tmp_path: Path) -> None:
    """A retweet that was observed twice has two hashes; the official and the subject are the same."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    actor, subject = Account(id="2", handle="official"), Account(id="3", handle="voice")
    events = [
        Retweet(platform="twitter", id="1", at=at, observed_at=seen, actor=actor, subject=subject)
        for seen in (None, datetime(2026, 1, 2, tzinfo=UTC))
    ]
    sourced = [(event, Coordinates("retweets", 0, place)) for place, event in enumerate(events)]
    with store_of(tmp_path, events=sourced) as store:
        for place, event in enumerate(events):
            model = _model(store, sha256(encode_event(event)).hexdigest())
            assert (model.place, model.observed_at) == (f"retweets 0/{place}", event.observed_at)


def test_an_address_that_is_no_hash_and_one_that_is_not_kept_are_told_apart(case_store: Store) -> None:
    """Each with what to do."""
    with pytest.raises(RefusedRequest, match="kept here"):
        ask(case_store, f"/events/{'0' * 64}")
    for wrong in ("abc", "g" * 64, "A" * 64):
        with pytest.raises(RefusedRequest, match="no SHA-256"):
            ask(case_store, f"/events/{wrong}")
