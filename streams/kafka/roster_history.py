"""Rosters that were published before: each is kept on `evidence` by its digest, with when and why it last was."""

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from streams.core.clock import from_us
from streams.core.evidence import EvidenceEntry, EvidenceKey
from streams.core.evidence_records import roster_or_problem
from streams.core.rosters.roster import Roster
from streams.kafka.evidence_reading import kept_evidence
from streams.settings import Settings

__all__ = ["KeptRoster", "kept_rosters"]


class KeptRoster(Struct, frozen=True, kw_only=True):
    """A roster by its digest, and its last publication. `roster` is `None` where `problem` says what of it is lost."""

    digest: str
    published_at: datetime
    reason: str
    correction: bool
    roster: Roster | None
    problem: str = ""


async def kept_rosters(settings: Settings, progress: Callable[[int], None] | None = None) -> list[KeptRoster]:
    """All that are kept, the one that was published last first. Reads the whole topic. Raises `BrokerError`."""
    by_digest: dict[str, list[EvidenceEntry]] = {}
    for key, entry in (await kept_evidence(settings, _is_roster, progress)).items():
        by_digest.setdefault(key.digest, []).append(entry)
    found = [_kept(digest, chunks) for digest, chunks in by_digest.items()]
    return sorted(found, key=lambda each: (each.published_at, each.digest), reverse=True)


def _is_roster(key: EvidenceKey) -> bool:
    return key.kind == "roster"


def _kept(digest: str, chunks: list[EvidenceEntry]) -> KeptRoster:
    roster, problem = roster_or_problem(chunks)
    last = max(chunks, key=lambda chunk: chunk.written_ms)
    return KeptRoster(
        digest=digest,
        published_at=from_us(last.written_ms * 1_000),
        reason=last.reason,
        correction=last.correction,
        roster=roster,
        problem=problem,
    )
