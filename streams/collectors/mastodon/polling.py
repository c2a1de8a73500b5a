"""One look at one official: what is new since the last, and what has vanished."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec
from msgspec import Raw, Struct

from streams.collectors.mastodon.api import PAGE, MastodonServer
from streams.collectors.mastodon.windows import Known, ListedStatus, is_newer, vanished
from streams.collectors.source import Chunk
from streams.events import Account, Deletion
from streams.formats.mastodon.mastodon import MastodonReader
from streams.formats.mastodon.mastodon_statuses import MASTODON
from streams.formats.reader import Skipped
from streams.kafka.dead_letter_record import letter_of

__all__ = ["Look", "poll"]

_MOST_PAGES: Final = 10  # of what was missed: 400 statuses; the next look goes on behind them
_reader: Final = MastodonReader()


class _Numbered(Struct):
    id: str


_numbered: Final = msgspec.json.Decoder(_Numbered)


class _Status(Struct, frozen=True):
    id: str
    raw: bytes


class Look(NamedTuple):
    """The chunk, without a cursor, what is known of the official then, and whether that is all that he did."""

    chunk: Chunk
    known: Known
    is_whole: bool


async def poll(server: MastodonServer, known: Known) -> Look:
    """Look once. Raises `SourceError` and `GoneError`."""
    chunk = Chunk()
    page = _take_page(chunk, await server.statuses(known.account_id))
    new = [each for each in page if is_newer(each.id, known.newest)]
    is_whole = True
    if known.newest and page and len(new) == len(page):
        new, is_whole = await _since(server, known, chunk, new)
    listed = {each.id: _add(chunk, each) for each in new}
    if not known.newest:
        chunk.back_filled = len(chunk.events)
    before = {each.id: each for each in known.window}
    window = [before.get(each.id) or ListedStatus(each.id, listed.get(each.id) or _event_id(each)) for each in page]
    for each in vanished(known.window, window):
        # What is only hidden from the page is asked for once, too: it is not in the next window.
        if each.event_id and not await server.has_status(each.id):
            chunk.events.append(_deletion(each.event_id, known.url))
    if not is_whole:
        window = []
    newest = new[-1].id if new else known.newest
    return Look(chunk, Known(known.account_id, known.url, newest, window or known.window), is_whole)


async def _since(server: MastodonServer, known: Known, chunk: Chunk, new: list[_Status]) -> tuple[list[_Status], bool]:
    """What came between the newest that is known and the page, too, the oldest first, and whether that is all."""
    found = {each.id: each for each in new}
    after = known.newest
    for _ in range(_MOST_PAGES):
        page = _take_page(chunk, await server.statuses(known.account_id, after))
        if not page:
            return _sorted(found), True
        found |= {each.id: each for each in page}
        after = page[-1].id
        if not is_newer(new[0].id, after):
            return _sorted(found), True
    return [each for each in _sorted(found) if not is_newer(each.id, after)], False


def _sorted(found: dict[str, _Status]) -> list[_Status]:
    return sorted(found.values(), key=lambda each: (len(each.id), each.id))


def _take_page(chunk: Chunk, page: list[Raw]) -> list[_Status]:
    """The statuses of a page, the oldest first. One without an id is a dead letter."""
    found = {}
    for raw in page[: 2 * PAGE]:
        data = bytes(raw)
        chunk.size += len(data)
        try:
            number = _numbered.decode(data).id
        except (msgspec.DecodeError, UnicodeDecodeError):
            _add(chunk, _Status("", data))
            continue
        found[number] = _Status(number, data)
    return _sorted(found)


def _add(chunk: Chunk, status: _Status) -> str:
    """Add what a status says; the id of its event, if it has one."""
    chunk.received += 1
    reading = _reader.read(status.raw)
    match reading:
        case tuple():
            chunk.events += reading
            return reading[0].id
        case Skipped(name):
            chunk.skipped[name] += 1
        case refused:
            chunk.letters.append(letter_of(refused, status.raw, MASTODON, 0, 0))
    return ""


def _event_id(status: _Status) -> str:
    """The id of the event that a status was, or would be."""
    reading = _reader.read(status.raw)
    return reading[0].id if isinstance(reading, tuple) else ""


def _deletion(event_id: str, account: str) -> Deletion:
    now = datetime.now(UTC)
    return Deletion(
        platform=MASTODON, id=event_id, at=now, observed_at=now, post_id=event_id, actor=Account(id=account)
    )
