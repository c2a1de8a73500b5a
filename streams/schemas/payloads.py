"""The public payloads: which type stands behind each schema name, and whom a change of it may not break."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import Meta, Struct

from streams.core.corrections.correction import Correction
from streams.core.country_event import CountryEvent
from streams.core.enriched import Alert
from streams.core.enriched_topics import ENRICHED_TOPICS
from streams.core.evidence import EvidenceHeaders
from streams.core.notifications import Notification
from streams.core.rosters.roster import RosterEntry
from streams.core.rosters.roster_log import Manifest
from streams.core.subject_event import SubjectEvent
from streams.core.tracked import TrackedAccount
from streams.deadletters import Reason
from streams.events import Coverage, Deletion, Follow, Post, Profile, Retweet, Suspension

__all__ = ["PAYLOADS", "DeadLetterHeaders", "Direction", "Payload"]

Direction: TypeAlias = Literal["input", "output"]
"""`input`: what anybody wrote under the old schema must be readable under the new one. `output`: what Antiphon writes
under the new schema must be readable by those who know the old one."""

_Digits: TypeAlias = Annotated[str, Meta(pattern="^[0-9]{1,19}$")]


class DeadLetterHeaders(Struct, frozen=True, kw_only=True):
    """The headers of a record of `dead-letters`, each UTF-8 text. The record's value is the refused input itself.

    `topic`, `partition` and `offset` say where the input stood (for a file: its name, 0 and the line from 1). A value
    that does not fit is cut; `size` (bytes) and `sha256` (hex) describe the whole. `replays`, where there is one, is
    how often the input had been sent again by `antiphon dead-letters replay` before it was refused this time. The
    record's key is the input's; its headers follow, with `original-` before their names and their bytes untouched.
    Where the key was cut, `key_size` and `key_sha256` describe the whole; where headers were left out, `headers_count`,
    `headers_size` and `headers_sha256` describe all of them: their names and values, one after the other.
    """

    reason: Reason
    """Why the input was refused."""
    detail: str
    """What was wrong, and where."""
    topic: str
    """The topic, or the name of the file, in which the input stood."""
    partition: _Digits
    """Its partition; 0 in a file."""
    offset: _Digits
    """Its offset; the line in a file, from 1."""
    size: _Digits
    """Bytes of the whole input."""
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """SHA-256 of the whole input, in hex."""
    replays: _Digits = "0"
    """How often the input had been sent again before."""
    key_size: _Digits = "0"
    """Bytes of the whole key, where it was cut."""
    key_sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """SHA-256 of the whole key, where it was cut."""
    headers_count: _Digits = "0"
    """How many headers the input had, where some were left out."""
    headers_size: _Digits = "0"
    """Bytes of them all, where some were left out."""
    headers_sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""
    """SHA-256 of them all, where some were left out."""


class Payload(Struct, frozen=True, kw_only=True):
    """One schema. `description` stands in where the type has no docstring of its own."""

    name: str
    type: Any
    directions: tuple[Direction, ...]
    description: str = ""


_Official: TypeAlias = Annotated[tuple[RosterEntry, ...], Meta(min_length=1)] | Manifest

PAYLOADS: Final[tuple[Payload, ...]] = (
    Payload(name="post", type=Post, directions=("input",)),
    Payload(name="retweet", type=Retweet, directions=("input",)),
    Payload(name="suspension", type=Suspension, directions=("input",)),
    Payload(name="deletion", type=Deletion, directions=("input",)),
    Payload(name="follow", type=Follow, directions=("input",)),
    Payload(name="profile", type=Profile, directions=("input",)),
    Payload(name="coverage", type=Coverage, directions=("input",)),
    # Written and read by Antiphon, possibly by two versions at the same time: both directions.
    Payload(
        name="official",
        type=_Official,
        directions=("input", "output"),
        description="All terms of one account on the roster, or the manifest that completes a publication.",
    ),
    Payload(name="subject-event", type=SubjectEvent, directions=("input", "output")),
    Payload(name="country-event", type=CountryEvent, directions=("input", "output")),
    Payload(name="tracked-account", type=TrackedAccount, directions=("input", "output")),
    *(
        # NOTIFY reads the alerts that are in the topic.
        Payload(name=t.schema, type=t.record, directions=("input", "output") if t.record is Alert else ("output",))
        for t in ENRICHED_TOPICS
    ),
    Payload(name="correction", type=Correction, directions=("input", "output")),
    Payload(name="notification", type=Notification, directions=("input", "output")),
    Payload(name="evidence", type=EvidenceHeaders, directions=("input", "output")),
    Payload(name="dead-letter", type=DeadLetterHeaders, directions=("input", "output")),
)
