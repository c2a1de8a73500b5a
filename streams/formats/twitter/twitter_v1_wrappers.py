"""Forms in which v1.1 messages were delivered several at a time, or inside an envelope, and what is in them."""

from collections.abc import Sequence

from msgspec import Raw, Struct, field
from msgspec.json import Decoder

from streams.refusal import DECODE_ERRORS

__all__ = ["wrapped_messages"]


class _Hits(Struct, gc=False):
    hits: list[Raw] = []


class _Envelope(Struct, gc=False):
    """`message`: Site Streams. `statuses`: search results. `tweet_create_events` and the others: Account Activity
    webhooks. `id`: `statuses/lookup` with `map=true`, by id, null for what is gone. `_source`, `hits`: Elasticsearch.
    """

    message: Raw = Raw()
    source: Raw = field(default=Raw(), name="_source")
    hits: _Hits | None = None
    statuses: list[Raw] | None = None
    tweet_create_events: list[Raw] | None = None
    tweet_delete_events: list[Raw] | None = None
    id: dict[str, Raw] | int | float | str | None = None


_envelope = Decoder(_Envelope)
_list = Decoder(list[Raw])


def wrapped_messages(line: bytes) -> Sequence[bytes]:
    """The messages of a line that wraps some, in their order; none of any other line. Never raises."""
    try:
        if line[:1] == b"[":
            return [bytes(each) for each in _list.decode(line)]
        envelope = _envelope.decode(line)
    except DECODE_ERRORS:
        return ()
    lists = (envelope.statuses, envelope.tweet_create_events, envelope.tweet_delete_events)
    found = [bytes(each) for messages in lists for each in messages or ()]
    found += [message for message in (bytes(envelope.message), bytes(envelope.source)) if message]
    if envelope.hits is not None:
        found += [bytes(each) for each in envelope.hits.hits]
    if isinstance(envelope.id, dict):
        found += [bytes(each) for each in envelope.id.values()]
    return found
