"""How a roster travels through the compacted topic `officials`, so that it takes effect whole or not at all.

A publication has a version, and every key begins with it: one record an account (`VERSION/platform:id` or
`VERSION/platform:@handle`, a JSON list of its terms), then the manifest (`VERSION/roster`), then tombstones for every
key that was there before. So compaction cannot touch the roster in force until the next one is complete, and of two
publishers at the same time neither can damage both.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from streams.core.rosters.roster import Roster, RosterEntry
from streams.refusal import DECODE_ERRORS

__all__ = ["Manifest", "RosterLog", "RosterRecordError", "publication"]

_VERSION: Final = re.compile(r"([0-9]{1,18})-[0-9a-f]{16}", re.ASCII)
_MANIFEST: Final = "roster"
_SHOWN: Final = 120  # characters of a foreign key or message that an error repeats


class Manifest(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record that completes a publication: the digest of the roster, how many entries it has, and why it is
    published, where that was said. A `correction` puts another roster right.
    """

    digest: str
    """SHA-256 of the roster's entries, in hex."""
    entries: int
    """How many entries the roster has."""
    reason: Annotated[str, Meta(max_length=1_000)] = ""
    """Why it is published, where that was said."""
    correction: bool = False
    """Whether it puts another roster right."""


class RosterRecordError(ValueError):
    """A record of the topic `officials` that no publication writes; names its key."""


_terms_decoder: Final = msgspec.json.Decoder(tuple[RosterEntry, ...])
_manifest_decoder: Final = msgspec.json.Decoder(Manifest)
_encoder: Final = msgspec.json.Encoder()


def publication(
    previous_keys: Iterable[str], roster: Roster, reason: str = "", *, correction: bool = False
) -> list[tuple[bytes, bytes | None]]:
    """The records (key, value) that put `roster` in force, to be written in this order.

    `previous_keys` are all keys that stand on the topic with a value, whatever publication they are from.
    """
    before = set(previous_keys)
    numbers = [int(found[1]) for key in before if (found := _VERSION.fullmatch(key.partition("/")[0]))]
    version = f"{max(numbers, default=0) + 1}-{roster.digest[:16]}"

    accounts: dict[str, list[RosterEntry]] = {}
    for entry in roster.entries:
        accounts.setdefault(entry.account_key, []).append(entry)
    manifest = Manifest(digest=roster.digest, entries=len(roster.entries), reason=reason, correction=correction)
    records: list[tuple[bytes, bytes | None]] = [
        (f"{version}/{account}".encode(), _encoder.encode(terms)) for account, terms in sorted(accounts.items())
    ]
    records.append((f"{version}/{_MANIFEST}".encode(), _encoder.encode(manifest)))
    records.extend((key.encode(), None) for key in sorted(before))
    return records


class RosterLog:
    """Follows the topic record by record; a roster is in force from the manifest that completes it.

    An interrupted publication never takes effect: the roster before it stays in force, also for a reader that comes
    after compaction. Keeps in memory the roster in force and what is not complete yet.
    """

    def __init__(self) -> None:
        self._staged: dict[str, dict[str, tuple[RosterEntry, ...]]] = {}
        self._roster: Roster | None = None
        self._manifest: Manifest | None = None

    @property
    def manifest(self) -> Manifest | None:
        """The manifest of the roster in force."""
        return self._manifest

    @property
    def roster(self) -> Roster | None:
        """The roster in force, or `None` as long as no complete one has come by."""
        return self._roster

    def apply(self, key: bytes, value: bytes | None) -> Roster | None:
        """Take one record (`None`: a tombstone); returns the new roster where the record completes one.

        Raises `RosterRecordError` for a record that no publication writes; the log goes on as if it had not come.
        """
        version, account = _parse_key(key)
        if value is None:
            self._forget(version, account)
            return None
        if account != _MANIFEST:
            self._staged.setdefault(version, {})[account] = _decode_terms(key, account, value)
            return None
        manifest = _decode_manifest(key, value)
        roster = _complete(key, manifest, self._staged.get(version, {}))
        if roster is not None:
            self._staged.pop(version, None)
            self._roster, self._manifest = roster, manifest
        return roster

    def _forget(self, version: str, account: str) -> None:
        accounts = self._staged.get(version)
        if accounts is not None:
            accounts.pop(account, None)
            if not accounts:
                del self._staged[version]


def _parse_key(key: bytes) -> tuple[str, str]:
    try:
        version, _, account = key.decode().partition("/")
    except UnicodeDecodeError:
        raise RosterRecordError(f"the key {_shown(key)} is not UTF-8") from None
    if _VERSION.fullmatch(version) is None or not account:
        raise RosterRecordError(f"the key {_shown(key)} is none that a publication writes")
    return version, account


def _decode_terms(key: bytes, account: str, value: bytes) -> tuple[RosterEntry, ...]:
    try:
        terms = _terms_decoder.decode(value)
    except DECODE_ERRORS as error:
        raise RosterRecordError(f"the value of {_shown(key)} is no list of terms: {_shown(str(error))}") from error
    if not terms or any(term.account_key != account for term in terms):
        raise RosterRecordError(f"the value of {_shown(key)} is empty or speaks of another account")
    return terms


def _decode_manifest(key: bytes, value: bytes) -> Manifest:
    try:
        return _manifest_decoder.decode(value)
    except DECODE_ERRORS as error:
        raise RosterRecordError(f"the value of {_shown(key)} is no manifest: {_shown(str(error))}") from error


def _complete(key: bytes, manifest: Manifest, staged: dict[str, tuple[RosterEntry, ...]]) -> Roster | None:
    if manifest.entries != sum(map(len, staged.values())):
        return None
    try:
        roster = Roster(term for terms in staged.values() for term in terms)
    except ValueError as error:
        raise RosterRecordError(f"{_shown(key)} completes no valid roster: {_shown(str(error))}") from None
    return roster if roster.digest == manifest.digest else None


def _shown(foreign: bytes | str) -> str:
    # repr() escapes what could steer a terminal.
    return repr(foreign[:_SHOWN])
