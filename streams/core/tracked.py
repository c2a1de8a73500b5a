"""The internal record by which SCREEN learns whom to let through besides the officials of the roster.

Two kinds share the compacted topic `tracked-accounts`: subjects whose own posts are evidence (written by TRACK), and
the ids of officials whom the roster knows by handle alone (written by WATCH), since a deletion names nobody's handle.
"""

from typing import Final

import msgspec
from msgspec import Struct

__all__ = ["TrackedAccount", "decode_tracked", "encode_tracked", "official_id_key", "tracked_subject_key"]


class TrackedAccount(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An account SCREEN is to know. `countries` are those whose officials amplified it (sorted), for a tracked subject;
    `handle` is the roster's handle of an official that is on the roster without an id. With neither, a subject is
    followed no more: by a correction.
    """

    platform: str
    """The platform of the account."""
    id: str
    """The platform's id of the account."""
    countries: tuple[str, ...] = ()
    """Of a subject: the States whose officials amplified it."""
    handle: str | None = None
    """Of an official that is on the roster without an id: the handle."""


_decoder: Final = msgspec.json.Decoder(TrackedAccount)
_encoder: Final = msgspec.json.Encoder()


def tracked_subject_key(platform: str, account_id: str) -> bytes:
    """The record key of a tracked subject."""
    return f"subject/{platform}:{account_id}".encode()


def official_id_key(platform: str, account_id: str) -> bytes:
    """The record key of an official's id that the roster does not have."""
    return f"official/{platform}:{account_id}".encode()


def decode_tracked(payload: bytes) -> TrackedAccount:
    """Decode one record; raises `msgspec.DecodeError` on bytes that no agent of ours wrote."""
    return _decoder.decode(payload)


def encode_tracked(account: TrackedAccount) -> bytes:
    """Encode one record as JSON."""
    return _encoder.encode(account)
