"""The format `x-v2`: what each kind of post and user becomes, and what is left where `includes` lacks something."""

import pytest

from streams.deadletters import Reason
from streams.events import Account, Post, PostRef, Retweet
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from tests.formats.payloads import Json, mention, status, to_line, user
from tests.formats.x_v2_payloads import (
    AT,
    AUTHOR,
    BOTH,
    ENTITIES,
    EXAMPLE,
    KHAMENEI_SITE,
    ORIGINAL,
    ORIGINAL_ID,
    QUOTE,
    QUOTED_URL,
    REPLY,
    RETWEET,
    SEEN_AT,
    URL,
    X_V2,
    line_of,
    only,
    page_of,
    read,
    refusal,
    tweet,
    without,
    x_mention,
    x_user,
)


def test_a_post_is_joined_with_its_author() -> None:
    assert only(Post, X_V2["post"]) == Post(
        platform="twitter",
        id="1050118621198921728",
        at=AT,
        actor=EXAMPLE,
        text="a text",
        lang="en",
        links=("https://example.org/a",),
        mentions=(Account(id="11", handle="eleven"), Account(id="12", handle="twelve")),
    )


def test_an_author_who_is_not_included_is_an_id() -> None:
    assert only(Post, {"data": tweet()}).actor == Account(id="2244994945")
    assert only(Post, line_of(tweet(), users=[AUTHOR])).actor == Account(id="2244994945")


def test_a_retweet_passes_on_the_author_and_the_whole_text_of_the_original() -> None:
    assert only(Retweet, X_V2["retweet"]) == Retweet(
        platform="twitter",
        id="1050118621198921728",
        at=AT,
        actor=EXAMPLE,
        subject=KHAMENEI_SITE,
        post_id=ORIGINAL_ID,
        text="the original",
    )
    long = ORIGINAL | {"note_tweet": {"text": "the whole original"}}
    assert only(Retweet, line_of(RETWEET, users=BOTH, tweets=[long])).text == "the whole original"


def test_a_retweet_whose_original_is_missing_takes_the_handle_of_its_text_that_is_mentioned() -> None:
    """The text is then the retweet's own, which X cuts. Case may differ, and the mention's may be the newer one."""
    retweet = only(Retweet, X_V2["retweet of a missing post"])
    assert retweet.subject == Account(id=AUTHOR["id"], handle="khamenei_SITE")
    assert (retweet.post_id, retweet.text) == (ORIGINAL_ID, "RT @Khamenei_site: the orig…")
    assert only(Retweet, line_of(RETWEET, users=BOTH)).subject == KHAMENEI_SITE


def test_an_original_whose_author_is_not_included_keeps_the_id_of_the_author() -> None:
    no_mention = without(RETWEET, "entities")
    assert only(Retweet, line_of(no_mention, tweets=[ORIGINAL])).subject == Account(id=AUTHOR["id"])
    assert only(Retweet, line_of(RETWEET, tweets=[ORIGINAL])).subject == Account(
        id=AUTHOR["id"], handle="khamenei_SITE"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"entities": {"mentions": [x_mention("12", "someone_named_in_the_text", 30)]}},
        {"entities": {"mentions": []}},
        {"entities": None},
        {"text": "Khamenei_site: the original"},
        {"text": "MT @Khamenei_site: the original"},
        {"entities": {"mentions": [{"username": "Khamenei_site"}]}},
        {"entities": {"mentions": [{"id": AUTHOR["id"]}]}},
    ],
)
def test_a_retweet_that_does_not_say_whom_it_passes_on_has_no_subject(change: Json) -> None:
    for tweets in (None, [], [without(ORIGINAL, "author_id")]):
        reading = refusal(line_of(RETWEET | change, tweets=tweets))
        assert (reading.reason, reading.detail[:23]) == (Reason.NO_SUBJECT, "data.referenced_tweets:")


def test_a_quote_names_the_quoted_author_where_the_page_does() -> None:
    assert only(Post, X_V2["quote"]).quotes == PostRef(post_id=ORIGINAL_ID, account=KHAMENEI_SITE)
    by_id = only(Post, line_of(QUOTE, tweets=[ORIGINAL])).quotes
    assert by_id == PostRef(post_id=ORIGINAL_ID, account=Account(id=AUTHOR["id"]))


def test_a_quote_of_a_missing_post_keeps_its_id_and_the_handle_of_the_link_to_it() -> None:
    assert only(Post, X_V2["quote of a missing post"]).quotes == PostRef(post_id=ORIGINAL_ID, handle="Khamenei_site")
    for entities in (None, {"urls": [URL]}, {"urls": [QUOTED_URL | {"expanded_url": None}]}):
        quotes = only(Post, line_of(QUOTE | {"entities": entities})).quotes
        assert quotes == PostRef(post_id=ORIGINAL_ID)


def test_a_reply_names_the_answered_post_and_account() -> None:
    assert only(Post, X_V2["reply"]).reply_to == PostRef(post_id=ORIGINAL_ID, account=KHAMENEI_SITE)
    missing = only(Post, X_V2["reply to a missing post"]).reply_to
    assert missing == PostRef(post_id=ORIGINAL_ID, account=Account(id=AUTHOR["id"], handle="Khamenei_site"))
    unknown = without(REPLY, "in_reply_to_user_id")
    assert only(Post, line_of(unknown)).reply_to == PostRef(post_id=ORIGINAL_ID)
    assert only(Post, line_of(unknown, users=BOTH, tweets=[ORIGINAL])).reply_to == PostRef(
        post_id=ORIGINAL_ID, account=KHAMENEI_SITE
    )


def test_a_text_addressed_to_an_account_without_a_post_answers_no_post() -> None:
    assert only(Post, line_of(without(REPLY, "referenced_tweets"))).reply_to is None


def test_a_post_that_answers_and_quotes_does_both() -> None:
    both = REPLY | {"referenced_tweets": [{"type": "quoted", "id": "7"}, *REPLY["referenced_tweets"]]}
    post = only(Post, line_of(both, users=BOTH, tweets=[ORIGINAL]))
    assert post.quotes == PostRef(post_id="7")
    assert post.reply_to == PostRef(post_id=ORIGINAL_ID, account=KHAMENEI_SITE)


def test_the_versions_of_an_edited_post_are_one_post() -> None:
    chain = ["1050118621198921000", "1050118621198929999"]
    versions = page_of([tweet(each, edit_history_tweet_ids=chain) for each in chain])
    reading = read(versions)
    assert isinstance(reading, tuple)
    posts = [event for event in reading if isinstance(event, Post)]
    assert [(post.id, post.versions) for post in posts] == [(chain[0], (chain[1],))] * 2


def test_who_quotes_answers_or_passes_on_a_later_version_names_the_first() -> None:
    chain = ["1050118621198920000", ORIGINAL_ID]
    edited = ORIGINAL | {"edit_history_tweet_ids": chain}
    for item in (RETWEET, QUOTE, REPLY):
        reading = read(line_of(item, users=BOTH, tweets=[edited]))
        assert isinstance(reading, tuple)
        (event,) = reading
        match event:
            case Retweet():
                assert (event.post_id, event.versions) == (chain[0], (chain[1],))
            case Post():
                (ref,) = [each for each in (event.quotes, event.reply_to) if each is not None]
                versions = (chain[1],) if event.quotes is not None else ()
                assert ref == PostRef(post_id=chain[0], account=KHAMENEI_SITE, versions=versions)


def test_a_long_post_is_read_whole_with_the_entities_of_the_whole() -> None:
    long = only(Post, X_V2["long"])
    assert (long.text, long.links) == ("the whole text", ("https://example.org/a",))
    assert [account.id for account in long.mentions] == ["11", "12"]
    own = line_of(tweet(text="cut…", note_tweet={"text": "the whole text"}, entities=ENTITIES))
    assert only(Post, own).links == ("https://example.org/a",)


def test_a_link_is_followed_to_its_end_and_pictures_of_the_post_are_no_links() -> None:
    urls = [
        URL | {"unwound_url": "https://example.org/end"},
        URL,
        {"url": "https://t.co/short"},
        {"url": None},
        URL | {"media_key": "3_1"},
        URL | {"display_url": "pic.twitter.com/x"},
        URL | {"display_url": "pic.x.com/x"},
    ]
    post = only(Post, line_of(tweet(entities={"urls": urls})))
    assert post.links == ("https://example.org/end", "https://example.org/a", "https://t.co/short")


def test_a_mention_is_joined_with_the_account_by_its_id_or_where_it_has_none_by_its_handle() -> None:
    """Payloads of 2021 have no ids in mentions."""
    mentions = [x_mention(AUTHOR["id"], "Khamenei_site"), {"username": "EXAMPLE"}, {"username": "nobody"}, {}]
    post = only(Post, line_of(tweet(entities={"mentions": mentions}), users=BOTH))
    assert post.mentions == (KHAMENEI_SITE, EXAMPLE)


def test_mentions_and_links_beyond_fifty_are_cut_in_the_order_of_the_payload() -> None:
    many = {"urls": [URL] * 70, "mentions": [x_mention(str(n), f"h{n}") for n in range(1, 71)]}
    post = only(Post, line_of(tweet(entities=many)))
    assert len(post.links) == 50
    assert [account.id for account in post.mentions] == [str(n) for n in range(1, 51)]


@pytest.mark.parametrize(
    "bad",
    [
        {"created_at": "2013-12-14"},
        {"created_at": "2013-12-14T04:35:55.000"},
        {"created_at": None},
        {"public_metrics": {"followers_count": -1}},
        {"public_metrics": {}},
        {"public_metrics": None},
    ],
)
def test_an_unreadable_detail_of_an_account_is_unknown(bad: Json) -> None:
    (name,) = bad
    account = only(Post, line_of(tweet(), users=[x_user(**bad)])).actor
    assert account.handle == "example"
    assert getattr(account, {"public_metrics": "followers"}.get(name, name)) is None
    assert (account.created_at is None) == (account.created_at_source is None)


def test_a_page_that_twarc_fetched_says_when_its_posts_were_seen() -> None:
    assert only(Post, X_V2["fetched by twarc"]).observed_at == SEEN_AT
    unread = page_of([tweet()], __twarc={"retrieved_at": "yesterday"})
    assert only(Post, unread).observed_at is None


def v1_account(account: Json, **more: Json) -> Json:
    return user(account["id"], account["username"], verified=account["verified"], **more)


@pytest.mark.parametrize("kind", ["post", "retweet", "quote", "quote of a missing post", "reply", "long"])
def test_the_same_status_gives_the_same_event_by_both_interfaces(kind: str) -> None:
    """As far as both say the same: of mentioned and answered accounts v1.1 has no counts, and v2 no names."""
    entities = {
        "urls": [{"url": "https://t.co/a", "expanded_url": "https://example.org/a"}],
        "user_mentions": [mention("11", "eleven", 0) | {"name": None}, mention("12", "twelve", 8) | {"name": None}],
    }
    original = status(ORIGINAL_ID, "the original", user=v1_account(AUTHOR))
    quoted_link = {"urls": [{"url": "https://t.co/a", "expanded_url": QUOTED_URL["expanded_url"]}], "user_mentions": []}
    by_v1 = {
        "post": status(text="a text", entities=entities),
        "retweet": status(text="RT @Khamenei_site: the original", retweeted_status=original),
        "quote": status(
            text=QUOTE["text"], quoted_status_id_str=ORIGINAL_ID, quoted_status=original, entities=quoted_link
        ),
        "quote of a missing post": status(
            text=QUOTE["text"], quoted_status_id_str=ORIGINAL_ID, is_quote_status=True, entities=quoted_link
        ),
        "reply": status(
            text=REPLY["text"],
            in_reply_to_status_id_str=ORIGINAL_ID,
            in_reply_to_user_id_str=AUTHOR["id"],
            in_reply_to_screen_name="Khamenei_site",
            entities={"urls": [], "user_mentions": [mention(AUTHOR["id"], "Khamenei_site") | {"name": None}]},
        ),
        "long": status(
            text="cut…", truncated=True, extended_tweet={"full_text": "the whole text", "entities": entities}
        ),
    }
    by_v2 = X_V2 | {"reply": X_V2["reply to a missing post"]}
    expected = TwitterV1Reader().read(to_line(by_v1[kind]))
    assert isinstance(expected, tuple)
    assert read(by_v2[kind]) == expected
