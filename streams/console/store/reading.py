"""The store as pages read it: every question about alerts, subjects, officials, events, rosters, and how fresh it is.

Synchronous; any thread may ask. Nothing here writes.
"""

from typing import Final

from streams.cases import note_on, official_keys
from streams.console.store.alerts import AlertQueries
from streams.console.store.connections import NoStoreError, TooLongError, current_of, database_path
from streams.console.store.events import EventQueries
from streams.console.store.feed_status import FeedStatus, read_feed_status
from streams.console.store.results import StoreProgress, StoreStatus, TopicStatus, written_at
from streams.console.store.subjects import SubjectQueries
from streams.console.store.tables import NEVER_US
from streams.core.clock import from_us

__all__ = ["NoStoreError", "Store", "TooLongError"]

_COUNTED: Final = (
    "alerts",
    "subjects",
    "aftermaths",
    "amplifications",
    "events",
    "alert_versions",
    "rule_files",
    "corrections",
    "notifications",
    "coverage",
)


class Store(AlertQueries, SubjectQueries, EventQueries):
    """`Store(folder, deadline_seconds=2.0)`. Raises `NoStoreError` while nothing was built, `TooLongError` where a
    question takes longer than its deadline, and `CursorError` for a page that is none.
    """

    def status(self) -> StoreStatus:
        """How far everything was read, and what is going on. Never raises for a store that is not there yet."""
        status = read_feed_status(self.folder)
        current = current_of(self.folder)
        if current is None:
            return StoreStatus(
                kind="empty",
                origin=status.origin,
                generation=0,
                format=0,
                built_at=None,
                checked_at=written_at(status.at_ms),
                event_time=None,
                topics=(),
                counts={},
                bytes=0,
                roster_digest=None,
                building=_progress(status),
                problem=status.problem,
            )
        with self.consistent():
            about = dict(self.rows("SELECT name, value FROM about"))
            roster = self.row("SELECT digest FROM roster_in_force")
            event_us = self.row(
                "SELECT max(us) FROM (SELECT max(last_us) AS us FROM subjects UNION ALL "
                "SELECT max(fired_us) FROM alerts UNION ALL SELECT max(opened_us) FROM aftermaths)"
            )[0]
            topics = self._topics(status)
            note = note_on(self._officials_of_cases())
        counts = {name: int(about.get(f"count:{name}", 0)) for name in _COUNTED}
        return StoreStatus(
            kind=about.get("kind", "empty"),
            origin=about.get("origin", ""),
            generation=current.generation,
            format=current.format,
            built_at=written_at(int(about.get("built_ms", 0))),
            checked_at=written_at(status.at_ms),
            event_time=None if event_us is None or event_us == NEVER_US else from_us(event_us),
            topics=topics,
            counts=counts,
            bytes=_bytes(self, current.generation),
            roster_digest=None if roster is None else roster[0],
            building=_progress(status),
            problem=status.problem,
            note=note,
        )

    def _officials_of_cases(self) -> list[str]:
        known = sorted(official_keys())
        places = ", ".join("?" * len(known))
        return [key for (key,) in self.rows(f"SELECT key FROM officials WHERE key IN ({places})", known)]  # noqa: S608

    def _topics(self, status: FeedStatus) -> tuple[TopicStatus, ...]:
        broken = {
            topic: rest for topic, *rest in self.rows("SELECT topic, records, last_place, last_error FROM broken")
        }
        question = (
            "SELECT topic, count(*), sum(records), sum(next), max(newest_ms) FROM places GROUP BY topic ORDER BY topic"
        )
        found = []
        for topic, partitions, records, read_to, newest_ms in self.rows(question):
            count, place, error = broken.get(topic, (0, "", ""))
            end = status.ends.get(topic)
            found.append(
                TopicStatus(
                    topic=topic,
                    partitions=partitions,
                    records=records,
                    read_to=read_to,
                    end=end,
                    lag=None if end is None else max(0, end - read_to),
                    newest_at=written_at(newest_ms),
                    broken=count,
                    broken_at=place,
                    broken_because=error,
                )
            )
        return tuple(found)


def _progress(status: FeedStatus) -> StoreProgress | None:
    if status.building is None:
        return None
    building = status.building
    return StoreProgress(
        read=building.read, of=building.of, began_at=from_us(building.began_ms * 1_000), why=building.why
    )


def _bytes(store: Store, generation: int) -> int:
    path = database_path(store.folder, generation)
    files = (path, path.with_name(f"{path.name}-wal"))
    return sum(each.stat().st_size for each in files if each.exists())
