"""Seals: what others say of a proof. They are about its manifest and so are not in it.

The answers about each kind of seal, for somebody who trusts something from outside the file or nothing.
"""

from msgspec import Struct

from streams.proofs import layout
from streams.proofs.answers import Check
from streams.proofs.archive import Archive
from streams.proofs.signatures import signature_check
from streams.proofs.signing_keys import PublicKey
from streams.proofs.timestamps import Authorities, timestamp_check

__all__ = ["Trusted", "seal_checks"]


class Trusted(Struct, frozen=True, kw_only=True):
    """What the reader of a proof trusts, from outside of it."""

    key: PublicKey | None = None
    authorities: Authorities | None = None


def seal_checks(archive: Archive, manifest: bytes, trusted: Trusted) -> list[Check]:
    """The answers about each kind of seal, also where there is none."""
    envelope, stamp, chain = (
        archive.read(name) if name in archive.entries else None
        for name in (layout.SIGNATURE, layout.TIMESTAMP, layout.TIMESTAMP_CHAIN)
    )
    return [
        signature_check(manifest, envelope, trusted.key),
        timestamp_check(manifest, stamp, chain, trusted.authorities),
    ]
