"""Hand-made messages of a Tap, in the shapes that it writes and that its documentation shows."""

from datetime import timedelta
from typing import Final

from tests.formats.jetstream_frames import ARRIVED, EMBASSY, KEY, SUBJECT, ref, tid
from tests.formats.payloads import Json

__all__ = ["OLD_KEY", "SEEN", "TAP", "record"]

SEEN: Final = "2026-03-01T12:00:05Z"
OLD_KEY: Final = tid(ARRIVED - timedelta(days=400))


def record(collection: str, body: Json = None, *, action: str = "create", live: bool = True, key: str = KEY) -> Json:
    """A change of one record, or, not `live`, a record that stands there; its commit is of `ARRIVED`."""
    said: Json = {
        "live": live,
        "did": EMBASSY,
        "rev": tid(ARRIVED),
        "collection": collection,
        "rkey": key,
        "action": action,
    }
    if body is not None:
        said |= {"record": {"$type": collection, "createdAt": "2001-01-01T00:00:00Z", **body}, "cid": "bafyrei"}
    return {"id": 12_345, "type": "record", "record": said}


def identity(name: str = "identity", **said: Json) -> Json:
    """What is so of an account, with the time at which somebody recorded it."""
    return {"id": 12_346, "type": name, name: {"did": SUBJECT, **said}, "observed_at": SEEN}


TAP: Final[dict[str, Json]] = {
    "post": record("app.bsky.feed.post", {"text": "plain", "langs": ["fa"]}),
    "repost": record("app.bsky.feed.repost", {"subject": ref(SUBJECT)}),
    "follow": record("app.bsky.graph.follow", {"subject": SUBJECT}),
    "un-repost": record("app.bsky.feed.repost", action="delete"),
    "like": record("app.bsky.feed.like", {"subject": ref(SUBJECT)}),
    "old repost": record("app.bsky.feed.repost", {"subject": ref(SUBJECT)}, live=False, key=OLD_KEY),
    "old record without a time": record("app.bsky.feed.post", {"text": "self"}, live=False, key="self"),
    "active": identity(handle="nova.example.org", is_active=True, status="active"),
    "takedown": identity(handle="handle.invalid", is_active=False, status="takendown"),
    "throttled": identity(handle="handle.invalid", is_active=False, status="throttled"),
    "as documented": identity("user", handle="nova.example.org", isActive=False, status="deactivated"),
}
