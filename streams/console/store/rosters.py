"""What is asked of rosters, rules, corrections and coverage."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from streams.console.store.connections import StoreConnections
from streams.console.store.filters import MOST_ROWS, PageOf
from streams.console.store.paging import Keyset, page_rows
from streams.console.store.results import Found, RosterRow, RuleFile, written_at
from streams.console.store.tables import unpack
from streams.core.corrections.correction import Correction, decode_correction
from streams.core.evidence import EvidenceEntry, EvidenceKey
from streams.core.evidence_records import roster_or_problem
from streams.core.rosters.roster import Roster, RosterEntry
from streams.events import Coverage, decode_event

__all__ = ["CHUNK_COLUMNS", "RosterQueries", "roster_of_chunks"]

CHUNK_COLUMNS: Final = "chunk, chunks, sha256, written_ms, reason, correction, body"
"""As `roster_of_chunks` takes them."""

_decode_entries: Final = msgspec.json.Decoder(tuple[RosterEntry, ...]).decode
_RULE_FILE: Final = "digest, rules, written_ms, sha256, withheld, body"


class RosterQueries(StoreConnections):
    """Questions about what everything was judged by."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_force: RosterRow | None = None

    def roster_in_force(self) -> RosterRow | None:
        """The roster in force; `None` where none was published, or the folder does not have it."""
        row = self.row("SELECT digest, reason, correction, written_ms FROM roster_in_force")
        if row is None:
            return None
        known = self._in_force
        if known is None or (known.digest, known.published_at) != (row[0], written_at(row[3])):
            body = self.row("SELECT body FROM roster_in_force WHERE digest = ?", (row[0],))
            if body is None:  # another one has taken its place meanwhile
                return self.roster_in_force()
            known = RosterRow(
                digest=row[0],
                published_at=written_at(row[3]),
                reason=row[1],
                correction=bool(row[2]),
                in_force=True,
                roster=Roster(_decode_entries(unpack(body[0]))),
            )
            self._in_force = known  # whichever thread is last: it is the same for all
        return known

    def rosters(self) -> tuple[RosterRow, ...]:
        """Every roster that was published and is kept, the last one first, without the entries."""
        in_force = self.roster_in_force()
        question = (
            "SELECT digest, max(written_ms), reason, correction, count(*), max(chunks), sum(body IS NULL) "
            "FROM roster_chunks GROUP BY digest ORDER BY 2 DESC, 1 LIMIT ?"
        )
        found = [
            RosterRow(
                digest=digest,
                published_at=written_at(written_ms),
                reason=reason,
                correction=bool(correction),
                in_force=in_force is not None and in_force.digest == digest,
                problem="" if count == chunks and not lost else f"{count - lost} of its {chunks} chunks are there",
            )
            for digest, written_ms, reason, correction, count, chunks, lost in self.rows(question, (MOST_ROWS,))
        ]
        if in_force is not None and all(each.digest != in_force.digest for each in found):
            found.insert(0, msgspec.structs.replace(in_force, roster=None))
        return tuple(found)

    def roster(self, digest: str) -> RosterRow | None:
        """A roster with its entries, by its whole digest; `None` where it is not kept."""
        in_force = self.roster_in_force()
        if in_force is not None and in_force.digest == digest:
            return in_force
        rows = self.rows(f"SELECT {CHUNK_COLUMNS} FROM roster_chunks WHERE digest = ?", (digest,))  # noqa: S608  # own
        return roster_of_chunks(digest, rows) if rows else None

    def rule_files(self) -> tuple[RuleFile, ...]:
        """Every rule file that is kept, the newest first."""
        question = f"SELECT {_RULE_FILE} FROM rule_files ORDER BY written_ms DESC, digest LIMIT ?"  # noqa: S608  # own
        return tuple(_rule_file(row) for row in self.rows(question, (MOST_ROWS,)))

    def rule_file(self, digest: str) -> RuleFile | None:
        """The rule file with the digest of all its rules."""
        row = self.row(f"SELECT {_RULE_FILE} FROM rule_files WHERE digest = ?", (digest,))  # noqa: S608  # own names
        return None if row is None else _rule_file(row)

    def rule_file_of(self, rule_digest: str) -> RuleFile | None:
        """The newest rule file that has a rule with this digest."""
        question = (
            f"SELECT {_RULE_FILE} FROM rule_files WHERE digest IN "  # noqa: S608  # own names
            "(SELECT digest FROM rules_of_files WHERE rule = ?) ORDER BY written_ms DESC, digest LIMIT 1"
        )
        row = self.row(question, (rule_digest,))
        return None if row is None else _rule_file(row)

    def corrections_of(self, *, alert_id: str | None = None, subject: str | None = None) -> tuple[Correction, ...]:
        """What was corrected of an alert, or of a subject (`platform:id`), the newest first."""
        column, value = ("alert", alert_id) if alert_id is not None else ("subject", subject)
        question = f"SELECT body FROM corrections WHERE {column} = ? ORDER BY at_us DESC, id DESC LIMIT ?"  # noqa: S608
        return _corrections(self.rows(question, (value, MOST_ROWS)))

    def corrections(self, page: PageOf) -> Found[Correction]:
        """A page of all corrections, the newest first. Raises `CursorError`."""
        keyset = Keyset(page, "at_us", "id")
        question = (
            f"SELECT at_us, id, body FROM corrections WHERE {keyset.where} "  # noqa: S608  # own names
            f"ORDER BY {keyset.order} LIMIT {keyset.limit}"
        )
        rows, following, previous = page_rows(keyset, self.rows(question, keyset.values))
        return Found(rows=_corrections([row[2:] for row in rows]), next=following, previous=previous)

    def covered_platforms(self) -> tuple[str, ...]:
        """The platforms that any source said something of."""
        return tuple(platform for (platform,) in self.rows("SELECT DISTINCT platform FROM coverage ORDER BY platform"))

    def coverage(self, platform: str) -> tuple[Coverage, ...]:
        """What sources say they saw of the officials of a platform, and what they did not: the newest first."""
        question = "SELECT body FROM coverage WHERE platform = ? ORDER BY at_us DESC, id DESC LIMIT ?"
        events = (decode_event(unpack(body)) for (body,) in self.rows(question, (platform, MOST_ROWS)))
        return tuple(event for event in events if isinstance(event, Coverage))


def roster_of_chunks(digest: str, rows: Sequence[Any]) -> RosterRow:
    """The roster of its rows, which have the columns `CHUNK_COLUMNS`."""
    chunks = [
        EvidenceEntry(
            key=EvidenceKey("roster", digest, chunk=chunk),
            value=None if body is None else unpack(body),
            sha256=sha256,
            chunks=chunks,
            written_ms=written_ms,
        )
        for chunk, chunks, sha256, written_ms, _reason, _correction, body in rows
    ]
    roster, problem = roster_or_problem(chunks)
    last = max(rows, key=lambda row: row[3])
    return RosterRow(
        digest=digest,
        published_at=written_at(last[3]),
        reason=last[4],
        correction=bool(last[5]),
        in_force=False,
        roster=roster,
        problem=problem,
    )


def _corrections(rows: Sequence[Any]) -> tuple[Correction, ...]:
    return tuple(decode_correction(unpack(body)) for (body,) in rows)


def _rule_file(row: Any) -> RuleFile:
    digest, rules, written_ms, sha256, withheld, body = row
    return RuleFile(
        digest=digest,
        rules=tuple(filter(None, rules.split(","))),
        text=None if body is None else unpack(body).decode("utf-8", "replace"),
        written_at=written_at(written_ms),
        sha256=sha256,
        withheld=withheld,
    )
