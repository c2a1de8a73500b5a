"""The format `twitter-v1`: what each kind of status and stream message becomes."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from streams.deadletters import Reason, Rejection
from streams.events import Account, Deletion, Follow, Post, Profile, Retweet, Suspension
from streams.formats.inputs.lines import split_lines
from streams.formats.reader import Reading, Skipped
from streams.formats.tally import Tally, read_lines
from streams.formats.twitter.twitter_v1 import SKIPPED_NAMES, TwitterV1Reader
from tests.formats.payloads import LINK, NOTICES, STATUSES, Json, mention, status, to_line, user, without_user
from tests.formats.readings import E, only_event, rejected


def read(payload: Json) -> Reading:
    return TwitterV1Reader().read(to_line(payload))


def only(kind: type[E], payload: Json) -> E:
    return only_event(kind, read(payload))


def refusal(payload: Json) -> Rejection:
    return rejected(read(payload))


def test_a_status_is_a_post_with_its_author_as_reported() -> None:
    post = only(Post, STATUSES["post"])
    assert (post.id, post.at) == ("1050118621198921728", datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC))
    assert post.actor == Account(
        id="2244994945",
        handle="example",
        name="Name of example",
        created_at=datetime(2013, 12, 14, 4, 35, 55, tzinfo=UTC),
        created_at_source="reported",
        followers=513868,
        verified=True,
    )
    assert post.links == ("https://example.org/a",)
    assert [(account.id, account.handle) for account in post.mentions] == [("11", "eleven"), ("12", "twelve")]
    assert (post.lang, post.reply_to, post.quotes) == ("en", None, None)


def test_a_retweet_passes_on_the_author_of_the_original() -> None:
    retweet = only(Retweet, STATUSES["retweet"])
    assert (retweet.subject.id, retweet.subject.handle) == ("783214000000000001", "Khamenei_site")
    assert retweet.subject.created_at is not None
    assert (retweet.post_id, retweet.text) == ("1050118621198921000", "the original")


def test_a_retweet_without_its_user_takes_the_first_mention_as_subject() -> None:
    """The handle in the text and the mention's may differ in case."""
    retweet = only(Retweet, STATUSES["trimmed retweet"])
    assert retweet.subject == Account(id="783214000000000001", handle="Khamenei_site", name="Khamenei_Site")
    assert retweet.post_id == "1050118621198921000"


@pytest.mark.parametrize(
    "change",
    [
        {"entities": {"user_mentions": [mention("12", "someone_named_in_the_text", 30)]}},
        {"entities": {"user_mentions": []}},
        {"entities": None},
        {"text": "Khamenei_site: the original"},
        {"text": "MT @Khamenei_site: the original"},
        {"entities": {"user_mentions": [mention("12", "Khamenei_site") | {"id": -1, "id_str": "-1"}]}},
        {"entities": {"user_mentions": [mention("12", "Khamenei_site") | {"screen_name": None}]}},
    ],
)
def test_a_trimmed_retweet_that_does_not_say_whom_it_passes_on_has_no_subject(change: Json) -> None:
    assert refusal(STATUSES["trimmed retweet"] | change).reason is Reason.NO_SUBJECT


def test_a_retweet_of_a_quote_is_a_retweet_of_the_quoting_author() -> None:
    assert only(Retweet, STATUSES["retweet of a quote"]).subject.handle == "Khamenei_site"


def test_a_quote_names_the_quoted_author_where_the_payload_does() -> None:
    with_author, without_author, only_id = (
        only(Post, STATUSES[name]).quotes for name in ("quote", "trimmed quote", "quote by id")
    )
    assert with_author is not None
    assert with_author.account is not None
    assert (with_author.post_id, with_author.account.id) == ("1050118621198921000", "783214000000000001")
    assert with_author.account.followers == 513868
    for trimmed in (without_author, only_id):
        assert trimmed is not None
        assert (trimmed.post_id, trimmed.account) == ("1050118621198921000", None)


def test_a_reply_names_the_answered_post_and_account() -> None:
    reply_to = only(Post, STATUSES["reply"]).reply_to
    assert reply_to is not None
    assert (reply_to.post_id, reply_to.account) == ("1050118621198921001", Account(id="6253282", handle="api"))


def test_a_text_addressed_to_an_account_without_a_post_answers_no_post() -> None:
    assert only(Post, STATUSES["reply"] | {"in_reply_to_status_id_str": None}).reply_to is None


def test_a_cut_text_gives_way_to_the_whole_and_its_entities() -> None:
    extended = only(Post, STATUSES["extended"])
    assert (extended.text, extended.links, len(extended.mentions)) == ("the whole text", (LINK["expanded_url"],), 2)
    assert only(Post, STATUSES["full text"]).text == "all of it"
    original = STATUSES["retweet"]["retweeted_status"] | {"extended_tweet": {"full_text": "the whole original"}}
    assert only(Retweet, STATUSES["retweet"] | {"retweeted_status": original}).text == "the whole original"


def test_a_link_without_its_expanded_form_keeps_the_short_one() -> None:
    old = {"urls": [{"url": "http://bit.ly/a", "expanded_url": None}, {"url": None}], "user_mentions": []}
    assert only(Post, status(entities=old)).links == ("http://bit.ly/a",)


def test_mentions_and_links_beyond_fifty_are_cut_in_the_order_of_the_text() -> None:
    many = {"urls": [LINK] * 70, "user_mentions": [mention(str(n), f"h{n}") for n in range(1, 71)]}
    post = only(Post, status(entities=many))
    assert len(post.links) == 50
    assert [account.id for account in post.mentions] == [str(n) for n in range(1, 51)]


def test_a_mention_of_an_account_that_is_gone_is_left_out() -> None:
    gone = mention("12", "gone") | {"id": -1, "id_str": "-1"}
    post = only(Post, status(entities={"urls": [], "user_mentions": [gone, mention("13", "there")]}))
    assert [account.id for account in post.mentions] == ["13"]


@pytest.mark.parametrize("bad", [{"created_at": "2013-12-14"}, {"created_at": None}, {"followers_count": -1}])
def test_an_unreadable_detail_of_an_account_is_unknown(bad: Json) -> None:
    (name,) = bad
    account = only(Post, status(user=user(**bad))).actor
    assert getattr(account, {"followers_count": "followers"}.get(name, name)) is None
    assert (account.created_at is None) == (account.created_at_source is None)


def test_ids_come_from_their_string_form_and_never_from_a_rounded_number() -> None:
    payload = status(user=user("878301212025782272"))
    assert payload["user"]["id"] != 878301212025782300
    payload["user"]["id"] = 878301212025782300
    assert only(Post, payload).actor.id == "878301212025782272"
    payload["user"]["id"] = 8.783012120257823e17
    assert only(Post, payload).actor.id == "878301212025782272"
    del payload["user"]["id_str"]
    assert refusal(payload).reason is Reason.NOT_AN_EVENT
    payload["user"]["id"] = 878301212025782300
    assert "rounded" in refusal(payload).detail


@pytest.mark.parametrize("id_str", ["", "abc", "-5", "0", "007", "1.5", "１２", "1" * 21, " 1", "1\n"])
def test_an_id_that_is_no_decimal_number_is_refused(id_str: str) -> None:
    reading = refusal(status() | {"id_str": id_str})
    assert (reading.reason, reading.detail[:7]) == (Reason.NOT_AN_EVENT, "id_str:")


@pytest.mark.parametrize(
    "created_at",
    [
        None,
        "",
        "2018-10-10T20:19:24Z",
        "Wed Okt 10 20:19:24 +0000 2018",
        "Wed Oct 10 201924.5 +0000 2018",
        "Wed Oct 10 20:19:24 +0200 2018",
        "Wed Feb 29 20:19:24 +0000 2018",
    ],
)
def test_a_status_without_a_readable_time_is_refused(created_at: str | None) -> None:
    assert refusal(status(created_at=created_at)).reason is Reason.BAD_TIME


def test_a_status_that_does_not_say_whose_it_is_is_no_event() -> None:
    assert refusal(without_user(status())).reason is Reason.NOT_AN_EVENT


def test_a_status_in_a_snapshot_says_when_it_was_seen() -> None:
    post = only(Post, STATUSES["snapshot"])
    assert post.observed_at == datetime(2018, 10, 11, 1, 30, 31, tzinfo=UTC)
    assert post.at == datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC)


def test_a_delete_with_its_time_is_a_deletion() -> None:
    deletion = only(Deletion, NOTICES["delete"])
    assert (deletion.id, deletion.post_id) == ("601430178305220608", "601430178305220608")
    assert deletion.at == datetime(2015, 5, 21, 17, 9, 15, 593000, tzinfo=UTC)
    assert deletion.actor == Account(id="3")


def test_a_delete_by_nobody_knows_whom_has_no_actor() -> None:
    payload = json.loads(to_line(NOTICES["delete"]))
    del payload["delete"]["status"]["user_id_str"], payload["delete"]["status"]["user_id"]
    assert only(Deletion, payload).actor is None


@pytest.mark.parametrize(
    ("name", "status_said"),
    [
        ("user_suspend", "suspended"),
        ("user_unsuspend", "reinstated"),
        ("user_delete", "deactivated"),
        ("user_undelete", "reinstated"),
    ],
)
def test_compliance_messages_are_suspensions_and_their_reversals(name: str, status_said: str) -> None:
    suspension = only(Suspension, NOTICES[name])
    assert suspension.status == status_said
    assert suspension.actor == Account(id=str(NOTICES[name][name]["id"]))
    assert suspension.at.date() == datetime(2015, 5, 21, tzinfo=UTC).date()
    later = {name: NOTICES[name][name] | {"timestamp_ms": "1532228194217"}}
    assert only(Suspension, later).id != suspension.id == only(Suspension, NOTICES[name]).id


def test_a_suspension_of_a_new_account_is_read_from_its_bare_number() -> None:
    """Compliance messages have no id_str; a number of more than 17 digits has never been in a double."""
    exact = {"user_suspend": {"id": 1280000000000000001, "timestamp_ms": "1611230000000"}}
    assert only(Suspension, exact).actor.id == "1280000000000000001"
    rounded = {"user_suspend": {"id": 1280000000000000000, "timestamp_ms": "1611230000000"}}
    assert "rounded" in refusal(rounded).detail


@pytest.mark.parametrize("value", ["", "soon", "-5", "9" * 16, "1432228155593.5", 10**15, -1])
@pytest.mark.parametrize("name", ["user_suspend", "delete"])
def test_a_timestamp_that_cannot_be_read_is_a_bad_time(name: str, value: str | int) -> None:
    payload = {name: NOTICES[name][name] | {"timestamp_ms": value}}
    assert refusal(payload).reason is Reason.BAD_TIME


@pytest.mark.parametrize(("name", "said"), [("user_suspend", "suspended"), ("user_undelete", "reinstated")])
@pytest.mark.parametrize("target", [1280000000000000001, {"id_str": "1280000000000000001", "screen_name": "relay"}])
def test_a_suspension_reported_as_an_event_is_one(name: str, said: str, target: Json) -> None:
    """User streams told of them so, with accounts as numbers."""
    payload = {"event": name, "source": target, "target": target, "created_at": "Thu Mar 25 12:00:00 +0000 2021"}
    suspension = only(Suspension, payload)
    assert (suspension.actor.id, suspension.status) == ("1280000000000000001", said)
    assert suspension.at == datetime(2021, 3, 25, 12, tzinfo=UTC)
    by_compliance = {name: {"id": 1280000000000000001, "timestamp_ms": "1616673600000"}}
    assert only(Suspension, by_compliance).id == suspension.id, "told twice, it is one"


def test_follow_and_unfollow_name_both_accounts() -> None:
    follow, unfollow = only(Follow, NOTICES["follow"]), only(Follow, NOTICES["unfollow"])
    assert (follow.actor.handle, follow.subject.handle) == ("ten", "twenty")
    assert (follow.active, unfollow.active) == (True, False)
    assert follow.id != unfollow.id


def test_a_user_update_is_a_profile_where_it_holds_the_whole_user() -> None:
    assert only(Profile, NOTICES["user_update"]).actor.followers == 513868
    assert read(NOTICES["user_update"] | {"source": {"id_str": "10"}}) == Skipped("event_user_update")


@pytest.mark.parametrize(
    ("name", "skipped"),
    [
        ("delete without time", "delete_without_time"),
        ("delete of a direct message", "delete_direct_message"),
        ("delete of a favorite", "delete_favorite"),
        ("user_suspend without time", "user_suspend_without_time"),
        ("favorite", "event_favorite"),
        ("user", "user_object"),
        ("friends", "friends"),
        ("direct_message", "direct_message"),
        ("warning", "warning"),
        ("scrub_geo", "scrub_geo"),
        ("limit", "limit"),
        ("disconnect", "disconnect"),
        ("status_withheld", "status_withheld"),
        ("user_withheld", "user_withheld"),
        ("drop", "drop"),
        ("undrop", "undrop"),
        ("user_protect", "user_protect"),
    ],
)
def test_a_message_that_says_nothing_countable_is_skipped_by_name(name: str, skipped: str) -> None:
    assert read(NOTICES[name]) == Skipped(skipped)
    assert skipped in SKIPPED_NAMES


@pytest.mark.parametrize("payload", [{}, {"data": {"id": "1"}}, {"event": "update", "payload": "…"}])
def test_a_message_of_another_format_is_an_unknown_shape(payload: Json) -> None:
    assert refusal(payload).reason is Reason.UNKNOWN_SHAPE


def test_a_flat_row_of_a_table_is_no_status_and_no_account() -> None:
    row = {
        "user_id": "7",
        "status_id": "8",
        "created_at": "2021-03-01 09:00:00",
        "screen_name": "a",
        "text": "RT @b: c",
    }
    assert refusal(row).reason is Reason.UNKNOWN_SHAPE
    assert "flat row" in refusal(row).detail


def test_the_versions_of_an_edited_status_are_one_post() -> None:
    first, second = "1050118621198921728", "1050118621198929999"
    history = {"initial_tweet_id": first, "edit_tweet_ids": [first, second]}
    for each in (first, second):
        post = only(Post, status(each, edit_history=history))
        assert (post.id, post.versions) == (first, (second,))


def test_of_more_versions_than_can_be_the_first_and_its_own_are_kept() -> None:
    first, own = "1050118621198921728", "1050118621198929999"
    history = {"initial_tweet_id": first, "edit_tweet_ids": [first, "no id", *map(str, range(10, 10_000)), own]}
    post = only(Post, status(own, edit_history=history))
    assert (post.id, post.versions[0], len(post.versions)) == (first, own, 31)


def test_mentions_and_links_beside_the_text_are_those_of_python_twitter() -> None:
    payload = status(user_mentions=[mention("12", "twelve")], urls={"https://t.co/x": "https://example.org/a"})
    del payload["entities"]
    post = only(Post, payload)
    assert ([account.id for account in post.mentions], post.links) == (["12"], ("https://example.org/a",))


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda each: [{"for_user": 1, "message": message} for message in each],
        lambda each: [{"for_user_id": "1", "tweet_create_events": each}],
        lambda each: [{"search_metadata": {"count": 2}, "statuses": each}],
        lambda each: [{"id": {message["id_str"]: message for message in each}}],
        lambda each: [each],
    ],
    ids=["site streams", "a webhook", "search results", "a look-up by id", "a list"],
)
def test_messages_that_come_wrapped_are_read_as_if_they_came_alone(wrapped: Callable[[list[Json]], list[Json]]) -> None:
    alone = [status("1050118621198921799"), STATUSES["retweet"]]
    lines = [to_line(payload) for payload in wrapped(alone)]
    tally = Tally()
    found = [reading for _, reading in read_lines(split_lines([b"\n".join(lines)]), TwitterV1Reader(), tally)]
    assert found == [read(payload) for payload in alone]
    assert (tally.lines, tally.events) == (2, 2)


def test_what_a_look_up_says_is_gone_is_skipped_by_name() -> None:
    line = to_line({"id": {"7": None, "1050118621198921728": status("1050118621198921728")}})
    tally = Tally()
    list(read_lines(split_lines([line]), TwitterV1Reader(), tally))
    assert (tally.events, dict(tally.skipped)) == (1, {"gone": 1})
