"""Events as both wires of Jetstream write them, byte for byte: the order of keys, the times, what is escaped."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import orjson

from tools.servers.jetstream.log import LogEvent

__all__ = ["error_frame", "info_frame", "v1_frame", "v2_frame"]

_NSID: Final = "network.bsky.jetstream.subscribeEvents"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COMMIT_KEYS: Final = ("rev", "operation", "collection", "rkey", "record", "cid")


def v1_frame(event: LogEvent, *, legacy: bool = False) -> bytes | None:
    """The frame of `/subscribe`; `None` for what that wire does not have. A `legacy` host writes no seq."""
    if event.kind == "sync" or event.resync:
        return None
    frame: dict[str, Any] = {"did": event.did, "time_us": event.time_us}
    if not legacy:
        frame["cursor"] = event.seq
    frame["kind"] = event.kind
    # The server writes Go's structs: their keys have an order, and those of everything inside are sorted.
    body: Any = orjson.Fragment(orjson.dumps(event.body, option=orjson.OPT_SORT_KEYS))
    if event.kind == "commit":
        body = {key: _sorted(event.body[key]) for key in _COMMIT_KEYS if key in event.body}
    text = orjson.dumps(frame | {event.kind: body})
    # Go's encoder escapes what could end a script in a page; none of these stands outside strings in JSON.
    for character, escaped in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
        text = text.replace(character, escaped)
    return text.replace("\u2028".encode(), b"\\u2028").replace("\u2029".encode(), b"\\u2029")


def v2_frame(event: LogEvent) -> bytes:
    """The message frame of `subscribeEvents`."""
    wrapped: dict[str, Any] = dict(event.body) if event.kind == "commit" else {event.kind: event.body}
    at = (_EPOCH + timedelta(microseconds=event.time_us)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    payload = {**wrapped, "$type": f"{_NSID}#{event.kind}", "did": event.did, "seq": event.seq, "time": at}
    return orjson.dumps({"$type": "message", "payload": payload}, option=orjson.OPT_SORT_KEYS)


def info_frame(name: str, message: str) -> bytes:
    """What the server says of the stream itself; it has no seq."""
    payload = {"$type": f"{_NSID}#info", "message": message, "name": name}
    return orjson.dumps({"$type": "message", "payload": payload})


def error_frame(error: str, message: str) -> bytes:
    """The last frame of a connection."""
    return orjson.dumps({"$type": "error", "error": error, "message": message})


def _sorted(value: Any) -> Any:
    return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_SORT_KEYS))
