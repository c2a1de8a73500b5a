"""The format `telegram`: exports of Telegram Desktop and messages of Telethon."""

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.deadletters import Reason
from streams.events import Account, Event, Post, PostRef, Profile, Retweet
from streams.formats.inputs.files import open_lines
from streams.formats.inputs.json_values import split_values
from streams.formats.inputs.lines import Line
from streams.formats.reader import Reading, Skipped
from streams.formats.tally import Tally, read_lines
from streams.formats.telegram.telegram import SKIPPED_NAMES, TelegramReader
from tests.formats.payloads import Json, mutated_lines, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.telegram_payloads import EXPORTED, GROUP, TELETHON, WHOLE_TEXT, chat, exported, service, telethon
from tests.formats.test_hostile_lines import outcome

AT: Final = datetime(2021, 3, 1, 9, tzinfo=UTC)
EMBASSY: Final = Account(id="channel5000000001", name="Embassy")
SOURCE: Final = Account(id="channel7000000001", name="A Source")


def read(payload: Json) -> Reading:
    return TelegramReader().read(to_line(payload, ensure_ascii=False))


def post(**more: Json) -> Post:
    plain = Post(platform="telegram", id="channel5000000001/12", at=AT, actor=EMBASSY, text="of its own")
    return replace(plain, **more)


def test_a_post_has_the_text_links_and_mentioned_users_of_its_parts() -> None:
    assert read(EXPORTED["post"]) == (
        post(
            text=WHOLE_TEXT,
            links=("https://example.org/a", "https://example.org/b"),
            mentions=(Account(id="user777", name="A. Friend"),),
        ),
    )
    of_before = chat(exported(text=EXPORTED["post"]["messages"][0]["text"], text_entities=None))  # before 2022
    assert read(of_before) == read(EXPORTED["post"])


def test_a_forward_amplifies_its_source() -> None:
    assert read(EXPORTED["forward"]) == (
        Retweet(
            platform="telegram",
            id="channel5000000001/12",
            at=AT,
            actor=EMBASSY,
            subject=SOURCE,
            text="of another",
        ),
    )
    assert only_event(Retweet, read(EXPORTED["forward of a user"])).subject == Account(id="user777", name="A. Friend")


@pytest.mark.parametrize("source", [None, "", "A Source", "channel", "channel0", "user1/2", "channel" + "9" * 10_000])
def test_a_forward_whose_source_is_not_said_is_a_post(source: Json) -> None:
    hidden = chat(exported(forwarded_from="A. Shadow", forwarded_from_id=source))
    assert read(EXPORTED["hidden forward"]) == read(hidden) == (post(),)
    assert read(TELETHON["hidden forward"]) == (post(actor=Account(id=EMBASSY.id)),)


def test_an_answer_names_its_post_and_in_a_channel_its_author() -> None:
    assert only_event(Post, read(EXPORTED["reply"])).reply_to == PostRef(
        post_id="channel5000000001/11", account=EMBASSY
    )
    assert only_event(Post, read(EXPORTED["reply elsewhere"])).reply_to == PostRef(post_id="channel7000000001/3")
    assert only_event(Post, read(TELETHON["reply"])).reply_to == PostRef(
        post_id="channel5000000001/11", account=Account(id=EMBASSY.id)
    )
    elsewhere = {"reply_to_msg_id": 3, "reply_to_peer_id": {"_": "PeerChannel", "channel_id": 7000000001}}
    assert only_event(Post, read(telethon(reply_to=elsewhere))).reply_to == PostRef(post_id="channel7000000001/3")


def test_an_edited_message_is_the_same_post_at_the_same_time() -> None:
    assert read(EXPORTED["edited"]) == (post(text="put right"),)


def test_in_a_group_each_message_is_its_senders() -> None:
    """And who wrote an answered message is not said."""
    message = only_event(Post, read(EXPORTED["group"]))
    assert (message.id, message.actor) == ("channel6000000001/12", Account(id="user777", name="A. Friend"))
    assert message.reply_to == PostRef(post_id="channel6000000001/3")
    message = only_event(Post, read(TELETHON["group"]))
    assert (message.id, message.actor) == ("chat42/12", Account(id="user777"))
    small = GROUP | {"type": "private_group", "id": 42, "messages": [exported(from_id="user777")]}
    assert only_event(Post, read(small)).id == "chat42/12"


def test_the_service_message_of_a_channels_creation_says_how_old_it_is() -> None:
    created_at = datetime(2018, 6, 1, 10, tzinfo=UTC)
    created = Profile(
        platform="telegram",
        id="create:channel5000000001",
        at=created_at,
        actor=Account(id=EMBASSY.id, name="The Embassy", created_at=created_at, created_at_source="reported"),
    )
    assert read(EXPORTED["created"]) == read(TELETHON["created"]) == (created,)


def test_entities_of_telethon_count_in_units_of_utf_16() -> None:
    assert read(TELETHON["post"]) == (
        post(
            actor=Account(id=EMBASSY.id),
            text="🕊 https://example.org/b and this",
            links=("https://example.org/b", "https://example.org/a"),
            mentions=(Account(id="user777"),),
        ),
    )


@pytest.mark.parametrize(("offset", "length"), [(-1, 5), (0, 0), (0, 10**9), (10**9, 1), (5, -1), (None, 1), ("x", 1)])
def test_an_entity_beside_the_text_is_no_link(offset: Json, length: Json) -> None:
    payload = telethon(entities=[{"_": "MessageEntityUrl", "offset": offset, "length": length}])
    assert only_event(Post, read(payload)).links == ()


def test_a_forward_of_telethon_names_the_original_post() -> None:
    forwarded = Retweet(
        platform="telegram",
        id="channel5000000001/12",
        at=AT,
        actor=Account(id=EMBASSY.id),
        subject=Account(id=SOURCE.id),
        post_id="channel7000000001/88",
        text="of another",
    )
    assert read(TELETHON["forward"]) == (forwarded,)
    assert only_event(Retweet, read(TELETHON["forward of 2019"])).post_id == "channel7000000001/88"
    of_user = only_event(Retweet, read(TELETHON["forward of a user"]))
    assert (of_user.subject, of_user.post_id) == (Account(id="user777"), None)


def test_4cat_adds_what_is_known_of_the_accounts() -> None:
    embassy = Account(id=EMBASSY.id, handle="embassy", name="Embassy", followers=1_200, verified=True)
    assert read(TELETHON["4CAT"]) == (
        Retweet(
            platform="telegram",
            id="channel5000000001/12",
            at=AT,
            actor=embassy,
            subject=Account(id=SOURCE.id, handle="a_source", name="A Source"),
            post_id="channel7000000001/88",
            text="https://example.org/b",
        ),
    )
    own = only_event(Post, read(TELETHON["4CAT"] | {"fwd_from": None}))
    assert (own.actor, own.links) == (embassy, ("https://example.org/b",))


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (EXPORTED["pinned"], "service_message"),
        (TELETHON["pinned"], "service_message"),
        (EXPORTED["unsupported"], "unsupported_message"),
        (TELETHON["empty"], "empty_message"),
        (EXPORTED["private"], "private_chat"),
        (TELETHON["private"], "private_chat"),
        (chat(), "empty_chat"),
        ({"chats": {"about": "…", "list": []}}, "no_chats"),
        ({"about": "…", "contacts": {"about": "…", "list": [{"user_id": 1}]}}, "other_data"),
    ],
)
def test_what_says_nothing_countable_is_skipped_by_name(payload: Json, name: str) -> None:
    assert read(payload) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("payload", "reason", "place"),
    [
        ({}, Reason.UNKNOWN_SHAPE, "no `messages`"),
        ({"text": "x", "user": {}}, Reason.UNKNOWN_SHAPE, "no `messages`"),
        (chat(exported(), id=None), Reason.NOT_AN_EVENT, "id: missing"),
        (chat(exported(), id=-5), Reason.NOT_AN_EVENT, "id: -5"),
        (chat(exported(), type="public_forum"), Reason.UNKNOWN_SHAPE, "type: 'public_forum'"),
        (chat(exported(), type=None), Reason.UNKNOWN_SHAPE, "type: None"),
        (chat(exported(type="story")), Reason.UNKNOWN_SHAPE, "messages[0].type: 'story'"),
        (chat(exported(id=None)), Reason.NOT_AN_EVENT, "messages[0].id: missing"),
        (chat(exported(id=0)), Reason.NOT_AN_EVENT, "messages[0].id: 0"),
        (chat(exported(date_unixtime=None)), Reason.BAD_TIME, "messages[0].date_unixtime: no time"),
        (chat(exported(date_unixtime="2021-03-01T10:00:00")), Reason.BAD_TIME, "messages[0].date_unixtime:"),
        (chat(service(date_unixtime="0")), Reason.BAD_TIME, "messages[0].date_unixtime:"),
        (chat(exported(from_id="4295000001")), Reason.NOT_AN_EVENT, "messages[0].from_id: '4295000001'"),
        (GROUP | {"messages": [exported(from_id=None)]}, Reason.NOT_AN_EVENT, "messages[0].from_id: missing"),
        (chat(5), Reason.NOT_AN_EVENT, "Expected `object`, got `int` - at `messages[0]`"),
        ({"_": "Channel", "id": 5}, Reason.UNKNOWN_SHAPE, "_: 'Channel'"),
        (telethon(peer_id=None), Reason.NOT_AN_EVENT, "peer_id: missing"),
        (telethon(peer_id={}), Reason.NOT_AN_EVENT, "peer_id: names no"),
        (telethon(peer_id={"channel_id": -1}), Reason.NOT_AN_EVENT, "peer_id: names no"),
        (telethon(id=None), Reason.NOT_AN_EVENT, "id: missing"),
        (telethon(date=None), Reason.BAD_TIME, "date: no time"),
        (telethon(date="2021-03-01T09:00:00"), Reason.BAD_TIME, "date:"),
        (telethon(date=10**15), Reason.BAD_TIME, "date:"),
        (telethon(date=-1), Reason.BAD_TIME, "date:"),
        (telethon(from_id={"user_id": 0}), Reason.NOT_AN_EVENT, "from_id: names nobody"),
    ],
)
def test_what_an_event_cannot_do_without_is_named(payload: Json, reason: Reason, place: str) -> None:
    refused = rejected(read(payload))
    assert (refused.reason, refused.detail[: len(place)]) == (reason, place)


def test_a_field_of_another_type_is_put_right_or_unknown() -> None:
    odd = exported("12", text=5, text_entities="none", forwarded_from=["A"], reply_to_message_id={}, reactions=7)
    assert read(chat(odd, id="5000000001", name=["Embassy"])) == (post(text="5"),)
    odd_message = telethon(message=None, entities={}, reply_to=[], _chat="x", views={})
    assert read(odd_message) == (post(actor=Account(id=EMBASSY.id), text=""),)


def test_control_characters_are_read_as_telegram_desktop_writes_them() -> None:
    r"""As `\x0B`, which is no JSON; a backslash before an x is `\\x`."""
    line = to_line(chat(exported(text="ab"))).replace(b'"ab"', rb'"a\x0Bb \\x0B c\x1f"')
    assert only_event(Post, TelegramReader().read(line)).text == "a\x0bb \\x0B c\x1f"


def _events(lines: list[Line]) -> tuple[list[Event], Tally]:
    tally = Tally()
    readings = [reading for _, reading in read_lines(lines, TelegramReader(), tally)]
    return [event for reading in readings if isinstance(reading, tuple) for event in reading], tally


def _everything() -> tuple[Json, int]:
    """An export of everything, and how many of its messages become events."""
    messages = [service(), *(exported(number) for number in range(2, 60)), exported(60, date_unixtime="soon")]
    chats = [chat(*messages), EXPORTED["private"], EXPORTED["group"]]
    return {
        "about": "Here is the data you requested.",
        "personal_information": {"user_id": 777, "first_name": "A."},
        "contacts": {"about": "…", "list": [{"user_id": 778, "first_name": "B."}]},
        "chats": {"about": "…", "list": chats},
        "left_chats": {"about": "…", "list": [chat(exported(1), id=5000000002)]},
    }, 61


def test_an_export_is_read_message_by_message(tmp_path: Path) -> None:
    """Pretty-printed, as Telegram Desktop writes it; a bad message costs itself."""
    export, count = _everything()
    path = tmp_path / "result.json"
    path.write_text(json.dumps(export, indent=1))
    tally = Tally()
    with open_lines(str(path)) as lines:
        found = list(read_lines(lines, TelegramReader(), tally))
    assert (tally.events, tally.skipped, tally.rejected) == (count, {"private_chat": 1}, {Reason.BAD_TIME: 1})
    (refused,) = (line.data for line, reading in found if not isinstance(reading, tuple | Skipped))
    assert json.loads(refused) == chat(exported(60, date_unixtime="soon"))


def test_an_export_that_is_too_long_to_be_held_gives_the_same_events() -> None:
    text = json.dumps(_everything()[0], indent=1).encode()
    whole, _ = _events(list(split_values([text])))
    cut, tally = _events(list(split_values([text], max_value_bytes=4_000)))
    assert cut == whole
    assert tally.skipped == {"other_data": 1, "private_chat": 1}
    assert tally.rejected == {Reason.BAD_TIME: 1}


def test_an_export_of_one_chat_alone_is_read_message_by_message() -> None:
    for export in (chat(exported(1), exported(2)), {"chats": {"list": [chat(exported(1), exported(2))]}}):
        events, tally = _events([Line(1, to_line(export))])
        assert [event.id for event in events] == ["channel5000000001/1", "channel5000000001/2"]
        assert tally.lines == 2


def test_millions_of_nothing_in_one_export_are_refused_as_a_whole() -> None:
    line = to_line(chat(name="x" * 1_000))[:-2] + b",".join([b"{}"] * 80_000) + b"]}"
    assert TelegramReader().parts(line) == []
    assert rejected(TelegramReader().read(line)).reason is Reason.UNKNOWN_SHAPE


@pytest.mark.slow
def test_a_message_broken_anywhere_gives_events_that_survive_the_wire_a_known_name_or_a_reason() -> None:
    seen: Counter[str] = Counter()
    payloads = [*EXPORTED.values(), *TELETHON.values()]

    @given(st.sampled_from([[each] for each in payloads]).flatmap(mutated_lines))
    @settings(max_examples=1_200, deadline=None)
    def check(line: bytes) -> None:
        seen[outcome("telegram", line)] += 1
        for part in TelegramReader().parts(line):
            outcome("telegram", part)

    check()
    assert {"Post", "Retweet", "Profile", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()
