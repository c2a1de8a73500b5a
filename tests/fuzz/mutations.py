"""Changes of inputs that keep their form, so that the fuzzer comes past decoders: JSON, packed data, tars."""

import bz2
import copy
import gzip
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import islice
from random import Random
from typing import Final

import zstandard

from streams.formats.inputs.compression import Damaged, decompressed
from tests.formats.payloads import Json
from tests.fuzz.target import Change

__all__ = ["PACKINGS", "change_json", "change_packed", "change_tar", "choices_of", "repeat_part"]

_HOSTILE: Final[list[Json]] = [
    None,
    True,
    0,
    -1,
    1.5,
    2**53 + 1,
    2**63,
    10**30,
    float("nan"),
    "",
    "-1",
    "007",
    "１２",
    "\x00",
    "\ud800",
    "\u202e",
    "\x1b[31m",
    "x" * 300,
    "9" * 5_000,
    "1432228155593",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "Wed Oct 10 20:19:24 +0000 2018",
    "Fri Dec 31 23:59:59 +0000 9999",
    "RT @a: b",
    "@a https://t.co/a",
    [],
    {},
    [None],
]

PACKINGS: Final[tuple[Callable[[bytes], bytes], ...]] = (
    lambda plain: gzip.compress(plain, mtime=0),
    bz2.compress,
    lzma.compress,
    zstandard.compress,
)
_MOST_PLACES: Final = 3_000
_MOST_PLAIN: Final = 1_048_576
_TAR_BLOCK: Final = 512
_MOSTLY: Final = 6_000  # bytes: many small inputs find more than a few long ones


def repeat_part(data: bytes, most: int, random: Random) -> bytes:
    """A part of the data many times, so that the input is long: what takes more than its share of time shows then."""
    start = random.randrange(len(data) + 1)
    part = data[start : start + random.choice((1, 2, 8, 50, 400))]
    times = max(0, most - len(data)) // max(1, len(part))
    return data[:start] + part * times + data[start:]


def change_json(data: bytes, most: int, random: Random, change: Change) -> bytes:
    """The JSON with some places of its tree changed; now and then, and where it is none, bytes of it."""
    most = min(most, _MOSTLY) if random.random() < 0.97 else most
    payload = None
    if random.random() > 0.2:
        with suppress(ValueError, RecursionError):
            payload = json.loads(data)
    if not isinstance(payload, dict | list):
        return change(data, most)
    for _ in range(random.choice((1, 1, 2, 3))):
        places = list(islice(_places(payload), _MOST_PLACES))
        if places:
            _change_place(random.choice(places), random.choice(places), random, change)
    try:
        text = json.dumps(payload, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, None, 1)))
    except (ValueError, RecursionError):  # a number of too many digits, or a tree too deep
        return change(data, most)
    written = text.encode("utf-8", "surrogatepass")
    return written if len(written) <= most else change(data, most)


def _places(payload: Json, depth: int = 0) -> Iterator[tuple[Json, Json]]:
    """Every (container, key or index) of the tree, but for what is very deep."""
    for key in list(payload) if isinstance(payload, dict) else range(len(payload)):
        yield payload, key
        if isinstance(payload[key], dict | list) and depth < 50:
            yield from _places(payload[key], depth + 1)


def _change_place(place: tuple[Json, Json], other: tuple[Json, Json], random: Random, change: Change) -> None:
    container, key = place
    elsewhere, other_key = other
    value = container[key]
    match random.choice(("hostile", "other", "remove", "repeat", "rename", "wrap", "unwrap", "type", "bytes", "bytes")):
        case "hostile":
            container[key] = copy.deepcopy(random.choice(_HOSTILE))
        case "other":
            container[key] = json.loads(json.dumps(elsewhere[other_key]))
        case "remove":
            del container[key]
        case "repeat":
            times = random.choice((2, 3)) if isinstance(value, dict | list) else random.choice((2, 70))
            container[key] = [copy.deepcopy(value) for _ in range(times)]
        case "rename" if isinstance(container, dict) and isinstance(other_key, str):
            container[other_key] = container.pop(key)
        case "wrap":
            container[key] = random.choice(([value], {"data": value}, {"id": value}))
        case "unwrap" if isinstance(value, dict | list) and value:
            container[key] = random.choice(list(value.values()) if isinstance(value, dict) else value)
        case "type":
            container[key] = str(value)[:10_000] if not isinstance(value, str) else _as_number(value)
        case "bytes" if isinstance(value, str):
            changed = change(value.encode("utf-8", "surrogatepass"), len(value) * 4 + 64)
            container[key] = changed.decode("utf-8", "ignore")
        case "bytes" if isinstance(value, int) and not isinstance(value, bool):
            container[key] = value + random.choice((1, -1, 1_000, -(10**9), 2**31, 10**12))


def _as_number(text: str) -> int | float | str:
    try:
        return int(text[:400])
    except ValueError:
        return text.swapcase()


def change_packed(data: bytes, most: int, random: Random, change: Change) -> bytes:
    """What the data holds, changed and packed again as one or two members; as often, bytes of the packed data."""
    plain = _unpacked(data) if random.random() < 0.5 else None
    if plain is None:
        return change(data, most)
    changed = change(plain, max(64, most // 2))
    cut = random.randrange(len(changed) + 1) if random.random() < 0.5 else 0
    pack = random.choice(PACKINGS)
    padding = b"\x00" * random.choice((0, 0, 1, 511))
    packed = (pack(changed[:cut]) + padding if cut else b"") + pack(changed[cut:])
    return packed if len(packed) <= most else change(data, most)


def _unpacked(data: bytes) -> bytes | None:
    plain = b""
    with suppress(Damaged):
        for block in decompressed(data[:14], [data]) or ():
            plain += block
            if len(plain) > _MOST_PLAIN:
                break
    return plain[:_MOST_PLAIN] or None


def change_tar(data: bytes, most: int, random: Random, change: Change) -> bytes:
    """Bytes of the tar changed, and mostly the checksums of its headers put right."""
    changed = change(data, most)
    if random.random() < 0.2:
        return changed
    blocks = [changed[start : start + _TAR_BLOCK] for start in range(0, len(changed), _TAR_BLOCK)]
    return b"".join(_with_checksum(block) if block[257:262] == b"ustar" else block for block in blocks)


def _with_checksum(header: bytes) -> bytes:
    if len(header) < _TAR_BLOCK:
        return header
    total = sum(header[:148]) + 8 * 0x20 + sum(header[156:])
    return header[:148] + b"%06o\x00 " % total + header[156:]


def choices_of(data: bytes) -> Random:
    """Choices that an input makes for itself, so that it alone repeats what it did."""
    return Random(zlib.crc32(data))
