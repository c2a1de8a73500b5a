"""The format `x-compliance`: what X says of deleted posts and of accounts that are gone, and what it does not say."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings

from streams.core.rounded_ids import IdEvidence
from streams.deadletters import Reason, Rejection
from streams.events import Account, Deletion, Event, Profile, Suspension, SuspensionStatus, encode_event
from streams.formats.canonical import CanonicalReader
from streams.formats.inputs.files import open_lines
from streams.formats.reader import Reading, Skipped
from streams.formats.tally import Tally, read_lines
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from streams.formats.x.x_compliance import SKIPPED_NAMES, XComplianceReader
from tests.formats.payloads import NOTICES, Json, mutated_lines, to_line
from tests.formats.readings import only_event, rejected
from tests.formats.test_hostile_lines import outcome
from tests.formats.x_v2_payloads import DISCONNECT, without

POST_ID: Final = "1050118621198921728"  # of 20:19:24.211
POSTED_AT: Final = "2018-10-10T20:19:24.211Z"
# A snowflake as well, of an account that was created in the same second.
ACCOUNT_ID: Final = "1050118621198921729"
CREATED_AT: Final = "2018-10-10T20:19:24+00:00"
ON_THE_SECOND: Final = str((1_539_202_764_000 - 1_288_834_974_657) << 22)  # a snowflake of 20:19:24.000
GONE_AT: Final = datetime(2022, 6, 27, 23, 49, 41, 839_000, tzinfo=UTC)
GONE: Final = "2022-06-27T23:49:41.839+00:00"


def message(kind: str, **said: Json) -> Json:
    """A line of a stream."""
    return {"data": {kind: {"event_at": GONE} | said}}


def result(reason: str, **more: Json) -> Json:
    """A line of a job's result about an account of 2013, unless it says otherwise."""
    return {
        "id": "1482680858",
        "action": "delete",
        "created_at": "2013-06-04T16:25:04+00:00",
        "redacted_at": GONE,
        "reason": reason,
    } | more


POST: Final = {"id": POST_ID, "created_at": POSTED_AT}
TWEET: Final = {"id": POST_ID, "author_id": "3198576760"}
USER: Final = {"id": "1375036644"}
LINES: Final[dict[str, Json]] = {
    "delete": message("delete", tweet=TWEET),
    "delete of a like": message("delete", favorite={"id": "1", "user_id": "2"}),
    "withheld": message("withheld", tweet=TWEET, withheld_in_countries=["XY"]),
    "tweet_edit": message("tweet_edit", tweet={"id": POST_ID}, initial_tweet_id="1", edit_tweet_ids=["1", POST_ID]),
    "user_suspend": message("user_suspend", user=USER),
    "user_unsuspend": message("user_unsuspend", user=USER),
    "user_delete": message("user_delete", user=USER),
    "user_undelete": message("user_undelete", user=USER),
    "profile": message("user_profile_modification", user=USER, profile_field="profile.name", new_value="A name"),
    "suspended account": result("suspended"),
    "deleted post": result("deleted", **POST),
    "suspended author": result("suspended", **POST),
    "edited post": {"id": POST_ID, "action": "rehydrate", "reason": "tweet_edited", "created_at": POSTED_AT},
    "no id": {"id": "x", "error": "invalid_id"},
    "disconnect": {"errors": [DISCONNECT]},
}


def read(payload: Json) -> Reading:
    return XComplianceReader().read(to_line(payload))


def test_a_deletion_says_which_post_is_gone_whose_it_was_and_when() -> None:
    gone = Deletion(platform="twitter", id=POST_ID, at=GONE_AT, post_id=POST_ID, actor=Account(id="3198576760"))
    assert read(LINES["delete"]) == (gone,)


@pytest.mark.parametrize("author", [None, "x", 10**30, {"id": "1"}, "9" * 300])
def test_a_deletion_without_a_usable_author_is_of_nobody(author: Json) -> None:
    deletion = only_event(Deletion, read(message("delete", tweet={"id": POST_ID, "author_id": author})))
    assert (deletion.post_id, deletion.actor) == (POST_ID, None)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("user_suspend", "suspended"),
        ("user_unsuspend", "reinstated"),
        ("user_delete", "deactivated"),
        ("user_undelete", "reinstated"),
    ],
)
def test_the_stream_says_who_took_an_account_away_and_exactly_when(kind: str, status: SuspensionStatus) -> None:
    assert read(LINES[kind]) == (
        Suspension(
            platform="twitter",
            id=f"{kind}:1375036644:1656373781839",
            at=GONE_AT,
            actor=Account(id="1375036644"),
            status=status,
            precision="exact",
        ),
    )


@pytest.mark.parametrize("kind", ["user_suspend", "user_unsuspend", "user_delete", "user_undelete"])
def test_one_notice_is_the_same_event_by_the_stream_of_either_interface(kind: str) -> None:
    v1 = {kind: {"id": 1375036644, "timestamp_ms": "1656373781839"}}
    assert read(LINES[kind]) == TwitterV1Reader().read(to_line(v1))


@pytest.mark.parametrize(
    ("said", "changed", "name"),
    [
        ({"profile_field": "profile.name", "new_value": "A name"}, ("name",), "A name"),
        ({"profile_field": "profile.description", "new_value": "A text"}, ("description",), None),
        ({"profile_field": "profile.banner", "new_value": "A picture"}, (), None),
        ({"profile_field": "profile.name", "new_value": {}}, ("name",), None),
        ({"profile_field": ["x", "y"], "new_value": "A name"}, (), None),
        ({}, (), None),
    ],
)
def test_a_changed_profile_says_what_changed_and_a_new_name(
    said: Json, changed: tuple[str, ...], name: str | None
) -> None:
    profile = only_event(Profile, read(message("user_profile_modification", user=USER, **said)))
    assert (profile.actor, profile.changed, profile.at) == (Account(id="1375036644", name=name), changed, GONE_AT)
    assert profile.id == f"user_profile_modification:1375036644:{''.join(changed) or 'other'}:1656373781839"


@pytest.mark.parametrize(
    ("reason", "status", "kind"),
    [
        ("suspended", "suspended", "user_suspend"),
        ("deactivated", "deactivated", "user_delete"),
        ("deleted", "deleted", "user_gone"),
    ],
)
def test_a_result_says_that_an_account_was_gone_by_then(reason: str, status: SuspensionStatus, kind: str) -> None:
    expected = Suspension(
        platform="twitter",
        id=f"{kind}:1482680858:1656373781839",
        at=GONE_AT,
        actor=Account(
            id="1482680858", created_at=datetime(2013, 6, 4, 16, 25, 4, tzinfo=UTC), created_at_source="reported"
        ),
        status=status,
        precision="noticed",
    )
    assert read(result(reason)) == (expected,)
    alias = without(result(reason, deleted_at=GONE), "redacted_at")
    assert read(alias) == (expected,)


def test_a_result_of_a_deleted_post_is_a_deletion_by_nobody_known() -> None:
    assert read(LINES["deleted post"]) == (Deletion(platform="twitter", id=POST_ID, at=GONE_AT, post_id=POST_ID),)


@pytest.mark.parametrize("reason", ["suspended", "deactivated"])
def test_a_post_that_is_gone_with_its_author_was_taken_back_by_nobody(reason: str) -> None:
    assert read(result(reason, **POST)) == Skipped("post_gone_with_account")


@pytest.mark.parametrize(
    ("said", "is_post"),
    [
        (POST, True),
        ({"id": POST_ID, "created_at": "2018-10-10T20:19:24.211+00:00"}, True),
        ({"id": "50000000000000", "created_at": "2010-12-01T10:00:00.000Z"}, True),
        ({"id": ACCOUNT_ID, "created_at": CREATED_AT}, False),
        ({"id": "1482680858", "created_at": "2013-06-04T16:25:04.000Z"}, False),
        ({"id": "12", "created_at": "2006-03-21T20:50:14+00:00"}, False),
    ],
)
def test_what_an_id_is_of_shows_from_its_size_and_the_time_of_creation(said: Json, is_post: bool) -> None:
    assert isinstance(read(result("deleted", **said)), tuple)
    only_event(Deletion if is_post else Suspension, read(result("deleted", **said)))


@pytest.mark.parametrize(
    "said",
    [
        {"id": ACCOUNT_ID, "created_at": "2018-10-10T20:19:24.000Z"},
        {"id": ON_THE_SECOND, "created_at": "2018-10-10T20:19:24.000Z"},
        {"id": POST_ID, "created_at": "2018-10-10T20:19:24.212Z"},
        {"id": "12", "created_at": "2006-03-21T20:50:14.000Z"},
        {"id": "1482680858", "created_at": None},
        {"id": "1482680858", "created_at": "soon"},
        {"id": POST_ID, "created_at": None},
    ],
)
def test_an_id_that_may_be_of_a_post_or_of_an_account_is_refused(said: Json) -> None:
    refused = rejected(read(result("suspended", **said)))
    assert (refused.reason, refused.detail.split(":")[0]) == (Reason.UNKNOWN_SHAPE, "created_at")


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        *((message(kind, tweet=TWEET), kind) for kind in ("withheld", "drop", "undrop", "tweet_edit")),
        *((message(kind, user=USER), kind) for kind in ("user_withheld", "user_protect", "user_unprotect")),
        (message("scrub_geo", user=USER, up_to_tweet_id="7"), "scrub_geo"),
        ({"data": {"withheld": 5}}, "withheld"),
        (LINES["delete of a like"], "delete_favorite"),
        (LINES["no id"], "invalid_id"),
        (LINES["edited post"], "tweet_edit"),
        ({"id": POST_ID, "action": "scrub_geo", "reason": "geo_scrubbed"}, "scrub_geo"),
        (result("scrub_geo"), "scrub_geo"),
        (result("protected"), "protected"),
        (result("bounced", **POST), "post_bounced"),
        (result("suspended", redacted_at=None), "account_without_time"),
        (without(result("deleted", **POST), "redacted_at"), "post_without_time"),
        (LINES["disconnect"], "operational_disconnect"),
        ({"title": "ConnectionException", "connection_issue": "TooManyConnections"}, "connection_refused"),
        ({"errors": [{"title": "Unauthorized"}]}, "errors"),
    ],
)
def test_a_line_that_says_nothing_countable_is_skipped_by_name(payload: Json, name: str) -> None:
    assert read(payload) == Skipped(name)
    assert name in SKIPPED_NAMES


@pytest.mark.parametrize(
    ("payload", "reason", "place"),
    [
        (message("delete", tweet={}), Reason.NOT_AN_EVENT, "data.delete.tweet.id:"),
        (message("delete"), Reason.NOT_AN_EVENT, "data.delete.tweet:"),
        (message("delete", tweet=TWEET, event_at=None), Reason.BAD_TIME, "data.delete.event_at:"),
        (message("user_suspend", user={"id": "-7"}), Reason.NOT_AN_EVENT, "data.user_suspend.user.id:"),
        (message("user_suspend", user=USER, event_at="2022-06-27"), Reason.BAD_TIME, "data.user_suspend.event_at:"),
        (message("user_delete", user=5), Reason.NOT_AN_EVENT, "Expected `object | null`"),
        ({"data": {"user_suspend": {"user": USER}}}, Reason.BAD_TIME, "data.user_suspend.event_at:"),
        ({"data": {"merge": {}}}, Reason.UNKNOWN_SHAPE, "no message of compliance among the keys merge"),
        ({"data": {"delete": None}}, Reason.UNKNOWN_SHAPE, "no message of compliance among the keys delete"),
        ({"id": "1", "text": "a post"}, Reason.UNKNOWN_SHAPE, "no message of compliance among the keys id, text"),
        (result("suspended", action="archive"), Reason.UNKNOWN_SHAPE, "action: 'archive'"),
        (result("asleep"), Reason.UNKNOWN_SHAPE, "reason: 'asleep'"),
        (result("suspended", id="9" * 21), Reason.NOT_AN_EVENT, "id:"),
        (result("suspended", redacted_at="yesterday"), Reason.BAD_TIME, "redacted_at:"),
        (result("suspended", redacted_at={"at": 5}), Reason.NOT_AN_EVENT, "Expected `str | null`"),
    ],
)
def test_what_is_of_no_use_is_refused_with_its_place(payload: Json, reason: Reason, place: str) -> None:
    refused = rejected(read(payload))
    assert (refused.reason, refused.detail[: len(place)]) == (reason, place)


def test_an_id_written_as_a_number_is_believed_where_it_was_not_rounded() -> None:
    exact, rounded = 1050118621198921729, 1050118621198921700
    assert only_event(Deletion, read(message("delete", tweet={"id": exact}))).post_id == str(exact)
    in_doubt = message("delete", tweet={"id": rounded})
    assert rejected(read(in_doubt)).detail.startswith(f"data.delete.tweet.id: {rounded} may have been rounded")
    in_doubt["data"]["delete"]["new_value"] = 5
    assert isinstance(read(in_doubt), Rejection), "nor once another field had to be put right"
    assert isinstance(XComplianceReader(exact_numbers=True).read(to_line(in_doubt)), tuple)


def test_ids_that_went_through_floating_point_are_noticed() -> None:
    numbers, texts = IdEvidence(), IdEvidence()
    for number in range(20):
        rounded = int(float(1050118621198921728 + number * 10**12)) // 1000 * 1000
        for each in (str(rounded), rounded):
            payload = message("delete", tweet={"id": each}) if number % 2 else result("deleted", id=each)
            XComplianceReader().ids_in(to_line(payload), numbers, texts)
    assert (numbers.verdict, texts.verdict) == ("rounded", "rounded")


@pytest.mark.slow
def test_a_line_broken_anywhere_gives_events_that_survive_the_wire_a_known_name_or_a_reason() -> None:
    seen: Counter[str] = Counter()

    @given(mutated_lines([*LINES.values(), *NOTICES.values()]))
    @settings(max_examples=1_200)
    def check(line: bytes) -> None:
        seen[outcome("x-compliance", line)] += 1

    check()
    assert {"Deletion", "Suspension", "Profile", "skipped"} <= seen.keys()
    assert {"not_an_event", "bad_time", "unknown_shape"} <= seen.keys()


# What each sample file holds, counted by hand: events, skipped messages, rejections.
SAMPLES: Final[dict[str, dict[str, int]]] = {
    "x_v2_compliance_stream.jsonl": {
        "Deletion": 1,
        "Suspension": 4,
        "Profile": 1,
        **dict.fromkeys(("tweet_edit", "withheld", "drop", "undrop", "scrub_geo", "user_withheld", "user_protect"), 1),
        "user_unprotect": 1,
    },
    # Of the two posts one is of a protected account, and one went with its deactivated one.
    "x_v2_batch_compliance_tweets.jsonl": {"blank": 1, "protected": 1, "post_gone_with_account": 1},
    "x_v2_batch_compliance_users.jsonl": {"blank": 1, "protected": 2},
    "tw_v1_compliance_firehose.jsonl": {"unknown_shape": 12},  # v1.1's form of the same messages
    "x_v2_edited_tweet.jsonl": {"not_an_event": 1},  # a page of posts: `data` is a list
}


def events_of(path: Path, tally: Tally) -> list[Event]:
    with open_lines(str(path)) as lines:
        readings = [reading for _, reading in read_lines(lines, XComplianceReader(), tally)]
    return [event for reading in readings if isinstance(reading, tuple) for event in reading]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_line_of_the_samples_is_what_it_is(name: str, shared_data: Path) -> None:
    tally = Tally()
    events = events_of(shared_data.parent / "samples" / name, tally)
    kinds = Counter(type(event).__name__ for event in events)
    assert kinds | tally.skipped | tally.rejected == SAMPLES[name]
    for event in events:
        assert CanonicalReader().read(encode_event(event)) == (event,)


def test_the_documented_messages_of_the_streams_are_read_by_value(shared_data: Path) -> None:
    events = events_of(shared_data.parent / "samples" / "x_v2_compliance_stream.jsonl", Tally())
    assert events[0] == Deletion(
        platform="twitter",
        id="601430178305220608",
        at=datetime(2022, 12, 23, 12, 34, 56, 789_000, tzinfo=UTC),
        post_id="601430178305220608",
        actor=Account(id="3198576760"),
    )
    assert [(event.status, event.actor.id, event.at) for event in events if isinstance(event, Suspension)] == [
        (status, "1375036644", GONE_AT) for status in ("deactivated", "reinstated", "suspended", "reinstated")
    ]
    assert events[-1] == Profile(
        platform="twitter",
        id="user_profile_modification:906948460078698496:description:1657655279442",
        at=datetime(2022, 7, 12, 19, 47, 59, 442_000, tzinfo=UTC),
        actor=Account(id="906948460078698496"),
        changed=("description",),
    )
