"""What can be typed to ask for an account or an alert."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.account_query import AccountQuery, account_query
from streams.core.platforms import post_link


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("@Khamenei_site", AccountQuery(text="@Khamenei_site", handle="Khamenei_site")),
        (" @name ", AccountQuery(text="@name", handle="name")),
        ("twitter:128", AccountQuery(text="twitter:128", keys=("twitter:128",), platform="twitter")),
        ("X:128", AccountQuery(text="X:128", keys=("twitter:128",), platform="twitter")),
        ("x:@name", AccountQuery(text="x:@name", handle="name", platform="twitter")),
        ("did:plc:abc", AccountQuery(text="did:plc:abc", keys=("bluesky:did:plc:abc",))),
        ("bsky:did:plc:abc", AccountQuery(text="bsky:did:plc:abc", keys=("bluesky:did:plc:abc",), platform="bluesky")),
        ("0123456789abcdef" * 2, AccountQuery(text="0123456789abcdef" * 2, record_id="0123456789abcdef" * 2)),
        ("https://x.com/name", AccountQuery(text="https://x.com/name", handle="name", platform="twitter")),
        ("bsky.app/profile/a.b", AccountQuery(text="bsky.app/profile/a.b", handle="a.b", platform="bluesky")),
        ("a.bsky.social", AccountQuery(text="a.bsky.social", account_id="a.bsky.social", handle="a.bsky.social")),
    ],
)
def test_what_was_typed_is_read_as_what_people_mean_by_it(typed: str, means: AccountQuery) -> None:
    assert account_query(typed) == means


def test_a_number_may_be_an_id_or_a_handle() -> None:
    found = account_query("1280000000000000001")
    assert "twitter:1280000000000000001" in found.keys
    assert (found.account_id, found.handle) == ("1280000000000000001", "1280000000000000001")


@pytest.mark.parametrize("typed", ["", "  ", "@", "https://example.org/somebody"])
def test_what_names_nothing_is_refused_with_what_can_be_typed(typed: str) -> None:
    with pytest.raises(ValueError, match="type "):
        account_query(typed)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(typed: str) -> None:
    try:
        found = account_query(typed)
    except ValueError:
        return
    assert found.record_id or found.keys or found.handle


def test_capital_letters_do_not_tell_handles_apart() -> None:
    assert account_query("@KHAMENEI_SITE").is_handle("Khamenei_site")
    assert not account_query("@other").is_handle("Khamenei_site")
    assert not account_query("twitter:1").is_handle(None)


@pytest.mark.parametrize(
    ("platform", "account", "handle", "post", "link"),
    [
        ("twitter", "1", "name", "99", "https://x.com/name/status/99"),
        ("twitter", "1", None, "99", "https://x.com/i/status/99"),
        ("twitter", "1", "../evil", "99", "https://x.com/i/status/99"),
        ("twitter", "1", "name", "99/../x", None),
        (
            *("bluesky", "did:plc:a", None, "at://did:plc:a/app.bsky.feed.post/3k"),
            "https://bsky.app/profile/did:plc:a/post/3k",
        ),
        ("bluesky", "did:plc:a", None, "at://did:plc:a/app.bsky.feed.repost/3k", None),
        ("telegram", "channel1", "name", "channel1/7", "https://t.me/name/7"),
        ("telegram", "channel1", None, "channel1/7", None),
        ("mastodon", "1", "name", "7", None),
    ],
)
def test_a_post_has_the_address_at_which_people_see_it(
    platform: str, account: str, handle: str | None, post: str, link: str | None
) -> None:
    """And none where it is not known: what is in an event never becomes another part of an address."""
    assert post_link(platform, account, handle, post) == link
