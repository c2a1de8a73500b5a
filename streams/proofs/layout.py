"""What a proof consists of: the names of its files, their largest sizes, and the records in those that are not records
of a topic.

`manifest.json` lists every other file with its size and SHA-256, and its own SHA-256 is the proof's id. All times are
RFC 3339 in UTC.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct, field

from streams.core.rule_files.rule_file import MAX_FILE_BYTES
from streams.core.screening.screen_policy import ScreenPolicy
from streams.core.tracking.subject import TrackPolicy
from streams.core.watching.watch_policy import WatchPolicy
from streams.events import EventKind, Utc

__all__ = [
    "AFTERMATH",
    "ALERT",
    "ALERT_FOLDER",
    "COVERAGE",
    "CRATE",
    "DOSSIER",
    "ENVIRONMENT",
    "EVENTS",
    "EXPECTED",
    "FORMAT",
    "INDEX",
    "MANIFEST",
    "MAX_EVENT_BYTES",
    "MOST_OTHER_ROSTERS",
    "PAGE",
    "README",
    "ROSTER",
    "ROSTER_FOLDER",
    "RULES",
    "SEALS",
    "SIGNATURE",
    "SUMS",
    "TIMESTAMP",
    "TIMESTAMP_CHAIN",
    "VERSION",
    "VERSIONS",
    "About",
    "CoverageSummary",
    "Environment",
    "Expected",
    "IndexedEvent",
    "ManifestFile",
    "Policies",
    "ProofGap",
    "ProofManifest",
    "Sha256",
    "event_name",
    "manifest_of",
    "most_bytes",
    "other_roster",
    "pretty",
    "sums_of",
]

FORMAT: Final = "antiphon-proof"
VERSION: Final = 1

MANIFEST: Final = "manifest.json"
SUMS: Final = "manifest-sha256.txt"
ALERT: Final = "alert.json"
ALERT_FOLDER: Final = "alerts/"
VERSIONS: Final = "alert-versions.ndjson"
DOSSIER: Final = "dossier.json"
AFTERMATH: Final = "aftermath.json"
EVENTS: Final = "events.ndjson"
INDEX: Final = "events-index.ndjson"
ROSTER: Final = "roster.csv"
ROSTER_FOLDER: Final = "rosters/"
RULES: Final = "rules.toml"
COVERAGE: Final = "coverage.json"
EXPECTED: Final = "expected.json"
ENVIRONMENT: Final = "environment.json"
CRATE: Final = "ro-crate-metadata.json"
PAGE: Final = "page.html"
README: Final = "README.txt"
SIGNATURE: Final = "signature.dsse.json"
TIMESTAMP: Final = "timestamp.tsr"
TIMESTAMP_CHAIN: Final = "timestamp-chain.pem"
SEALS: Final = frozenset({SIGNATURE, TIMESTAMP, TIMESTAMP_CHAIN})
"""Files about the manifest, which are therefore not in it."""

MAX_EVENT_BYTES: Final = 1_048_576
MOST_OTHER_ROSTERS: Final = 4  # each is a recount more
# What is parsed as a whole takes twenty times its size in memory, and a roster of 4 MB has some 30,000 officials.
_MEGABYTES: Final[dict[str, int]] = {EVENTS: 224, INDEX: 112, PAGE: 32, EXPECTED: 6, ROSTER: 4, VERSIONS: 64}
_LIMITS: Final[dict[str, int]] = {
    RULES: MAX_FILE_BYTES + 3,
    MANIFEST: 256 * 1024,
    SUMS: 256 * 1024,
    SIGNATURE: 384 * 1024,  # has the manifest in base64
    TIMESTAMP: 64 * 1024,
    TIMESTAMP_CHAIN: 64 * 1024,
    **{name: megabytes << 20 for name, megabytes in _MEGABYTES.items()},
}
_OTHER_BYTES: Final = 4 << 20

Sha256: TypeAlias = Annotated[str, Meta(pattern="^[0-9a-f]{64}$(?!\\n)")]
FileName: TypeAlias = Annotated[str, Meta(max_length=128)]
Key: TypeAlias = Annotated[str, Meta(max_length=1_024)]


class About(Struct, frozen=True, kw_only=True):
    """What is proved: one alert by its id, or everything published about a subject (`platform:id`)."""

    kind: Literal["alert", "subject"]
    id: Key


class ManifestFile(Struct, frozen=True, kw_only=True):
    """A file of the proof: its size in bytes and its SHA-256."""

    name: FileName
    bytes: Annotated[int, Meta(ge=0)]
    sha256: Sha256


class ProofManifest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All files but the manifest itself, `manifest-sha256.txt` and the seals. `redacted`: without the events' texts.

    `note` is what has to be said of the whole, where that is anything: that it is of a bundled case.
    """

    format: Literal["antiphon-proof"]
    version: Annotated[int, Meta(ge=1)]
    about: About
    redacted: bool
    note: str = ""
    files: Annotated[tuple[ManifestFile, ...], Meta(max_length=512)]


class IndexedEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of `events.ndjson`: which event it is, its SHA-256 as received, and where it stood.

    `source` is topic, partition and offset, or file, 0 and line: a hint, never what identifies it. `sha256_here` is
    there where the line is not what was received, because its texts are left out. The line of one with line feeds in
    it is its bytes in `base64`. A `withheld` event's line is empty: a reason why its bytes are not there; its `at` is
    then unknown.
    """

    platform: Key
    kind: EventKind
    id: Key
    sha256: Sha256
    at: Utc | None = None
    source: tuple[Key, int, int] | None = None
    received_at: Utc | None = None
    sha256_here: Sha256 | None = None
    encoding: Literal["", "base64"] = ""
    withheld: Key = ""


class ProofGap(Struct, frozen=True, kw_only=True):
    """A span that a source did not see; `officials` of the roster are concerned, `None` for all."""

    source: Key
    since: Utc | None
    until: Utc | None
    reason: str | None
    closed_by: str | None
    officials: int | None


class CoverageSummary(Struct, frozen=True, kw_only=True):
    """What the sources of the platform said that they saw, from the `coverage` events among the evidence.

    `reported` is false where none said anything: then nobody knows what was not seen. Proofs call it `told`, also those
    that were made before.
    """

    platform: str
    reported: bool = field(name="told")
    sources: tuple[str, ...]
    gaps: tuple[ProofGap, ...]
    sentence: str


class Expected(Struct, frozen=True, kw_only=True):
    """What `antiphon proof verify` must find again.

    `records` are the files whose content must follow from the events. `counted` says, for each event by its name, as
    what it counts. `read_up_to` is the event time to which the sources had been read. `taken_as_counted` is how many
    engagements rest on counts alone, because no more of them are retained.
    """

    records: Annotated[tuple[FileName, ...], Meta(max_length=512)]
    counted: dict[str, tuple[str, ...]]
    read_up_to: Utc
    taken_as_counted: Annotated[int, Meta(ge=0)]


class Policies(Struct, frozen=True, kw_only=True):
    """The bounds and lengths that decide."""

    screen: ScreenPolicy
    track: TrackPolicy
    watch: WatchPolicy


class Environment(Struct, frozen=True, kw_only=True):
    """What made the proof: the version, a SHA-256 over the source code that decides, and its policies."""

    antiphon: str
    code_sha256: Sha256
    policies: dict[str, dict[str, Any]]


def most_bytes(name: str) -> int:
    """How large a file of that name may be."""
    return _LIMITS.get(name, _OTHER_BYTES)


def other_roster(digest: str) -> str:
    """The name of a roster that is not the one of the alert."""
    return f"{ROSTER_FOLDER}{digest[:12]}.csv"


def event_name(event: IndexedEvent) -> str:
    """What an event is called in `expected.json` and in messages; copies of one post differ by their bytes."""
    return f"{event.platform}/{event.kind}/{event.id}#{event.sha256[:12]}"


def pretty(value: object) -> bytes:
    """JSON for people, the same bytes everywhere."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def manifest_of(about: About, files: Mapping[str, bytes], *, redacted: bool, note: str) -> bytes:
    """The manifest of these files."""
    listed = tuple(
        ManifestFile(name=name, bytes=len(data), sha256=sha256(data).hexdigest())
        for name, data in sorted(files.items())
    )
    made = ProofManifest(
        format="antiphon-proof", version=VERSION, about=about, redacted=redacted, note=note, files=listed
    )
    return pretty(made)


def sums_of(manifest: ProofManifest, manifest_bytes: bytes) -> bytes:
    """`manifest-sha256.txt`, as `sha256sum -c` reads it: every file with its SHA-256, the manifest among them."""
    sums = {file.name: file.sha256 for file in manifest.files} | {MANIFEST: sha256(manifest_bytes).hexdigest()}
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items())).encode()
