"""Hand-made statuses and streaming events of Mastodon, of every shape that events come of."""

import json
from typing import Final

from tests.formats.payloads import Json

__all__ = ["MASTODON", "account", "frame", "server_sent", "status"]


def account(user: str = "embassy", host: str | None = None, **more: Json) -> dict[str, Json]:
    """An account as its own server shows it, or (`host`) as another one does."""
    return {
        "id": f"10{len(user)}",
        "username": user,
        "acct": user if host is None else f"{user}@{host}",
        "display_name": user.title(),
        "created_at": "2020-05-17T00:00:00.000Z",
        "url": f"https://{host or 'social.example'}/@{user}",
        "followers_count": 1_200,
        "note": "<p>not looked at</p>",
    } | more


def status(number: int = 1, **more: Json) -> dict[str, Json]:
    return {
        "id": str(108_914_000_000_000_000 + number),
        "created_at": "2026-03-01T09:00:00.250Z",
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "spoiler_text": "",
        "visibility": "public",
        "language": "en",
        "uri": f"https://social.example/users/embassy/statuses/{number}",
        "url": f"https://social.example/@embassy/{number}",
        "edited_at": None,
        "content": "<p>of its own</p>",
        "reblog": None,
        "account": account(),
        "mentions": [],
        "card": None,
    } | more


def without_content(payload: dict[str, Json]) -> dict[str, Json]:
    return payload | {"content": "", "mentions": []}


ORIGINAL: Final = status(
    7,
    uri="https://other.example/objects/7",
    url="https://other.example/notice/7",
    account=account("relay", "other.example"),
    content="<p>of another</p>",
)
HTML: Final = (
    '<p>Read <a href="https://example.org/a?x=1&amp;y=2" rel="nofollow"><span class="invisible">https://</span>'
    '<span class="ellipsis">example.org/a?x=1</span><span class="invisible">&amp;y=2</span></a><br>and ask</p>'
    '<p><span><a href="https://other.example/@relay" class="u-url mention">@<span>relay</span></a></span>'
    ' <a href="https://social.example/tags/news" class="mention hashtag" rel="tag">#<span>news</span></a></p>'
)
MENTION: Final = {
    "id": "105",
    "username": "relay",
    "acct": "relay@other.example",
    "url": "https://other.example/@relay",
}


def frame(event: str, payload: Json) -> dict[str, Json]:
    """As a WebSocket has it: JSON in JSON."""
    return {"stream": ["user"], "event": event, "payload": payload if isinstance(payload, str) else json.dumps(payload)}


def server_sent(event: str, payload: Json) -> bytes:
    return f"event: {event}\ndata: {payload if isinstance(payload, str) else json.dumps(payload)}".encode()


MASTODON: Final[dict[str, Json]] = {
    "post": status(
        content=HTML, mentions=[MENTION], card={"url": "https://example.org/card", "title": "not looked at"}
    ),
    "boost": without_content(
        status(2, uri="https://social.example/users/embassy/statuses/2/activity", reblog=ORIGINAL)
    ),
    "quote": status(quote={"state": "accepted", "quoted_status": ORIGINAL}),
    "quote by number": status(quote={"state": "accepted", "quoted_status_id": "108914000000000007"}),
    "pending quote": status(quote={"state": "pending", "quoted_status": None}),
    "quote elsewhere": status(quote=ORIGINAL),
    "answer": status(in_reply_to_id="108914000000000007", in_reply_to_account_id="105", mentions=[MENTION]),
    "edited": status(edited_at="2026-03-01T10:00:00.000Z", content="<p>put right</p>"),
    "warning": status(spoiler_text="Politics"),
    "private": status(visibility="private"),
    "account": account(),
    "update": frame("update", status()),
    "edit": frame("status.update", status()),
    "deletion": frame("delete", "108914000000000001"),
    "page": {"accounts": [account()], "statuses": [status(1), status(2)], "hashtags": []},
    "context": {"ancestors": [ORIGINAL], "descendants": [status(3)]},
    "notification": {"id": "6", "type": "mention", "account": account(), "status": status()},
}
