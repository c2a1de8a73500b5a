"""Accounts as Bluesky's servers know them, one world for all of them."""

import hashlib
from base64 import b32encode
from typing import Any, Literal, TypeAlias

from msgspec import Struct, field

from tools.servers.jetstream.log import tid

__all__ = ["Accounts", "LocalAccount", "plc_did"]

Status: TypeAlias = Literal["active", "takendown", "suspended", "deactivated", "deleted"]


class LocalAccount(Struct, kw_only=True):
    """An account. `status` is what its own server says, `hidden` that the AppView's moderation took it down.

    `records` are by collection and record key. `created_at` is the directory's, `profile_created_at` what the owner's
    software wrote into the profile.
    """

    did: str
    handle: str
    name: str = ""
    followers: int = 0
    created_at: str = "2023-05-01T10:00:00.000Z"
    profile_created_at: str = "2016-01-01T00:00:00.000Z"
    status: Status = "active"
    hidden: bool = False
    pds: str = "https://pds.example.com"
    records: dict[str, dict[str, Any]] = field(default_factory=dict)

    def repost(self, at_us: int, uri: str) -> str:
        """Repost a post; returns the record's key."""
        key = tid(at_us, 0)
        record = {"$type": "app.bsky.feed.repost", "subject": {"cid": "bafyreigh2akiscaildc", "uri": uri}}
        self.records.setdefault("app.bsky.feed.repost", {})[key] = record | {"createdAt": "2020-01-01T00:00:00.000Z"}
        return key

    def post(self, at_us: int, text: str) -> str:
        """Write a post; returns the record's key."""
        key = tid(at_us, 0)
        record = {"$type": "app.bsky.feed.post", "text": text, "langs": ["en"], "createdAt": "2020-01-01T00:00:00.000Z"}
        self.records.setdefault("app.bsky.feed.post", {})[key] = record
        return key

    def follow(self, at_us: int, did: str) -> str:
        """Follow an account; returns the record's key."""
        key = tid(at_us, 0)
        record = {"$type": "app.bsky.graph.follow", "subject": did, "createdAt": "2020-01-01T00:00:00.000Z"}
        self.records.setdefault("app.bsky.graph.follow", {})[key] = record
        return key


class Accounts:
    """All accounts, by DID and by handle."""

    def __init__(self, *accounts: LocalAccount) -> None:
        self.by_did = {account.did: account for account in accounts}

    def add(self, account: LocalAccount) -> LocalAccount:
        """One more."""
        self.by_did[account.did] = account
        return account

    def named(self, actor: str) -> LocalAccount | None:
        """The account with a DID or a handle."""
        if actor in self.by_did:
            return self.by_did[actor]
        return next((account for account in self.by_did.values() if account.handle == actor), None)


def plc_did(name: str) -> str:
    """A DID of the directory's kind that follows from a name."""
    return f"did:plc:{b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()[:24]}"
