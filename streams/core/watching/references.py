"""The keys under which a post may refer to an account: by id, by handle in the text, by handle in a link; and to a
post.

How platforms write handles and links is `streams.core.platforms`.
"""

from functools import lru_cache
from typing import Final

from streams.core.country_event import CountryEvent
from streams.core.officials import Official
from streams.core.platforms import handle_in_link, handles_linked_in, has_link, hosts_of, mentions_in
from streams.core.rosters.roster import handle_key
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import Account

__all__ = ["POST_PREFIX", "account_keys", "post_key", "reference_keys"]

POST_PREFIX: Final = "p:"
"""What the keys of posts begin with; those of accounts begin otherwise."""


def account_keys(account: Account | Official) -> tuple[str, ...]:
    """The keys by which posts may refer to an account: its id, and its handle as far as it is known."""
    return _keys_of(account.id, account.handle)


@lru_cache(maxsize=10_000)  # a roster's accounts; asked for with each of their posts
def _keys_of(account_id: str, handle: str | None) -> tuple[str, ...]:
    return (f"i:{account_id}", f"h:{handle_key(handle)}") if handle else (f"i:{account_id}",)


def post_key(post_id: str) -> str:
    """The key of a post that another passes on or quotes, where it is known whose it is."""
    return f"{POST_PREFIX}{post_id}"


def reference_keys(event: CountryEvent, policy: WatchPolicy) -> tuple[str, ...]:
    """The keys of everybody a post refers to, sorted; its author's own are left out, at most `policy.references`.

    Accounts that it passes on, quotes, answers or mentions come before handles in its text, and these before links.
    """
    author = event.official
    own = () if author is None else _keys_of(author.id, author.handle)
    keys = [key for key in dict.fromkeys(_keys(event)) if key not in own]
    return tuple(sorted(keys[: policy.references]))


def _keys(event: CountryEvent) -> list[str]:
    """Bounded as the event is: by its text's length, its links and the accounts it is about.

    A handle in the text counts as such only where the event does not say whose it is: it may be somebody else's now.
    """
    text = event.text
    keys = [] if event.subject is None else [f"i:{event.subject.id}"]
    if event.subject is not None and event.post_id is not None:
        keys.append(post_key(event.post_id))
    keys += [f"i:{account.id}" for account in event.about]
    mentioned = mentions_in(text, event.platform)
    if event.quoted_handle:
        mentioned.append(event.quoted_handle)
    if mentioned:
        known = {handle_key(account.handle) for account in (event.subject, *event.about) if account and account.handle}
        keys += [f"h:{key}" for handle in mentioned if (key := handle_key(handle)) not in known]
    hosts = hosts_of(event.platform)
    if hosts:
        named = [handle_in_link(link, hosts) for link in event.links if has_link(hosts, link)]
        if has_link(hosts, text):
            named += handles_linked_in(text, hosts)
        keys += [f"h:{handle_key(handle)}" for handle in named if handle is not None]
    return keys
