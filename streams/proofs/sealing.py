"""Adds seals to a proof. It keeps its id, and its other files their bytes."""

from collections.abc import Callable
from io import BytesIO

from msgspec import Struct
from msgspec.structs import replace

from streams.proofs import layout
from streams.proofs.answers import Verdict
from streams.proofs.archive import open_archive, pack
from streams.proofs.seals import Trusted, seal_checks
from streams.proofs.signatures import signed
from streams.proofs.signing_keys import PublicKey, SigningKey

__all__ = ["Seals", "sealed"]


class Seals(Struct, frozen=True, kw_only=True):
    """What is to be added to a proof: a signature, and a time stamp that `timestamp` gives for the manifest.

    `chain` are certificates that complete the time stamp's own, in PEM.
    """

    key: SigningKey | None = None
    timestamp: Callable[[bytes], bytes] | None = None
    chain: bytes | None = None


def sealed(proof: bytes, verdict: Verdict, seals: Seals) -> tuple[bytes, Verdict]:
    """The proof with the seals, beside those that it has, and its verdict with what is to be said of them.

    Raises `ValueError` where a seal that is there is of another proof.
    """
    archive = open_archive(BytesIO(proof), len(proof))
    files = {name: archive.read(name) for name in archive.entries}
    manifest = files[layout.MANIFEST]
    trusted = Trusted()
    if seals.key is not None:
        files[layout.SIGNATURE] = signed(manifest, seals.key, files.get(layout.SIGNATURE))
        trusted = Trusted(key=PublicKey(seals.key.public_pem(), "the public key"))
    if seals.timestamp is not None:
        files[layout.TIMESTAMP] = seals.timestamp(manifest)
        files.pop(layout.TIMESTAMP_CHAIN, None)
    if seals.chain is not None:
        files[layout.TIMESTAMP_CHAIN] = seals.chain
    made = pack(files)
    said = {check.question: check for check in seal_checks(open_archive(BytesIO(made), len(made)), manifest, trusted)}
    checks = tuple(said.get(check.question, check) for check in verdict.checks)
    return made, replace(verdict, checks=checks)
