"""Every reader as a target: whatever a line holds, it answers as the contract of readers has it."""

from contextlib import suppress
from pathlib import Path
from typing import Final

from streams.cases import KHAMENEI_SITE
from streams.core.rounded_ids import IdEvidence, Verdict
from streams.events import encode_event
from streams.formats.inputs.csv_rows import split_rows
from streams.formats.mapped import mapped_files
from streams.formats.mapped.mapped import SKIPPED_NAMES as MAPPED_NAMES
from streams.formats.mapped.mapped import MappedReader
from streams.formats.mapped.mapping_file import MappingError, parse_mapping
from streams.formats.reader import FolderReader, FormatReader, Skipped
from streams.formats.registry import FORMATS
from streams.formats.tally import readings_of
from tests.formats import test_mapped, test_twitter_archive, test_x_activity, test_x_compliance, test_zeeschuimer
from tests.formats.jetstream_frames import FRAMES
from tests.formats.mappings import POSTS, mapped
from tests.formats.mastodon_payloads import MASTODON, server_sent
from tests.formats.payloads import NOTICES, STATUSES, Json, to_line
from tests.formats.tap_messages import TAP
from tests.formats.telegram_payloads import EXPORTED, TELETHON
from tests.formats.test_hostile_lines import JSON_FORMATS, SKIPPED_NAMES, outcome_of
from tests.formats.x_v2_payloads import X_V2
from tests.fuzz.mutations import change_json
from tests.fuzz.target import Mutate, Target

__all__ = ["LINES", "READERS", "reader_targets"]

READERS: Final[dict[str, FormatReader]] = {**FORMATS, "mapped": mapped(POSTS)}
"""By what is a target each."""

_VERDICTS: Final[tuple[Verdict, ...]] = ("exact", "rounded")


_MAPPED: Final = "mapped"  # by a mapping of a file of one's own


def _records(text: str) -> list[bytes]:
    return [line.data for line in split_rows([text.encode()])]


def _lines(*payloads: Json) -> list[bytes]:
    return [to_line(payload, ensure_ascii=False) for payload in payloads]


_CSV: Final = (
    b"user_id,date\n1359411781432246349,2021-04-01",
    "\ufeffUser ID;Suspended at\n1359411781432246349;2021-04-01".encode(),
    b"sep=|\nid|observed_date\n5|2021-04-01",
    b"twitter_id\tscreen_name\tsuspension_date\n5\tNova_Relay\t2021-04-01 23:10:00Z",
    b"date (DD/MM/YYYY),account_id,platform\n01/04/2021,5,bluesky",
    b'id,note,date\n5,"two\nlines, and ""quotes""","April 1, 2021"',
    b"user_id,suspended,unsuspended,status\n5,2021-04-01,2021-04-02,suspended",
    b"sep=;\nid;observed_date",
)

LINES: Final[dict[str, list[bytes]]] = {
    "canonical": KHAMENEI_SITE.events.read_bytes().splitlines()[:12],
    "twitter-v1": _lines(*STATUSES.values(), *NOTICES.values()),
    "twitter-archive": _lines(*test_twitter_archive.RECORDS.values(), {"account": test_twitter_archive.ACCOUNT}),
    "x-v2": _lines(*X_V2.values()),
    "x-compliance": _lines(*test_x_compliance.LINES.values()),
    "x-activity": _lines(*test_x_activity.LINES.values()),
    "jetstream": _lines(*(wire for wires in FRAMES.values() for wire in wires)),
    "tap": _lines(*TAP.values()),
    "telegram": _lines(*EXPORTED.values(), *TELETHON.values()),
    "suspensions-csv": list(_CSV),
    "mastodon": [*_lines(*MASTODON.values()), server_sent("update", MASTODON["boost"])],
    "zeeschuimer": _lines(*test_zeeschuimer.POSTS.values()),
    "mapped:4cat": _records(test_mapped.FOUR_CAT),
    "mapped:qut": _records(test_mapped.QUT),
    "mapped:coortweet": _records(test_mapped.COORTWEET),
    _MAPPED: [
        *_lines(test_mapped.MESSAGE, test_mapped.FORWARD),
        b"message id;type;sent;channel.id;text;links[*].href\n7;message;25.04.2021 13:05;5;news;https://a.example/",
        b"mid\ttype\tsent\tchannel.name\tfrom.name\n8\tforward\t25.04.2021 13:05\tFive\tSix",
    ],
}
"""Lines of each format. A new reader needs its own here."""


def _check(name: str, reader: FormatReader, line: bytes) -> None:
    skipped_names = MAPPED_NAMES if name == _MAPPED else SKIPPED_NAMES[name]
    for reading in readings_of(line, reader):
        outcome_of(reading, skipped_names)
    reading = reader.read(line)
    numbers, texts = IdEvidence(), IdEvidence()
    reader.ids_in(line, numbers, texts)
    for verdict in _VERDICTS:
        outcome_of(reader.of_file(verdict).read(line), skipped_names)
    assert reader.read(line) == reading
    if isinstance(reading, Skipped) and isinstance(reader, FolderReader):
        beside = reader.beside(line)
        for each in LINES[name] if beside is not None else ():
            assert beside is not None
            outcome_of(beside.read(each), skipped_names)


def _canonical_first(lines: list[bytes]) -> list[bytes]:
    """Events of every reader, as the canonical reader gets them."""
    events: dict[str, bytes] = {}
    for name, foreign in LINES.items():
        for line in foreign:
            for reading in readings_of(line, READERS[name]):
                for event in reading if isinstance(reading, tuple) else ():
                    events.setdefault(f"{name} {type(event).__name__}", encode_event(event))
    return [*lines, *events.values()]


def _mutate(name: str) -> Mutate | None:
    return change_json if name in JSON_FORMATS or name == _MAPPED else None


def _target(name: str, reader: FormatReader) -> Target:
    return Target(
        name=name.replace(":", "-"),
        check=lambda line: _check(name, reader, line),
        seeds=lambda: _canonical_first(LINES[name]) if name == "canonical" else LINES[name],
        mutate=_mutate(name),
    )


def _check_mapping(data: bytes) -> None:
    """Any text is a mapping that reads lines, or is refused."""
    with suppress(MappingError):
        mapping = parse_mapping(data.decode(errors="replace"), "test.toml")
        reader = MappedReader("mapped:test.toml", mapping)
        for line in LINES[_MAPPED]:
            outcome_of(reader.read(line), MAPPED_NAMES)


def reader_targets() -> list[Target]:
    """One for each reader of this package, and one for mappings of all fields."""
    shipped = [path.read_bytes() for path in sorted(Path(mapped_files.__file__).with_name("mappings").glob("*.toml"))]
    mappings = Target(name="mapping-files", check=_check_mapping, seeds=lambda: [POSTS.encode(), *shipped])
    return [*(_target(name, reader) for name, reader in READERS.items()), mappings]
