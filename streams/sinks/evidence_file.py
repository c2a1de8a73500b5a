"""Evidence as a file of NDJSON: one record of the topic a line, written while a run goes on and read by the console.

The line is `key`, `headers`, and the bytes as `value` where they are UTF-8, else as `base64`.
"""

import os
import tempfile
from pathlib import Path
from typing import Final, Self

import msgspec
from msgspec import Struct

from streams.core.evidence_records import EvidenceRecord
from streams.topic_names import EVIDENCE

__all__ = ["EvidenceFile", "decode_evidence_line"]


class _Line(Struct, frozen=True, kw_only=True, omit_defaults=True):
    key: str
    headers: dict[str, str]
    value: str | None = None
    base64: bytes | None = None


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(_Line).decode


class EvidenceFile:
    """A hidden file in a directory, until `write_results` gives it its name. A context manager, which removes it where
    that has not happened. A disk that is full is told at the end: it must not cost the run.
    """

    def __init__(self, directory: Path) -> None:
        self.error: OSError | None = None
        number, made = tempfile.mkstemp(prefix=f".{EVIDENCE}-", suffix=".unfinished", dir=directory)
        self.path = Path(made)
        self._file = os.fdopen(number, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()
        self.path.unlink(missing_ok=True)

    def add(self, record: EvidenceRecord) -> None:
        """Write one record. One that says that something was deleted is nothing to keep."""
        if record.value is None or self.error is not None:
            return
        headers = {name: (value or b"").decode("utf-8", "replace") for name, value in record.headers}
        key = record.key.decode("utf-8", "replace")
        try:
            line = _Line(key=key, headers=headers, value=record.value.decode())
        except UnicodeDecodeError:
            line = _Line(key=key, headers=headers, base64=record.value)
        try:
            self._file.write(_encode(line) + b"\n")
        except OSError as error:
            self.error = error

    def finish(self) -> None:
        """Everything is in the file, or `error` says why not."""
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error


def decode_evidence_line(line: bytes) -> EvidenceRecord:
    """The record of a line. Raises `msgspec.DecodeError`, `UnicodeDecodeError` or `RecursionError`."""
    found = _decode(line)
    value = found.base64 if found.value is None else found.value.encode()
    return EvidenceRecord(
        found.key.encode(), value or b"", [(name, text.encode()) for name, text in found.headers.items()]
    )
