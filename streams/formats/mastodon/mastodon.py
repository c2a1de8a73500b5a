"""The format `mastodon`: statuses and streaming events of Mastodon's API, and of servers that speak it."""

from collections.abc import Sequence
from typing import Final

import msgspec
from msgspec import Raw
from msgspec.json import Decoder

from streams.core.rounded_ids import IdEvidence, Verdict
from streams.deadletters import Reason
from streams.formats.fields.mending import Member
from streams.formats.inputs.event_stream import ServerEvent, is_event_stream, server_event
from streams.formats.mastodon.mastodon_payloads import Record, Status
from streams.formats.mastodon.mastodon_statuses import STATUS_NAMES, read_status
from streams.formats.reader import Reading, Skipped
from streams.formats.twitter.twitter_v1_fields import Ids
from streams.refusal import DECODE_ERRORS, Refused, refused_line, rejection, undecodable

__all__ = ["SKIPPED_NAMES", "MastodonReader"]

_STATUS_EVENTS: Final = frozenset({"update", "status.update"})
# A deletion has the server's own number of a status, no author and no time.
_SKIPPED_EVENTS: Final = {
    event: Skipped(event.replace(".", "_"))
    for event in (
        *("announcement", "announcement.delete", "announcement.reaction", "conversation", "delete"),
        *("encrypted_message", "filters_changed", "notification", "notifications_merged"),
    )
}
_BLANK: Final = Skipped("blank")
_KEEP_ALIVE: Final = Skipped("keep_alive")
_ACCOUNT: Final = Skipped("account_without_time")
_EMPTY_PAGE: Final = Skipped("empty_page")

SKIPPED_NAMES: Final = STATUS_NAMES | {
    *(skipped.name for skipped in _SKIPPED_EVENTS.values()),
    *("account_without_time", "blank", "empty_page", "keep_alive"),
}

_record: Final = Decoder(Record)
_status: Final = Member(Status)
_word: Final = Decoder(str)
_list: Final = Decoder(list[Raw])
_IDS: Final = Ids(exact_numbers=True)  # numbers of Mastodon name nothing that is looked up


class MastodonReader:
    """Reads statuses, one a record, and events of both streams: of a WebSocket, and server-sent."""

    name: Final = "mastodon"

    def read(self, line: bytes) -> Reading:
        """One event, a message skipped under one of `SKIPPED_NAMES`, or a rejection. Never raises.

        Only the fields that events need are looked at. One of another type than Mastodon's is put right, or unknown.
        """
        if not line or line.isspace():
            return _BLANK
        event = server_event(line) if is_event_stream(line) else None
        data = line if event is None else event.data or b""
        try:
            return _read(line) if event is None else _read_server_event(event)
        except DECODE_ERRORS as error:
            return undecodable(data, error)
        except Refused as refused:
            return refused_line(data, refused)

    def ids_in(self, line: bytes, numbers: IdEvidence, texts: IdEvidence) -> None:
        """See `FormatReader`: its ids are addresses."""

    def of_file(self, numbers: Verdict) -> "MastodonReader":
        """See `FormatReader`."""
        return self

    def parts(self, line: bytes) -> Sequence[bytes]:
        """See `FormatReader`: the statuses of a search, and those around one (`context`)."""
        try:
            record = _record.decode(line)
            lists = [raw for raw in (record.ancestors, record.statuses, record.descendants) if raw]
            return [bytes(status) for raw in lists for status in _list.decode(raw)]
        except DECODE_ERRORS:
            return ()


def _read(line: bytes) -> Reading:
    record = _record.decode(line)
    if record.account and record.status:
        return _SKIPPED_EVENTS["notification"]
    if record.account:
        return read_status(_status.decoded(Raw(line), "$", _IDS))
    if record.event and record.payload:
        return _read_event(_word.decode(record.event), bytes(record.payload))
    lists = [raw for raw in (record.ancestors, record.statuses, record.descendants) if raw]
    if lists and all(raw == b"[]" for raw in map(bytes, lists)):
        return _EMPTY_PAGE
    if lists:
        raise Refused(Reason.UNKNOWN_SHAPE, "a page of statuses, which are read one by one")
    if record.acct:
        return _ACCOUNT
    keys = msgspec.json.decode(line).keys()
    raise Refused(
        Reason.UNKNOWN_SHAPE, f"no `account` and no `event` among the keys {', '.join(list(keys)[:10]) or '(none)'}"
    )


def _read_event(event: str, payload: bytes) -> Reading:
    """An event by its name. In a WebSocket the payload is a string that holds JSON."""
    skipped = _SKIPPED_EVENTS.get(event)
    if skipped is not None:
        return skipped
    if event not in _STATUS_EVENTS:
        return rejection(Reason.UNKNOWN_SHAPE, f"event: {event!r}")
    if payload[:1] == b'"':
        payload = _word.decode(payload).encode()
    record = _record.decode(payload)
    if not record.account:
        raise Refused(Reason.NOT_AN_EVENT, f"payload of {event}: no status")
    return read_status(_status.decoded(Raw(payload), "$", _IDS))


def _read_server_event(event: ServerEvent) -> Reading:
    """A server-sent event. One that was recorded without its name is known by its data."""
    if event.data is None:
        return _KEEP_ALIVE
    if event.name:
        return _read_event(event.name.decode("utf-8", "replace"), event.data)
    return _SKIPPED_EVENTS["delete"] if event.data.isdigit() else _read(event.data)
