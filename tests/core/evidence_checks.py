"""What tests ask of an entry of `evidence`."""

from hashlib import sha256

from streams.core.evidence import EvidenceEntry

__all__ = ["is_intact"]


def is_intact(entry: EvidenceEntry) -> bool:
    """Whether the value is there, and is the one that was kept."""
    return entry.value is not None and sha256(entry.value).hexdigest() == entry.sha256
