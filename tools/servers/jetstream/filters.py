"""What a subscriber wants: the filters of both wires, and what each refuses and how it says so."""

import re
from collections.abc import Sequence
from typing import Final

from msgspec import Struct
from multidict import MultiMapping

from tools.servers.jetstream.log import LogEvent

__all__ = ["MAX_UPDATE_BYTES", "InvalidOptions", "Update", "Wanted", "parse_update", "parse_v1", "parse_v2"]

MAX_UPDATE_BYTES: Final = 10_000_000
_MAX_COLLECTIONS: Final = 100
_MAX_DIDS: Final = 10_000
_KINDS: Final = ("commit", "identity", "account", "sync")
_DID: Final = re.compile(r"did:[a-z]+:[A-Za-z0-9._:%-]*[A-Za-z0-9._-]")
_LABEL: Final = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NSID: Final = re.compile(rf"[A-Za-z](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?(?:\.{_LABEL})+\.[A-Za-z][A-Za-z0-9]{{0,62}}")
_INT: Final = re.compile("-?[0-9]+")


class InvalidOptions(Exception):  # noqa: N818 - the server's own word
    """What a subscriber asks for is not valid; the message is the server's."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"subscribe: invalid options: {detail}")


class Wanted(Struct, frozen=True, kw_only=True):
    """The filter of a connection. `None`: everything of that axis. `largest` of 0: no bound."""

    kinds: frozenset[str] | None = None
    dids: frozenset[str] | None = None
    collections: frozenset[str] | None = None
    prefixes: tuple[str, ...] = ()
    largest: int = 0

    def wants(self, event: LogEvent) -> bool:
        """Whether the event passes; collections are asked of commits only."""
        if self.kinds is not None and event.kind not in self.kinds:
            return False
        if self.dids is not None and event.did not in self.dids:
            return False
        if self.collections is None or event.kind != "commit":
            return True
        return event.collection in self.collections or event.collection.startswith(self.prefixes or ("\n",))


def parse_v1(query: MultiMapping[str]) -> Wanted:
    """Raises `InvalidOptions`."""
    size = query.get("maxMessageSizeBytes", "")
    return _v1(
        query.getall("wantedCollections", []),
        query.getall("wantedDids", []),
        int(size) if _INT.fullmatch(size) else 0,
    )


class Update(Struct, rename={"collections": "wantedCollections", "dids": "wantedDids", "size": "maxMessageSizeBytes"}):
    collections: list[str] | None = None
    dids: list[str] | None = None
    size: int = 0


def parse_update(update: Update) -> Wanted:
    """The payload of an `options_update`. Raises `InvalidOptions`."""
    return _v1(update.collections or [], update.dids or [], update.size)


def parse_v2(query: MultiMapping[str]) -> Wanted:
    """Raises `InvalidOptions`."""
    for old, new in (("wantedDids", "dids"), ("wantedCollections", "collections")):
        if old in query:
            raise InvalidOptions(f"{old} is the legacy /subscribe parameter; use {new}")
    if "requireHello" in query:
        raise InvalidOptions(
            "requireHello is not supported on this endpoint; it is server-push only (subscriber-sourced messages were "
            "removed)"
        )
    kinds, dids = query.getall("kinds", []), query.getall("dids", [])
    collections = query.getall("collections", [])
    for name, values, most in (("kinds", kinds, 4), ("dids", dids, _MAX_DIDS), ("collections", collections, 100)):
        if len(values) > most:
            raise InvalidOptions(f"too many {name} values: {len(values)} > {most}")
    for kind in kinds:
        if kind not in _KINDS:
            raise InvalidOptions(f'unknown kind "{kind}" (valid: commit, identity, account, sync)')
    names, prefixes = _collections(collections)
    for prefix in prefixes:
        if not _NSID.fullmatch(f"{prefix}x"):
            raise InvalidOptions(f"invalid collection: {prefix}*")
    if collections and kinds and "commit" not in kinds:
        raise InvalidOptions("collections filter can never apply: kinds excludes commit")
    size = query.getall("maxMessageSizeBytes", ["0"])
    if len(size) != 1 or not size[0]:
        raise InvalidOptions("maxMessageSizeBytes must be one unsigned 32-bit integer")
    if not size[0].isascii() or not size[0].isdigit() or int(size[0]) >= 2**32:
        raise InvalidOptions(f'invalid maxMessageSizeBytes "{size[0]}"')
    return Wanted(
        kinds=frozenset(kinds) or None,
        dids=_dids(dids),
        collections=names,
        prefixes=prefixes,
        largest=int(size[0]),
    )


def _v1(collections: Sequence[str], dids: Sequence[str], size: int) -> Wanted:
    names, prefixes = _collections(collections)
    return Wanted(
        dids=_dids(dids),
        collections=names,
        prefixes=prefixes,
        largest=size if 0 < size < 2**32 else 0,
    )


def _collections(values: Sequence[str]) -> tuple[frozenset[str] | None, tuple[str, ...]]:
    if not values:
        return None, ()
    prefixes = tuple(dict.fromkeys(value[:-1] for value in values if value.endswith(".*")))
    names = frozenset(value for value in values if not value.endswith(".*"))
    for name in names:
        if not _NSID.fullmatch(name):
            raise InvalidOptions(f"invalid collection: {name}")
    if len(names) + len(prefixes) > _MAX_COLLECTIONS:
        raise InvalidOptions(f"too many wanted collections: > {_MAX_COLLECTIONS}")
    return names, prefixes


def _dids(values: Sequence[str]) -> frozenset[str] | None:
    for value in values:
        if not _DID.fullmatch(value):
            raise InvalidOptions(f"invalid DID: {value}")
    dids = frozenset(values)
    if len(dids) > _MAX_DIDS:
        raise InvalidOptions(f"too many wanted DIDs: {len(dids)} > {_MAX_DIDS}")
    return dids or None
