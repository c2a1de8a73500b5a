"""Profiles from an AppView: many at a time, matched by DID. What an answer lacks is asked for one by one."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

from msgspec import Meta, Struct, field
from yarl import URL

from streams.collectors.http_client import AnswerError, HttpClient
from streams.events import Account, Name, SuspensionStatus

__all__ = ["MOST_ACTORS", "GoneProfile", "Missing", "Profiles", "ShownProfile", "Sighting"]

MOST_ACTORS: Final = 25
"""What `app.bsky.actor.getProfiles` takes in one request."""

_NO_HANDLE: Final = "handle.invalid"
# The errors of `app.bsky.actor.getProfile`. A host suspends or takes down, an owner deactivates.
_STATUS_OF: Final[dict[str, SuspensionStatus]] = {"AccountTakedown": "suspended", "AccountDeactivated": "deactivated"}
_NOT_FOUND: Final = "Profile not found"


class ShownProfile(Struct, frozen=True):
    """The account is shown. Its age is not a profile's to tell."""

    account: Account


class GoneProfile(Struct, frozen=True):
    """The AppView says that the account is gone, and how; `reason` is its own word."""

    status: SuspensionStatus
    reason: str


class Missing(Struct, frozen=True):
    """The AppView knows no such profile, and not why."""


Sighting: TypeAlias = ShownProfile | GoneProfile | Missing


class _Verification(Struct):
    status: str | None = field(default=None, name="verifiedStatus")


class _View(Struct):
    did: str
    handle: Name | None = None
    name: Name | None = field(default=None, name="displayName")
    followers: Annotated[int, Meta(ge=0, le=2**63 - 1)] | None = field(default=None, name="followersCount")
    verification: _Verification | None = None


class _Views(Struct):
    profiles: list[_View]


class Profiles:
    """Asks an AppView (its base URL) through a client."""

    def __init__(self, client: HttpClient, appview: str) -> None:
        self._client = client
        self._base = URL(appview) / "xrpc"

    async def of(self, dids: Sequence[str]) -> dict[str, ShownProfile]:
        """Those of up to 25 accounts that the answer has. Others may be there all the same.

        Raises `HttpClientError`.
        """
        query = [("actors", did) for did in dids[:MOST_ACTORS]]
        answer = await self._client.json(self._base / "app.bsky.actor.getProfiles", _Views, query)
        asked = frozenset(dids)
        return {view.did: ShownProfile(_account(view)) for view in answer.profiles if view.did in asked}

    async def of_one(self, did: str) -> Sighting:
        """What the AppView says of one account. Raises `HttpClientError`."""
        try:
            view = await self._client.json(self._base / "app.bsky.actor.getProfile", _View, [("actor", did)])
        except AnswerError as error:
            status = _STATUS_OF.get(error.name or "")
            if status is not None:
                return GoneProfile(status, error.name or "")
            if error.status in (400, 404) and _NOT_FOUND in str(error):
                return Missing()
            raise
        if view.did != did:
            raise AnswerError(self._base.host or "", "the profile is of another account", 200)
        return ShownProfile(_account(view))


def _account(view: _View) -> Account:
    status: Literal["valid"] | str | None = None if view.verification is None else view.verification.status
    return Account(
        id=view.did,
        handle=None if view.handle == _NO_HANDLE else view.handle or None,
        name=view.name or None,
        followers=view.followers,
        verified=None if status is None else status == "valid",
    )
