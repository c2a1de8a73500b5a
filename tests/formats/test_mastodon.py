"""The format `mastodon`: statuses and streaming events."""

import json
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.deadletters import Reason
from streams.events import Account, Event, Post, PostRef, Retweet
from streams.formats.inputs.files import open_lines
from streams.formats.mastodon.mastodon import SKIPPED_NAMES, MastodonReader
from streams.formats.reader import Reading, Skipped
from streams.formats.tally import Tally, read_lines
from tests.formats.mastodon_payloads import MASTODON, ORIGINAL, account, frame, server_sent, status
from tests.formats.payloads import Json, mutated_lines, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.test_hostile_lines import outcome

AT: Final = datetime(2026, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
EMBASSY: Final = Account(
    id="https://social.example/@embassy",
    handle="embassy@social.example",
    name="Embassy",
    created_at=datetime(2020, 5, 17, tzinfo=UTC),
    created_at_source="reported",
    followers=1_200,
)
RELAY: Final = Account(id="https://other.example/@relay", handle="relay@other.example", name="Relay")
MENTIONED: Final = Account(id=RELAY.id, handle=RELAY.handle)


def read(payload: Json) -> Reading:
    return MastodonReader().read(to_line(payload, ensure_ascii=False))


def post(**more: Json) -> Post:
    plain = Post(
        platform="mastodon",
        id="https://social.example/users/embassy/statuses/1",
        at=AT,
        actor=EMBASSY,
        text="of its own",
        lang="en",
    )
    return replace(plain, **more)


def test_a_post_has_the_text_and_the_links_of_its_html() -> None:
    assert read(MASTODON["post"]) == (
        post(
            text="Read https://example.org/a?x=1&y=2\nand ask\n\n@relay #news",
            links=("https://example.org/a?x=1&y=2", "https://example.org/card"),
            mentions=(MENTIONED,),
        ),
    )


def test_a_boost_amplifies_the_author_of_the_boosted_status() -> None:
    assert read(MASTODON["boost"]) == (
        Retweet(
            platform="mastodon",
            id="https://social.example/users/embassy/statuses/2/activity",
            at=AT,
            actor=EMBASSY,
            subject=RELAY,
            post_id="https://other.example/objects/7",
            text="of another",
        ),
    )


def test_a_quote_counts_once_it_is_accepted() -> None:
    quoted = PostRef(post_id="https://other.example/objects/7", account=RELAY)
    assert read(MASTODON["quote"]) == (post(quotes=quoted),)
    assert read(MASTODON["quote elsewhere"]) == (post(quotes=quoted),)  # other software does not ask its author
    assert read(MASTODON["quote by number"]) == (post(quotes=PostRef(post_id="108914000000000007")),)


@pytest.mark.parametrize("state", ["pending", "rejected", "revoked", "deleted", "unauthorized", "blocked_account", ""])
def test_a_quote_that_nobody_accepted_is_a_post(state: str) -> None:
    assert read(status(quote={"state": state, "quoted_status": ORIGINAL})) == (post(),)


def test_an_answer_names_the_servers_number_of_the_status_and_its_author_where_mentioned() -> None:
    answered = PostRef(post_id="108914000000000007", account=MENTIONED)
    assert only_event(Post, read(MASTODON["answer"])).reply_to == answered
    unknown = MASTODON["answer"] | {"mentions": []}
    assert only_event(Post, read(unknown)).reply_to == PostRef(post_id="108914000000000007")
    to_itself = MASTODON["answer"] | {"in_reply_to_account_id": account()["id"]}
    assert only_event(Post, read(to_itself)).reply_to == PostRef(post_id="108914000000000007", account=EMBASSY)


def test_an_edited_status_is_the_same_post_at_the_same_time() -> None:
    assert read(MASTODON["edited"]) == (post(text="put right"),)


def test_a_warning_is_part_of_the_text() -> None:
    assert read(MASTODON["warning"]) == (post(text="Politics\n\nof its own"),)


def test_only_its_own_server_says_how_old_an_account_is_and_how_many_follow_it() -> None:
    """Another one has the day on which it first saw the account, and the followers that it knows."""
    assert only_event(Post, read(status())).actor == EMBASSY
    seen_elsewhere = only_event(Post, read(status(account=account("embassy", "social.example")))).actor
    assert seen_elsewhere == Account(id=EMBASSY.id, handle=EMBASSY.handle, name=EMBASSY.name)
    hidden = only_event(Post, read(status(account=account(followers_count=-1, created_at="x")))).actor
    assert hidden == Account(id=EMBASSY.id, handle=EMBASSY.handle, name=EMBASSY.name)


@pytest.mark.parametrize("event", ["update", "status.update"])
def test_events_of_both_streams_are_read_as_the_status_in_them(event: str) -> None:
    for line in (
        to_line(frame(event, status())),
        to_line({"event": event, "payload": status()}),
        server_sent(event, status()),
        b": a comment\r\nid: 5\r\n" + server_sent(event, status()),
        server_sent(event, status()).partition(b"\n")[2],  # recorded without the name
    ):
        assert MastodonReader().read(line) == (post(),)


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ("delete", "delete"),
        ("notification", "notification"),
        ("notifications_merged", "notifications_merged"),
        ("filters_changed", "filters_changed"),
        ("conversation", "conversation"),
        ("announcement", "announcement"),
        ("announcement.reaction", "announcement_reaction"),
        ("announcement.delete", "announcement_delete"),
        ("encrypted_message", "encrypted_message"),
    ],
)
def test_an_event_that_says_nothing_countable_is_skipped_by_name(event: str, name: str) -> None:
    assert read(frame(event, "undefined")) == Skipped(name)
    assert MastodonReader().read(server_sent(event, "undefined")) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("line", "name"),
    [
        (to_line(MASTODON["private"]), "not_public"),
        (to_line(status(visibility="direct")), "not_public"),
        (to_line(MASTODON["account"]), "account_without_time"),
        (to_line(MASTODON["notification"]), "notification"),
        (to_line({"accounts": [], "statuses": [], "hashtags": []}), "empty_page"),
        (b":thump", "keep_alive"),
        (b"data: 108914000000000001", "delete"),
        (b" \r\n", "blank"),
    ],
)
def test_what_is_no_public_status_is_skipped_by_name(line: bytes, name: str) -> None:
    assert MastodonReader().read(line) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("payload", "reason", "place"),
    [
        ({}, Reason.UNKNOWN_SHAPE, "no `account`"),
        ({"user": {}, "text": "x"}, Reason.UNKNOWN_SHAPE, "no `account`"),
        (MASTODON["page"], Reason.UNKNOWN_SHAPE, "a page"),
        (frame("retweet", status()), Reason.UNKNOWN_SHAPE, "event: 'retweet'"),
        (frame("update", {"id": "1"}), Reason.NOT_AN_EVENT, "payload of update: no status"),
        (status(created_at=None), Reason.BAD_TIME, "created_at: no time"),
        (status(created_at="2026-03-01"), Reason.BAD_TIME, "created_at: '2026-03-01'"),
        (status(uri=None, url=None), Reason.NOT_AN_EVENT, "uri: missing"),
        (status(uri="tag:social.example,1", url=None), Reason.NOT_AN_EVENT, "uri: 'tag:social.example,1'"),
        (status(uri="https://x/" + "9" * 10_000, url=None), Reason.NOT_AN_EVENT, "uri:"),
        (status(account=None), Reason.NOT_AN_EVENT, "account: missing"),
        (status(account=account(url=None)), Reason.NOT_AN_EVENT, "account.url: missing"),
        (status(reblog=ORIGINAL | {"account": None}), Reason.NO_SUBJECT, "reblog.account: missing"),
        (status(reblog=ORIGINAL | {"account": {}}), Reason.NOT_AN_EVENT, "reblog.account.url: missing"),
    ],
)
def test_what_an_event_cannot_do_without_is_named(payload: Json, reason: Reason, place: str) -> None:
    refused = rejected(read(payload))
    assert (refused.reason, refused.detail[: len(place)]) == (reason, place)


def test_a_field_of_another_type_is_put_right_or_unknown() -> None:
    odd = status(language=5, mentions="none", card=[], quote="x", in_reply_to_id={}, spoiler_text=[], tags=7)
    assert read(odd) == (post(lang="5"),)
    assert read(status(quote={"state": "accepted", "quoted_status": ORIGINAL | {"account": {}}})) == (
        post(quotes=PostRef(post_id="https://other.example/objects/7")),
    )


def _read_file(path: Path) -> tuple[list[Event], Tally]:
    tally = Tally()
    with open_lines(str(path)) as lines:
        readings = [reading for _, reading in read_lines(lines, MastodonReader(), tally)]
    return [event for reading in readings if isinstance(reading, tuple) for event in reading], tally


def test_pages_of_statuses_are_read_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "pages.json"
    path.write_text(json.dumps([MASTODON["page"], MASTODON["context"], status(9)]))
    events, tally = _read_file(path)
    assert [event.id.rpartition("/")[2] for event in events] == ["1", "2", "7", "3", "9"]
    assert (tally.lines, tally.rejected.total()) == (5, 0)


def test_a_recorded_stream_is_read_event_by_event(tmp_path: Path) -> None:
    path = tmp_path / "stream.txt"
    path.write_bytes(b":thump\n\n" + server_sent("update", status(1)) + b"\n\n" + server_sent("delete", "5") + b"\n\n")
    events, tally = _read_file(path)
    assert events == [post()]
    assert tally.skipped == {"keep_alive": 1, "delete": 1}


@pytest.mark.parametrize(
    "content",
    [
        "<div>" * 100_000,
        '<a href="' * 100_000,
        "<a " + "a " * 200_000,
        " " * 500_000 + "<b>",
        "<" * 500_000,
        "&#" * 99_999,
    ],
    ids=["open tags", "open quotes", "attributes", "spaces", "brackets", "references"],
)
def test_html_without_end_is_read_within_a_second(content: str) -> None:
    line = to_line(status(content=content))
    begun = time.process_time()
    assert isinstance(MastodonReader().read(line), tuple)
    assert time.process_time() - begun < 1


@pytest.mark.parametrize("content", ["&#" + "9" * 10_000 + ";", "&#x" + "F" * 10_000, "&#x110000;", "&#xD800;"])
def test_a_number_that_is_no_character_stands_for_itself_alone(content: str) -> None:
    assert only_event(Post, read(status(content=f"<p>a{content}</p>"))).text == "a\ufffd"


def test_the_events_of_the_samples_are_what_they_are(shared_data: Path) -> None:
    """One of them, `<name>`, is not of a server but of its documentation."""
    events, tally = _read_file(shared_data.parent / "samples" / "mastodon_sse_events.txt")
    assert (tally.lines, len(events), tally.rejected) == (27, 13, {Reason.UNKNOWN_SHAPE: 1})
    assert tally.skipped == {
        "delete": 6,
        "notification": 2,
        "announcement": 1,
        "announcement_delete": 1,
        "announcement_reaction": 1,
        "conversation": 1,
        "filters_changed": 1,
    }
    disarray = Account(id="https://pl.nulled.red/users/disarray", handle="disarray@pl.nulled.red")
    assert events[0] == Post(
        platform="mastodon",
        id="https://letsalllovela.in/objects/e9cebb0c-7c75-414f-9608-20b5628e52d7",
        at=datetime(2022, 8, 30, 23, 5, 46, 839_000, tzinfo=UTC),
        actor=Account(id="https://letsalllovela.in/users/freon", handle="freon@letsalllovela.in", name="freon"),
        text="@disarray glad i was able to help",
        mentions=(disarray,),
        reply_to=PostRef(post_id="108914298452377720", account=disarray),
    )
    edited = [event for event in events if event.id == "https://ruby.social/users/chrismo/statuses/109348684454557541"]
    assert all(event == edited[0] for event in edited)
    assert isinstance(edited[0], Post)
    link = "https://cstudios.bandcamp.com/track/celestia-gravity-assist-no-19-var-2"
    assert (edited[0].links, edited[0].text.splitlines()[-1]) == ((link,), link)


@pytest.mark.slow
def test_a_status_broken_anywhere_gives_events_that_survive_the_wire_a_known_name_or_a_reason() -> None:
    seen: Counter[str] = Counter()

    @given(st.sampled_from([[each] for each in MASTODON.values()]).flatmap(mutated_lines), st.booleans())
    @settings(max_examples=1_200, deadline=None)
    def check(line: bytes, is_server_sent: bool) -> None:
        seen[outcome("mastodon", b"event: update\ndata: " + line if is_server_sent else line)] += 1
        for part in MastodonReader().parts(line):
            outcome("mastodon", part)

    check()
    assert {"Post", "Retweet", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()
