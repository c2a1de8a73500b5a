"""Hand-made frames of Jetstream: each as both wires write it."""

from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from tests.formats.payloads import Json

EMBASSY: Final = "did:plc:embassyembassyembassy234"
SUBJECT: Final = "did:plc:subjectsubjectsubject567"
THIRD: Final = "did:web:third.example.org"

ARRIVED: Final = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TID_ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"

Wires: TypeAlias = tuple[Json, Json]


def tid(at: datetime, clock: int = 5) -> str:
    """The record key that a server makes at a time: 13 digits of base 32, the last two of them for its clock's id."""
    number = (at - _EPOCH) // timedelta(microseconds=1) << 10 | clock
    return "".join(_TID_ALPHABET[number >> 5 * place & 31] for place in range(12, -1, -1))


KEY: Final = tid(ARRIVED - timedelta(seconds=2))


def uri(did: str, key: str = KEY, collection: str = "app.bsky.feed.post") -> str:
    return f"at://{did}/{collection}/{key}"


def ref(did: str, key: str = KEY, collection: str = "app.bsky.feed.post") -> Json:
    return {"cid": "bafyreiexample", "uri": uri(did, key, collection)}


def _both(did: str, kind: str, v1: Json, v2: Json, at: datetime) -> Wires:
    iso = at.isoformat().replace("+00:00", "Z")
    frame = {"did": did, "time_us": (at - _EPOCH) // timedelta(microseconds=1), "kind": kind, **v1}
    payload = {"$type": f"network.bsky.jetstream.subscribeEvents#{kind}", "did": did, "seq": 77, "time": iso, **v2}
    return frame, {"$type": "message", "payload": payload}


def commit(
    collection: str,
    record: Json = None,
    *,
    operation: str = "create",
    key: str = KEY,
    did: str = EMBASSY,
    at: datetime = ARRIVED,
) -> Wires:
    """A change of one record; without `record` the frame has none."""
    change: Json = {"rev": tid(at), "operation": operation, "collection": collection, "rkey": key}
    if record is not None:
        change |= {"record": {"$type": collection, "createdAt": "2001-01-01T00:00:00Z", **record}, "cid": "bafyrei"}
    return _both(did, "commit", {"commit": change}, change, at)


def post(text: str = "", *, operation: str = "create", key: str = KEY, at: datetime = ARRIVED, **more: Json) -> Wires:
    return commit("app.bsky.feed.post", {"text": text, **more}, operation=operation, key=key, at=at)


def account(*, at: datetime = ARRIVED, did: str = SUBJECT, **notice: Json) -> Wires:
    wrapped: Json = {"account": {"did": did, "seq": 9, "time": "2026-03-01T11:59:58.5Z", **notice}}
    return _both(did, "account", wrapped, wrapped, at)


def identity(*, did: str = SUBJECT, **notice: Json) -> Wires:
    wrapped: Json = {"identity": {"did": did, "seq": 9, "time": "2026-03-01T11:59:58.5Z", **notice}}
    return _both(did, "identity", wrapped, wrapped, ARRIVED)


def mention(did: str) -> Json:
    return {
        "index": {"byteStart": 0, "byteEnd": 4},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}],
    }


def link(url: str) -> Json:
    return {
        "index": {"byteStart": 5, "byteEnd": 9},
        "features": [{"$type": "app.bsky.richtext.facet#link", "uri": url}],
    }


QUOTE: Final = {"$type": "app.bsky.embed.record", "record": ref(SUBJECT)}
CARD: Final = {"$type": "app.bsky.embed.external", "external": {"uri": "https://example.org/card", "title": "t"}}
QUOTE_WITH_CARD: Final = {"$type": "app.bsky.embed.recordWithMedia", "record": QUOTE, "media": CARD}

FRAMES: Final[dict[str, Wires]] = {
    "post": post("plain", langs=["fa", "en"]),
    "edited post": post("plain, edited", operation="update"),
    "post with facets": post("@a b", facets=[mention(SUBJECT), link("https://example.org/a")]),
    "post with a card": post("see", embed=CARD),
    "answer": post("no", reply={"root": ref(THIRD), "parent": ref(SUBJECT)}),
    "quote": post("look", embed=QUOTE),
    "quote with media": post("look", embed=QUOTE_WITH_CARD),
    "repost": commit("app.bsky.feed.repost", {"subject": ref(SUBJECT)}),
    "repost by way of another": commit(
        "app.bsky.feed.repost",
        {"subject": ref(SUBJECT), "via": ref(THIRD, KEY, "app.bsky.feed.repost")},
    ),
    "follow": commit("app.bsky.graph.follow", {"subject": SUBJECT}),
    "post deleted": commit("app.bsky.feed.post", operation="delete"),
    "repost deleted": commit("app.bsky.feed.repost", operation="delete"),
    "follow deleted": commit("app.bsky.graph.follow", operation="delete"),
    "like": commit("app.bsky.feed.like", {"subject": ref(SUBJECT)}),
    "record of another application": commit("org.example.thing", {"a": [1]}),
    "account taken down": account(active=False, status="takendown"),
    "account active": account(active=True),
    "account throttled": account(active=False, status="throttled"),
    "identity": identity(handle="new.example.org"),
    "identity without handle": identity(),
}
