"""What somebody can do to a proof: change its files and make everything agree again that can be made to agree."""

from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from typing import Final

import msgspec

from streams.proofs import layout
from streams.proofs.answers import Answer, Verdict
from streams.proofs.archive import open_archive, pack
from streams.proofs.checking import verify
from streams.proofs.layout import Expected, IndexedEvent, ProofManifest, event_name
from streams.proofs.seals import Trusted

__all__ = ["Forgery", "checked", "failed", "files_in", "named"]

_NOTHING: Final = Trusted()


def files_in(proof: bytes) -> dict[str, bytes]:
    """The files of a proof, by name."""
    archive = open_archive(BytesIO(proof), len(proof))
    return {name: archive.read(name) for name in archive.entries}


def checked(proof: bytes, trusted: Trusted = _NOTHING) -> Verdict:
    """What verifying says, to somebody who trusts a key or nothing."""
    return verify(open_archive(BytesIO(proof), len(proof)), trusted)


def failed(verdict: Verdict) -> dict[str, str]:
    """What is wrong by which question, with every place."""
    return {
        check.question: " | ".join((check.detail, *check.places))
        for check in verdict.checks
        if check.answer is Answer.FAILED
    }


def named(verdict: Verdict, question: str) -> Answer:
    """The answer to one question."""
    return next(check.answer for check in verdict.checks if check.question == question)


class Forgery:
    """A proof taken apart. `sealed` puts it together with a manifest and sums that agree with what is in it."""

    def __init__(self, proof: bytes) -> None:
        self.files = files_in(proof)
        self.manifest = msgspec.json.decode(self.files[layout.MANIFEST], type=ProofManifest)
        self.events = self.files[layout.EVENTS].split(b"\n")[:-1]
        self.index = [
            msgspec.json.decode(line, type=IndexedEvent) for line in self.files[layout.INDEX].split(b"\n")[:-1]
        ]
        self.expected = msgspec.json.decode(self.files[layout.EXPECTED], type=Expected)

    def drop(self, place: int, *, also_expected: bool) -> str:
        """Takes an event out; returns its name. `also_expected`: nobody is to know that it was there."""
        name = event_name(self.index[place])
        del self.events[place], self.index[place]
        if also_expected:
            counted = {each: kinds for each, kinds in self.expected.counted.items() if each != name}
            self.expected = msgspec.structs.replace(self.expected, counted=counted)
        return name

    def insert(self, place: int, event: bytes, index: IndexedEvent) -> None:
        """Puts an event in, with its own hash."""
        self.events.insert(place, event)
        self.index.insert(place, msgspec.structs.replace(index, sha256=sha256(event).hexdigest()))

    def sealed(self, changed: Mapping[str, bytes] | None = None) -> bytes:
        """The forged proof."""
        files = {name: data for name, data in self.files.items() if name not in (layout.MANIFEST, layout.SUMS)}
        files[layout.EVENTS] = b"".join(line + b"\n" for line in self.events)
        files[layout.INDEX] = b"".join(msgspec.json.encode(entry) + b"\n" for entry in self.index)
        files[layout.EXPECTED] = layout.pretty(self.expected)
        files |= changed or {}
        manifest = layout.manifest_of(
            self.manifest.about, files, redacted=self.manifest.redacted, note=self.manifest.note
        )
        files[layout.SUMS] = layout.sums_of(msgspec.json.decode(manifest, type=ProofManifest), manifest)
        return pack(files | {layout.MANIFEST: manifest})
