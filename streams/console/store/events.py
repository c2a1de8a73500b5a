"""What is asked of kept events and aftermaths."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

import msgspec

from streams.console.store.connections import StoreConnections
from streams.console.store.evidence_rows import deletion_name
from streams.console.store.filters import MOST_ROWS, AftermathFilter, PageOf
from streams.console.store.paging import Keyset, page_rows
from streams.console.store.results import EventRow, Found, StoredAftermath, written_at
from streams.console.store.searching import MOST_HITS, folded_text, phrases
from streams.console.store.tables import unpack
from streams.core.clock import from_us
from streams.core.evidence import EvidenceKey
from streams.core.subject_event import Coordinates
from streams.core.watching.aftermath_records import Aftermath
from streams.events import Coverage, decode_event
from streams.refusal import DECODE_ERRORS

__all__ = ["EventQueries"]

_decode: Final = msgspec.json.Decoder(Aftermath).decode
_FIRST: Final = PageOf()
_COLUMNS: Final = (
    "platform, kind, event, sha256, topic, partition, place, observed_us, received_us, withheld, body"  # as `_kept`
)


class EventQueries(StoreConnections):
    """Questions about the bytes that everything rests on, and about aftermaths."""

    def events(self, platform: str, ids: Sequence[str]) -> dict[str, tuple[EventRow, ...]]:
        """The kept events with these ids on a platform, by id: copies with different bytes, and kinds, one behind the
        other. An id of which nothing is kept is absent.
        """
        question = (
            f"SELECT {_COLUMNS} FROM events WHERE platform = ? AND event IN (SELECT value FROM json_each(?)) "  # noqa: S608
            "ORDER BY event, at_us, id"
        )
        found: dict[str, tuple[EventRow, ...]] = {}
        for row in self.rows(question, (platform, msgspec.json.encode(list(ids)).decode())):
            found[row[2]] = (*found.get(row[2], ()), _kept(row))
        return found

    def event_of_digest(self, digest: str) -> EventRow | None:
        """The kept event whose bytes have this SHA-256 (hex)."""
        row = self.row(f"SELECT {_COLUMNS} FROM events WHERE sha256 = ? ORDER BY id", (digest,))  # noqa: S608  # own
        return None if row is None else _kept(row)

    def events_of_subject(self, key: str, page: PageOf = _FIRST) -> Found[EventRow]:
        """A page of the kept events that name an account (`platform:id`) in whatever part, the newest first. Raises
        `CursorError`.
        """
        keyset = Keyset(page, "a.at_us", "a.event")
        columns = ", ".join(f"e.{name}" for name in _COLUMNS.split(", "))
        question = (
            f"SELECT a.at_us, a.event, {columns} FROM event_accounts AS a JOIN events AS e ON e.id = a.event "  # noqa: S608
            f"WHERE {keyset.where} AND a.account = ? ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, (*keyset.values, key)))
        return Found(rows=tuple(_kept(row[2:]) for row in rows), next=following, previous=previous)

    def deletions_of(self, platform: str, post_ids: Sequence[str]) -> dict[str, tuple[EventRow, ...]]:
        """The kept deletions of posts and retweets, by the id of what is gone, oldest first. A post without any is
        absent.
        """
        names = {deletion_name(platform, post_id): post_id for post_id in post_ids}
        columns = ", ".join(f"e.{name}" for name in _COLUMNS.split(", "))
        question = (
            f"SELECT a.account, {columns} FROM event_accounts AS a JOIN events AS e ON e.id = a.event "  # noqa: S608
            "WHERE a.account IN (SELECT value FROM json_each(?)) ORDER BY a.at_us, a.event"
        )
        found: dict[str, tuple[EventRow, ...]] = {}
        for row in self.rows(question, (msgspec.json.encode(list(names)).decode(),)):
            post_id = names[row[0]]
            found[post_id] = (*found.get(post_id, ()), _kept(row[1:]))
        return found

    def oldest_event_received_at(self) -> datetime | None:
        """When the raw event that was kept first, of those that are still there, was received; `None` where none is
        kept, or nobody knows when.
        """
        row = self.row("SELECT received_us FROM events ORDER BY id LIMIT 1")
        return None if row is None or row[0] is None else from_us(row[0])

    def every_event(self, platform: str) -> Iterator[EventRow]:
        """All kept events of a platform in the order in which they came, withheld ones too."""
        last = 0
        question = f"SELECT id, {_COLUMNS} FROM events WHERE id > ? AND platform = ? ORDER BY id LIMIT {MOST_ROWS}"  # noqa: S608
        while rows := self.rows(question, (last, platform)):
            last = rows[-1][0]
            yield from (_kept(row[1:]) for row in rows)

    def posts_with(self, text: str, page: PageOf) -> Found[EventRow]:
        """A page of kept posts and retweets with every word of a text, folded, the last kept first. The last word may
        be the beginning of one. Raises `CursorError`.
        """
        keyset = Keyset(page, "id", "id")
        wanted = folded_text(text)
        if not wanted:
            return Found(rows=())
        question = (
            f"SELECT id, id, {_COLUMNS} FROM events WHERE id IN (SELECT rowid FROM event_words "  # noqa: S608  # own
            f"WHERE event_words MATCH ? ORDER BY rowid DESC LIMIT {MOST_HITS}) AND {keyset.where} "
            f"ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, (f"{phrases(wanted)}*", *keyset.values)))
        return Found(rows=tuple(_kept(row[2:]) for row in rows), next=following, previous=previous)

    def aftermath(self, aftermath_id: str) -> StoredAftermath | None:
        """The valid record of an aftermath, also of a void one."""
        question = "SELECT body, written_ms, place FROM aftermaths JOIN aftermath_bodies USING (id) WHERE aftermath = ?"
        row = self.row(question, (aftermath_id,))
        if row is None:
            return None
        value = unpack(row[0])
        return StoredAftermath(
            aftermath=_decode(value),
            value=value,
            sha256=sha256(value).hexdigest(),
            written_at=written_at(row[1]),
            place=row[2],
        )

    def aftermaths(self, wanted: AftermathFilter, page: PageOf) -> Found[Aftermath]:
        """A page of the aftermaths of a filter. Raises `CursorError`."""
        keyset = Keyset(page, "opened_us", "id")
        where, values = [keyset.where], list[object](keyset.values)
        for column, chosen in (
            ("country", wanted.countries),
            ("status", wanted.statuses),
            ("platform", wanted.platforms),
            ("subject", (wanted.subject,) if wanted.subject else ()),
        ):
            if chosen:
                where.append(f"{column} IN ({', '.join('?' * len(chosen))})")
                values += chosen
        if not wanted.statuses:
            where.append("status <> 'void'")
        question = (
            f"SELECT opened_us, id, body FROM aftermaths JOIN aftermath_bodies USING (id) "  # noqa: S608  # own names
            f"WHERE {' AND '.join(where)} ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, values))
        return Found(rows=tuple(_decode(unpack(row[2])) for row in rows), next=following, previous=previous)

    def aftermaths_of(self, key: str) -> tuple[Aftermath, ...]:
        """The aftermaths of a subject (`platform:id`), the last one first, without void ones."""
        return self.aftermaths(AftermathFilter(subject=key), PageOf(size=MOST_ROWS)).rows

    def successor_in(self, key: str) -> tuple[Aftermath, ...]:
        """The aftermaths that list an account (`platform:id`) as a possible successor, the last one first."""
        question = (
            "SELECT body FROM successors AS s JOIN aftermaths AS a ON a.id = s.aftermath "
            "JOIN aftermath_bodies AS b ON b.id = a.id WHERE s.subject = ? AND a.status <> 'void' "
            "ORDER BY a.opened_us DESC, a.id DESC LIMIT ?"
        )
        return tuple(_decode(unpack(body)) for (body,) in self.rows(question, (key, MOST_ROWS)))


def _kept(row: Any) -> EventRow:
    platform, kind, event_id, digest, topic, partition, place, observed_us, received_us, withheld, body = row
    value = None if body is None else unpack(body)
    event = None
    if value is not None:
        try:
            decoded = decode_event(value)
            event = None if isinstance(decoded, Coverage) else decoded
        except DECODE_ERRORS:
            pass  # of another version: the bytes are there to be looked at
    return EventRow(
        key=EvidenceKey("event", digest, platform, kind, event_id),
        sha256=digest,
        value=value,
        source=None if topic is None else Coordinates(topic, partition, place),
        observed_at=None if observed_us is None else from_us(observed_us),
        received_at=None if received_us is None else from_us(received_us),
        withheld=withheld,
        event=event,
    )
