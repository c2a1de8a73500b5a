"""The formats a person can name with `--format`."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

from streams.errors import InputError
from streams.formats.bluesky.jetstream import JetstreamReader
from streams.formats.bluesky.tap import TapReader
from streams.formats.canonical import CanonicalReader
from streams.formats.extensions import external_readers
from streams.formats.mapped.mapped import MappedReader
from streams.formats.mapped.mapped_files import load_mapping, shipped_mappings
from streams.formats.mastodon.mastodon import MastodonReader
from streams.formats.reader import FormatReader
from streams.formats.suspensions.suspensions_csv import SuspensionsCsvReader
from streams.formats.telegram.telegram import TelegramReader
from streams.formats.twitter.twitter_archive import TwitterArchiveReader
from streams.formats.twitter.twitter_v1 import TwitterV1Reader
from streams.formats.x.x_activity import XActivityReader
from streams.formats.x.x_compliance import XComplianceReader
from streams.formats.x.x_v2 import XV2Reader
from streams.formats.x.zeeschuimer import ZeeschuimerReader
from streams.printable import printable

__all__ = ["AUTO", "FORMATS", "all_formats", "reader_named", "readers_named"]

AUTO: Final = "auto"
"""The name under which each input has the format that its first lines tell."""

_MAPPED: Final = "mapped:"

_READERS: Final[tuple[FormatReader, ...]] = (
    CanonicalReader(),
    TwitterV1Reader(),
    TwitterArchiveReader(),
    XV2Reader(),
    XComplianceReader(),
    XActivityReader(),
    ZeeschuimerReader(),
    JetstreamReader(),
    TapReader(),
    MastodonReader(),
    TelegramReader(),
    SuspensionsCsvReader(),
    *(MappedReader(f"{_MAPPED}{name}", mapping) for name, mapping in shipped_mappings().items()),
)

FORMATS: Final = MappingProxyType({reader.name: reader for reader in _READERS})
"""Those of this package."""


@cache
def all_formats() -> Mapping[str, FormatReader]:
    """Those of this package and of others that are installed. Raises `InputError`, see `external_readers`."""
    others = {reader.name: reader for reader in external_readers(FORMATS)}
    return MappingProxyType({**FORMATS, **others})


def reader_named(name: str) -> FormatReader:
    """The reader of that format, or of `mapped:FILE` with a mapping file. Raises `InputError`, which lists the known
    names, and `ConfigurationError` for what is wrong in the file.
    """
    reader = all_formats().get(name)
    if reader is not None:
        return reader
    path = name.removeprefix(_MAPPED)
    if path != name and path:
        return MappedReader(name, load_mapping(path))
    raise InputError(
        f"There is no format `{printable(name)}`.",
        remedy=f"Give one of: {', '.join(sorted(all_formats()))}, or {_MAPPED}FILE.toml.",
    )


def readers_named(*names: str) -> tuple[FormatReader, ...]:
    """The readers of these formats, each once; all of them for `auto` or for no name. Raises `InputError`."""
    if not names or AUTO in names:
        return tuple(all_formats().values())
    return tuple(reader_named(name) for name in dict.fromkeys(names))
