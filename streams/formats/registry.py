"""The formats a person can name with `--format`."""

from types import MappingProxyType
from typing import Final

from streams.errors import InputError
from streams.formats.canonical import CanonicalReader
from streams.formats.jetstream import JetstreamReader
from streams.formats.reader import FormatReader
from streams.formats.suspensions_csv import SuspensionsCsvReader
from streams.formats.twitter_archive import TwitterArchiveReader
from streams.formats.twitter_v1 import TwitterV1Reader
from streams.formats.x_activity import XActivityReader
from streams.formats.x_compliance import XComplianceReader
from streams.formats.x_v2 import XV2Reader
from streams.printable import printable

__all__ = ["FORMATS", "reader_named"]

_READERS: Final[tuple[FormatReader, ...]] = (
    CanonicalReader(),
    TwitterV1Reader(),
    TwitterArchiveReader(),
    XV2Reader(),
    XComplianceReader(),
    XActivityReader(),
    JetstreamReader(),
    SuspensionsCsvReader(),
)

FORMATS: Final = MappingProxyType({reader.name: reader for reader in _READERS})


def reader_named(name: str) -> FormatReader:
    """The reader of that format. Raises `InputError`, which lists the known names."""
    reader = FORMATS.get(name)
    if reader is None:
        raise InputError(
            f"There is no format `{printable(name)}`.", remedy=f"Give one of: {', '.join(sorted(FORMATS))}."
        )
    return reader
