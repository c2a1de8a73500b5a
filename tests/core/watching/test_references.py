"""Under which keys a post refers to accounts: each way of naming one is found, and nothing else is taken for one."""

import re
import time
from collections import Counter
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.core.rosters.roster import handle_key
from streams.core.watching.references import account_keys, reference_keys
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account
from tests.core.tracking.strategies import examples
from tests.core.watching.watch_events import IRAN, amplification, post

_POLICY = WatchPolicy()
_handles = st.from_regex(r"[A-Za-z0-9_]{1,15}", fullmatch=True).filter(lambda handle: handle != IRAN[0].handle)
_SITES = (
    *("https://twitter.com/", "http://www.twitter.com/", "HTTPS://Mobile.Twitter.com/", "x.com/@", "https://x.com/"),
    *(
        "twitter.com/",
        "www.twitter.com/",
        "Mobile.Twitter.com/",
        "m.x.com/",
        "twitter.com/#!/",
        "http://twitter.com/#!/",
    ),
)
_NO_HANDLES = {"i", "home", "search", "hashtag", "intent", "share", "explore", "watch", "joinchat"}
# What may stand around a handle without being part of it, in the scripts of the texts.
_around = st.sampled_from(("", " ", "\n", "(", ")", "،", "。", "«", "…", ":", "سلام", "您好", "\u200f", ",", "."))
_before = _around | st.sampled_from(("RT", "rt", "RT:", "w/", "é", "That is all.", "\u200f.", "-", "_RT:", "art."))


def _keys(
    text: str = "", *, links: Sequence[str] = (), platform: str = "twitter", about: Sequence[str] = ()
) -> set[str]:
    accounts = tuple(Account(id=account) for account in about)
    event = msgspec.structs.replace(post("p", 0, text=text), links=tuple(links), platform=platform, about=accounts)
    return set(reference_keys(event, _POLICY))


@pytest.mark.slow
@examples(200)
@given(_handles, _before, _around, st.sampled_from(("@", "＠")))
def test_a_handle_in_a_text_is_found_in_any_surroundings(handle: str, before: str, after: str, sign: str) -> None:
    assert f"h:{handle_key(handle)}" in _keys(f"{before}{sign}{handle}{after}")


@examples(100)
@given(
    _handles.filter(lambda handle: handle.lower() not in _NO_HANDLES),
    st.sampled_from(_SITES),
    st.sampled_from(("", "/", "/status/1", "?s=20", "#x", "/with_replies?a=@b")),
    st.sampled_from(
        ("", "see ", "\n", "(", "«", '"', "via:", "سلام", "您好", "\u200f", "İ ", "https://example.org/a ")
    ),
    st.sampled_from(("", " now", ".", ", and", ")", "!?", "»", "،", "您好", " https://example.org/", '">', "?")),
    st.booleans(),
)
def test_a_link_that_names_a_handle_is_found_as_a_link_and_in_a_text(
    handle: str, site: str, rest: str, before: str, after: str, in_text: bool
) -> None:
    link = f"{site}{handle}{rest}"
    if in_text:
        assert f"h:{handle_key(handle)}" in _keys(f"{before}{link}{after}")
    else:
        assert f"h:{handle_key(handle)}" in _keys(links=[link])


_parts = st.sampled_from(("someone", "status", "1", "s", "profile", "Profile", "i", "I", "", "hashtag"))


def test_a_plain_link_is_read_as_one_with_a_query_behind_it() -> None:
    """There is a short cut for links in which nothing has to be decoded; a query makes them take the long way."""
    seen: Counter[str] = Counter()

    @examples(300)
    @given(
        st.sampled_from(("twitter.com", "x.com", "m.x.com", "www.twitter.com", "t.me", "vk.com", "x.com.evil.org")),
        st.lists(_parts, min_size=1, max_size=4),
        st.sampled_from(("twitter", "twitter", "twitter", "telegram", "vk")),
    )
    def check(host: str, parts: list[str], platform: str) -> None:
        link = f"https://{host}/{'/'.join(parts)}"
        found = _keys(links=[link], platform=platform)
        assert found == _keys(links=[f"{link}?s=20"], platform=platform)
        assert found == _keys(f"see {link}", platform=platform)
        seen[min(found, default="nothing")] += 1

    check()
    assert min(seen["h:someone"], seen["h:status"], seen["nothing"]) > 0, seen


@pytest.mark.parametrize(
    "text",
    [
        *("mail me at someone@example.org", "https://example.org/@someone", "example.org/@someone"),
        *("@@someone", "x@someone", "@ someone", "aRT@someone", "_@someone", "#@someone", "@someone@", "@someoneé"),
        *("https://example.org/someone", "https://twitter.com.example.org/someone", "https://eviltwitter.com/someone"),
        *("https://user@example.org:443/x", "https://twitter.com/i/events/1", "https://twitter.com/hashtag/someone"),
        *("https://[::1/someone", "https://twitter.com/%ff%fe", "https://twitter.com/", "https://twitter.com"),
        *("eviltwitter.com/someone", "évil.twitter.com/someone", "help.twitter.com/en", "api.x.com/someone"),
        *("example.org/twitter.com/someone", "https://example.org/?u=twitter.com/someone", "netflix.com/someone"),
        *(
            "example.org?u=x.com/someone",
            "twitter.com/search?q=someone",
            "twitter.com",
            "x.com/",
            "twitter.com someone",
        ),
        *(
            "https://twitter.com/some…",
            "twitter.com/some...",
            "pic.twitter.com/a1b2",
            "https://évil…twitter.com/someone",
        ),
        *(f"@{mark}someone" for mark in "\u200b\u200c\u200d\u200e\u200f\u202b\u2066\u2067\u2068\u2069\ufeff"),
    ],
)
def test_what_only_looks_like_a_handle_or_link_is_none(text: str) -> None:
    assert _keys(text, links=[text]) == set()


def test_of_many_links_the_first_in_the_text_are_kept() -> None:
    text = " ".join(f"{host}/h{n}" for n in range(_POLICY.references) for host in ("x.com", "twitter.com"))
    assert _keys(text) == {f"h:h{n}" for n in range(_POLICY.references)}
    first = " ".join(f"{('x.com', 'twitter.com')[n % 2]}/h{n}" for n in range(_POLICY.references + 9))
    assert _keys(first) == {f"h:h{n}" for n in range(_POLICY.references)}


def test_an_address_of_mail_is_no_link() -> None:
    assert _keys("mail@twitter.com/someone") == set()


@pytest.mark.parametrize(
    ("platform", "text", "key"),
    [
        ("mastodon", "hello @someone@example.social!", "h:someone@example.social"),
        ("mastodon", "hello @someone@example.social!", "h:someone"),
        ("bluesky", "hello @some-one.bsky.social.", "h:some-one.bsky.social"),
        ("bluesky", "https://bsky.app/profile/some-one.example.org/post/3k", "h:some-one.example.org"),
        ("mastodon", "thanks .@someone", "h:someone"),
        ("telegram", "https://t.me/s/someone/12", "h:someone"),
        ("twitter", "https://x.com/s/status/12", "h:s"),
        ("twitter", "a video: twitter.com/Some_one/sta…", "h:some_one"),
        ("twitter", "x.com/@some_one", "h:some_one"),
        ("bluesky", "(bsky.app/profile/some-one.example.org)", "h:some-one.example.org"),
        ("telegram", "подробнее t.me/Some_one/12.", "h:some_one"),
        ("twitter", "http://twitter.com/#!/Some_one", "h:some_one"),
        ("twitter", "http://twitter.com/#!/Some_one/statuses/2", "h:some_one"),
        ("twitter", "http://twitter.com/#!/Some_one?s=20#x", "h:some_one"),
        ("twitter", "https://twitter.com//Some_one", "h:some_one"),
        ("twitter", "https://twitter.com/intent/follow?screen_name=Some_one&x=1", "h:some_one"),
        ("twitter", "https://twitter.com/intent/user?screen_name=@Some_one", "h:some_one"),
        ("youtube", "https://www.youtube.com/@some.one", "h:some.one"),
    ],
)
def test_each_platform_is_read_as_it_writes(platform: str, text: str, key: str) -> None:
    assert key in _keys(text, platform=platform)


def test_accounts_that_are_passed_on_quoted_answered_or_mentioned_count_by_id() -> None:
    assert _keys(about=["7", "8"]) == {"i:7", "i:8"}
    assert set(reference_keys(amplification("r", 0, of=Account(id="9", handle="nine")), _POLICY)) == {"i:9", "p:of-r"}


def test_a_handle_whose_id_the_event_gives_is_not_looked_for_as_a_handle() -> None:
    """The handle may have been another account's before: the entity says whose it is."""
    about = (Account(id="7", handle="Some_One"),)
    event = msgspec.structs.replace(post("p", 0, text=".@some_one and @other"), about=about)
    assert reference_keys(event, _POLICY) == ("h:other", "i:7")


def test_nobody_refers_to_itself() -> None:
    event = msgspec.structs.replace(post("p", 0, text="@Embassy_0 and @other"), about=(Account(id=IRAN[0].id),))
    assert reference_keys(event, _POLICY) == ("h:other",)


def test_an_account_is_looked_for_by_id_and_by_handle_without_case() -> None:
    assert account_keys(Account(id="7", handle="@Khamenei_Site")) == ("i:7", "h:khamenei_site")
    assert account_keys(Account(id="7")) == ("i:7",)


def test_keys_are_bounded_and_those_by_id_come_first() -> None:
    text = " ".join(f"@h{n}" for n in range(500))
    event = msgspec.structs.replace(post("p", 0, text=text), about=tuple(Account(id=str(n)) for n in range(50, 90)))
    keys = reference_keys(event, _POLICY)
    assert len(keys) == _POLICY.references
    assert sum(key.startswith("i:") for key in keys) == 40
    assert list(keys) == sorted(keys)


_letters = st.sampled_from((*"@@＠aRTt0_.!/~é您ا \n\u0301\u200c\u200f\u2066",))


@examples(400)
@given(st.lists(_letters, max_size=12).map("".join))
def test_mentions_are_what_twitter_makes_links_of(text: str) -> None:
    """As its library twitter-text tells them: what stands before the sign, at once behind it, and behind the name."""
    plain: set[str] = set()
    for at, sign in enumerate(text):
        name = re.match("[A-Za-z0-9_]*", text[at + 1 :])
        assert name
        behind, before = text[at + 1 + name.end() :][:1], text[:at]
        stands = not before or not re.match("[A-Za-z0-9_!#$%&*@＠]", before[-1])
        retweets = before[-2:].lower() == "rt" and not re.match("[A-Za-z0-9_+~.-]", before[-3:-2] or " ")
        if sign in "@＠" and name[0] and behind not in {"@", "＠", "é", "\u0301"} and (stands or retweets):
            plain.add(f"h:{name[0].lower()}")
    assert _keys(text) == plain


@pytest.mark.parametrize(
    "unit",
    [
        "@",
        "@a",
        "@a.",
        "@a-",
        "https://",
        "https://twitter.com/",
        "a@",
        "@\u2066",
        "%",
        "[",
        "@a@",
        "x.com/",
        "x.com/a ",
    ],
)
@pytest.mark.parametrize("platform", ["twitter", "mastodon"])
def test_a_hostile_text_takes_no_time(unit: str, platform: str) -> None:
    text = (unit * 4_000)[:4_000]
    began = time.process_time()
    for _ in range(10):
        _keys(text, links=[text[:2_048]] * 20, platform=platform)
    assert time.process_time() - began < 2, "ten posts of the longest kind"
