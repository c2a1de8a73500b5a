"""Leaves the texts of posts and notices out of a proof's events; the hash of the original stays."""

from hashlib import sha256

from msgspec.structs import replace

from streams.events import Event, Post, Retweet, Suspension, decode_event, encode_event
from streams.proofs.material import KeptEvent

__all__ = ["without_texts"]


def without_texts(kept: KeptEvent) -> KeptEvent:
    """The event without texts; itself where it has none."""
    if kept.value is None:
        return kept
    event = decode_event(kept.value)
    redacted = _without_texts(event)
    if redacted == event:
        return kept
    value = encode_event(redacted)
    return KeptEvent(index=replace(kept.index, sha256_here=sha256(value).hexdigest(), encoding=""), value=value)


def _without_texts(event: Event) -> Event:
    match event:
        case Post():
            return replace(event, text="")
        case Retweet():
            return replace(event, text=None)
        case Suspension():
            return replace(event, reason=None)
        case _:
            return event
